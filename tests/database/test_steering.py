"""Pause, resume, stop and the first stage: what holds from the next mark on, and who is told; on both databases."""

import concurrent.futures
import threading

import pytest
from sqlalchemy import select, update

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import reporting, steering
from pulse_mailer.delivery.dispatch import Ending
from pulse_mailer.delivery.leasing import LEASE
from pulse_mailer.delivery.reporting import PROGRAM
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Fault, Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.notice import Notice, NoticeKind
from pulse_mailer.editions import reading
from pulse_mailer.errors import WrongState
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.database.sending_given import claim, count, frozen, mark, receipt, record, run, states

ELSEWHERE = "elsewhere/boot/1/1/abcd"
LATER = Answer(Outcome.DEFERRED, Stage.RCPT, 450, "4.2.0", "Later")


@pytest.fixture
def edition_id(database: Database, keys: Keys, links: Links) -> int:
    """An edition on its way to four people; ann and bob want to hear of it."""
    made = frozen(database, keys, links, people=4)
    with database.transaction() as session:
        session.execute(update(Newsletter).values(told=["ann@example.org", "bob@example.org"]))
    return made


def pause(database: Database, edition_id: int, by: str = "cli:ann", *, requeue_policy: bool = False) -> bool:
    with database.transaction() as session:
        why = "Something is wrong."
        return steering.pause(session, edition_id, by=by, why=why, requeue_policy=requeue_policy)


def resume(database: Database, *, first: int | None = None, brake_on: bool | None = None) -> None:
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        steering.resume(session, edition, by="cli:bob", first=first, brake_on=brake_on)


def stop(database: Database) -> int:
    with database.transaction() as session:
        return steering.stop(
            session, reading.edition(session, "2026-03"), by="cli:ann", why="The wrong text."
        )


def edition(database: Database) -> Edition:
    with database.reading() as session:
        return reading.edition(session, "2026-03")


def report(database: Database) -> reporting.Report:
    with database.reading() as session:
        return reporting.report(session, reading.edition(session, "2026-03"))


def notices(database: Database) -> list[tuple[NoticeKind, str]]:
    with database.reading() as session:
        rows = session.scalars(select(Notice).order_by(Notice.id))
        return [(notice.kind, notice.address) for notice in rows]


def audited(database: Database, action: str) -> list[AuditRecord]:
    with database.reading() as session:
        return list(session.scalars(select(AuditRecord).where(AuditRecord.action == action)))


def first_stage(database: Database, size: int) -> None:
    with database.transaction() as session:
        last = sorted(session.scalars(select(Delivery.id)))[size - 1]
        session.execute(update(Edition).values(stage_until_id=last))


def test_a_paused_edition_sends_nothing_and_says_who_paused_it_and_why(
    database: Database, links: Links, edition_id: int
) -> None:
    assert pause(database, edition_id)
    backend = MemoryBackend()
    assert run(database, links, edition_id, backend) is Ending.PAUSED
    assert backend.kept == []
    found = report(database)
    assert found.sentence == "Paused: March 2026 went to 0 of 4; 4 waiting."
    assert found.remarks == ("Paused by cli:ann: Something is wrong.",)
    assert str(found.next_steps[0]) == "Let it go on: pulse-mailer edition resume pulse/2026-03"
    (record_,) = audited(database, "edition.paused")
    assert (record_.actor, record_.after) == ("cli:ann", {"why": "Something is wrong."})


def test_a_claimed_delivery_is_not_marked_after_a_pause(database: Database, edition_id: int) -> None:
    with database.transaction() as session:
        (claimed,) = claim(session, edition_id, ELSEWHERE, 1)
    pause(database, edition_id)
    with database.transaction() as session:
        assert mark(session, claimed, ELSEWHERE) is None


def test_what_was_marked_before_a_pause_is_recorded_after_it(database: Database, edition_id: int) -> None:
    with database.transaction() as session:
        (claimed,) = claim(session, edition_id, ELSEWHERE, 1)
        marked = mark(session, claimed, ELSEWHERE)
    assert marked is not None
    pause(database, edition_id)
    with database.transaction() as session:
        record(session, marked, ELSEWHERE, receipt(claimed, Outcome.SENT))
    assert count(database, DeliveryStatus.SENT) == 1


def test_a_pause_by_a_person_is_mailed_to_nobody(database: Database, edition_id: int) -> None:
    pause(database, edition_id)
    assert notices(database) == []


def test_a_pause_by_the_program_is_told_to_the_staff_with_the_reason(
    database: Database, edition_id: int
) -> None:
    assert pause(database, edition_id, PROGRAM)
    assert notices(database) == [
        (NoticeKind.PAUSED, "ann@example.org"),
        (NoticeKind.PAUSED, "bob@example.org"),
    ]
    with database.reading() as session:
        body = session.scalars(select(Notice.body)).first() or ""
    assert "Paused by the program: Something is wrong." in body
    assert "4  queued" in body
    assert "pulse-mailer edition resume pulse/2026-03" in body


def test_of_two_workers_who_pull_the_brake_one_pauses_and_one_notice_goes(
    database: Database, edition_id: int
) -> None:
    ready = threading.Barrier(2)

    def pull(_worker: int) -> bool:
        ready.wait(10)
        return pause(database, edition_id, PROGRAM)

    with concurrent.futures.ThreadPoolExecutor(2) as both:
        assert sorted(both.map(pull, (1, 2))) == [False, True]
    assert len(notices(database)) == 2, "one for each of the staff"
    assert len(audited(database, "edition.paused")) == 1


def test_a_person_who_pauses_what_is_not_being_sent_is_told_so(database: Database, edition_id: int) -> None:
    pause(database, edition_id)
    with pytest.raises(WrongState, match="is paused, not being sent"):
        pause(database, edition_id)


def test_who_was_refused_for_the_mail_waits_again_and_who_was_put_off_does_not(
    database: Database, links: Links, edition_id: int
) -> None:
    policy = Answer(Outcome.DEFERRED, Stage.DOT, 554, "5.7.1", "Spam")
    answers = {"reader-1@example.org": policy, "reader-2@example.org": LATER}
    run(database, links, edition_id, MemoryBackend(answers))
    with database.transaction() as session:
        # The memory backend says whose fault it is as the registry of replies would.
        refused = select(Attempt.id).where(Attempt.code == 554)
        session.execute(update(Attempt).where(Attempt.id.in_(refused)).values(fault=Fault.MESSAGE))
    pause(database, edition_id, PROGRAM, requeue_policy=True)
    assert states(database) == {
        "reader-1@example.org": "queued",
        "reader-2@example.org": "deferred",
        "reader-3@example.org": "sent",
        "reader-4@example.org": "sent",
    }


def test_a_resumed_edition_goes_on_where_it_was(database: Database, links: Links, edition_id: int) -> None:
    pause(database, edition_id)
    resume(database, brake_on=False)
    found = edition(database)
    assert (found.halt_reason, found.halted_by, found.brake_on) == ("", "", False)
    assert run(database, links, edition_id, MemoryBackend()) is Ending.FINISHED
    (record_,) = audited(database, "edition.resumed")
    assert record_.actor == "cli:bob"
    assert record_.before == {"halted_by": "cli:ann", "why": "Something is wrong."}


def test_what_is_not_paused_is_not_resumed(database: Database, edition_id: int) -> None:
    with pytest.raises(WrongState, match="is being sent, not paused"):
        resume(database)


def test_the_first_stage_goes_out_and_then_it_waits_for_a_person(
    database: Database, links: Links, edition_id: int
) -> None:
    first_stage(database, 1)
    assert run(database, links, edition_id, MemoryBackend()) is Ending.PAUSED
    assert count(database, DeliveryStatus.SENT) == 1
    assert notices(database)[0] == (NoticeKind.STAGE_SENT, "ann@example.org")
    assert report(database).remarks == (
        "Paused by the program: The first stage is out; the other 3 wait for your word.",
    )
    resume(database, first=2)
    assert run(database, links, edition_id, MemoryBackend()) is Ending.PAUSED
    assert count(database, DeliveryStatus.SENT) == 3
    resume(database)
    assert run(database, links, edition_id, MemoryBackend()) is Ending.FINISHED


def test_who_was_put_off_does_not_hold_the_stage_up(
    database: Database, links: Links, edition_id: int
) -> None:
    first_stage(database, 2)
    backend = MemoryBackend({"reader-1@example.org": LATER})
    assert run(database, links, edition_id, backend) is Ending.PAUSED
    assert states(database)["reader-1@example.org"] == "deferred"


def test_a_stage_of_all_who_wait_is_none(database: Database, links: Links, edition_id: int) -> None:
    pause(database, edition_id)
    resume(database, first=4)
    assert edition(database).stage_until_id is None


def test_a_stopped_edition_is_cancelled_for_all_who_wait(
    database: Database, links: Links, edition_id: int
) -> None:
    with database.transaction() as session:
        claim(session, edition_id, ELSEWHERE, 1)
    assert stop(database) == 4
    assert set(states(database).values()) == {"cancelled"}
    backend = MemoryBackend()
    run(database, links, edition_id, backend)
    assert backend.kept == []
    assert report(database).sentence == "Stopped: March 2026 went to 0 of 4; 4 not sent."
    (record_,) = audited(database, "edition.stopped")
    assert record_.after == {"why": "The wrong text.", "cancelled": 4}


def test_what_is_being_handed_over_when_it_is_stopped_is_finished(
    database: Database, edition_id: int
) -> None:
    with database.transaction() as session:
        claims = claim(session, edition_id, ELSEWHERE, 2)
        marks = [mark(session, claimed, ELSEWHERE) for claimed in claims]
    assert stop(database) == 2
    assert count(database, DeliveryStatus.SENDING) == 2
    with database.transaction() as session:
        for marked, outcome in zip(marks, (Outcome.SENT, Outcome.RETURNED), strict=True):
            assert marked is not None
            record(session, marked, ELSEWHERE, receipt(marked.delivery, outcome))
    assert count(database, DeliveryStatus.QUEUED) == 1, "what came back"
    with database.transaction() as session:
        assert steering.sweep(session, edition_id) == 1
    assert report(database).adds_up
    assert sorted(states(database).values()) == ["cancelled", "cancelled", "cancelled", "sent"]


def test_sweeping_leaves_an_edition_alone_that_is_not_stopped(database: Database, edition_id: int) -> None:
    pause(database, edition_id)
    with database.transaction() as session:
        assert steering.sweep(session, edition_id) == 0
    assert count(database, DeliveryStatus.QUEUED) == 4


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite lets one write at a time
def test_stopping_does_not_wait_for_a_worker_that_is_writing(database: Database, edition_id: int) -> None:
    with database.transaction() as session:
        (claimed,) = claim(session, edition_id, ELSEWHERE, 1)
    with database.transaction() as worker:
        assert mark(worker, claimed, ELSEWHERE) is not None
        assert stop(database) == 3
    assert sorted(states(database).values()) == ["cancelled", "cancelled", "cancelled", "sending"]


def test_only_what_is_sent_or_paused_can_be_stopped(
    database: Database, links: Links, edition_id: int
) -> None:
    run(database, links, edition_id, MemoryBackend())
    with pytest.raises(WrongState, match="is sent, not being sent"):
        stop(database)


def test_a_paused_edition_can_be_stopped_and_says_why_it_was_stopped(
    database: Database, edition_id: int
) -> None:
    pause(database, edition_id)
    stop(database)
    found = edition(database)
    assert found.status is EditionStatus.STOPPED
    assert found.finished_at is not None
    assert report(database).remarks == ("Stopped by cli:ann: The wrong text.",)


def test_the_lease_of_a_lost_worker_ends_though_the_edition_is_paused(
    database: Database, edition_id: int
) -> None:
    from pulse_mailer.delivery import ledger

    with database.transaction() as session:
        (claimed, _) = claim(session, edition_id, ELSEWHERE, 2)
        mark(session, claimed, ELSEWHERE)
    pause(database, edition_id)
    with database.transaction() as session:
        session.execute(
            update(Delivery).where(Delivery.lease_owner.is_not(None)).values(lease_until=now() - LEASE)
        )
        assert ledger.expire(session, edition_id) == 1
    assert sorted(states(database).values()) == ["queued", "queued", "queued", "uncertain"]
