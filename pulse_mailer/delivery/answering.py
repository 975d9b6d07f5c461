"""The answer to "did this reader get that edition?", as a sentence."""

import datetime
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import (
    EventKind,
    Subscriber,
    Subscription,
    SubscriptionEvent,
    SubscriptionStatus,
)
from pulse_mailer.domain.suppression import Suppression, SuppressionReason
from pulse_mailer.domain.variant import variant_of
from pulse_mailer.editions.reading import whole_edition
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.reasons import Cause, day, suppressed, why


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Whether one edition went to one address.

    Attributes:
        status: of the delivery; None when there is none.
        at: when that came about; for the left out, when the audience was fixed.
    """

    sentence: str
    newsletter_slug: str
    edition_key: str
    timezone: str
    status: DeliveryStatus | None
    at: datetime.datetime
    delivery_id: int | None


def find(database: Session, keys: Keys, address: Address, *, edition_id: int | None = None) -> list[Answer]:
    """Answer for each edition that went out, the latest first; nothing for a stranger, whom `standing()` answers."""
    address_hash = keys.hash_address(address.key)
    if not _is_known(database, address_hash):
        return []
    sent = (
        select(Edition, Newsletter, Delivery)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .outerjoin(Delivery, (Delivery.edition_id == Edition.id) & (Delivery.address_hash == address_hash))
        .where(Edition.frozen_at.is_not(None))
        .order_by(Edition.frozen_at.desc(), Edition.id.desc())
    )
    if edition_id is not None:
        sent = sent.where(Edition.id == edition_id)
    answers = []
    for edition, newsletter, delivery in database.execute(sent):
        assert edition.frozen_at is not None
        if delivery is not None:
            sentence = _delivered(database, address, edition, newsletter, delivery)
        else:
            sentence = f"No: {_missed(database, address, address_hash, edition, newsletter)}."
        answers.append(
            Answer(
                sentence=sentence,
                newsletter_slug=newsletter.slug,
                edition_key=edition.key,
                timezone=newsletter.timezone,
                status=delivery.status if delivery else None,
                at=delivery.changed_at if delivery else edition.frozen_at,
                delivery_id=delivery.id if delivery else None,
            )
        )
    return answers


def about(database: Session, message_id: str) -> Answer:
    """
    The same of the one delivery with a Message-ID, which there must be; its reader may have been forgotten since.
    """
    found = (
        select(Edition, Newsletter, Delivery)
        .join(Delivery, Delivery.edition_id == Edition.id)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .where(Delivery.message_id == message_id)
    )
    edition, newsletter, delivery = database.execute(found).one()
    reader = delivery.address or "a reader who asked to be forgotten"
    return Answer(
        sentence=_delivered(database, reader, edition, newsletter, delivery),
        newsletter_slug=newsletter.slug,
        edition_key=edition.key,
        timezone=newsletter.timezone,
        status=delivery.status,
        at=delivery.changed_at,
        delivery_id=delivery.id,
    )


def standing(database: Session, keys: Keys, address: Address) -> str:
    """What there is to say of an address that no edition answers for."""
    address_hash = keys.hash_address(address.key)
    forgotten = select(Suppression.created_at).where(
        Suppression.address_hash == address_hash, Suppression.reason == SuppressionReason.ERASED
    )
    if (since := database.scalar(forgotten)) is not None:
        return (
            f"{address} asked to be forgotten, {day(since, 'UTC')}; what went there is kept without a name."
        )
    if not _is_known(database, address_hash):
        return f"No: {address} is not among the subscribers."
    return f"No: {address} is a subscriber, but no edition has been sent yet."


def _is_known(database: Session, address_hash: str) -> bool:
    """Whether somebody has that address who was not erased."""
    known = select(Subscriber.id).where(
        Subscriber.address_hash == address_hash, Subscriber.erased_at.is_(None)
    )
    return database.scalar(known) is not None


def moment(at: datetime.datetime, timezone: str) -> str:
    """A time as people read it, with its zone: "1 Apr 2026 09:02 BST"."""
    local = at.astimezone(ZoneInfo(timezone))
    return f"{local.day} {local:%b %Y %H:%M %Z}"


def words(attempt: Attempt) -> str:
    """The other side's answer in brackets, with a space before: " (250 2.0.0 OK)"; empty when it said nothing."""
    said = " ".join(str(part) for part in (attempt.code, attempt.enhanced_code, attempt.reply) if part)
    return f" ({said})" if said else ""


def _delivered(
    database: Session, address: Address | str, edition: Edition, newsletter: Newsletter, delivery: Delivery
) -> str:
    name = edition.period or edition.key
    at = moment(delivery.changed_at, newsletter.timezone)
    attempt = database.scalar(
        select(Attempt).where(Attempt.delivery_id == delivery.id).order_by(Attempt.number.desc()).limit(1)
    )
    relay = delivery.relay or "the server"
    reply = words(attempt) if attempt else ""
    match delivery.status:
        case DeliveryStatus.SENT:
            settled = attempt is not None and attempt.outcome is not Outcome.SENT
            how = delivery.reason.rstrip(".") if settled else f"accepted by {relay}{reply}"
            return f"Yes: {name} went to {address} on {at}, {how}."
        case DeliveryStatus.UNCERTAIN:
            return (
                f"Uncertain: {name} was being handed to {relay} for {address}, and no answer came ({at}). "
                f"It may or may not have gone; look for Message-ID <{delivery.message_id}> there."
            )
        case DeliveryStatus.DEFERRED:
            again = delivery.next_attempt_at
            due = f" The next try is due on {moment(again, newsletter.timezone)}." if again else ""
            return f"Not yet: on {at} {relay} asked to try {address} again later{reply}.{due}"
        case DeliveryStatus.SENDING:
            return f"Not known yet: {name} is being handed to {relay} for {address}, since {at}."
        case DeliveryStatus.FAILED:
            asked = attempt is not None and attempt.stage is not Stage.MARKED
            what = (
                f"{relay} refused {name} for {address}" if asked else f"no mail could be made for {address}"
            )
            return f"No: {what} on {at}{reply}."
        case DeliveryStatus.SKIPPED:
            return f"No: {address} was left out of {name}, {delivery.reason}."
        case DeliveryStatus.CANCELLED:
            return f"No: {name} was stopped before it went to {address}."
    paused = edition.status is EditionStatus.PAUSED
    return f"Not yet: {name} is {'paused' if paused else 'being sent'}, and {address} waits for its turn."


def _missed(
    database: Session, address: Address, address_hash: str, edition: Edition, newsletter: Newsletter
) -> str:
    """Why somebody was not in an audience, as things stood when it was fixed."""
    name, zone = edition.period or edition.key, newsletter.timezone
    assert edition.frozen_at is not None
    suppression = database.scalar(
        select(Suppression).where(
            Suppression.address_hash == address_hash, Suppression.created_at <= edition.frozen_at
        )
    )
    if suppression is not None:
        said = suppressed(suppression.reason, suppression.note, suppression.created_at, zone)
        return f"{address} was left out of {name}, {said}"
    subscription = database.scalar(
        select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.address_hash == address_hash, Subscription.newsletter_id == newsletter.id)
    )
    if subscription is None:
        return f"{address} is not a subscriber of {newsletter.name}"
    event = _last_event(database, subscription, edition.frozen_at)
    if event is None:
        return f"{address} joined {newsletter.name} after {name} was sent, on {day(subscription.created_at, zone)}"
    if event.kind is EventKind.LEFT:
        return f"{address} was left out of {name}, {why(event, zone)}"
    if subscription.status is SubscriptionStatus.PENDING:
        return f"{address} was left out of {name}, has not confirmed"
    if subscription.choice and _chose_nothing_of(database, edition, subscription.choice):
        return f"{address} chose only sections that {name} does not have"
    return f"{address} was not in the audience of {name}"


def _chose_nothing_of(database: Session, edition: Edition, choice: str) -> bool:
    wanted = whole_edition().where(Edition.id == edition.id)
    whole = database.scalars(wanted, execution_options={"populate_existing": True}).one()
    return variant_of(whole, choice) is None


def _last_event(database: Session, subscription: Subscription, until: datetime.datetime) -> Any:
    """The last joining or leaving up to a moment, with the names that `why()` reads."""
    return database.execute(
        select(
            SubscriptionEvent.kind,
            literal(Cause.UNSUBSCRIBED.value).label("cause"),
            SubscriptionEvent.at.label("left_at"),
            SubscriptionEvent.way.label("left_way"),
            SubscriptionEvent.actor.label("left_actor"),
            Edition.key.label("edition_key"),
            Edition.period.label("edition_period"),
        )
        .outerjoin(Edition, Edition.id == SubscriptionEvent.edition_id)
        .where(SubscriptionEvent.subscription_id == subscription.id, SubscriptionEvent.at <= until)
        .order_by(SubscriptionEvent.at.desc(), SubscriptionEvent.id.desc())
        .limit(1)
    ).one_or_none()
