"""`edition send` when things go wrong in the middle: what it says, and what it ends with."""

import datetime
import signal
import subprocess
import time

import pytest
from sqlalchemy import select, update

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.keys import load_or_create
from pulse_mailer.links import Links
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from tests.contract.faulty import Does, FaultyServer
from tests.database.sending_given import claim, frozen
from tests.journeys import commands
from tests.journeys.conftest import Program


@pytest.fixture
def edition_id(program: Program, sqlite_url: str) -> int:
    """An edition on its way to three people."""
    return given(program, sqlite_url, 3)


def given(program: Program, sqlite_url: str, people: int) -> int:
    keys = load_or_create(program.folder / "data" / "keys")
    database = Database(sqlite_url)
    found = frozen(database, keys, Links("http://127.0.0.1:8025", keys), people)
    database.close()
    return found


@pytest.fixture
def one_by_one(program: Program) -> None:
    """One mail after the other, over one connection."""
    program.set("CONNECTIONS", 1)
    program.set("SMTP_PIPELINING", "off")


def every(step: str, does: Does | bytes) -> FaultyServer:
    return FaultyServer(faults={(f"reader-{number}", step): does for number in range(1, 10)})


@pytest.mark.usefixtures("one_by_one")
def test_when_the_server_fails_the_report_comes_before_its_words(program: Program, sqlite_url: str) -> None:
    given(program, sqlite_url, 5)
    with every("DOT", Does.KEEP_AND_HANG_UP) as server:
        program.set("SMTP_PORT", server.port)
        ended = program("edition", "send", "2026-03")
    assert ended.status == 1
    assert "went to 0 of 5; 2 waiting, 3 uncertain" in ended.out
    assert "reader-3@example.org  <e1." in ended.out
    assert ended.err.startswith("error: 3 connections")
    assert "The server closed the connection. Check that" in ended.err


def test_a_server_that_puts_everybody_off_ends_it_as_partly_done(program: Program, edition_id: int) -> None:
    with every("RCPT", b"450 4.2.0 Greylisted") as server:
        program.set("SMTP_PORT", server.port)
        ended = program("edition", "send", "2026-03")
        asked = [command for line in server.said for command in line if command.startswith("RCPT")]
    assert ended.status == 3
    assert "3 put off by" in ended.out
    assert "Some wait for their server." in ended.out
    assert len(asked) == 3, "somebody's server was asked again and again"


def test_it_waits_for_what_another_worker_has_in_hand(
    program: Program, edition_id: int, sqlite_url: str
) -> None:
    database = Database(sqlite_url)
    with database.transaction() as session:
        (held,) = claim(session, edition_id, "elsewhere/boot/1/1/abcd", 1)
        soon = now() + datetime.timedelta(seconds=0.5)
        session.execute(update(Delivery).where(Delivery.id == held.id).values(lease_until=soon))
    database.close()
    with Catcher(Mailbox(program.folder / "mailbox"), port=0) as catcher:
        program.set("SMTP_PORT", catcher.port)
        ended = program("edition", "send", "2026-03")
    assert ended.status == 0
    assert "went to 3 of 3" in ended.out


@pytest.mark.usefixtures("one_by_one")
def test_a_second_ctrl_c_ends_it_at_once_and_leaves_one_uncertain(
    program: Program, edition_id: int, sqlite_url: str
) -> None:
    with every("RCPT", Does.SAY_NOTHING) as server:
        program.set("SMTP_PORT", server.port)
        sender = subprocess.Popen(
            [*commands.COMMAND, "edition", "send", "2026-03"], stderr=subprocess.PIPE, text=True
        )
        while not any(command.startswith("RCPT") for line in server.said for command in line):
            time.sleep(0.02)
        sender.send_signal(signal.SIGINT)
        assert sender.stderr is not None
        with sender.stderr:
            assert "Ctrl-C again ends at once" in sender.stderr.readline()
            sender.send_signal(signal.SIGINT)
            assert sender.wait(10) == 130
    with Catcher(Mailbox(program.folder / "mailbox"), port=0) as catcher:
        program.set("SMTP_PORT", catcher.port)
        ended = program("edition", "send", "2026-03")
    assert ended.status == 3
    database = Database(sqlite_url)
    with database.reading() as session:
        states = sorted(session.scalars(select(Delivery.status)))
    database.close()
    assert states == ["sent", "sent", "uncertain"]
