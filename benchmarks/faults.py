"""
Whether anybody is lost, or gets two, when everything goes wrong that can: by kill, wire, database and provider.

    python -m benchmarks.faults [--runs A,B,C] [--recipients N] [--database sqlite|postgresql] [--seed N] [--quick]

Real workers on real databases send to servers that fail as a seed says; a verifier then holds the ledger against what
those servers wrote down. The runs are described in docs/benchmarks.md. Ends with status 1 when anything is wrong.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.documents import write_table
from benchmarks.grounds import POSTGRESQL
from benchmarks.planted import FAULTS
from benchmarks.runs import RUNS, Bench, Result, planted
from benchmarks.sending import Stuck

_HEADS = (
    "run", "database", "audience", "kills", "wall s", "mails/s", "sent", "failed", "uncertain", "of them taken",
    "most by one kill", "lost", "repeats", "first mail after a start s, median / most", "",
)  # fmt: skip


def row(result: Result) -> list[str]:
    found, send = result.found, result.send
    states = {status.value: count for status, count in found.states.items()}
    restarts = result.restarts
    return [
        result.run,
        result.kind,
        f"{send.audience:,}",
        str(send.kills),
        f"{send.wall_seconds:.1f}",
        f"{found.mails / max(send.wall_seconds, 0.001):,.0f}",
        f"{states.get('sent', 0):,}",
        f"{states.get('failed', 0):,}",
        f"{found.uncertain:,}",
        f"{found.uncertain_taken:,}",
        str(found.most_in_doubt),
        str(found.lost),
        str(found.repeats),
        f"{statistics.median(restarts):.1f} / {max(restarts):.1f}" if restarts else "",
        result.notes,
    ]


def _tell(result: Result, begun: float) -> None:
    verdict = "WRONG" if result.wrong else "ok"
    cells = dict(zip(_HEADS, row(result), strict=True))
    said = ", ".join(f"{name} {cells[name]}" for name in ("kills", "mails/s", "uncertain", "lost", "repeats"))
    print(
        f"[{time.monotonic() - begun:6.0f} s] {result.run:28} {result.kind:10} {verdict:5}  {said}  {result.notes}"
    )
    for sentence in result.wrong:
        print(f"           {sentence}")
    sys.stdout.flush()


def _all(
    bench: Bench, letters: Sequence[str], kinds: Sequence[str], begun: float, stuck: list[str]
) -> Iterator[Result]:
    for letter, kind in itertools.product(letters, kinds):
        try:
            for result in RUNS[letter](bench, kind):
                _tell(result, begun)
                yield result
        except Stuck as error:  # the other runs may say more
            stuck.append(f"{letter} on {kind}: {error}")
            print(f"STUCK {stuck[-1]}", flush=True)


def _planted(bench: Bench, kinds: Sequence[str], begun: float) -> list[str]:
    """What the verifier did not find of what was planted."""
    missed = []
    for fault in FAULTS:
        for kind in kinds:
            result = planted(bench, kind, fault)
            found = "found" if result.found.wrong else "NOT FOUND"
            print(
                f"[{time.monotonic() - begun:6.0f} s] {result.run:28} {kind:10} {found}: {result.found.wrong[:1]}"
            )
            if not result.found.wrong:
                missed.append(f"{fault} on {kind}")
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", default="A,B,C,D,E,F,G,H,planted", help="which, by letter (default: all)")
    parser.add_argument("--recipients", type=int, default=None, help="of a run (20,000; with --quick 1,000)")
    parser.add_argument("--database", choices=["both", "sqlite", "postgresql"], default="both")
    parser.add_argument("--postgresql", default=POSTGRESQL, help="the server (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="few recipients, few kills, no long waits")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    given = parser.parse_args()
    kinds = {"sqlite": ["SQLite"], "postgresql": ["PostgreSQL"]}.get(given.database, ["SQLite", "PostgreSQL"])
    letters, begun, stuck = given.runs.split(","), time.monotonic(), list[str]()
    with tempfile.TemporaryDirectory(prefix="pulse-faults-") as folder:
        bench = Bench(
            Path(folder),
            recipients=given.recipients or (1_000 if given.quick else 20_000),
            seed=given.seed,
            sends=1 if given.quick else 5,
            kills=4 if given.quick else 10,
            quick=given.quick,
            server=given.postgresql,
        )
        with bench.grounds:
            results = list(_all(bench, [one for one in letters if one in RUNS], kinds, begun, stuck))
            missed = _planted(bench, kinds, begun) if "planted" in letters else []
            rows = [row(result) for result in results]
    print(f"{sum(result.send.kills for result in results)} kills in all.")
    if given.write:
        write_table("faults", _HEADS, rows)
    if missed:
        print(f"The verifier is blind to what was planted: {', '.join(missed)}")
    sys.exit(1 if stuck or missed or any(result.wrong for result in results) else 0)


if __name__ == "__main__":
    main()
