"""
How long a sending takes: before it, by the limits alone; during it, by how fast it went in the last minutes.

A day's quota that will be used up is said before the sending, with the time when the rest goes on.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import clock
from pulse_mailer.delivery import indexed, routes, totals
from pulse_mailer.delivery.course import HORIZON, Course, foretold
from pulse_mailer.delivery.limits import UNLIMITED, Limits
from pulse_mailer.delivery.quotas import Counts, quotas, used
from pulse_mailer.delivery.saying import lasting, moment, pace
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome
from pulse_mailer.domain.edition import Edition

#: Over which stretch, and of how many attempts at most, a rate is measured; fewer than the least say nothing.
MEASURED = datetime.timedelta(minutes=5)
MOST_MEASURED, LEAST_MEASURED = 1000, 10
#: When nothing went for so long, and a worker goes on that was not there before, the sending was interrupted.
IDLE = datetime.timedelta(seconds=5)

_LEFT = (DeliveryStatus.QUEUED, DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)


@dataclass(frozen=True, slots=True)
class Forecast:
    """
    Attributes:
        ends_at: when the last one goes; None when nothing tells, or beyond the horizon.
        sentence: how long it takes and why, for people; times are in the zone of the `now` that was given.
    """

    ends_at: datetime.datetime | None
    sentence: str


def forecast(
    count: int,
    limits: Limits,
    used: Counts,
    *,
    rate: float | None = None,
    now: datetime.datetime | None = None,
    begins_at: datetime.datetime | None = None,
    under_way: bool = False,
) -> Forecast:
    """
    Foretell how long so many mails take.

    Args:
        used: what the backend was allowed already (`quotas.used`).
        rate: measured, in mails a second; None: nothing is known but the limits.
        now: the present, in the zone that people read; "tomorrow" is the day after it.
        begins_at: when it begins, or goes on; None: now.
        under_way: it has begun, so the sentence speaks of what is left.
    """
    now = now or clock.now()
    # A sum of hours in a zone of its own is wrong over the change of the clocks; in UTC it never is.
    begins_at = (begins_at or now).astimezone(datetime.UTC)
    rates = [known for known in (limits.rate, rate) if known]
    slowest = min(rates, default=None)
    course = foretold(count, quotas(limits), used, slowest, begins_at)
    if slowest is None and course.daily is None and course.hourly is None:
        why = "The limits leave room for all" if limits.counts else "No limit is set"
        return Forecast(None, f"{why}: it goes as fast as the server takes it.")
    measured = rate is not None and slowest == rate
    telling = _Telling(course=course, now=now, rate=slowest, measured=measured, under_way=under_way)
    return Forecast(course.ends_at, telling.sentence())


def during(
    database: Session,
    edition_id: int,
    backends: Sequence[str],
    limits: Mapping[str, Limits],
    *,
    now: datetime.datetime | None = None,
) -> Forecast | None:
    """
    Foretell the rest of a sending that goes on; None when nothing waits but what was put off, or nothing tells.

    Args:
        backends: those of the edition, in the order they are tried.
        limits: by backend, as `Mailer.limits`.
    """
    now = now or clock.now()
    counted = totals.states(database, database.get_one(Edition, edition_id))
    left = sum(counted[state] for state in _LEFT)
    if not left:
        return None
    resting = routes.resting(database, backends, at=now)
    awake = [name for name in backends if name not in resting]
    # All rest: it goes on with the one that is back first.
    name = awake[0] if awake else min(resting, key=lambda one: resting[one][0])
    begins_at = now if awake else resting[name][0]
    rate, room = measured_rate(database, edition_id, now), limits.get(name, UNLIMITED)
    if awake and rate is None and not room.counts:
        return None
    found = forecast(
        left,
        room,
        used(database, name, now),
        rate=rate,
        now=now,
        begins_at=begins_at,
        under_way=True,
    )
    if awake:
        return found
    return Forecast(found.ends_at, f"{name} rests {moment(begins_at, now, 'until about')}. {found.sentence}")


def measured_rate(database: Session, edition_id: int, at: datetime.datetime) -> float | None:
    """
    How many attempts a second ended in the last five minutes; None when they are too few to tell.

    Time in which the edition was paused, or in which no worker ran, is no part of it. The last thousand attempts of
    all editions are looked at, and no more: it is asked every second.
    """
    last = (
        select(Attempt.delivery_id, Attempt.worker, Attempt.started_at, Attempt.ended_at, Attempt.outcome)
        .order_by(Attempt.id.desc())
        .limit(MOST_MEASURED)
        .subquery()
    )
    goes_on_since = select(Edition.changed_at).where(Edition.id == edition_id).scalar_subquery()
    recent = database.execute(
        select(last.c.worker, last.c.started_at, last.c.ended_at, Delivery.edition_id)
        .join(Delivery, Delivery.id == last.c.delivery_id)
        # What a worker left behind when it was killed ends when it is found, long after.
        .where(last.c.ended_at > at - MEASURED, last.c.outcome != Outcome.UNCERTAIN)
        .where(last.c.started_at >= goes_on_since)
        .order_by(last.c.started_at)
    ).all()
    stretch = _unbroken([_Try(*row) for row in recent])
    ours = len([attempt for attempt in stretch if attempt.edition_id == edition_id])
    if ours < LEAST_MEASURED:
        return None
    in_hand = select(Delivery.id).where(indexed.held(edition_id))
    if database.scalar(in_hand.limit(1)) is None:
        at = max(attempt.ended_at for attempt in stretch)
    return ours / max((at - stretch[0].started_at).total_seconds(), 0.001)


class _Try(NamedTuple):
    """As much of an attempt as a rate needs."""

    worker: str
    started_at: datetime.datetime
    ended_at: datetime.datetime
    edition_id: int


def _unbroken(attempts: list[_Try]) -> list[_Try]:
    """Those since the last time that nothing went and then another worker took over, in the order they began."""
    begin, workers = 0, set[str]()
    busy_until = datetime.datetime.max.replace(tzinfo=datetime.UTC)
    for place, attempt in enumerate(attempts):
        if attempt.started_at - busy_until > IDLE and attempt.worker not in workers:
            begin = place
        busy_until = max(busy_until, attempt.ended_at) if place else attempt.ended_at
        workers.add(attempt.worker)
    return attempts[begin:]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telling:
    """A course in words."""

    course: Course
    now: datetime.datetime
    rate: float | None
    measured: bool
    under_way: bool

    def sentence(self) -> str:
        ends_at = self.course.ends_at
        takes = (
            f"more than {HORIZON.days} days"
            if ends_at is None
            else f"{'another' if self.under_way else 'about'} {lasting(ends_at - self.course.begins_at)}"
        )
        done = "" if ends_at is None else f"; done {moment(ends_at, self.now, 'about')}"
        return f"It takes {takes}{self._stops() or self._speed()}{done}."

    def _speed(self) -> str:
        if self.course.hourly is not None:
            return f" at {self.course.hourly.limit:,} an hour"
        if self.rate is None:
            return ""
        return f" at {pace(self.rate)}{', as in the last minutes' if self.measured else ''}"

    def _stops(self) -> str:
        """When the day's quota is used up, and how it goes on; empty when it is not."""
        course = self.course
        if course.daily is None:
            return ""
        if course.stops_at is None or course.goes_on_at is None:
            return f"{self._speed()}, held up by the day's limit of {course.daily.limit:,}"
        at_once = course.stops_at - course.begins_at < datetime.timedelta(minutes=1)
        when = f" {'at once' if at_once else moment(course.stops_at, self.now, 'at')}"
        used_up = f"used up{when if course.goes_before else ''}"
        so_on = ", and so on from day to day" if course.stop_count > 1 else ""
        comma = "," if self.measured else ""
        return (
            f":{self._speed()}{comma} the day's {course.daily.limit:,} are {used_up}, "
            f"the rest goes {moment(course.goes_on_at, self.now, 'from')}{so_on}"
        )
