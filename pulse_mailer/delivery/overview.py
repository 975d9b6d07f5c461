"""How far every edition got, for the first page: counts for all of them in one query."""

import datetime
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, type_coerce
from sqlalchemy.orm import Session

from pulse_mailer.domain.base import UtcDateTime
from pulse_mailer.domain.delivery import FINAL, Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Newsletter


@dataclass(frozen=True, slots=True)
class Progress:
    """
    Attributes:
        audience: how many deliveries were made when sending began.
        settled: how many of them nothing more happens to by itself.
    """

    audience: int
    sent: int
    uncertain: int
    settled: int
    frozen_at: datetime.datetime
    finished_at: datetime.datetime | None

    @property
    def percent(self) -> int:
        """Whole percents, never 100 before the end."""
        return 100 * self.settled // self.audience if self.audience else 100

    @property
    def missed(self) -> int:
        """Settled, and certainly not gone."""
        return self.settled - self.sent - self.uncertain


def overview(database: Session) -> dict[tuple[str, str], Progress]:
    """By newsletter slug and edition key, each edition whose sending began."""

    def counted(*states: DeliveryStatus) -> ColumnElement[int]:
        return func.count().filter(Delivery.status.in_(states))

    rows = database.execute(
        select(
            Newsletter.slug,
            Edition.key,
            func.count(Delivery.id),
            counted(DeliveryStatus.SENT),
            counted(DeliveryStatus.UNCERTAIN),
            counted(*FINAL),
            type_coerce(Edition.frozen_at, UtcDateTime()),  # never NULL here, by the condition below
            Edition.finished_at,
        )
        .join(Edition, Edition.id == Delivery.edition_id)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .where(Edition.frozen_at.is_not(None))
        .group_by(Edition.id, Newsletter.slug, Edition.key, Edition.frozen_at, Edition.finished_at)
    )
    return {(row[0], row[1]): Progress(*row[2:]) for row in rows}
