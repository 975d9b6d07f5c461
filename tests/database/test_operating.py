"""Totals, workers' signs, and the standstill of all workers; on both databases."""

import contextlib
import datetime
import random
from collections import Counter

import pytest
from sqlalchemy import select

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import deciding, ledger, standstill, steering, totals, workers
from pulse_mailer.delivery.dispatch import Ending
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import FINAL, Attempt, Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.total import Facet
from pulse_mailer.domain.working import Worker
from pulse_mailer.editions import reading
from pulse_mailer.errors import UsageError, WrongState
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from pulse_mailer.worker import alive, steps
from tests.database.sending_given import claim, frozen, mark, run

UNANSWERED = Answer(Outcome.UNCERTAIN, Stage.DOT, None, "", "The line broke")
REFUSED = Answer(Outcome.FAILED, Stage.RCPT, 550, "5.1.1", "No such user")


FULL = Answer(Outcome.FAILED, Stage.RCPT, 552, "5.2.2", "Mailbox full")
ANSWERS = (Answer(), REFUSED, FULL, FULL, UNANSWERED)


def sent(database: Database, keys: Keys, links: Links) -> int:
    """An edition that two got, and reader-2 did not."""
    edition_id = frozen(database, keys, links)
    backend = MemoryBackend(answers={"reader-2@example.org": REFUSED})
    assert run(database, links, edition_id, backend) is Ending.FINISHED
    return edition_id


def told(database: Database, edition_id: int) -> list[totals.Counts]:
    with database.reading() as session:
        edition = session.get_one(Edition, edition_id)
        return [totals.counts(session, edition, facet) for facet in Facet]


def test_totals_are_the_same_stored_and_live(database: Database, keys: Keys, links: Links) -> None:
    edition_id = sent(database, keys, links)
    live = told(database, edition_id)
    with database.transaction() as session:
        assert [one for one, _name in totals.due(session)] == [edition_id]
        totals.keep(session, edition_id)
    assert told(database, edition_id) == live
    states, domains, codes = live
    assert states == {"": {DeliveryStatus.SENT: 2, DeliveryStatus.FAILED: 1}}
    assert domains == {"example.org": {DeliveryStatus.SENT: 2, DeliveryStatus.FAILED: 1}}
    assert codes["550 5.1.1"] == {DeliveryStatus.FAILED: 1}


def test_totals_of_what_is_being_sent_are_told_for_a_moment_and_never_as_exact(
    database: Database, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition_id = frozen(database, keys, links)
    with database.transaction() as session:
        totals.keep(session, edition_id)
        assert totals.due(session) == []
    monkeypatch.setattr(totals, "SMALL", 2)
    with database.transaction() as session:
        claim(session, edition_id, "w1", 1)
        edition = session.get_one(Edition, edition_id)
        assert totals.states(session, edition)[DeliveryStatus.QUEUED] == 3
        assert totals.states(session, edition, exact=True)[DeliveryStatus.QUEUED] == 2
        edition.counted_at = now() - totals.STALE
        session.flush()
        assert totals.states(session, edition)[DeliveryStatus.QUEUED] == 2
        assert totals.all_states(session)[edition_id][DeliveryStatus.CLAIMED] == 1
        assert len(totals.due(session)) == 1
    assert told(database, edition_id)[1:] == [{}, {}]  # nobody is in trouble


def test_deliveries_that_do_not_lie_together_are_found_all_the_same(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = sent(database, keys, links)
    together = told(database, edition_id)
    with database.transaction() as session:
        edition = session.get_one(Edition, edition_id)
        assert edition.last_delivery_id is not None
        edition.first_delivery_id = edition.last_delivery_id = None
    assert told(database, edition_id) == together
    with database.reading() as session:
        assert totals.audience(session, session.get_one(Edition, edition_id)) == 3


def test_totals_are_counted_anew_for_an_hour_and_after_a_decision(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = sent(database, keys, links)
    with database.transaction() as session:
        totals.keep(session, edition_id)
        edition = session.get_one(Edition, edition_id)
        assert totals.due(session) == []
        edition.counted_at = now() - totals.AGAIN - datetime.timedelta(seconds=1)
        session.flush()
        assert len(totals.due(session)) == 1
        edition.finished_at = now() - totals.UNSETTLED - datetime.timedelta(seconds=1)
        session.flush()
        assert totals.due(session) == []
        delivery = session.scalars(select(Delivery).where(Delivery.status == DeliveryStatus.FAILED)).one()
        delivery.status = DeliveryStatus.UNCERTAIN
        session.flush()
        deciding.settle(session, [delivery.id], sent=True, by="ann", why="it is in the log")
    with database.transaction() as session:
        assert len(totals.due(session)) == 1
        edition = session.get_one(Edition, edition_id)
        assert totals.states(session, edition)[DeliveryStatus.SENT] == 3


def test_an_edition_that_goes_on_is_counted_anew(database: Database, keys: Keys, links: Links) -> None:
    edition_id = sent(database, keys, links)
    with database.transaction() as session:
        totals.keep(session, edition_id)
    with database.transaction() as session:
        deciding.retry(session, reading.edition(session, "2026-03"), deciding.ALL_FAILED, by="ann")
    with database.reading() as session:
        edition = session.get_one(Edition, edition_id)
        assert edition.counted_at is None
        assert totals.states(session, edition)[DeliveryStatus.QUEUED] == 1


def test_totals_are_never_others_than_a_recount_whatever_is_done(
    database: Database, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "SMALL", 0)
    chance, people = random.Random(20260301), [f"reader-{number}@example.org" for number in range(1, 7)]
    edition_id, seen = frozen(database, keys, links, people=6), set[DeliveryStatus]()
    for _ in range(16):
        with database.transaction() as session, contextlib.suppress(WrongState):
            edition = reading.edition(session, "2026-03")
            if edition.status is EditionStatus.PAUSED:
                steering.resume(session, edition, by="ann", brake_on=False)
            if chance.random() < 0.3:
                steering.stop(session, edition, by="ann", why="wrong")
        run(
            database,
            links,
            edition_id,
            MemoryBackend(answers={one: chance.choice(ANSWERS) for one in people}),
        )
        _keep_sometimes(database, chance)
        seen |= set(_refuse_other_totals(database, edition_id))
        with database.transaction() as session, contextlib.suppress(WrongState):
            edition = reading.edition(session, "2026-03")
            match chance.randrange(4):
                case 0:
                    deciding.settle_all(session, edition, sent=True, by="ann", why="it is in the log")
                case 1:
                    deciding.settle_all(session, edition, sent=False, by="ann", why="it is not in the log")
                case 2:
                    deciding.retry(session, edition, deciding.ALL_FAILED, by="ann")
                case _:
                    deciding.retry(session, edition, deciding.ALL_CANCELLED, by="ann")
        seen |= set(_refuse_other_totals(database, edition_id))
        _keep_sometimes(database, chance)
        _refuse_other_totals(database, edition_id)
    assert seen == {DeliveryStatus.QUEUED, *FINAL} - {DeliveryStatus.SKIPPED}


def _keep_sometimes(database: Database, chance: random.Random) -> None:
    with database.transaction() as session:
        for edition_id, _name in totals.due(session) if chance.random() < 0.7 else ():
            totals.keep(session, edition_id)


def _refuse_other_totals(database: Database, edition_id: int) -> dict[DeliveryStatus, int]:
    with database.reading() as session:
        edition = session.get_one(Edition, edition_id)
        deliveries = session.scalars(select(Delivery)).all()
        last = {one.delivery_id: one for one in session.scalars(select(Attempt).order_by(Attempt.number))}
        states = Counter(one.status for one in deliveries)
        assert {
            state: count for state, count in totals.states(session, edition, exact=True).items() if count
        } == states
        if edition.status.is_over:
            assert {
                state: count for state, count in totals.states(session, edition).items() if count
            } == states
            codes = Counter(
                (
                    f"{last[one.id].code or ''} {last[one.id].enhanced_code}".strip()
                    if one.id in last
                    else "",
                    one.status,
                )
                for one in deliveries
            )
            told = totals.counts(session, edition, Facet.CODE)
            assert {(code, state): count for code, of in told.items() for state, count in of.items()} == codes
        return dict(states)


def test_the_workers_step_counts_what_is_over(mailer: Mailer) -> None:
    edition_id = frozen(mailer.database, mailer.keys, mailer.links)
    with mailer.database.transaction() as session:
        steering.stop(session, reading.edition(session, "2026-03"), by="ann", why="wrong")
    assert [one for one, _name in steps.editions_to_count(mailer)] == [edition_id]
    assert steps.count(mailer, edition_id) == ""
    assert steps.editions_to_count(mailer) == []


def test_a_standstill_holds_from_the_next_claim_and_mark_on(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    with database.transaction() as session:
        held = claim(session, edition_id, "w1", 1)
    with database.transaction() as session:
        standstill.stand_still(session, by="ann", why="The  relay\nis on fire.")
    with database.transaction() as session:
        assert claim(session, edition_id, "w1", 2) == []
        assert mark(session, held[0], "w1") is None
        assert session.get_one(Delivery, held[0].id).status is DeliveryStatus.CLAIMED
    with database.transaction() as session:
        found = standstill.standstill(session)
        assert found is not None
        assert found.why == "The relay is on fire."
        standstill.go_on(session, by="ben")
    with database.transaction() as session:
        assert mark(session, held[0], "w1") is not None
        actions = list(session.scalars(select(AuditRecord.action).order_by(AuditRecord.id)))
    assert actions[-2:] == ["workers.paused", "workers.resumed"]


def test_nobody_hands_over_while_all_stand_still(mailer: Mailer) -> None:
    edition_id = frozen(mailer.database, mailer.keys, mailer.links)
    with mailer.database.transaction() as session:
        standstill.stand_still(session, by="ann", why="The relay is on fire.")
    assert steps.editions_to_send(mailer) == []
    backend = MemoryBackend()
    assert run(mailer.database, mailer.links, edition_id, backend) is Ending.STILL
    assert backend.kept == []
    with mailer.database.transaction() as session:
        standstill.go_on(session, by="ann")
    assert len(steps.editions_to_send(mailer)) == 1
    assert run(mailer.database, mailer.links, edition_id, backend) is Ending.FINISHED


def test_a_standstill_wants_a_reason_and_is_not_begun_or_ended_twice(database: Database) -> None:
    with database.transaction() as session, pytest.raises(UsageError, match="wants a reason"):
        standstill.stand_still(session, by="ann", why=" ")
    with database.transaction() as session, pytest.raises(WrongState, match="not paused"):
        standstill.go_on(session, by="ann")
    with database.transaction() as session:
        standstill.stand_still(session, by="ann", why="a")
    with database.transaction() as session, pytest.raises(WrongState, match="paused already"):
        standstill.stand_still(session, by="ben", why="b")


def test_workers_say_that_they_live_until_they_end(mailer: Mailer) -> None:
    pulse = alive.Pulse()
    pulse.beat(mailer)
    pulse.beat(mailer)
    with mailer.database.transaction() as session:
        (found,) = workers.workers(session)
        assert found.name == workers.this_worker()
        session.add(Worker(name="old", version="1", started_at=now(), seen_at=now() - workers.FORGOTTEN))
    alive.Pulse().beat(mailer)
    with mailer.database.reading() as session:
        assert [one.name for one in workers.workers(session)] == [workers.this_worker()]
    pulse.end(mailer)
    with mailer.database.reading() as session:
        assert workers.workers(session) == []


def test_the_queue_says_what_waits(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links)
    with database.transaction() as session:
        claim(session, edition_id, "w1", 1)
    with database.reading() as session:
        (queue,) = workers.queues(session)
    assert (queue.due_count, queue.later_count, queue.leased_count, queue.owner_count) == (2, 0, 1, 1)
    assert queue.oldest_at is not None
    assert queue.next_lease_ends_at is not None
    with database.transaction() as session:
        ledger.release(session, "w1")
    run(database, links, edition_id, MemoryBackend())
    with database.reading() as session:
        assert workers.attempts_per_second(session) > 0
