"""How long an edition's sending takes, in the time zone of its newsletter's readers."""

import datetime
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.delivery import forecast, quotas
from pulse_mailer.delivery.forecast import Forecast
from pulse_mailer.delivery.limits import UNLIMITED, Limits
from pulse_mailer.domain.edition import Edition


def before(
    database: Session,
    edition: Edition,
    backends: Sequence[str],
    limits: Mapping[str, Limits],
    count: int,
    begins_at: datetime.datetime | None,
) -> str:
    """
    How long it takes by the limits of the backend that is tried first; empty when it has none.

    Args:
        backends: those of the settings, for a newsletter that names none of its own.
    """
    name = _backends(edition, backends)[0]
    allowed = limits.get(name, UNLIMITED)
    if not allowed.counts:
        return ""
    at = here(edition)
    used = quotas.used(database, name, begins_at or at)
    return forecast.forecast(count, allowed, used, now=at, begins_at=begins_at).sentence


def rest(
    database: Session, edition: Edition, backends: Sequence[str], limits: Mapping[str, Limits]
) -> Forecast | None:
    """How long the rest takes, as `before()`; None when nothing waits but what was put off, or nothing tells."""
    return forecast.during(database, edition.id, _backends(edition, backends), limits, now=here(edition))


def here(edition: Edition) -> datetime.datetime:
    """The present, by the clock of the newsletter's zone."""
    return now().astimezone(ZoneInfo(edition.newsletter.timezone))


def _backends(edition: Edition, backends: Sequence[str]) -> list[str]:
    return [*(edition.newsletter.backends or backends)]
