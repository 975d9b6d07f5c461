"""Rounds to the pages that editions link to: they take up to two minutes, and go on while one looks at their page."""

import logging
import threading
from dataclasses import dataclass, field
from time import monotonic

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.composing.finding import Finding
from pulse_mailer.delivery import consulting
from pulse_mailer.editions import reading

log = logging.getLogger("pulse_mailer.web")


@dataclass(slots=True)
class Round:
    """
    Attributes:
        total: how many pages are visited; those where somebody went lately are not.
        findings: once it is over; empty where all is well.
        trouble: why it came to nothing.
    """

    total: int = 0
    done: int = 0
    begun_at: float = field(default_factory=monotonic)
    is_over: bool = False
    findings: tuple[Finding, ...] = ()
    trouble: str = ""

    @property
    def seconds(self) -> int:
        return round(monotonic() - self.begun_at)

    def tell(self, done: int) -> None:
        self.done = done


class Rounds:
    """Those that go on, and the last one of each edition, as long as the program runs; what they found is kept."""

    def __init__(self) -> None:
        self._rounds: dict[str, Round] = {}
        self._lock = threading.Lock()

    def of(self, name: str) -> Round | None:
        return self._rounds.get(name)

    def begin(self, mailer: Mailer, name: str, *, again: bool) -> None:
        """Begin one for an edition, unless one goes on. Raises as `reading.edition()`."""
        with mailer.database.reading() as database:
            reading.edition(database, name)
        with self._lock:
            last = self._rounds.get(name)
            if last is not None and not last.is_over:
                return
            self._rounds[name] = begun = Round()
        go = threading.Thread(target=_go, args=(mailer, name, begun, again), name="links", daemon=True)
        go.start()


def _go(mailer: Mailer, name: str, begun: Round, again: bool) -> None:
    try:
        with mailer.database.reading() as database:
            edition = reading.edition(database, name)
        planned = consulting.tour(mailer.database, edition, again=again)
        begun.total = len(planned.left)
        begun.findings = tuple(consulting.visited(mailer.database, planned, mailer.fetcher(), begun.tell))
    except Exception:  # nobody waits for this thread: its page says so, and the log says what
        log.exception("The links of %s could not be visited", name)
        begun.trouble = "The links could not be visited. Who runs the program finds out why in its log."
    finally:
        begun.is_over = True
