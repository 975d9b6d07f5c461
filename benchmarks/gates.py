"""What the dispatch bench's figures must show."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.senders import DJANGO, LOOP, NODEMAILER, POSTGRES, SOURCE, SQLITE, Figures


@dataclass(frozen=True, slots=True)
class Case:
    """One sender, sending so many mails over so many connections to one kind of server."""

    server: str
    sender: str
    count: int
    connections: int


Table = dict[Case, Figures]
Line = list[str]


def gates(table: Table, round_trip_seconds: float) -> list[Line]:
    """Each gate as a line: what, wanted, measured, and ok, MISSED or not measured."""
    return [
        *_against_smtp_source(table),
        *_against_peers(table),
        *_far(table, round_trip_seconds),
        *_growth(table),
    ]


def _against_smtp_source(table: Table) -> Iterator[Line]:
    for count in _counts(table):
        source, sqlite, postgres = (_at(table, sender, count) for sender in (SOURCE, SQLITE, POSTGRES))
        if source and sqlite:
            yield _least(f"SQLite: rate / smtp-source's, {count:,}", 0.85, sqlite.rate / source.rate)
            yield _most(f"SQLite: CPU / smtp-source's, {count:,}", 3, sqlite.cpu_us / source.cpu_us)
        if source and postgres:
            yield _least(f"PostgreSQL: rate / smtp-source's, {count:,}", 0.85, postgres.rate / source.rate)
            both = (postgres.cpu_us + (postgres.server_us or 0)) / source.cpu_us
            what = f"{postgres.cpu_us / source.cpu_us:.2f}, both sides {both:.2f}"
            yield [f"PostgreSQL: CPU / smtp-source's, {count:,}", "reported", what, ""]


def _against_peers(table: Table) -> Iterator[Line]:
    ours = _at(table, SQLITE, _counts(table)[0])
    for sender, share in ((LOOP, 40), (DJANGO, 20), (NODEMAILER, 20)):
        peer = next(
            (found for case, found in table.items() if (case.server, case.sender) == ("smtp-sink", sender)),
            None,
        )
        if ours and peer:
            yield _least(f"CPU of {sender} / ours", share, peer.cpu_us / ours.cpu_us)
        else:
            yield [f"CPU of {sender} / ours", f">= {share}", "not measured", ""]


def _far(table: Table, round_trip_seconds: float) -> Iterator[Line]:
    for case, figures in table.items():
        if case.server == "fast, far" and case.sender in (SQLITE, POSTGRES):
            share = figures.rate * round_trip_seconds / case.connections
            law = f"rate / (connections / round trip of {round_trip_seconds * 1e3:.0f} ms)"
            yield _least(f"{case.sender}: {law}, {case.count:,}", 0.75, share)


def _growth(table: Table) -> Iterator[Line]:
    counts = _counts(table)
    for sender in (SQLITE, POSTGRES):
        few, many = _at(table, sender, counts[0]), _at(table, sender, counts[-1])
        if few and many:
            between = f"{counts[-1]:,} against {counts[0]:,}"
            yield _most(f"{sender}: CPU, {between}", 1.15, many.cpu_us / few.cpu_us)
            yield _most(f"{sender}: MB more, {between}", 40, many.memory_mb - few.memory_mb)


def _counts(table: Table) -> list[int]:
    return sorted({case.count for case in table if case.sender == SQLITE})


def _at(table: Table, sender: str, count: int) -> Figures | None:
    """On smtp-sink, which all are held against."""
    return next(
        (
            found
            for case, found in table.items()
            if (case.server, case.sender, case.count) == ("smtp-sink", sender, count)
        ),
        None,
    )


def _least(what: str, wanted: float, measured: float) -> Line:
    return [what, f">= {wanted:g}", f"{measured:.2f}", "ok" if measured >= wanted else "MISSED"]


def _most(what: str, wanted: float, measured: float) -> Line:
    return [what, f"<= {wanted:g}", f"{measured:.2f}", "ok" if measured <= wanted else "MISSED"]
