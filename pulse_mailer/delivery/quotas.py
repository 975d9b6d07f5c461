"""
Limits by the hour and the day, both rolling: how much of them is used, and when they open again.

Mails are counted by quarters of an hour. A quarter counts whole until its last second is an hour, or a day, old: so
a provider that counts to the second never sees more than its limit, whenever its hours and days begin.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.delivery.limits import Limits
from pulse_mailer.domain.route import Usage

QUARTER = datetime.timedelta(minutes=15)
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
#: Counts of mails by the beginning of their quarter of an hour.
Counts = Mapping[datetime.datetime, int]


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` mails in any `span`."""

    limit: int
    span: datetime.timedelta

    def left(self, used: Counts, at: datetime.datetime) -> int:
        """How many more may go; 0 when it is used up."""
        return max(0, self.limit - sum(self._counted(used, at).values()))

    def opens_at(self, used: Counts, at: datetime.datetime) -> datetime.datetime:
        """When at least one more may go; `at` itself when it is open."""
        counted = self._counted(used, at)
        total = sum(counted.values())
        opens_at = at
        for begins_at in sorted(counted):
            if total < self.limit:
                break
            total -= counted[begins_at]
            opens_at = self._leaves(begins_at)
        return opens_at

    def _counted(self, used: Counts, at: datetime.datetime) -> Counts:
        return {begins_at: mails for begins_at, mails in used.items() if self._leaves(begins_at) > at}

    def _leaves(self, begins_at: datetime.datetime) -> datetime.datetime:
        """When a quarter that began then counts no more."""
        return begins_at + QUARTER + self.span


def quotas(limits: Limits) -> tuple[Quota, ...]:
    return tuple(
        Quota(limit, span) for limit, span in ((limits.per_hour, HOUR), (limits.per_day, DAY)) if limit
    )


def quarter(at: datetime.datetime) -> datetime.datetime:
    """The beginning of the quarter of an hour that a time lies in, the same for all time zones."""
    utc = at.astimezone(datetime.UTC)
    return utc.replace(minute=utc.minute // 15 * 15, second=0, microsecond=0)


def used(database: Session, backend: str, at: datetime.datetime) -> dict[datetime.datetime, int]:
    """What a backend was allowed that may still count at that time."""
    rows = database.execute(
        select(Usage.begins_at, Usage.mails).where(
            Usage.backend == backend, Usage.begins_at > at - DAY - QUARTER
        )
    )
    return {row[0]: row[1] for row in rows}
