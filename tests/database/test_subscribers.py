"""Joining, leaving, coming back, suppression, and who is in the audience then."""

import datetime
from typing import Any

import pytest
from sqlalchemy import event, func, select, text, update

from pulse_mailer.database import Database
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.subscriber import (
    Subscriber,
    Subscription,
    SubscriptionEvent,
    SubscriptionStatus,
    Way,
)
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.errors import NotFound, Refused
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.audience import audience, left_out, numbers, why_left_out
from pulse_mailer.subscribers.joining import JoinResult
from pulse_mailer.subscribers.leaving import leave, leave_address, undo
from pulse_mailer.subscribers.reading import subscriber, subscribers
from pulse_mailer.subscribers.reasons import Cause
from pulse_mailer.subscribers.suppressing import lift, suppress, suppressions
from tests.database.subscribers_given import events, given_edition, given_newsletter, joined, public_id

ANN = "ann@example.org"
ON_12_MARCH = datetime.datetime(2026, 3, 12, 9, tzinfo=datetime.UTC)


def test_who_joins_is_in_the_audience(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        assert joined(session, keys, newsletter, ANN, first_name="Ann").result is JoinResult.JOINED
        (row,) = session.execute(audience(newsletter.id))
        assert (row.address, row.first_name, row.public_id) == (ANN, "Ann", public_id(session, ANN))
        assert row.address_hash == keys.hash_address(ANN)
        assert events(session) == [("joined", "staff")]


def test_joining_twice_changes_nothing_however_the_address_is_written(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, ANN)
        assert joined(session, keys, newsletter, " Ann@EXAMPLE.org ").result is JoinResult.UNCHANGED
        assert numbers(session, newsletter.id).audience == 1
        assert len(events(session)) == 1


def test_joining_again_fills_in_only_names_that_were_empty(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, ANN, first_name="Ann")
        again = joined(session, keys, newsletter, ANN, first_name="Anna", last_name="Lee")
        assert again.result is JoinResult.UPDATED
        person = session.scalars(select(Subscriber)).one()
        assert (person.first_name, person.last_name) == ("Ann", "Lee")


def test_one_person_may_have_two_newsletters(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        first, second = given_newsletter(session, "first"), given_newsletter(session, "second")
        joined(session, keys, first, ANN)
        assert joined(session, keys, second, ANN).result is JoinResult.JOINED
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 1
        leave(session, public_id(session, ANN, first), way=Way.PAGE, actor="subscriber")
        assert numbers(session, first.id).audience == 0
        assert numbers(session, second.id).audience == 1


def test_who_left_is_not_joined_again_by_staff(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, ANN)
        leave(session, public_id(session, ANN), way=Way.PAGE, actor="subscriber")
        with pytest.raises(Refused, match=r"unsubscribed on .* Only they themselves can come back"):
            joined(session, keys, newsletter, ANN, first_name="Ann")
        assert numbers(session, newsletter.id).audience == 0
        assert session.scalars(select(Subscriber.first_name)).one() == ""


def test_who_is_suppressed_is_not_joined_even_if_nobody_knew_them(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        suppress(session, keys, Address.parse(ANN), reason=SuppressionReason.COMPLAINED, actor="ann")
        with pytest.raises(Refused, match="reported our mail as spam"):
            joined(session, keys, newsletter, "ANN@example.org")
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 0


def test_who_was_erased_is_not_joined(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, ANN)
        session.execute(update(Subscriber).values(address="", address_key="", erased_at=ON_12_MARCH))
        with pytest.raises(Refused, match="asked to be forgotten on 12 March 2026"):
            joined(session, keys, newsletter, ANN)
        assert numbers(session, newsletter.id).audience == 0
        assert numbers(session, newsletter.id).left_out == {Cause.ERASED: 1}


def test_leaving_twice_is_noted_once(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, ANN)
        who = public_id(session, ANN)
        assert leave(session, who, way=Way.ONE_CLICK, actor="subscriber").was_active
        assert not leave(session, who, way=Way.PAGE, actor="subscriber").was_active
        assert events(session) == [("joined", "staff"), ("left", "one-click")]


def test_leaving_with_the_link_of_an_edition_since_deleted_works(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, ANN)
        who = public_id(session, ANN)
        assert leave(session, who, way=Way.PAGE, actor="subscriber", edition_id=987654).was_active
        assert left_out(session, newsletter.id)[0].reason.endswith("from the link in a mail")


def test_leaving_an_unknown_subscription_is_not_found(database: Database) -> None:
    with database.transaction() as session, pytest.raises(NotFound):
        leave(session, "a" * 16, way=Way.PAGE, actor="subscriber")


@pytest.mark.parametrize("way", [Way.PAGE, Way.ONE_CLICK])
def test_who_left_by_their_own_hand_can_take_it_back(database: Database, keys: Keys, way: Way) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, ANN)
        who = public_id(session, ANN)
        leave(session, who, way=way, actor="subscriber")
        assert undo(session, who)
        assert not undo(session, who)
        assert numbers(session, newsletter.id).audience == 1
        assert events(session)[-1] == ("joined", "undo")


def test_who_was_taken_off_by_staff_cannot_undo_it_by_an_old_link(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, ANN)
        who = public_id(session, ANN)
        leave(session, who, way=Way.PAGE, actor="subscriber")
        undo(session, who)
        leave_address(session, keys, Address.parse(ANN), newsletter, "ann")
        with pytest.raises(Refused):
            undo(session, who)
        assert numbers(session, newsletter.id).audience == 0


def test_who_is_suppressed_cannot_undo(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, ANN)
        who = public_id(session, ANN)
        leave(session, who, way=Way.PAGE, actor="subscriber")
        suppress(session, keys, Address.parse(ANN), reason=SuppressionReason.BOUNCED, actor="ann")
        with pytest.raises(Refused):
            undo(session, who)


def test_undo_does_not_confirm_for_who_never_confirmed(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, ANN)
        session.query(SubscriptionEvent).delete()
        session.execute(update(Subscription).values(status=SubscriptionStatus.PENDING))
        who = public_id(session, ANN)
        leave(session, who, way=Way.PAGE, actor="subscriber")
        assert undo(session, who)
        assert session.scalars(select(Subscription.status)).one() is SubscriptionStatus.PENDING


def test_staff_can_take_an_address_off_every_newsletter(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        first, second = given_newsletter(session, "first"), given_newsletter(session, "second")
        joined(session, keys, first, ANN)
        joined(session, keys, second, ANN)
        ended = leave_address(session, keys, Address.parse("ANN@example.org"), None, "cli:ann")
        assert [left.was_active for left in ended] == [True, True]
        assert left_out(session, first.id)[0].reason.endswith("by cli:ann")


def test_taking_off_somebody_unknown_is_not_found(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        with pytest.raises(NotFound, match=r"ann@example\.org is not subscribed to Pulse"):
            leave_address(session, keys, Address.parse(ANN), newsletter, "ann")


def test_each_one_left_out_has_a_reason_and_the_counts_add_up(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        edition = given_edition(session, newsletter)
        for name in ("in", "left", "pressed", "bounced", "waiting"):
            joined(session, keys, newsletter, f"{name}@example.org")
        left, pressed = (public_id(session, f"{name}@example.org") for name in ("left", "pressed"))
        leave(session, left, way=Way.PAGE, actor="subscriber", edition_id=edition.id)
        leave(session, pressed, way=Way.ONE_CLICK, actor="subscriber", edition_id=edition.id)
        session.execute(update(SubscriptionEvent).values(at=ON_12_MARCH))
        suppress(
            session,
            keys,
            Address.parse("bounced@example.org"),
            reason=SuppressionReason.BOUNCED,
            actor="ann",
            note="550 5.1.1",
        )
        waiting = public_id(session, "waiting@example.org")
        session.execute(
            update(Subscription)
            .where(Subscription.public_id == waiting)
            .values(status=SubscriptionStatus.PENDING)
        )
        reasons = {out.address: out.reason for out in left_out(session, newsletter.id)}
        bounced = reasons.pop("bounced@example.org")
        assert bounced.startswith("suppressed: bounced, ")
        assert bounced.endswith(" (550 5.1.1)")
        assert reasons == {
            "left@example.org": "unsubscribed on 12 March 2026 from the link in the March 2026 edition",
            "pressed@example.org": (
                "unsubscribed on 12 March 2026 by the mail program's own button in the March 2026 edition"
            ),
            "waiting@example.org": "has not confirmed",
        }
        counts = numbers(session, newsletter.id).left_out
        assert counts == {Cause.UNSUBSCRIBED: 2, Cause.SUPPRESSED: 1, Cause.PENDING: 1}
        everybody = len(list(subscribers(session, newsletter)))
        assert sum(counts.values()) + numbers(session, newsletter.id).audience == everybody == 5


def test_one_address_can_be_asked_about(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for name in ("one", "two"):
            joined(session, keys, newsletter, f"{name}@example.org")
            leave(session, public_id(session, f"{name}@example.org"), way=Way.PAGE, actor="subscriber")
        found = why_left_out(session, newsletter.id, keys.hash_address("two@example.org"))
        assert found is not None
        assert found.address == "two@example.org"
        assert why_left_out(session, newsletter.id, keys.hash_address("three@example.org")) is None


def test_a_page_of_subscribers_sorts_nobody(database: Database, keys: Keys) -> None:
    """Each is found by its number: to sort a whole newsletter for every page takes long where it is large."""
    asked: list[tuple[str, Any]] = []
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for number in range(4):
            joined(session, keys, newsletter, f"reader-{number}@example.org")
            joined(
                session, keys, given_newsletter(session, f"other-{number}"), f"reader-{number}@example.org"
            )
    with database.transaction() as session:
        session.execute(text("ANALYZE"))

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        asked.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.reading() as session:
        every = [line.id for line in subscribers(session, newsletter, limit=10)]
        first = [line.id for line in subscribers(session, newsletter, before=every[0], limit=2)]
        statement, values = asked[-1]
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        rows = session.connection().exec_driver_sql(f"{explain} {statement}", values)
        plan = " ".join(map(str, rows))

    assert (len(every), first) == (4, every[1:3])
    assert "TEMP B-TREE" not in plan


def test_the_day_of_leaving_is_the_newsletters_own(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        newsletter.timezone = "Pacific/Auckland"
        joined(session, keys, newsletter, ANN)
        leave(session, public_id(session, ANN), way=Way.STAFF, actor="ann")
        late = datetime.datetime(2026, 3, 12, 23, tzinfo=datetime.UTC)
        session.execute(update(SubscriptionEvent).values(at=late))
        session.flush()
        assert left_out(session, newsletter.id)[0].reason == "unsubscribed on 13 March 2026 by ann"


def test_an_address_is_suppressed_once_and_the_first_reason_stays(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        address = Address.parse(ANN)
        assert suppress(session, keys, address, reason=SuppressionReason.STAFF, actor="ann", note="by letter")
        again = Address.parse("ANN@example.org")
        assert not suppress(session, keys, again, reason=SuppressionReason.BOUNCED, actor="bo")
        (found,) = suppressions(session)
        assert (found.reason, found.note, found.actor) == (SuppressionReason.STAFF, "by letter", "ann")


def test_lifting_a_suppression_brings_the_subscriber_back_into_the_audience(
    database: Database, keys: Keys
) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, ANN)
        address = Address.parse(ANN)
        suppress(session, keys, address, reason=SuppressionReason.BOUNCED, actor="ann")
        assert numbers(session, newsletter.id).audience == 0
        lift(session, keys, address, actor="bo")
        assert numbers(session, newsletter.id).audience == 1
        records = session.scalars(select(AuditRecord).order_by(AuditRecord.id)).all()
        assert [(r.actor, r.action) for r in records] == [
            ("ann", "suppression.added"),
            ("bo", "suppression.removed"),
        ]
        assert not any("ann@" in record.subject for record in records)


def test_lifting_what_is_not_suppressed_is_not_found(database: Database, keys: Keys) -> None:
    with database.transaction() as session, pytest.raises(NotFound, match="is not suppressed"):
        lift(session, keys, Address.parse(ANN), actor="ann")


def test_who_asked_to_be_forgotten_is_not_lifted_by_staff(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        suppress(session, keys, Address.parse(ANN), reason=SuppressionReason.ERASED, actor="ann")
        with pytest.raises(Refused, match="asked to be forgotten"):
            lift(session, keys, Address.parse(ANN), actor="ann")


def test_a_subscriber_is_shown_with_all_that_is_kept_of_them(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        edition = given_edition(session, newsletter)
        joined(session, keys, newsletter, ANN, organisation="Anchor")
        leave(session, public_id(session, ANN), way=Way.PAGE, actor="subscriber", edition_id=edition.id)
        shown = subscriber(session, keys, Address.parse("ANN@example.org"))
        (subscription,) = shown.subscriptions
        assert (shown.address, shown.organisation, shown.suppression) == (ANN, "Anchor", None)
        assert subscription.status is SubscriptionStatus.UNSUBSCRIBED
        assert subscription.reason.endswith("from the link in the March 2026 edition")
        assert [(e.way, e.wording, e.edition) for e in subscription.events] == [
            (Way.STAFF, "asked by telephone", ""),
            (Way.PAGE, "", "2026-03"),
        ]


def test_a_suppressed_stranger_is_shown_and_a_true_stranger_is_not_found(
    database: Database, keys: Keys
) -> None:
    with database.transaction() as session:
        suppress(session, keys, Address.parse(ANN), reason=SuppressionReason.BOUNCED, actor="ann")
        shown = subscriber(session, keys, Address.parse(ANN))
        assert shown.known_since is None
        assert shown.suppression is not None
        with pytest.raises(NotFound, match=r"bob@example\.org"):
            subscriber(session, keys, Address.parse("bob@example.org"))


def test_subscribers_are_listed_by_address_and_status(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for name in ("cy", "ann", "bo"):
            joined(session, keys, newsletter, f"{name}@example.org")
        leave(session, public_id(session, "bo@example.org"), way=Way.PAGE, actor="subscriber")
        listed = list(subscribers(session, newsletter))
        assert [line.address.partition("@")[0] for line in listed] == ["ann", "bo", "cy"]
        assert [line.cause for line in listed] == [None, Cause.UNSUBSCRIBED, None]
        (left,) = subscribers(session, newsletter, status=SubscriptionStatus.UNSUBSCRIBED)
        assert left.address == "bo@example.org"
