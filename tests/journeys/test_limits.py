"""Sending within limits, as people see it: foretold, held back, gone on with."""

import json
from collections.abc import Iterator

import pytest

from pulse_mailer.database import Database
from pulse_mailer.keys import load_or_create
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter, joined
from tests.journeys.conftest import Program


@pytest.fixture
def catcher(program: Program) -> Iterator[Catcher]:
    with Catcher(Mailbox(program.folder / "mailbox"), port=0) as running:
        program.set("SMTP_PORT", running.port)
        yield running


@pytest.fixture(autouse=True)
def _edition_for_three(program: Program, sqlite_url: str) -> None:
    program.set("HOLD_MINUTES", 0)
    keys = load_or_create(program.folder / "data" / "keys")
    database = Database(sqlite_url)
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for number in (1, 2, 3):
            joined(session, keys, newsletter, f"reader-{number}@example.org")
        draft(session, newsletter)
    database.close()


def test_a_days_limit_is_foretold_kept_and_gone_on_with(program: Program, catcher: Catcher) -> None:
    program.set("RATES", "smtp=2/day")
    sent = program("edition", "send", "2026-03", "--confirm-count", "3")
    assert sent.status == 3
    assert "the day's 2 are used up at once, the rest goes " in sent.out
    assert (
        "The limits hold the rest back. It takes another 24 h: the day's 2 are used up, the rest" in sent.out
    )
    assert Mailbox(program.folder / "mailbox").count() == 2
    again = program("edition", "send", "2026-03")
    assert (again.status, Mailbox(program.folder / "mailbox").count()) == (3, 2)
    assert "the day's 2 are used up, the rest goes " in program("edition", "report", "2026-03").out
    program.set("RATES", "smtp=3/day")
    assert program("edition", "send", "2026-03").status == 0
    assert Mailbox(program.folder / "mailbox").count() == 3


def test_a_rate_is_foretold_before_the_yes(program: Program, catcher: Catcher) -> None:
    program.set("RATES", "smtp=20/second")
    looked = program("edition", "send", "2026-03", "--dry-run")
    assert "It takes about 1 s at 20 a second; done " in looked.out
    assert program("edition", "send", "2026-03", "--confirm-count", "3").status == 0


def test_without_limits_nothing_is_foretold(program: Program, catcher: Catcher) -> None:
    assert "It takes" not in program("edition", "send", "2026-03", "--dry-run").out


def test_the_list_says_what_was_used(program: Program, catcher: Catcher) -> None:
    program.set("RATES", "smtp=500/day")
    program("edition", "send", "2026-03", "--confirm-count", "3")
    (line,) = json.loads(program("backend", "list", "--json").out)
    assert (line["used_in_24_hours"], line["left_today"]) == (3, 497)
