"""
Permits: how many mails may go through a backend now, for all workers together.

The limits per second and minute are a clock in the row of the route: it says when the next mail may go, and each
permit moves it on (the generic cell rate algorithm, with next to no bursts). Those per hour and day are counted
(see `quotas`). Whoever takes permits holds the route's row meanwhile, so two workers never share one.
"""

import datetime
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery.limits import Limits
from pulse_mailer.delivery.quotas import Counts, quarter, quotas, used
from pulse_mailer.delivery.routes import held
from pulse_mailer.domain.base import Base
from pulse_mailer.domain.route import Route, Usage

#: A count of a quarter of an hour is of no use to anybody after that.
KEPT = datetime.timedelta(hours=25)
#: A clock of ours never runs further ahead than one mail's time; this much more is a machine's clock gone wrong.
ASTRAY = datetime.timedelta(minutes=10)
_REMEMBERED = 4

# Made once, and on the bare tables: permits are taken for every group of marks, and to build these anew each time
# would cost more than to run them.
_ROUTES, _USAGES = Base.metadata.tables[Route.__tablename__], Base.metadata.tables[Usage.__tablename__]
_OUR_ROUTE = _ROUTES.c.backend == bindparam("ours")
_HOLD = select(_ROUTES.c.paced_until).where(_OUR_ROUTE).with_for_update()
_PACE = update(_ROUTES).where(_OUR_ROUTE).values(paced_until=bindparam("ready_at"))
_ADD = (
    update(_USAGES)
    .where(_USAGES.c.backend == bindparam("ours"), _USAGES.c.begins_at == bindparam("quarter"))
    .values(mails=_USAGES.c.mails + bindparam("more"))
    .returning(_USAGES.c.mails)
)


@dataclass(frozen=True, slots=True)
class Grant:
    """
    Attributes:
        count: how many mails may go now; 0: none yet.
        wait_seconds: after what time it is worth asking for more; 0 when all were granted.
    """

    count: int
    wait_seconds: float = 0.0


class Pace:
    """One backend's permits; threads may share it, and processes and machines have one each."""

    def __init__(
        self,
        database: Database,
        backend: str,
        limits: Limits,
        *,
        clock: Callable[[], datetime.datetime] = now,
    ) -> None:
        self._database = database
        self._backend = backend
        self._limits = limits
        self._quotas = quotas(limits)
        self._clock = clock
        self._lock = threading.Lock()
        self._granted: dict[datetime.datetime, int] = {}  # by us, in the newest quarters of an hour

    def take(self, wanted: int) -> Grant:
        """
        Permits for at most so many mails. Without limits it grants them all, and does not ask the database.

        Raises:
            DatabaseError: nothing was granted.
        """
        if wanted < 1 or not self._limits.counts:
            return Grant(max(0, wanted))
        with self._database.transaction() as database:
            paced_until = self._hold(database)
            at = self._clock()  # only now: the wait for the row is over
            taken, opens_at = self._taken(database, paced_until, wanted, at)
        if taken:
            self._remember(quarter(at), taken)
        if taken == wanted:
            return Grant(taken)
        return Grant(taken, max(0.0, (opens_at - at).total_seconds()))

    def opens_in(self) -> float:
        """
        In how many seconds one mail may go; 0 when one may now. Takes nothing.

        Raises:
            DatabaseError: it cannot be read.
        """
        if not self._limits.counts:
            return 0.0
        with self._database.reading() as database:
            at = self._clock()
            route = database.get(Route, self._backend)
            ready_at = self._ready_at(route.paced_until if route else None, at)
            opens_at = self._opens_at(ready_at, self._counts(database, at), at)
        return max(0.0, (opens_at - at).total_seconds())

    def give_back(self, count: int) -> None:
        """
        Return permits that no mail was sent on, the newest first, to the limits per hour and day.

        Time that has passed does not come back: the clock of the limits per second and minute stays as it is.

        Raises:
            DatabaseError: they stay used.
        """
        returned = self._forget(count)
        if not returned:
            return
        with self._database.transaction() as database:
            for begins_at, mails in returned.items():
                self._add(database, begins_at, -mails)

    def _hold(self, database: Session) -> datetime.datetime | None:
        """Keep other workers from the clock until this transaction ends; gives what it says."""
        row = database.execute(_HOLD, {"ours": self._backend}).one_or_none()
        return row[0] if row else held(database, self._backend).paced_until

    def _taken(
        self, database: Session, paced_until: datetime.datetime | None, wanted: int, at: datetime.datetime
    ) -> tuple[int, datetime.datetime]:
        """Take what may be taken of it; gives the number, and when more may go."""
        counts = self._counts(database, at)
        room = min((quota.left(counts, at) for quota in self._quotas), default=wanted)
        ready_at = self._ready_at(paced_until, at)
        taken = max(0, min(wanted, room, self._paced(ready_at, at)))
        if taken:
            if self._limits.spacing:
                ready_at += taken * self._limits.spacing
                database.execute(_PACE, {"ours": self._backend, "ready_at": ready_at})
            counts[quarter(at)] = counts.get(quarter(at), 0) + taken
            self._add(database, quarter(at), taken)
        return taken, self._opens_at(ready_at, counts, at)

    def _counts(self, database: Session, at: datetime.datetime) -> dict[datetime.datetime, int]:
        return used(database, self._backend, at) if self._quotas else {}

    def _opens_at(
        self, ready_at: datetime.datetime, counts: Counts, at: datetime.datetime
    ) -> datetime.datetime:
        return max([ready_at, *(quota.opens_at(counts, at) for quota in self._quotas)])

    def _ready_at(self, paced_until: datetime.datetime | None, at: datetime.datetime) -> datetime.datetime:
        """When the next mail may go by second and minute; in the past by no more than a burst."""
        earliest = at - max(0, self._limits.burst - 1) * self._limits.spacing
        if paced_until is None or paced_until - at > self._limits.spacing + ASTRAY:
            return earliest
        return max(paced_until, earliest)

    def _paced(self, ready_at: datetime.datetime, at: datetime.datetime) -> int:
        """How many may go at once by second and minute."""
        if ready_at > at:
            return 0
        return (at - ready_at) // self._limits.spacing + 1 if self._limits.spacing else 2**31

    def _add(self, database: Session, begins_at: datetime.datetime, mails: int) -> None:
        here = {"ours": self._backend, "quarter": begins_at, "more": mails}
        if database.scalar(_ADD, here) is not None or mails < 0:
            return
        database.execute(insert(Usage).values(backend=self._backend, begins_at=begins_at, mails=mails))
        database.execute(
            delete(Usage).where(Usage.backend == self._backend, Usage.begins_at < begins_at - KEPT)
        )

    def _remember(self, begins_at: datetime.datetime, mails: int) -> None:
        with self._lock:
            self._granted[begins_at] = self._granted.get(begins_at, 0) + mails
            for old in sorted(self._granted)[:-_REMEMBERED]:
                del self._granted[old]

    def _forget(self, count: int) -> dict[datetime.datetime, int]:
        """By quarter of an hour, what of our own grants is given back; never more than we were granted."""
        returned = {}
        with self._lock:
            for begins_at in sorted(self._granted, reverse=True):
                mails = min(count, self._granted[begins_at])
                count -= mails
                self._granted[begins_at] -= mails
                if mails:
                    returned[begins_at] = mails
        return returned
