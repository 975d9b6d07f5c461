"""How a sending will go through the limits: quarter of an hour by quarter of an hour, as permits will be given."""

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pulse_mailer.delivery.quotas import DAY, HOUR, QUARTER, Counts, Quota, quarter

#: What takes longer than that is not foretold to the hour.
HORIZON = datetime.timedelta(days=60)


@dataclass(slots=True)
class Course:
    """
    How a sending will go.

    Attributes:
        hourly, daily: the quotas that will stop it on its way.
        stops_at, goes_on_at: when the day's quota first stops it for more than an hour, and when it goes on.
        goes_before: how many go before that.
        stop_count: how often that happens.
    """

    begins_at: datetime.datetime
    ends_at: datetime.datetime | None = None
    hourly: Quota | None = None
    daily: Quota | None = None
    stops_at: datetime.datetime | None = None
    goes_on_at: datetime.datetime | None = None
    goes_before: int = 0
    stop_count: int = 0

    def stopped(self, by: Quota, at: datetime.datetime, until: datetime.datetime, gone: int) -> None:
        if by.span < DAY:
            self.hourly = by
            return
        self.daily = by
        if until - at > HOUR:
            self.stop_count += 1
            if self.stops_at is None:
                self.stops_at, self.goes_on_at, self.goes_before = at, until, gone


def foretold(
    count: int, limited: Sequence[Quota], used: Counts, rate: float | None, begins_at: datetime.datetime
) -> Course:
    """
    Go through the coming quarters of an hour, and see how many can go in each.

    Args:
        count: how many mails there are.
        rate: in mails a second; None: as fast as the limits by hour and day let them.
    """
    course, counts, at, left = Course(begins_at), dict(used), begins_at, count
    while left > 0:
        if at - begins_at > HORIZON:
            return course
        shut = [quota for quota in limited if not quota.left(counts, at)]
        if shut:
            until = max(quota.opens_at(counts, at) for quota in shut)
            for quota in shut:
                course.stopped(quota, at, until, count - left)
            at = until
            continue
        goes = min([left, *(quota.left(counts, at) for quota in limited)])
        if rate is not None:
            rest_of_quarter = quarter(at) + QUARTER - at
            goes = min(goes, max(1, math.ceil(rest_of_quarter.total_seconds() * rate)))
        counts = {begun: mails for begun, mails in counts.items() if begun > at - DAY - QUARTER}
        counts[quarter(at)] = counts.get(quarter(at), 0) + goes
        left -= goes
        at += datetime.timedelta(seconds=goes / rate if rate else 0)
    course.ends_at = at
    return course
