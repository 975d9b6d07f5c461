"""
How fast mail goes out and what it costs, ours and others', in one run against the same servers.

    python -m benchmarks.dispatch [--quick] [--write] [--rounds 3]

Ours keeps its full ledger, with durable marks and results; the others keep none. Each sending is a process of its
own, CPU is that process's, and figures are medians over the rounds. Ends with status 1 when a gate is missed.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import senders
from benchmarks.documents import write_table
from benchmarks.drawing import draw
from benchmarks.gates import Case, Table, gates
from benchmarks.grounds import POSTGRESQL
from benchmarks.senders import ALONE, OURS, SOURCE, Figures, Stage, send
from benchmarks.sinks.running import NotHere, Running, compiled, fast_sink, smtp_sink

_ROUND_TRIP_MS = 20.0
_PICTURE = "![CPU for one mail, and mails a second, by sender](images/dispatch.svg)"
_HEADS = (
    "server", "round trip", "sender", "mails", "connections", "mails/s", "CPU us/mail", "PostgreSQL's us/mail",
    "memory MB",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Attributes:
        counts: for us and smtp-source.
        few: for the others, and for smtp-source over the long way: it awaits each reply, at a constant rate.
        alone: for those with one connection, over the long way: they send at a constant twelve a second or so.
        connections: on this machine, and over the long way.
    """

    counts: tuple[int, ...] = (5_000, 50_000, 200_000)
    few: int = 5_000
    alone: int = 300
    connections: tuple[int, int] = (20, 50)
    rounds: int = 3

    def cases(self, servers: Sequence[str]) -> Iterator[Case]:
        peers = [name for name in senders.COMMANDS if name != SOURCE]
        for server in servers:
            far = server == "fast, far"
            connections = self.connections[far]
            for sender, count in itertools.product((SOURCE, *OURS), self.counts):
                if not (far and sender == SOURCE and count > self.few):
                    yield Case(server, sender, count, connections)
            for sender in peers:
                alone = sender in ALONE
                count = self.alone if alone and far else self.few
                yield Case(server, sender, count, 1 if alone else connections)


QUICK = Plan(counts=(1_000, 5_000), few=300, alone=30, rounds=1)


class Servers:
    """The sinks by name; each sending has one of its own."""

    def __init__(self, folder: Path) -> None:
        self.names = ["smtp-sink"]
        try:
            self._fast = compiled(folder)
            self.names += ["fast", "fast, far"]
        except NotHere as missing:
            print(f"Left out: {missing}.")

    def running(self, name: str) -> AbstractContextManager[Running]:
        if name == "smtp-sink":
            return smtp_sink()
        return fast_sink(self._fast, _ROUND_TRIP_MS if name == "fast, far" else 0)


def measure(stage: Stage, servers: Servers, plan: Plan) -> tuple[Table, list[str]]:
    """
    Give the medians, and a sentence for each sending that failed.

    Every case runs in each round, one after the other, so that what changes on the machine changes for all.
    """
    missing, failed = set(), list[str]()
    for sender in (*OURS, *senders.COMMANDS):
        try:
            senders.check(sender)
        except NotHere as why:
            missing.add(sender)
            print(f"Left out: {sender}: {why}.")
    cases = [case for case in plan.cases(servers.names) if case.sender not in missing]
    found: dict[Case, list[Figures]] = {case: [] for case in cases}
    begun = time.monotonic()
    for done, (round_, case) in enumerate(itertools.product(range(plan.rounds), cases), 1):
        try:
            with servers.running(case.server) as sink:
                figures = send(stage, case.sender, sink, case.count, case.connections)
        except subprocess.CalledProcessError as error:
            failed.append(f"{case.sender}, {case.count:,} to {case.server}: ended with {error.returncode}")
            print(failed[-1])
            continue
        found[case].append(figures)
        spent = time.monotonic() - begun
        # Only from the second round on is it known how long each case takes.
        left = f"{spent / done * (plan.rounds * len(cases) - done):5.0f} s to go" if round_ else ""
        print(
            f"[{spent:6.0f} s] {case.server:10} {case.sender:26} {case.count:>8,} {figures.rate:>8,.0f}/s "
            f"{figures.cpu_us:>8,.0f} us  {left}",
            flush=True,
        )
    return {case: _median(figures) for case, figures in found.items() if figures}, failed


def _median(figures: Sequence[Figures]) -> Figures:
    servers = [one.server_us for one in figures if one.server_us is not None]
    return Figures(
        statistics.median(one.rate for one in figures),
        statistics.median(one.cpu_us for one in figures),
        statistics.median(one.memory_mb for one in figures),
        statistics.median(servers) if servers else None,
    )


def rows(table: Table) -> list[list[str]]:
    return [
        [
            "fast" if case.server.startswith("fast") else case.server,
            f"{_ROUND_TRIP_MS:.0f} ms" if case.server == "fast, far" else "0",
            case.sender,
            f"{case.count:,}",
            str(case.connections),
            f"{figures.rate:,.0f}",
            f"{figures.cpu_us:,.0f}",
            "" if figures.server_us is None else f"{figures.server_us:,.0f}",
            f"{figures.memory_mb:,.0f}" if figures.memory_mb else "",
        ]
        for case, figures in table.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few mails, one round; its figures are rough")
    parser.add_argument("--rounds", type=int, help="of which the median is taken (default: 3)")
    parser.add_argument("--connections", type=int, help="on this machine (default: 20)")
    parser.add_argument("--postgresql", default=POSTGRESQL, help="the server (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put table and picture into docs/")
    given = parser.parse_args()
    plan = QUICK if given.quick else Plan()
    plan = Plan(
        plan.counts,
        plan.few,
        plan.alone,
        (given.connections or plan.connections[0], plan.connections[1]),
        given.rounds or plan.rounds,
    )
    with tempfile.TemporaryDirectory(prefix="pulse-dispatch-") as folder:
        stage = Stage(Path(folder), given.postgresql)
        with stage.grounds:
            stage.write_letter()
            print(f"A mail has {stage.mail_bytes:,} bytes on the wire.")
            table, failed = measure(stage, Servers(Path(folder)), plan)
    _print(_HEADS, rows(table))
    judged = gates(table, _ROUND_TRIP_MS / 1e3)
    print("\n".join(["", *(f"FAILED: {sentence}" for sentence in failed)]))
    _print(("gate", "wanted", "measured", ""), judged)
    if given.write:
        write_table("dispatch", _HEADS, rows(table))
        draw(table)
        write_table("gates", ("gate", "wanted", "measured", ""), judged, _PICTURE)
    sys.exit(1 if failed or any(line[-1] == "MISSED" for line in judged) else 0)


def _print(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    widths = [max(len(line[place]) for line in (heads, *lines)) for place in range(len(heads))]
    for line in (heads, *lines):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
