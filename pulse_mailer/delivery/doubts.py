"""The uncertain deliveries, each with all that helps to find out whether it went."""

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from pulse_mailer.delivery import indexed
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Stage
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Newsletter


@dataclass(frozen=True, slots=True)
class Doubt:
    """
    One delivery of which nobody knows whether it went.

    Attributes:
        at: when it became uncertain; began_at: when the last try was marked, None when that was never noted.
        connection: which of the worker's connections, from 1.
        stage: how far the last try came, as far as anybody could note it.
        timezone: the newsletter's.
        period: the edition's, as people call it; may be empty.
    """

    id: int
    newsletter_slug: str
    edition_key: str
    address: str
    message_id: str
    reason: str
    attempt_count: int
    at: datetime.datetime
    began_at: datetime.datetime | None
    backend: str
    relay: str
    connection: int
    stage: Stage | None
    worker: str
    timezone: str
    period: str


def uncertain(
    database: Session,
    edition_id: int | None = None,
    *,
    limit: int | None = None,
    offset: int = 0,
    after: int = 0,
) -> list[Doubt]:
    """The uncertain deliveries of one edition or of all, the oldest first; `after` the one of that number."""
    wanted = _doubts().where(Delivery.id > after).order_by(Delivery.id).limit(limit).offset(offset)
    if edition_id is not None:
        wanted = wanted.where(Delivery.edition_id == edition_id)
    return [Doubt(*row) for row in database.execute(wanted)]


def _doubts() -> Select[*tuple[Any, ...]]:
    last = (Attempt.delivery_id == Delivery.id) & (Attempt.number == Delivery.attempt_count)
    return (
        select(
            Delivery.id,
            Newsletter.slug,
            Edition.key,
            Delivery.address,
            Delivery.message_id,
            Delivery.reason,
            Delivery.attempt_count,
            Delivery.changed_at,
            Attempt.started_at,
            Delivery.backend,
            Delivery.relay,
            Delivery.connection,
            Attempt.stage,
            func.coalesce(Attempt.worker, ""),
            Newsletter.timezone,
            Edition.period,
        )
        .join(Edition, Edition.id == Delivery.edition_id)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .outerjoin(Attempt, last)
        .where(indexed.in_state(DeliveryStatus.UNCERTAIN))
    )
