"""
The fault bench in its short form: few recipients, few kills, and the faults that its verifier must find.

`make bench-faults` runs the long one; see docs/benchmarks.md.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.grounds import Size
from benchmarks.planted import FAULTS
from benchmarks.runs import CONNECTIONS, WINDOW, Bench, Result, concluded, killed, planted
from benchmarks.sending import WORKER
from benchmarks.sinks.faulty import Faults

PEOPLE = 240
KILLS = 3


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, recipients=PEOPLE, quick=True)
    with made.grounds:
        yield made


def killed_on(bench: Bench, kind: str, faults: Faults) -> Result:
    with bench.send(kind, faults, Size(PEOPLE)) as send:
        killed(send, bench.seed, KILLS, (WORKER,))
        return concluded("short", send)


def test_killed_again_and_again_nobody_is_lost_and_nobody_gets_two(bench: Bench) -> None:
    result = killed_on(bench, "SQLite", Faults(seconds=0.01))
    assert result.wrong == []
    assert result.send.kills == KILLS
    assert result.found.most_in_doubt <= CONNECTIONS * WINDOW


@pytest.mark.postgres
def test_killed_on_postgresql_while_the_server_fails_in_all_its_ways(
    bench: Bench, postgresql_server: str
) -> None:
    bench.server = postgresql_server
    faults = Faults(
        cut_before=0.02, cut_after=0.02, later=0.02, unknown=0.02, full=0.02, closing=0.02, dribble=0.02,
        seconds=0.01,
    )  # fmt: skip
    result = killed_on(bench, "PostgreSQL", faults)
    assert result.wrong == []
    assert result.send.kills == KILLS


def test_the_true_program_outlives_the_freeze_that_shows_a_missing_fence(bench: Bench) -> None:
    bench.recipients = 10 * PEOPLE
    assert planted(bench, "SQLite", "none", frozen=True).wrong == []


@pytest.mark.parametrize("fault", FAULTS)
def test_the_verifier_finds_what_is_planted(bench: Bench, fault: str) -> None:
    bench.recipients = 10 * PEOPLE
    found = planted(bench, "SQLite", fault).found
    assert found.repeats or found.lost, "the verifier is blind to it"
    assert found.wrong
