"""Sending an edition's mail when something else happens meanwhile, on both databases."""

import threading

from sqlalchemy import select, update

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery.dispatch import Ending, Way, dispatch
from pulse_mailer.delivery.leasing import LEASE
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.message import Receipt
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.database.sending_given import attempts, claim, count, frozen, mark, receipt, record, run, states

_LATER = Answer(Outcome.DEFERRED, Stage.RCPT, 450, "4.2.0", "Greylisted, come back later")


class Impatient:
    """Stops a send that goes round in circles."""

    def __init__(self, patience: int) -> None:
        self.stop = threading.Event()
        self._patience = patience

    def __call__(self, _receipt: Receipt) -> None:
        self._patience -= 1
        if self._patience < 0:
            self.stop.set()


def early(database: Database, links: Links, edition_id: int, backend: MemoryBackend) -> Ending:
    watch = Impatient(patience=20)
    way = Way(database, links, [backend], connections=1)
    return dispatch(way, edition_id, stop=watch.stop, watch=watch, early=True)


def test_a_server_that_puts_everybody_off_is_asked_once_a_run(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    backend = MemoryBackend({f"reader-{number}@example.org": _LATER for number in (1, 2, 3)})
    assert early(database, links, edition_id, backend) is Ending.WAITING
    assert [len(attempts(database, address)) for address in states(database)] == [1, 1, 1]
    assert early(database, links, edition_id, backend) is Ending.WAITING
    assert [len(attempts(database, address)) for address in states(database)] == [2, 2, 2]


def test_who_was_put_off_is_tried_again_when_somebody_asks(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    run(database, links, edition_id, MemoryBackend({"reader-2@example.org": _LATER}))
    assert early(database, links, edition_id, MemoryBackend()) is Ending.FINISHED


def test_what_another_worker_holds_is_under_way(database: Database, keys: Keys, links: Links) -> None:
    edition_id, backend = frozen(database, keys, links), MemoryBackend()
    with database.transaction() as session:
        claim(session, edition_id, "elsewhere/boot/1/1/abcd", 1)
    assert run(database, links, edition_id, backend) is Ending.UNDER_WAY
    assert count(database, DeliveryStatus.SENT) == 2
    assert run(database, links, edition_id, backend) is Ending.UNDER_WAY
    assert backend.sessions == 1, "it connected for nothing"


def test_what_another_worker_dropped_is_taken_over(database: Database, keys: Keys, links: Links) -> None:
    edition_id, backend = frozen(database, keys, links), MemoryBackend()
    with database.transaction() as session:
        claim(session, edition_id, "elsewhere/boot/1/1/abcd", 3)
        session.execute(update(Delivery).values(lease_until=now() - LEASE))
    assert run(database, links, edition_id, backend) is Ending.FINISHED
    assert len(backend.kept) == 3


def test_a_paused_edition_is_left_alone(database: Database, keys: Keys, links: Links) -> None:
    edition_id, backend = frozen(database, keys, links), MemoryBackend()
    with database.transaction() as session:
        session.get_one(Edition, edition_id).become(EditionStatus.PAUSED)
    assert run(database, links, edition_id, backend) is Ending.PAUSED
    assert backend.kept == []


def test_somebody_for_whom_no_mail_can_be_made_holds_up_nobody(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id, backend = frozen(database, keys, links), MemoryBackend()
    with database.transaction() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.address == "reader-1@example.org")
            .values(address="reader-1@example.org\r\nBcc: all@example.org")
        )
    assert run(database, links, edition_id, backend) is Ending.FINISHED
    assert [message.recipient for message in backend.kept] == ["reader-2@example.org", "reader-3@example.org"]
    with database.transaction() as session:
        failed = session.scalars(select(Delivery).where(Delivery.status == DeliveryStatus.FAILED)).one()
    assert "cannot stand in a mail header" in failed.reason


def test_the_end_of_the_sending_is_recorded_under_the_name_of_its_beginning(
    database: Database, keys: Keys, links: Links
) -> None:
    run(database, links, frozen(database, keys, links), MemoryBackend())
    with database.transaction() as session:
        records = session.scalars(select(AuditRecord).where(AuditRecord.action.startswith("edition.")))
        assert {(record.action, record.subject) for record in records} == {
            ("edition.sending-began", "edition pulse/2026-03"),
            ("edition.finished", "edition pulse/2026-03"),
        }


def test_an_edition_that_was_over_goes_on_when_a_thawed_worker_brings_somebody_back(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id, frozen_one = frozen(database, keys, links), "elsewhere/boot/1/1/abcd"
    with database.transaction() as session:
        marked = mark(session, claim(session, edition_id, frozen_one, 1)[0], frozen_one)
        assert marked is not None
        session.execute(
            update(Delivery).where(Delivery.lease_owner.is_not(None)).values(lease_until=now() - LEASE)
        )
    assert run(database, links, edition_id, MemoryBackend()) is Ending.FINISHED
    assert count(database, DeliveryStatus.UNCERTAIN) == 1
    with database.transaction() as session:
        record(session, marked, frozen_one, receipt(marked.delivery, Outcome.RETURNED))
    assert count(database, DeliveryStatus.QUEUED) == 1
    assert run(database, links, edition_id, MemoryBackend()) is Ending.UNDER_WAY
    assert run(database, links, edition_id, MemoryBackend()) is Ending.FINISHED
    assert count(database, DeliveryStatus.SENT) == 3
