"""Rolling hours and days, counted by quarters of an hour."""

import datetime

from pulse_mailer.delivery.limits import Limits
from pulse_mailer.delivery.quotas import DAY, HOUR, Quota, quarter, quotas

NOON = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


def test_an_unused_quota_is_open() -> None:
    quota = Quota(100, HOUR)
    assert quota.left({}, NOON) == 100
    assert quota.opens_at({}, NOON) == NOON


def test_a_quarter_counts_whole_until_its_last_second_is_an_hour_old() -> None:
    quota, used = Quota(100, HOUR), {NOON: 100}
    assert quota.left(used, NOON + 74 * MINUTE) == 0
    assert quota.opens_at(used, NOON + 20 * MINUTE) == NOON + 75 * MINUTE
    assert quota.left(used, NOON + 75 * MINUTE) == 100


def test_it_opens_when_enough_of_the_oldest_is_gone() -> None:
    used = {NOON: 10, NOON + 15 * MINUTE: 60, NOON + 30 * MINUTE: 90}
    quota = Quota(100, DAY)
    assert quota.left(used, NOON + HOUR) == 0
    assert quota.opens_at(used, NOON + HOUR) == NOON + 30 * MINUTE + DAY
    assert quota.left(used, NOON + 30 * MINUTE + DAY) == 10


def test_a_limit_that_was_lowered_since_leaves_nothing_and_owes_nothing() -> None:
    assert Quota(50, DAY).left({NOON: 80}, NOON) == 0


def test_only_hours_and_days_are_counted() -> None:
    assert quotas(Limits(per_second=1, per_minute=1)) == ()
    assert quotas(Limits(per_hour=5, per_day=50)) == (Quota(5, HOUR), Quota(50, DAY))


def test_a_quarter_is_the_same_in_every_time_zone() -> None:
    kathmandu = datetime.timezone(datetime.timedelta(hours=5, minutes=45))
    at = NOON + datetime.timedelta(minutes=44, seconds=59, microseconds=1)
    assert quarter(at) == NOON + 30 * MINUTE == quarter(at.astimezone(kathmandu))
