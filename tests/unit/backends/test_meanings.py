"""How long a provider wants to be left alone, in each of the ways in which they say it."""

import datetime
import email.utils

import pytest

from pulse_mailer.backends._http import Answer
from pulse_mailer.backends._meanings import REFUSED, THROTTLED, UNCERTAIN, Meaning, by_status, wait_seconds
from pulse_mailer.clock import now

HOUR = datetime.timedelta(hours=1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "3600"},
        {"Retry-After": email.utils.format_datetime(now() + HOUR, usegmt=True)},
        {"ratelimit-reset": "3600"},
        {"X-RateLimit-Reset": str(int((now() + HOUR).timestamp()))},
        {"X-RateLimit-Reset": str(int((now() + HOUR).timestamp() * 1000))},
    ],
    ids=["seconds", "date", "ratelimit", "moment", "moment in milliseconds"],
)
def test_an_hour_is_an_hour(headers: dict[str, str]) -> None:
    found = wait_seconds(headers)
    assert found is not None
    # Less by as long as the tests before this one took.
    assert 0 < found <= 3601


@pytest.mark.parametrize("value", ["", "soon", "nan", "inf", "-1", "1e300"])
def test_what_is_no_time_says_nothing(value: str) -> None:
    assert wait_seconds({"Retry-After": value}) is None


def test_nobody_waits_longer_than_a_day() -> None:
    assert wait_seconds({"Retry-After": "999999"}) == 86_400


def test_a_moment_that_is_past_is_now() -> None:
    past = email.utils.format_datetime(now() - HOUR, usegmt=True)
    assert wait_seconds({"Retry-After": past}) == 0


@pytest.mark.parametrize(
    ("status", "headers", "documented", "wanted"),
    [
        (503, {"Retry-After": "9"}, True, THROTTLED),
        (503, {"Retry-After": "9"}, False, UNCERTAIN),
        (503, {}, True, UNCERTAIN),
        (504, {"Retry-After": "9"}, True, UNCERTAIN),
        (302, {}, True, REFUSED),
        (418, {}, True, REFUSED),
        (204, {}, True, UNCERTAIN),
        (100, {}, True, UNCERTAIN),
    ],
)
def test_a_status_alone(status: int, headers: dict[str, str], documented: bool, wanted: Meaning) -> None:
    assert by_status(Answer(status, headers, b""), throttles_by_503=documented) is wanted
