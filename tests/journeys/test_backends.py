"""`pulse-mailer backend`: what may be given to whom, who rests, and who takes our mail."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from pulse_mailer.database import Database
from pulse_mailer.delivery import routes
from pulse_mailer.delivery.limits import PRESETS, Limits
from pulse_mailer.delivery.pacing import Pace
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from tests.journeys.conftest import Program


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def catcher(tmp_path: Path, program: Program) -> Iterator[Catcher]:
    with Catcher(Mailbox(tmp_path / "caught"), port=0) as running:
        program.set("SMTP_PORT", running.port)
        yield running


def test_the_list_shows_limits_use_and_rests(program: Program, database: Database) -> None:
    program.set("RATES", "smtp=microsoft-365; memory=5/day")
    Pace(database, "smtp", Limits(per_minute=30, per_day=10_000)).take(1)
    with database.transaction() as session:
        routes.rest(session, "smtp", "432 4.3.2 Too many connections.", 600)
    shown = program("backend", "list")
    assert shown.status == 0
    assert [line.split()[-1] for line in shown.out.splitlines() if "127.0.0.1:1025" in line] == ["resting"]
    assert " UTC: 432 4.3.2 Too many connections." in shown.out
    assert "pulse-mailer backend wake smtp" in shown.out
    smtp, memory = json.loads(program("backend", "list", "--json").out)
    assert (smtp["name"], smtp["relay"], smtp["used_in_24_hours"]) == ("smtp", "127.0.0.1:1025", 1)
    assert smtp["limits"] == "30/minute, 10000/day, 3 connections"
    assert (smtp["left_today"], smtp["why"]) == (9_999, "432 4.3.2 Too many connections.")
    assert (memory["name"], memory["limits"], memory["rests_until"]) == ("memory", "5/day", None)


def test_a_backend_without_limits_is_not_counted(program: Program) -> None:
    (line,) = json.loads(program("backend", "list", "--json").out)
    assert (line["limits"], line["used_in_24_hours"], line["left_today"]) == ("", None, None)
    assert "not counted" in " ".join(program("backend", "list").out.split())


def test_a_backend_that_lacks_a_setting_is_listed_with_what_it_lacks(program: Program) -> None:
    program.set("RATES", "postmark=10/second")
    _, postmark = json.loads(program("backend", "list", "--json").out)
    assert postmark["relay"] == ""
    assert "PULSE_MAILER_POSTMARK_SERVER_TOKEN" in postmark["missing"]
    assert "PULSE_MAILER_POSTMARK_SERVER_TOKEN" in program("backend", "list").out


def test_the_check_signs_in_and_shows_the_greeting(program: Program, catcher: Catcher) -> None:
    checked = program("backend", "check")
    assert checked.status == 0
    assert f"smtp: 127.0.0.1:{catcher.port} answers: " in checked.out


def test_a_check_that_fails_ends_with_1_and_goes_on_with_the_others(
    program: Program, catcher: Catcher
) -> None:
    program.set("BACKEND", "smtp,memory")
    catcher.stop()
    checked = program("backend", "check")
    assert checked.status == 1
    assert f"smtp: No connection to 127.0.0.1:{catcher.port}" in checked.out
    assert "memory: memory:0 answers" in checked.out
    assert program("backend", "check", "memory").status == 0


def test_waking_ends_the_rest_and_is_recorded(program: Program, database: Database) -> None:
    with database.transaction() as session:
        routes.rest(session, "smtp", "Gone.", 600)
    assert "smtp is asked again" in program("backend", "wake", "smtp").out
    assert "smtp does not rest" in program("backend", "wake", "smtp").out
    with database.reading() as session:
        actions = [record.action for record in session.scalars(select(AuditRecord))]
    assert actions == ["backend.woken"]


def test_a_name_that_nothing_uses_is_refused(program: Program) -> None:
    ended = program("backend", "wake", "smpt")
    assert ended.status == 1
    assert "names the backend “smpt”. There is: smtp." in ended.err


def test_the_presets_are_shown_with_source_and_day(program: Program) -> None:
    shown = program("backend", "limits")
    assert shown.status == 0
    for name, preset in PRESETS.items():
        assert f"{name}: {preset.limits}" in shown.out
        assert f"{preset.source}, " in shown.out
    assert "quotas.html, read on 2026-11-22" in shown.out
    assert "22839, as others quote it on 2026-11-22" in shown.out
    first = json.loads(program("backend", "limits", "--json").out)[0]
    assert (first["name"], first["limits"]["per_minute"]) == ("microsoft-365", 30)


def test_limits_that_cannot_be_read_stop_the_start(program: Program) -> None:
    program.set("RATES", "smtp=30/fortnight")
    ended = program("backend", "list")
    assert ended.status == 2
    assert "PULSE_MAILER_RATES: “smtp”: “fortnight” is none of second, minute, hour, day." in ended.err
