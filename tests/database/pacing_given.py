"""Workers that take permits, in a time that stands still unless one of them waits."""

import datetime
import random
import threading
from collections.abc import Callable
from typing import Any, Protocol

from pulse_mailer.database import Database
from pulse_mailer.delivery.limits import Limits
from pulse_mailer.delivery.pacing import Pace

BEGIN = datetime.datetime(2026, 11, 22, 9, 3, 20, tzinfo=datetime.UTC)
#: When, in seconds since the beginning, and how many.
Taken = list[tuple[float, int]]


class Seconds(Protocol):
    value: float

    def get_lock(self) -> Any: ...


class OneProcess:
    """What `multiprocessing.Value` is, for threads."""

    def __init__(self) -> None:
        self.value = 0.0
        self._lock = threading.Lock()

    def get_lock(self) -> threading.Lock:
        return self._lock


class Clock:
    """A time that several workers share; `read_at` is what this worker read last."""

    def __init__(self, seconds: Seconds) -> None:
        self._seconds = seconds
        self.read_at = 0.0

    def __call__(self) -> datetime.datetime:
        with self._seconds.get_lock():
            self.read_at = self._seconds.value
        return BEGIN + datetime.timedelta(seconds=self.read_at)

    def sleep(self, seconds: float) -> None:
        with self._seconds.get_lock():
            # Not beyond what anybody asked for: who waits less long than others must get there first.
            self._seconds.value = max(self._seconds.value, round(self.read_at + seconds, 6))


def work(pace: Pace, clock: Clock, wants: Callable[[], int], until_seconds: float) -> Taken:
    """Take what one can get, until so many seconds have passed; gives when it got how many."""
    taken: Taken = []
    while True:
        grant = pace.take(wants())
        if clock.read_at >= until_seconds:
            return taken
        if grant.count:
            taken.append((clock.read_at, grant.count))
        clock.sleep(grant.wait_seconds)


def most(taken: Taken, span_seconds: float) -> int:
    """The most that went in any stretch of so many seconds, its end not included."""
    return max(
        sum(count for at, count in taken if begin <= at < begin + span_seconds - 1e-6) for begin, _ in taken
    )


_shared: list[Seconds] = []


def share(seconds: Seconds) -> None:
    """Begin a process with the time that it shares with others."""
    _shared.append(seconds)


def in_a_process(url: str, limits: Limits, until_seconds: float, seed: int) -> Taken:
    """A worker in a process of its own."""
    database, clock, chance = Database(url), Clock(_shared[0]), random.Random(seed)
    try:
        pace = Pace(database, "smtp", limits, clock=clock)
        return work(pace, clock, lambda: chance.randint(1, 5), until_seconds)
    finally:
        database.close()
