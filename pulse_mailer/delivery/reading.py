"""What the ledger says: the report of an edition, and the answer to "did this reader get it?"."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome
from pulse_mailer.domain.edition import Edition, EditionStatus
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


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """One delivery with every attempt at it, the first one first."""

    line: DeliveryLine
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What servers answered, and to how many."""

    relay: str
    code: int | None
    text: str
    outcome: Outcome
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """
    An edition's deliveries by state.

    Attributes:
        audience: how many deliveries were made when sending began.
        uncertain: each that nobody can be sure of.
        replies: the last answers other than "taken", the most frequent first.
    """

    key: str
    period: str
    status: EditionStatus
    audience: int
    by_state: dict[DeliveryStatus, int]
    uncertain: tuple[DeliveryLine, ...]
    replies: tuple[Reply, ...]
    frozen_at: datetime.datetime | None
    finished_at: datetime.datetime | None

    @property
    def adds_up(self) -> bool:
        return sum(self.by_state.values()) == self.audience

    @property
    def sentence(self) -> str:
        if self.frozen_at is None:
            return f"{self.period or self.key} has not been sent."
        sent = self.by_state.get(DeliveryStatus.SENT, 0)
        rest = [
            f"{count} {state.value}"
            for state, count in self.by_state.items()
            if count and state is not DeliveryStatus.SENT
        ]
        state = {EditionStatus.SENT: "Finished", EditionStatus.STOPPED: "Stopped"}.get(
            self.status, "Being sent"
        )
        return f"{state}: {self.period or self.key} went to {sent} of {self.audience}" + (
            f"; {', '.join(rest)}." if rest else "."
        )


def report(database: Session, edition: Edition) -> Report:
    """Count an edition's deliveries by state; the sum is the audience at any moment."""
    counted = (
        select(Delivery.status, func.count())
        .where(Delivery.edition_id == edition.id)
        .group_by(Delivery.status)
    )
    counts = {row[0]: row[1] for row in database.execute(counted)}
    # The audience is counted by itself, so that the sum is a check and not the same figure twice.
    audience = database.scalar(select(func.count(Delivery.id)).where(Delivery.edition_id == edition.id)) or 0
    uncertain = deliveries(database, edition_id=edition.id, status=DeliveryStatus.UNCERTAIN, limit=1000)
    return Report(
        key=edition.key,
        period=edition.period,
        status=edition.status,
        audience=audience,
        by_state={state: counts.get(state, 0) for state in DeliveryStatus},
        uncertain=tuple(uncertain),
        replies=tuple(_replies(database, edition.id)),
        frozen_at=edition.frozen_at,
        finished_at=edition.finished_at,
    )


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


def _replies(database: Session, edition_id: int) -> Sequence[Reply]:
    counted = (
        select(Attempt.relay, Attempt.code, Attempt.reply, Attempt.outcome, func.count().label("count"))
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(
            Delivery.edition_id == edition_id,
            Attempt.number == Delivery.attempt_count,
            Attempt.outcome.is_not(None),
            Attempt.outcome != Outcome.SENT,
        )
        .group_by(Attempt.relay, Attempt.code, Attempt.reply, Attempt.outcome)
        .order_by(func.count().desc())
        .limit(20)
    )
    return [
        Reply(relay, code, reply, outcome, count)
        for relay, code, reply, outcome, count in database.execute(counted)
        if outcome is not None
    ]
