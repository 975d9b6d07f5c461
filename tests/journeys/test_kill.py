"""A send that is killed again and again: counted in what the mail server has on its disk, and in the ledger."""

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from pulse_mailer.database import Database
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.keys import load_or_create
from pulse_mailer.links import Links
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from tests.database.sending_given import frozen
from tests.journeys import commands

PEOPLE = 400
KILLS = 6
IN_DOUBT = 4 * 2  #: connections, and mails on each, when a sender is killed


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mailbox")


@pytest.fixture
def catcher(mailbox: Mailbox) -> Iterator[Catcher]:
    with Catcher(mailbox, port=0) as running:
        yield running


def recipients(mailbox: Mailbox) -> Counter[str]:
    return Counter(envelope.recipients[0] for envelope in mailbox.list(limit=10 * PEOPLE))


def wait_for(mailbox: Mailbox, count: int) -> None:
    until = time.monotonic() + 60
    while mailbox.count() < count:
        assert time.monotonic() < until, f"only {mailbox.count()} of {count} mails came"
        time.sleep(0.002)


def test_killed_again_and_again_nobody_is_lost_and_nobody_gets_two(
    database: Database, database_url: str, tmp_path: Path, mailbox: Mailbox, catcher: Catcher
) -> None:
    data = tmp_path / "data"
    settings: dict[str, str | int | Path] = {
        "data_dir": data,
        "database_url": database_url,
        "smtp_port": catcher.port,
    }
    keys = load_or_create(data / "keys")
    edition_id = frozen(database, keys, Links("http://127.0.0.1:8025", keys), PEOPLE)
    moments = random.Random(7)

    for kill in range(1, KILLS + 1):
        before = mailbox.count()
        sender = commands.begin("edition", "send", "2026-03", settings=settings, folder=tmp_path)
        wait_for(mailbox, before + moments.randint(10, PEOPLE // (KILLS + 2)))
        sender.send_signal(signal.SIGKILL)
        assert sender.wait() == -signal.SIGKILL, f"kill {kill} came too late"

    last = commands.run("edition", "send", "2026-03", settings=settings, folder=tmp_path)
    got = recipients(mailbox)
    with database.transaction() as session:
        rows = {row.address: row.status for row in session.scalars(select(Delivery))}
        status = session.get_one(Edition, edition_id).status
    uncertain = [address for address, state in rows.items() if state is DeliveryStatus.UNCERTAIN]

    assert status is EditionStatus.SENT
    assert max(got.values()) == 1, "somebody got two"
    assert len(rows) == PEOPLE
    assert set(rows.values()) <= {DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN}
    assert [
        address for address, state in rows.items() if state is DeliveryStatus.SENT and not got[address]
    ] == []
    assert [address for address in got if address not in rows] == []
    assert len(uncertain) <= KILLS * IN_DOUBT, "more in doubt than were being handed over"
    asked = ("delivery", "list", "--edition", "2026-03", "--state", "uncertain")
    listed = commands.run(*asked, settings=settings, folder=tmp_path).stdout
    assert all(address in listed for address in uncertain), "an uncertain one is not listed"
    assert last.returncode == (3 if uncertain else 0)


def test_interrupted_by_ctrl_c_it_ends_after_the_message_at_hand(
    sqlite_url: str, tmp_path: Path, mailbox: Mailbox, catcher: Catcher
) -> None:
    database = Database(sqlite_url)
    data = tmp_path / "data"
    settings: dict[str, str | int | Path] = {
        "data_dir": data,
        "database_url": sqlite_url,
        "smtp_port": catcher.port,
    }
    keys = load_or_create(data / "keys")
    frozen(database, keys, Links("http://127.0.0.1:8025", keys), PEOPLE)
    sender = commands.begin("edition", "send", "2026-03", settings=settings, folder=tmp_path)
    wait_for(mailbox, 20)
    sender.send_signal(signal.SIGINT)
    assert sender.wait(timeout=30) == 3
    with database.transaction() as session:
        states = Counter(session.scalars(select(Delivery.status)))
    database.close()
    assert set(states) == {DeliveryStatus.SENT, DeliveryStatus.QUEUED}
    assert states[DeliveryStatus.SENT] == mailbox.count()
