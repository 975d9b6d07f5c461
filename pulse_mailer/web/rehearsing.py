"""A rehearsal that this program does, and goes on with while people look at other pages and programs call."""

import logging
import threading

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery import rehearsals
from pulse_mailer.delivery.readying import Ready
from pulse_mailer.delivery.rehearsing import Rehearsed
from pulse_mailer.errors import Refused

log = logging.getLogger("pulse_mailer.web")


class Work(threading.Thread):
    """
    The rehearsal; begun when it is made, done by its thread.

    Attributes:
        found: what came of it; None: it goes on, was stopped, or failed.
    """

    def __init__(self, mailer: Mailer, made: Ready) -> None:
        super().__init__(name="rehearsal", daemon=True)
        self.found: Rehearsed | None = None
        self._mailer = mailer
        self._run = rehearsals.begin(mailer.database, made, mailer.links)

    def run(self) -> None:
        mailer, edition = self._mailer, self._run.edition
        try:
            self.found = rehearsals.go(mailer.database, self._run, mailer.links)
        except Refused as stopped:
            log.info("%s", stopped)
        except Exception:  # nobody waits for this thread: its page says so, and the log says what
            log.exception("The mails of %s could not be rehearsed", edition.key)
            with mailer.database.transaction() as database:
                why = "Not everybody's mail could be made. Who runs the program finds out why in its log."
                rehearsals.halt(database, edition.id, why)
