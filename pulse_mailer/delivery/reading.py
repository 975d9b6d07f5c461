"""What the ledger says: deliveries in lists, and each with every attempt at it."""

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscription
from pulse_mailer.errors import NotFound

_MAY_HAVE_ARRIVED = (DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery in a list."""

    id: int
    address: str
    newsletter_slug: str
    edition_key: str
    period: str
    timezone: str
    status: DeliveryStatus
    reason: str
    message_id: str
    attempt_count: int
    changed_at: datetime.datetime
    next_attempt_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """One delivery with every attempt at it, the first one first."""

    line: DeliveryLine
    attempts: tuple[Attempt, ...]


def deliveries(database: Session, address_hash: str, *, limit: int) -> list[DeliveryLine]:
    """What went, or should go, to one person, the latest edition first."""
    wanted = lines().where(Delivery.address_hash == address_hash).order_by(Edition.id.desc()).limit(limit)
    return [DeliveryLine(*row) for row in database.execute(wanted)]


def count(database: Session, address_hash: str) -> int:
    """How many editions went, or should go, to one person."""
    wanted = select(func.count(Delivery.id)).where(Delivery.address_hash == address_hash)
    return database.scalar(wanted) or 0


def delivery(database: Session, delivery_id: int) -> DeliveryDetail:
    """
    Raises:
        NotFound: there is no such delivery.
    """
    row = None
    if delivery_id < 2**63:  # neither database can be asked about a larger number
        row = database.execute(lines().where(Delivery.id == delivery_id)).one_or_none()
    if row is None:
        raise NotFound(
            f"There is no delivery {delivery_id}.",
            remedy="Find it by address: pulse-mailer delivery find ADDRESS",
        )
    attempts = database.scalars(
        select(Attempt).where(Attempt.delivery_id == delivery_id).order_by(Attempt.number)
    )
    return DeliveryDetail(DeliveryLine(*row), tuple(attempts))


def last_edition(database: Session, public_id: str) -> int | None:
    """The id of the latest edition that went, or may have gone, to a subscription; by its public name."""
    wanted = (
        select(Delivery.edition_id)
        .join(Subscription, Subscription.id == Delivery.subscription_id)
        .where(Subscription.public_id == public_id, Delivery.status.in_(_MAY_HAVE_ARRIVED))
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    return database.scalar(wanted)


def lines() -> Select[*tuple[Any, ...]]:
    """What a DeliveryLine is made of, to be narrowed down and ordered."""
    return (
        select(
            Delivery.id,
            Delivery.address,
            Newsletter.slug,
            Edition.key,
            Edition.period,
            Newsletter.timezone,
            Delivery.status,
            Delivery.reason,
            Delivery.message_id,
            Delivery.attempt_count,
            Delivery.changed_at,
            Delivery.next_attempt_at,
        )
        .join(Edition, Edition.id == Delivery.edition_id)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
    )
