"""Leaving a newsletter, at once and for good; and coming back by one's own hand."""

from dataclasses import dataclass

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import (
    EventKind,
    Subscriber,
    Subscription,
    SubscriptionEvent,
    SubscriptionStatus,
    Way,
)
from pulse_mailer.domain.suppression import Suppression
from pulse_mailer.errors import NotFound, Refused, UsageError
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.person import one_line

REASON_LETTERS = 500
OWN_HAND = (Way.PAGE, Way.ONE_CLICK)


@dataclass(frozen=True, slots=True)
class Left:
    """
    Attributes:
        was_active: this call ended it; False when they had left before.
    """

    subscription_id: int
    newsletter_id: int
    was_active: bool


def leave(
    database: Session,
    public_id: str,
    *,
    way: Way,
    actor: str,
    edition_id: int | None = None,
    wording: str = "",
) -> Left:
    """
    End a subscription at once; doing it again changes nothing.

    Args:
        wording: why, where somebody else than the person does it.
        edition_id: whose link they used; one that is gone, or of another newsletter, is passed over.

    Raises:
        NotFound: no subscription has that public id.
    """
    subscription_id, newsletter_id = _subscription(database, public_id)
    # One statement decides who of two came first, so a doubled POST leaves one event.
    ended = database.scalar(
        update(Subscription)
        .where(Subscription.id == subscription_id, Subscription.status != SubscriptionStatus.UNSUBSCRIBED)
        .values(status=SubscriptionStatus.UNSUBSCRIBED, changed_at=now())
        .returning(Subscription.id)
    )
    if ended is not None:
        known = select(Edition.id).where(Edition.id == edition_id, Edition.newsletter_id == newsletter_id)
        edition = database.scalar(known) if edition_id is not None else None
        _note(database, subscription_id, EventKind.LEFT, way, actor, edition, wording)
    return Left(subscription_id, newsletter_id, was_active=ended is not None)


def undo(database: Session, public_id: str, *, actor: str = "subscriber") -> bool:
    """
    Take back that a person left by their own hand; False when there is nothing to take back.

    Who had not confirmed yet is back to that, not further.

    Raises:
        NotFound: no subscription has that public id.
        Refused: somebody else ended it, or the address is suppressed.
    """
    subscription_id, _ = _subscription(database, public_id)
    status = database.scalar(select(Subscription.status).where(Subscription.id == subscription_id))
    if status is not SubscriptionStatus.UNSUBSCRIBED:
        return False
    if not can_undo(database, subscription_id):
        raise Refused("This subscription cannot be taken up again from here.", remedy="Write to the sender.")
    joined = exists().where(
        SubscriptionEvent.subscription_id == subscription_id, SubscriptionEvent.kind == EventKind.JOINED
    )
    confirmed = database.scalar(select(joined))
    back = database.scalar(
        update(Subscription)
        .where(Subscription.id == subscription_id, Subscription.status == SubscriptionStatus.UNSUBSCRIBED)
        .values(
            status=SubscriptionStatus.ACTIVE if confirmed else SubscriptionStatus.PENDING, changed_at=now()
        )
        .returning(Subscription.id)
    )
    if back is not None and confirmed:
        _note(database, subscription_id, EventKind.JOINED, Way.UNDO, actor)
    return back is not None


def can_undo(database: Session, subscription_id: int) -> bool:
    """Whether one who left may come back: they left by their own hand and are not suppressed."""
    way = database.scalar(
        select(SubscriptionEvent.way)
        .where(SubscriptionEvent.subscription_id == subscription_id, SubscriptionEvent.kind == EventKind.LEFT)
        .order_by(SubscriptionEvent.id.desc())
        .limit(1)
    )
    writable = (
        select(Subscriber.id)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(
            Subscription.id == subscription_id,
            Subscriber.address != "",
            ~exists().where(Suppression.address_hash == Subscriber.address_hash),
        )
    )
    return way in OWN_HAND and database.scalar(writable) is not None


def leave_address(
    database: Session,
    keys: Keys,
    address: Address,
    newsletter: Newsletter | None,
    actor: str,
    *,
    reason: str = "",
) -> list[Left]:
    """
    End an address's subscription to a newsletter, or to all of them.

    Raises:
        NotFound: the address is not subscribed, and never was.
    """
    query = (
        select(Subscription.public_id)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.address_hash == keys.hash_address(address.key))
        .order_by(Subscription.id)
    )
    if newsletter is not None:
        query = query.where(Subscription.newsletter_id == newsletter.id)
    found = database.scalars(query).all()
    if not found:
        what = newsletter.name if newsletter is not None else "any newsletter"
        raise NotFound(
            f"{address} is not subscribed to {what}.", remedy="See who is: pulse-mailer subscriber list"
        )
    why = checked_reason(reason)
    return [leave(database, public_id, way=Way.STAFF, actor=actor, wording=why) for public_id in found]


def checked_reason(text: str) -> str:
    """
    Why staff did something, on one line.

    Raises:
        UsageError: it is longer than 500 letters.
    """
    reason = one_line(text)
    if len(reason) > REASON_LETTERS:
        raise UsageError(f"The reason is longer than {REASON_LETTERS} letters.")
    return reason


def left_from(database: Session, edition_id: int) -> int:
    """How many left by a link of this edition, also those who came back since."""
    people = func.count(SubscriptionEvent.subscription_id.distinct())
    wanted = select(people).where(
        SubscriptionEvent.edition_id == edition_id, SubscriptionEvent.kind == EventKind.LEFT
    )
    return database.scalar(wanted) or 0


def _subscription(database: Session, public_id: str) -> tuple[int, int]:
    query = select(Subscription.id, Subscription.newsletter_id).where(Subscription.public_id == public_id)
    found = database.execute(query).one_or_none()
    if found is None:
        raise NotFound("This subscription does not exist.", remedy="Open the link from the mail again.")
    return found.id, found.newsletter_id


def _note(
    database: Session,
    subscription_id: int,
    kind: EventKind,
    way: Way,
    actor: str,
    edition_id: int | None = None,
    wording: str = "",
) -> None:
    database.add(
        SubscriptionEvent(
            subscription_id=subscription_id,
            kind=kind,
            at=now(),
            way=way,
            wording=wording,
            edition_id=edition_id,
            actor=actor,
        )
    )
    database.flush()
