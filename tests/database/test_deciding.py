"""Doubts settled by a person or a policy, and the failed tried once more; on both databases."""

import pytest
from sqlalchemy import select, update

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.database import Database
from pulse_mailer.delivery import deciding, doubts, reporting
from pulse_mailer.delivery.deciding import Settled
from pulse_mailer.delivery.dispatch import Ending
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter, UncertainPolicy
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.editions import reading
from pulse_mailer.errors import UsageError, WrongState
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from pulse_mailer.subscribers.suppressing import suppress
from tests.database.sending_given import attempts, count, draft, frozen, run, states
from tests.database.subscribers_given import everything, given_newsletter

LOST = Answer(Outcome.UNCERTAIN, Stage.DOT, None, "", "")
NO_USER = Answer(Outcome.FAILED, Stage.RCPT, 550, "5.1.1", "No such user")
NO_RELAY = Answer(Outcome.FAILED, Stage.RCPT, 554, "5.7.1", "Not from here")


def answering(**answers: Answer) -> MemoryBackend:
    return MemoryBackend({f"{name.replace('_', '-')}@example.org": said for name, said in answers.items()})


@pytest.fixture
def edition_id(database: Database, keys: Keys, links: Links) -> int:
    """An edition that is over: two sent, two uncertain, two refused."""
    made = frozen(database, keys, links, people=6)
    backend = answering(reader_1=LOST, reader_2=LOST, reader_3=NO_USER, reader_4=NO_RELAY)
    assert run(database, links, made, backend) is Ending.FINISHED
    return made


def ids(database: Database, status: DeliveryStatus) -> list[int]:
    with database.reading() as session:
        return sorted(session.scalars(select(Delivery.id).where(Delivery.status == status)))


def settle(database: Database, wanted: list[int], *, sent: bool, why: str = "Found in its log.") -> Settled:
    with database.transaction() as session:
        return deciding.settle(session, wanted, sent=sent, by="cli:ann", why=why)


def retry(database: Database, *codes: str) -> int:
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        which = deciding.Selection(codes or None)
        return deciding.retry(session, edition, which, by="cli:ann")


def policy(database: Database, wanted: UncertainPolicy) -> None:
    with database.transaction() as session:
        session.execute(update(Newsletter).values(uncertain_policy=wanted))


def status(database: Database, edition_id: int) -> EditionStatus:
    with database.reading() as session:
        return session.get_one(Edition, edition_id).status


def last_audit(database: Database) -> AuditRecord:
    with database.reading() as session:
        return session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc())).first() or AuditRecord()


def test_each_doubt_says_what_helps_to_find_out(database: Database, edition_id: int) -> None:
    with database.reading() as session:
        first, second = doubts.uncertain(session, edition_id)
    assert first.address == "reader-1@example.org"
    assert first.message_id.startswith(f"e{edition_id}.")
    assert first.message_id != second.message_id
    assert (first.backend, first.relay, first.connection) == ("memory", "memory:0", 1)
    assert first.stage is Stage.DOT
    assert first.began_at is not None
    assert first.began_at <= first.at
    assert len(first.worker.rsplit("/", 4)) == 5


def test_doubts_are_given_in_parts(database: Database, edition_id: int) -> None:
    with database.reading() as session:
        (second,) = doubts.uncertain(session, limit=1, offset=1)
    assert second.address == "reader-2@example.org"


def test_settled_as_sent_it_is_sent_with_who_and_why(database: Database, edition_id: int) -> None:
    wanted = ids(database, DeliveryStatus.UNCERTAIN)
    assert settle(database, wanted, sent=True) == Settled(sent=2)
    assert count(database, DeliveryStatus.SENT) == 4
    assert status(database, edition_id) is EditionStatus.SENT
    with database.reading() as session:
        row = session.get_one(Delivery, wanted[0])
    assert row.reason == "taken for sent by cli:ann: Found in its log."
    audited = last_audit(database)
    assert (audited.actor, audited.action) == ("cli:ann", "deliveries.settled")
    assert audited.subject == "edition pulse/2026-03"
    assert audited.after == {"as": "sent", "why": "Found in its log.", "ids": wanted}


def test_settled_as_not_sent_it_goes_once_more_with_the_same_bytes(
    database: Database, links: Links, edition_id: int
) -> None:
    settled = settle(database, ids(database, DeliveryStatus.UNCERTAIN), sent=False)
    assert settled == Settled(queued=2, reopened=("pulse/2026-03",))
    assert status(database, edition_id) is EditionStatus.SENDING
    backend = MemoryBackend()
    assert run(database, links, edition_id, backend) is Ending.FINISHED
    assert [message.recipient for message in backend.kept] == ["reader-1@example.org", "reader-2@example.org"]
    assert [attempt.number for attempt in attempts(database, "reader-1@example.org")] == [1, 2]


def test_one_that_is_not_uncertain_spoils_the_lot_and_is_named(database: Database, edition_id: int) -> None:
    before = everything(database)
    (sent, *_) = ids(database, DeliveryStatus.SENT)
    wanted = [*ids(database, DeliveryStatus.UNCERTAIN), sent, 999_999]
    with pytest.raises(WrongState) as refused:
        settle(database, wanted, sent=False)
    assert f"These are not: {sent} (sent), 999999 (not there)." in refused.value.what
    assert everything(database) == before


@pytest.mark.parametrize(("wanted", "why", "error"), [([], "So it is.", WrongState), ([1], "  ", UsageError)])
def test_settling_nothing_or_without_a_reason_is_refused(
    database: Database, edition_id: int, wanted: list[int], why: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        settle(database, wanted, sent=True, why=why)


def test_a_doubt_is_settled_once(database: Database, edition_id: int) -> None:
    wanted = ids(database, DeliveryStatus.UNCERTAIN)
    settle(database, wanted, sent=False)
    with pytest.raises(WrongState, match=r"\(queued\)"):
        settle(database, wanted, sent=True)


def test_doubts_of_several_editions_are_settled_in_one_go(
    database: Database, keys: Keys, links: Links, edition_id: int
) -> None:
    from tests.database.sending_given import freeze

    with database.transaction() as session:
        draft(session, reading.newsletter(session, "pulse"), "2026-04")
    with database.transaction() as session:
        other = freeze(session, links, 6, "2026-04").id
    run(database, links, other, answering(reader_5=LOST))
    settled = settle(database, ids(database, DeliveryStatus.UNCERTAIN), sent=False)
    assert settled == Settled(queued=3, reopened=("pulse/2026-03", "pulse/2026-04"))


def test_more_than_one_statement_may_carry_are_settled(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links, people=1)
    backend = answering(reader_1=LOST)
    run(database, links, edition_id, backend)
    many = [*ids(database, DeliveryStatus.UNCERTAIN), *range(10_000, 42_000)]
    with pytest.raises(WrongState, match="and 31,980 more"):
        settle(database, many, sent=True)


def test_the_failed_and_only_they_are_tried_again(database: Database, links: Links, edition_id: int) -> None:
    assert retry(database) == 2
    assert status(database, edition_id) is EditionStatus.SENDING
    backend = MemoryBackend()
    run(database, links, edition_id, backend)
    assert [message.recipient for message in backend.kept] == ["reader-3@example.org", "reader-4@example.org"]
    assert count(database, DeliveryStatus.UNCERTAIN) == 2


@pytest.mark.parametrize("code", ["554", "5.7.1"])
def test_only_those_refused_with_a_code_are_tried_again(
    database: Database, edition_id: int, code: str
) -> None:
    assert retry(database, code) == 1
    assert states(database)["reader-4@example.org"] == "queued"
    assert last_audit(database).after == {"were": "failed", "count": 1, "codes": [code]}


def test_who_is_suppressed_is_not_tried_again(database: Database, keys: Keys, edition_id: int) -> None:
    with database.transaction() as session:
        suppress(
            session,
            keys,
            Address.parse("reader-3@example.org"),
            reason=SuppressionReason.BOUNCED,
            note="550 5.1.1",
            actor="ann",
        )
    assert retry(database) == 1
    assert states(database)["reader-3@example.org"] == "failed"


def test_when_nobody_is_to_be_tried_again_nothing_changes(database: Database, edition_id: int) -> None:
    before = everything(database)
    assert retry(database, "451") == 0
    assert everything(database) == before


def test_a_draft_has_nobody_to_try_again(database: Database) -> None:
    with database.transaction() as session:
        draft(session, given_newsletter(session))
    with pytest.raises(WrongState, match="has not been sent"):
        retry(database)


def test_whom_a_stop_left_out_gets_it_after_all_when_a_person_wants_so(
    database: Database, keys: Keys, links: Links
) -> None:
    from pulse_mailer.delivery import steering

    edition_id = frozen(database, keys, links)
    with database.transaction() as session:
        steering.stop(session, reading.edition(session, "2026-03"), by="cli:ann", why="")
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        assert deciding.retry(session, edition, deciding.ALL_CANCELLED, by="cli:ann") == 3
    assert run(database, links, edition_id, MemoryBackend()) is Ending.FINISHED
    assert count(database, DeliveryStatus.SENT) == 3


@pytest.mark.parametrize("wanted", [UncertainPolicy.ASK, UncertainPolicy.GAP])
def test_by_policy_nothing_is_repeated(
    database: Database, keys: Keys, links: Links, wanted: UncertainPolicy
) -> None:
    edition_id = frozen(database, keys, links)
    policy(database, wanted)
    run(database, links, edition_id, answering(reader_1=LOST))
    run(database, links, edition_id, MemoryBackend())
    assert states(database)["reader-1@example.org"] == "uncertain"
    with database.reading() as session:
        report = reporting.report(session, reading.edition(session, "2026-03"))
    asks = any("settle" in step.command for step in report.next_steps)
    assert asks is (wanted is UncertainPolicy.ASK)


def test_a_newsletter_that_prefers_a_repeat_repeats_each_once(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    policy(database, UncertainPolicy.REPEAT)
    assert run(database, links, edition_id, answering(reader_1=LOST, reader_2=LOST)) is Ending.UNDER_WAY
    audited = last_audit(database)
    assert (audited.actor, audited.action) == ("policy", "deliveries.settled")
    assert audited.after == {"as": "queued", "ids": ids(database, DeliveryStatus.QUEUED)}
    assert run(database, links, edition_id, answering(reader_1=LOST)) is Ending.FINISHED
    assert states(database) == {
        "reader-1@example.org": "uncertain",  # twice: now a person must look
        "reader-2@example.org": "sent",
        "reader-3@example.org": "sent",
    }
    assert len(attempts(database, "reader-1@example.org")) == 2


def test_the_policy_leaves_a_paused_edition_alone(database: Database, edition_id: int) -> None:
    policy(database, UncertainPolicy.REPEAT)
    with database.transaction() as session:
        session.execute(update(Edition).values(status=EditionStatus.PAUSED))
        assert deciding.apply_policy(session, edition_id) == 0
