"""How long a sending takes, as commands say it: in the time zone of the newsletter's readers."""

import datetime
import time
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session, selectinload

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.delivery import forecast, quotas
from pulse_mailer.delivery.forecast import Forecast
from pulse_mailer.delivery.limits import UNLIMITED
from pulse_mailer.delivery.saying import moment
from pulse_mailer.domain.edition import Edition

_ANEW_SECONDS = 5.0


def before(mailer: Mailer, edition: Edition, count: int, begins_at: datetime.datetime | None) -> str:
    """How long it takes by the limits of the backend that is tried first; empty when it has none."""
    name = _backends(mailer, edition)[0]
    limits = mailer.limits.get(name, UNLIMITED)
    if not limits.counts:
        return ""
    at = _here(edition)
    with mailer.database.reading() as database:
        used = quotas.used(database, name, begins_at or at)
    return forecast.forecast(count, limits, used, now=at, begins_at=begins_at).sentence


def rest(mailer: Mailer, database: Session, edition: Edition) -> Forecast | None:
    """How long the rest of a sending takes; None when nothing waits but what was put off."""
    return forecast.during(
        database, edition.id, _backends(mailer, edition), mailer.limits, now=_here(edition)
    )


def _backends(mailer: Mailer, edition: Edition) -> list[str]:
    return [*(edition.newsletter.backends or mailer.settings.backends)]


def _here(edition: Edition) -> datetime.datetime:
    return now().astimezone(ZoneInfo(edition.newsletter.timezone))


class Ends:
    """When a sending ends, for who looks at it every second; it is worked out less often."""

    def __init__(self, mailer: Mailer, edition_id: int) -> None:
        self._mailer = mailer
        self._edition_id = edition_id
        self._words = ""
        self._anew_at = 0.0

    def words(self) -> str:
        """
        A few words, such as "done about 17:40"; empty when nothing tells.

        Raises:
            DatabaseError: it cannot be read.
        """
        if time.monotonic() >= self._anew_at:
            self._anew_at = time.monotonic() + _ANEW_SECONDS
            self._words = self._worked_out()
        return self._words

    def _worked_out(self) -> str:
        with self._mailer.database.reading() as database:
            whole = [selectinload(Edition.newsletter)]
            edition = database.get_one(Edition, self._edition_id, options=whole)
            found = rest(self._mailer, database, edition)
        if found is None or found.ends_at is None:
            return ""
        return f"done {moment(found.ends_at, _here(edition), 'about')}"
