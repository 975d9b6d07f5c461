"""Times, durations and rates as people read them."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from pulse_mailer.delivery.saying import lasting, moment, pace

HOUR = 3600
NOW = datetime.datetime(2026, 11, 23, 9, 3, tzinfo=ZoneInfo("Europe/London"))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (40, "40 s"),
        (100, "2 min"),
        (89 * 60, "89 min"),
        (2.5 * HOUR, "2 h 30 min"),
        (3 * HOUR + 100, "3 h"),
        (11.1 * HOUR, "11 h"),
        (35 * HOUR, "35 h"),
        (37 * HOUR, "1 day 13 h"),
        (72 * HOUR, "3 days"),
        (100 * HOUR, "4 days"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert lasting(datetime.timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOW.replace(hour=17, minute=40), "at 17:40"),
        (datetime.datetime(2026, 11, 24, 9, 14, tzinfo=datetime.UTC), "tomorrow at 09:14"),
        (datetime.datetime(2026, 12, 3, 0, 5, tzinfo=datetime.UTC), "on 3 December at 00:05"),
        # Before midnight in London is after it in Kyiv.
        (datetime.datetime(2026, 11, 24, 0, 30, tzinfo=ZoneInfo("Europe/Kyiv")), "at 22:30"),
    ],
)
def test_moments_are_in_the_readers_zone(at: datetime.datetime, said: str) -> None:
    assert moment(at, NOW, "at") == said


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (1000.4, "1,000 a second"),
        (14, "14 a second"),
        (0.5, "30 a minute"),
        (0.01, "36 an hour"),
        (0.00001, "1 an hour"),
    ],
)
def test_rates(rate: float, said: str) -> None:
    assert pace(rate) == said
