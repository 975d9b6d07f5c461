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


def deliveries(
    database: Session,
    *,
    edition_id: int | None = None,
    status: DeliveryStatus | None = None,
    address_hash: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[DeliveryLine]:
    """Deliveries, the latest edition first, then by address."""
    wanted = _filtered(_lines(), edition_id, status, address_hash)
    wanted = wanted.order_by(Edition.id.desc(), Delivery.address, Delivery.id).limit(limit).offset(offset)
    return [DeliveryLine(*row) for row in database.execute(wanted)]


def count(
    database: Session,
    *,
    edition_id: int | None = None,
    status: DeliveryStatus | None = None,
    address_hash: str | None = None,
) -> int:
    wanted = _filtered(select(func.count(Delivery.id)), edition_id, status, address_hash)
    return database.scalar(wanted) or 0


def delivery(database: Session, delivery_id: int) -> DeliveryDetail:
    """
    Raises:
        NotFound: there is no such delivery.
    """
    row = None
    if delivery_id < 2**63:  # neither database can be asked about a larger number
        row = database.execute(_lines().where(Delivery.id == delivery_id)).one_or_none()
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


def _lines() -> Select[*tuple[Any, ...]]:
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


def _filtered(
    wanted: Select[*tuple[Any, ...]],
    edition_id: int | None,
    status: DeliveryStatus | None,
    address_hash: str | None,
) -> Select[*tuple[Any, ...]]:
    if edition_id is not None:
        wanted = wanted.where(Delivery.edition_id == edition_id)
    if status is not None:
        wanted = wanted.where(Delivery.status == status)
    if address_hash is not None:
        wanted = wanted.where(Delivery.address_hash == address_hash)
    return wanted
