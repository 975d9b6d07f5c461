"""How far every edition got, for the first page."""

import datetime
from dataclasses import dataclass

from sqlalchemy import select, type_coerce
from sqlalchemy.orm import Session

from pulse_mailer.delivery import totals
from pulse_mailer.domain.base import UtcDateTime
from pulse_mailer.domain.delivery import FINAL, DeliveryStatus
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
    counted = totals.all_states(database)
    began = (
        select(
            Edition.id,
            Newsletter.slug,
            Edition.key,
            type_coerce(Edition.frozen_at, UtcDateTime()),  # never NULL here, by the condition below
            Edition.finished_at,
        )
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .where(Edition.frozen_at.is_not(None))
    )
    return {
        (slug, key): _progress(counted[edition_id], frozen_at, finished_at)
        for edition_id, slug, key, frozen_at, finished_at in database.execute(began)
        if counted.get(edition_id)
    }


def progress(database: Session, edition: Edition) -> Progress | None:
    """How far one edition got; None: its sending did not begin."""
    if edition.frozen_at is None:
        return None
    return _progress(totals.states(database, edition), edition.frozen_at, edition.finished_at)


def _progress(
    counted: dict[DeliveryStatus, int], frozen_at: datetime.datetime, finished_at: datetime.datetime | None
) -> Progress:
    return Progress(
        audience=sum(counted.values()),
        sent=counted.get(DeliveryStatus.SENT, 0),
        uncertain=counted.get(DeliveryStatus.UNCERTAIN, 0),
        settled=sum(count for state, count in counted.items() if state in FINAL),
        frozen_at=frozen_at,
        finished_at=finished_at,
    )
