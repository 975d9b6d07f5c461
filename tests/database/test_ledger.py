"""The ledger's invariants, on both databases."""

import datetime
import itertools
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import deciding, leasing, ledger
from pulse_mailer.delivery.dispatch import Ending
from pulse_mailer.delivery.groups import BECOMES_BY, Line, Marked
from pulse_mailer.delivery.leasing import LEASE, Lease, is_dead, new_owner
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import BECOMES, Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.message import Receipt
from pulse_mailer.domain.subscriber import Way
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.errors import ConnectionFailed, Refused, SendingBlocked, WrongState
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from pulse_mailer.subscribers.leaving import leave
from pulse_mailer.subscribers.suppressing import suppress
from tests.database.sending_given import (
    attempts,
    claim,
    count,
    draft,
    freeze,
    frozen,
    mark,
    receipt,
    record,
    run,
    states,
)
from tests.database.subscribers_given import given_newsletter, joined, public_id


class Died(BaseException):
    """As sudden as a kill: nothing of ours catches it."""


def die() -> None:
    raise Died


def status_of(database: Database, edition_id: int) -> EditionStatus:
    with database.transaction() as session:
        return session.get_one(Edition, edition_id).status


def test_freezing_makes_one_delivery_for_each_of_the_audience(
    database: Database, keys: Keys, links: Links
) -> None:
    frozen(database, keys, links, people=3)
    assert states(database) == {f"reader-{number}@example.org": "queued" for number in (1, 2, 3)}


def test_freezing_leaves_out_those_who_left_and_the_suppressed(
    database: Database, keys: Keys, links: Links
) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for name in ("stays", "left", "bounced"):
            joined(session, keys, newsletter, f"{name}@example.org")
        leave(session, public_id(session, "left@example.org"), way=Way.PAGE, actor="subscriber")
        bounced = Address.parse("bounced@example.org")
        suppress(session, keys, bounced, reason=SuppressionReason.BOUNCED, actor="ann")
        draft(session, newsletter)
    with database.transaction() as session:
        freeze(session, links, 1)
    assert states(database) == {"stays@example.org": "queued"}


def test_a_wrong_count_freezes_nothing(database: Database, keys: Keys, links: Links) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, "reader@example.org")
        edition_id = draft(session, newsletter).id
    with pytest.raises(SendingBlocked, match="The audience is 1, not 2"), database.transaction() as session:
        freeze(session, links, 2)
    assert states(database) == {}
    assert status_of(database, edition_id) is EditionStatus.DRAFT


def test_an_edition_for_nobody_is_refused(database: Database, links: Links) -> None:
    with database.transaction() as session:
        draft(session, given_newsletter(session))
    with pytest.raises(Refused, match="no active subscriber"), database.transaction() as session:
        freeze(session, links, 0)


def test_an_edition_is_frozen_only_once(database: Database, keys: Keys, links: Links) -> None:
    frozen(database, keys, links)
    with pytest.raises(WrongState, match="is being sent"), database.transaction() as session:
        freeze(session, links, 3)
    assert len(states(database)) == 3


def test_message_ids_are_the_recipients_own(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links)
    with database.transaction() as session:
        found = set(session.scalars(select(Delivery.message_id)))
        assert f"e{edition_id}.{public_id(session, 'reader-1@example.org')}@example.org" in found
    assert len(found) == 3


def test_all_get_it_and_the_edition_is_sent(database: Database, keys: Keys, links: Links) -> None:
    edition_id, backend = frozen(database, keys, links), MemoryBackend()
    assert run(database, links, edition_id, backend) is Ending.FINISHED
    assert sorted(message.recipient for message in backend.kept) == sorted(states(database))
    assert set(states(database).values()) == {"sent"}
    assert status_of(database, edition_id) is EditionStatus.SENT


def test_a_second_run_sends_nothing(database: Database, keys: Keys, links: Links) -> None:
    edition_id, backend = frozen(database, keys, links), MemoryBackend()
    run(database, links, edition_id, backend)
    run(database, links, edition_id, backend)
    assert len(backend.kept) == 3


def test_the_mark_is_durable_before_the_mail_is_handed_over(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links, people=1)
    seen: list[dict[str, str]] = []

    def look() -> None:
        other = Database(database.url.render_as_string(hide_password=False))
        seen.append(states(other))
        other.close()

    backend = MemoryBackend(answers={"reader-1@example.org": Answer(dies=look)})
    run(database, links, edition_id, backend)
    assert seen == [{"reader-1@example.org": "sending"}]


def test_sudden_death_leaves_one_uncertain_and_the_rest_is_sent_once(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    backend = MemoryBackend(answers={"reader-2@example.org": Answer(kept=True, dies=die)})
    with pytest.raises(Died):
        run(database, links, edition_id, backend)
    with database.transaction() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.status == DeliveryStatus.SENDING)
            .values(lease_until=now() - LEASE)
        )
    assert run(database, links, edition_id, MemoryBackend()) is Ending.FINISHED
    assert states(database) == {
        "reader-1@example.org": "sent",
        "reader-2@example.org": "uncertain",
        "reader-3@example.org": "sent",
    }


def test_the_lease_of_a_dead_process_expires_at_once(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links)
    host, boot, *_ = new_owner().split("/")
    dead = f"{host}/{boot}/999999999/1/abcd"
    with database.transaction() as session:
        first, *_ = claim(session, edition_id, dead, 10)
        assert mark(session, first, dead) is not None
    with database.transaction() as session:
        assert ledger.expire(session, edition_id) == 1
    assert count(database, DeliveryStatus.UNCERTAIN) == 1
    assert count(database, DeliveryStatus.QUEUED) == 2


def test_the_lease_of_another_machine_is_left_alone_until_it_ends(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    with database.transaction() as session:
        claim(session, edition_id, "elsewhere/boot/1/1/abcd", 10)
    with database.transaction() as session:
        assert ledger.expire(session, edition_id) == 0
    assert count(database, DeliveryStatus.CLAIMED) == 3


@pytest.mark.postgres
def test_what_a_frozen_worker_holds_locked_keeps_nobody_from_the_rest(
    postgresql_url: str, keys: Keys, links: Links
) -> None:
    database = Database(postgresql_url)
    edition_id = frozen(database, keys, links)
    with database.transaction() as session:
        first, *_ = claim(session, edition_id, "elsewhere/boot/1/1/abcd", 10)
    with database.transaction() as session:
        session.execute(update(Delivery).values(lease_until=now() - LEASE))
    with database.transaction() as thawing:
        assert mark(thawing, first, "elsewhere/boot/1/1/abcd") is not None
        with database.transaction() as session:
            ledger.expire(session, edition_id)
        assert count(database, DeliveryStatus.QUEUED) == 2
    database.close()


def test_second_worker_gets_nothing_that_the_first_holds(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    with database.transaction() as session:
        mine = claim(session, edition_id, new_owner(), 2)
    with database.transaction() as session:
        theirs = claim(session, edition_id, new_owner(), 10)
    assert len(mine) == 2
    assert {delivery.id for delivery in mine}.isdisjoint({delivery.id for delivery in theirs})
    assert len(theirs) == 1


def test_who_lost_the_lease_can_neither_mark_nor_record(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links, people=1)
    slow, quick = new_owner(), new_owner()
    with database.transaction() as session:
        (lost,) = claim(session, edition_id, slow, 1)
    with database.transaction() as session:
        session.execute(update(Delivery).values(lease_until=now() - LEASE))
        ledger.expire(session, edition_id)
        (held,) = claim(session, edition_id, quick, 1)
    with database.transaction() as session:
        assert mark(session, lost, slow) is None
        assert mark(session, held, quick) is not None
    with database.transaction() as session:
        record(
            session, Marked(lost, Line("memory", "relay:25", 1), now()), slow, receipt(lost, Outcome.FAILED)
        )
    assert states(database) == {"reader-1@example.org": "sending"}


@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        (Outcome.SENT, "sent"),
        (Outcome.FAILED, "failed"),
        (Outcome.RETURNED, "queued"),
        (Outcome.UNCERTAIN, "uncertain"),
    ],
)
def test_a_certain_answer_after_the_lease_ended_is_evidence(
    database: Database, keys: Keys, links: Links, outcome: Outcome, then: str
) -> None:
    edition_id, owner = frozen(database, keys, links, people=1), new_owner()
    marked = _expired(database, edition_id, owner)
    with database.transaction() as session:
        record(session, marked, owner, receipt(marked.delivery, outcome))
    assert states(database) == {"reader-1@example.org": then}
    assert [attempt.outcome for attempt in attempts(database, "reader-1@example.org")] == [outcome]


@pytest.mark.parametrize(
    ("outcome", "then"), [(Outcome.SENT, "sent"), (Outcome.FAILED, "queued"), (Outcome.UNCERTAIN, "queued")]
)
def test_a_late_answer_spares_who_was_to_be_sent_it_again(
    database: Database, keys: Keys, links: Links, outcome: Outcome, then: str
) -> None:
    edition_id, owner = frozen(database, keys, links, people=1), new_owner()
    marked = _expired(database, edition_id, owner)
    with database.transaction() as session:
        deciding.settle(session, [marked.delivery.id], sent=False, by="ann", why="not in the server's log")
    with database.transaction() as session:
        record(session, marked, owner, receipt(marked.delivery, outcome))
    assert states(database) == {"reader-1@example.org": then}
    with database.transaction() as session:
        assert len(claim(session, edition_id, owner, 1)) == (then == "queued")


def test_an_answer_that_comes_when_it_was_settled_and_sent_again_changes_nothing(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id, owner, other = frozen(database, keys, links, people=1), new_owner(), new_owner()
    marked = _expired(database, edition_id, owner)
    with database.transaction() as session:
        deciding.settle(session, [marked.delivery.id], sent=False, by="ann", why="not in the server's log")
    with database.transaction() as session:
        (again,) = claim(session, edition_id, other, 1)
        assert mark(session, again, other) is not None
    with database.transaction() as session:
        record(session, marked, owner, receipt(marked.delivery, Outcome.SENT))
    assert states(database) == {"reader-1@example.org": "sending"}
    assert [attempt.outcome for attempt in attempts(database, "reader-1@example.org")] == [Outcome.SENT]


def test_what_was_marked_and_never_begun_waits_again_as_if_nothing_had_been(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id, owner = frozen(database, keys, links, people=1), new_owner()
    with database.transaction() as session:
        (claimed,) = claim(session, edition_id, owner, 1)
        marked = mark(session, claimed, owner)
        assert marked is not None
        record(session, marked, owner, None)
    with database.transaction() as session:
        (again,) = claim(session, edition_id, owner, 1)
    assert again.attempt_count == 0
    assert attempts(database, "reader-1@example.org") == []


def test_a_group_may_be_written_twice(database: Database, keys: Keys, links: Links) -> None:
    """As it is when nobody knows whether a commit arrived."""
    edition_id, owner = frozen(database, keys, links, people=1), new_owner()
    with database.transaction() as session:
        (claimed,) = claim(session, edition_id, owner, 1)
    for _ in range(2):
        with database.transaction() as session:
            marked = mark(session, claimed, owner)
    assert marked is not None
    for _ in range(2):
        with database.transaction() as session:
            record(session, marked, owner, receipt(claimed, Outcome.SENT))
    assert states(database) == {"reader-1@example.org": "sent"}
    assert [attempt.number for attempt in attempts(database, "reader-1@example.org")] == [1]


def test_leaving_is_read_in_the_mark(database: Database, keys: Keys, links: Links) -> None:
    edition_id, owner = frozen(database, keys, links, people=1), new_owner()
    with database.transaction() as session:
        (claimed,) = claim(session, edition_id, owner, 1)
        leave(session, public_id(session, "reader-1@example.org"), way=Way.ONE_CLICK, actor="subscriber")
    with database.transaction() as session:
        assert mark(session, claimed, owner) is None
    assert states(database) == {"reader-1@example.org": "skipped"}


def test_suppression_is_read_in_the_mark(database: Database, keys: Keys, links: Links) -> None:
    edition_id, owner = frozen(database, keys, links, people=1), new_owner()
    with database.transaction() as session:
        (claimed,) = claim(session, edition_id, owner, 1)
        address = Address.parse("Reader-1@EXAMPLE.org")
        suppress(session, keys, address, reason=SuppressionReason.COMPLAINED, actor="ann")
    with database.transaction() as session:
        assert mark(session, claimed, owner) is None
    assert states(database) == {"reader-1@example.org": "skipped"}


def test_nothing_is_marked_while_the_edition_is_paused(database: Database, keys: Keys, links: Links) -> None:
    edition_id, owner = frozen(database, keys, links, people=1), new_owner()
    with database.transaction() as session:
        (claimed,) = claim(session, edition_id, owner, 1)
        session.get_one(Edition, edition_id).become(EditionStatus.PAUSED)
    with database.transaction() as session:
        assert mark(session, claimed, owner) is None
        assert claim(session, edition_id, owner, 1) == []
    assert states(database) == {"reader-1@example.org": "claimed"}


def test_a_temporary_refusal_waits_and_comes_due(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links)
    later = Answer(Outcome.DEFERRED, Stage.RCPT, 450, "4.2.0", "Greylisted, come back later")
    assert run(database, links, edition_id, MemoryBackend({"reader-2@example.org": later})) is Ending.WAITING
    assert states(database)["reader-2@example.org"] == "deferred"
    assert status_of(database, edition_id) is EditionStatus.SENDING
    assert run(database, links, edition_id, MemoryBackend()) is Ending.WAITING
    with database.transaction() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.status == DeliveryStatus.DEFERRED)
            .values(next_attempt_at=now() - datetime.timedelta(seconds=1))
        )
    assert run(database, links, edition_id, MemoryBackend()) is Ending.FINISHED
    assert [attempt.outcome for attempt in attempts(database, "reader-2@example.org")] == [
        Outcome.DEFERRED,
        Outcome.SENT,
    ]


def test_a_permanent_refusal_keeps_the_servers_words(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links, people=1)
    never = Answer(Outcome.FAILED, Stage.RCPT, 550, "5.1.1", "No such user")
    run(database, links, edition_id, MemoryBackend({"reader-1@example.org": never}))
    with database.transaction() as session:
        delivery = session.scalars(select(Delivery)).one()
    assert delivery.status is DeliveryStatus.FAILED
    assert delivery.reason == "memory:0: 550 5.1.1 No such user"


def test_a_server_that_takes_nothing_costs_nobody_their_mail(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    gone = Answer(Outcome.RETURNED, Stage.MAIL, None, "", "", raises=ConnectionFailed("Nobody answers."))
    with pytest.raises(ConnectionFailed):
        run(database, links, edition_id, MemoryBackend({"reader-2@example.org": gone}))
    assert states(database) == {
        "reader-1@example.org": "sent",
        "reader-2@example.org": "queued",
        "reader-3@example.org": "queued",
    }
    assert run(database, links, edition_id, MemoryBackend(), early=True) is Ending.FINISHED


def test_asked_to_stop_it_finishes_the_message_at_hand_and_gives_the_rest_back(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id, stop, backend = frozen(database, keys, links), threading.Event(), MemoryBackend()
    ending = run(database, links, edition_id, backend, lambda _receipt: stop.set(), stop)
    assert ending is Ending.INTERRUPTED
    assert sorted(states(database).values()) == ["queued", "queued", "sent"]


def test_states_add_up_to_the_audience_at_every_commit(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links)
    sums: list[int] = []

    def add_up(_receipt: Receipt) -> None:
        with database.transaction() as session:
            sums.append(_sum(session))

    run(database, links, edition_id, MemoryBackend(), add_up)
    assert sums == [3, 3, 3]


def test_a_worker_whose_lease_ran_out_does_not_finish_the_mail(
    database: Database, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition_id, backend = frozen(database, keys, links, people=1), MemoryBackend()
    holding = itertools.chain([True], itertools.repeat(False))  # when it is marked, and not before the dot
    monkeypatch.setattr(Lease, "holds", lambda _lease: next(holding))
    run(database, links, edition_id, backend)
    assert backend.kept == []
    assert states(database) == {"reader-1@example.org": "queued"}


def test_the_heartbeat_puts_off_the_end_of_the_lease(database: Database, keys: Keys, links: Links) -> None:
    edition_id, lease = frozen(database, keys, links, people=1), Lease(database)
    with database.transaction() as session:
        claim(session, edition_id, lease.owner, 1)
        session.execute(update(Delivery).values(lease_until=now() + datetime.timedelta(seconds=1)))
    with lease.kept_alive(heartbeat_seconds=0.01):
        assert any(_lease_until(database) > now() + LEASE / 2 for _ in _tries())


def test_a_retry_is_the_same_message_to_the_letter(database: Database, keys: Keys, links: Links) -> None:
    edition_id, backend = frozen(database, keys, links, people=1), MemoryBackend()
    backend.answers["reader-1@example.org"] = Answer(Outcome.RETURNED, kept=True, code=421)
    stop = threading.Event()
    run(database, links, edition_id, backend, lambda _receipt: stop.set(), stop)
    backend.answers.clear()
    run(database, links, edition_id, backend)
    assert len(backend.kept) == 2
    assert len({message.data for message in backend.kept}) == 1


@pytest.mark.parametrize("status", list(DeliveryStatus))
def test_every_state_says_what_may_follow(status: DeliveryStatus) -> None:
    assert status in BECOMES


def test_this_process_is_not_dead() -> None:
    assert not is_dead(new_owner())


def test_a_process_whose_number_was_given_to_another_is_dead() -> None:
    host, place, pid, _, rest = new_owner().split("/")
    assert is_dead(f"{host}/{place}/{pid}/1/{rest}")


@pytest.mark.parametrize("place", ["5e0c1b2a.4026531836", "another."])
def test_a_process_of_another_machine_or_container_of_our_name_is_not_known_to_be_dead(place: str) -> None:
    host, _, _, started, rest = new_owner().split("/")
    assert not is_dead(f"{host}/{place}/999999999/{started}/{rest}")


def test_a_lease_that_ran_out_is_lost_for_good(
    database: Database, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition_id = frozen(database, keys, links, people=1)
    lease = Lease(database)
    with database.transaction() as session:
        claim(session, edition_id, lease.owner, 1)
    thawed_at = leasing.running_seconds() + LEASE.total_seconds() + 1
    monkeypatch.setattr(leasing, "running_seconds", lambda: thawed_at)
    lease.renew()
    assert not lease.holds(), "a thawed worker may finish a mail that others took over"


def _expired(database: Database, edition_id: int, owner: str) -> Marked:
    """One that a worker was handing over when its lease ended."""
    with database.transaction() as session:
        (claimed,) = claim(session, edition_id, owner, 1)
        marked = mark(session, claimed, owner)
        session.execute(update(Delivery).values(lease_until=now() - LEASE))
        assert ledger.expire(session, edition_id) == 1
    assert marked is not None
    return marked


def _sum(session: Session) -> int:
    counted = select(func.count(Delivery.id)).group_by(Delivery.status)
    return sum(session.scalars(counted))


def _lease_until(database: Database) -> datetime.datetime:
    with database.transaction() as session:
        found = session.scalars(select(Delivery.lease_until)).one()
    assert found is not None
    return found


def _tries() -> Iterator[int]:
    pause = threading.Event()
    for number in range(200):
        yield number
        pause.wait(0.01)


def test_who_began_the_sending_and_for_how_many_is_recorded(
    database: Database, keys: Keys, links: Links
) -> None:
    frozen(database, keys, links)
    with database.transaction() as session:
        record = session.scalars(
            select(AuditRecord).where(AuditRecord.action == "edition.sending-began")
        ).one()
    assert record.actor == "ann"
    assert record.subject == "edition pulse/2026-03"
    assert record.after is not None
    assert record.after["audience"] == 3
    assert record.after["forced"] == []


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_leads_where_the_table_of_states_allows(outcome: Outcome) -> None:
    assert BECOMES_BY[outcome] in BECOMES[DeliveryStatus.SENDING]
