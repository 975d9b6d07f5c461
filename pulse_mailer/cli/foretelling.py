"""How long a sending takes, as commands say it: in the time zone of the newsletter's readers."""

import datetime
import time

from sqlalchemy.orm import Session, selectinload

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery import foretelling
from pulse_mailer.delivery.forecast import Forecast
from pulse_mailer.delivery.saying import moment
from pulse_mailer.domain.edition import Edition

_ANEW_SECONDS = 5.0


def before(mailer: Mailer, edition: Edition, count: int, begins_at: datetime.datetime | None) -> str:
    """How long it takes by the limits of the backend that is tried first; empty when it has none."""
    with mailer.database.reading() as database:
        return foretelling.before(
            database, edition, mailer.settings.backends, mailer.limits, count, begins_at
        )


def rest(mailer: Mailer, database: Session, edition: Edition) -> Forecast | None:
    """How long the rest of a sending takes; None when nothing waits but what was put off."""
    return foretelling.rest(database, edition, mailer.settings.backends, mailer.limits)


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
        return f"done {moment(found.ends_at, foretelling.here(edition), 'about')}"
