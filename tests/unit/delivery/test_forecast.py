"""What is foretold of a sending, by its limits and by a measured rate."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from pulse_mailer.delivery.course import HORIZON
from pulse_mailer.delivery.forecast import forecast
from pulse_mailer.delivery.limits import PRESETS, UNLIMITED, Limits

NOW = datetime.datetime(2026, 11, 23, 9, 3, tzinfo=ZoneInfo("Europe/London"))
MICROSOFT = PRESETS["microsoft-365"].limits


def at(day: int, hour: int, minute: int) -> datetime.datetime:
    return datetime.datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("Europe/London"))


@pytest.mark.parametrize(
    ("count", "limits", "rate", "ends_at", "sentence"),
    [
        (
            9_000,
            MICROSOFT,
            None,
            at(23, 14, 3),
            "It takes about 5 h at 30 a minute; done about 14:03.",
        ),
        (
            20_000,
            MICROSOFT,
            None,
            at(24, 14, 51),
            (
                "It takes about 30 h: at 30 a minute the day's 10,000 are used up at 14:36, "
                "the rest goes tomorrow from 09:15; done tomorrow about 14:51."
            ),
        ),
        (
            20_000,
            Limits(per_second=14),
            None,
            at(23, 9, 26),
            "It takes about 24 min at 14 a second; done about 09:26.",
        ),
        (
            2_000,
            Limits(per_day=500),
            None,
            at(26, 9, 45),
            (
                "It takes about 3 days 1 h: the day's 500 are used up at once, the rest goes tomorrow from 09:15, "
                "and so on from day to day; done on 26 November about 09:45."
            ),
        ),
        (
            1_000,
            Limits(per_hour=100),
            None,
            at(23, 20, 15),
            "It takes about 11 h at 100 an hour; done about 20:15.",
        ),
        (
            20_000,
            UNLIMITED,
            1_000.0,
            at(23, 9, 3),
            "It takes about 20 s at 1,000 a second, as in the last minutes; done about 09:03.",
        ),
        (
            60_000,
            Limits(per_second=100),
            10.0,  # the server is slower than the limit
            at(23, 10, 43),
            "It takes about 1 h 40 min at 10 a second, as in the last minutes; done about 10:43.",
        ),
        (
            6_000,
            Limits(per_second=10),
            400.0,  # a burst that the limit does not let go on
            at(23, 9, 13),
            "It takes about 10 min at 10 a second; done about 09:13.",
        ),
    ],
)
def test_it_foretells(
    count: int, limits: Limits, rate: float | None, ends_at: datetime.datetime, sentence: str
) -> None:
    found = forecast(count, limits, {}, rate=rate, now=NOW)
    assert found.sentence == sentence
    assert found.ends_at is not None
    assert abs(found.ends_at - ends_at) < datetime.timedelta(minutes=1)


def test_without_limits_and_rate_nothing_is_foretold() -> None:
    found = forecast(20_000, UNLIMITED, {}, now=NOW)
    assert found.ends_at is None
    assert found.sentence == "No limit is set: it goes as fast as the server takes it."


def test_a_quota_that_leaves_room_for_all_is_said() -> None:
    found = forecast(400, Limits(per_day=500), {}, now=NOW)
    assert found.sentence == "The limits leave room for all: it goes as fast as the server takes it."


def test_what_was_used_before_counts() -> None:
    used = {at(22, 15, 30).astimezone(datetime.UTC): 480}
    found = forecast(100, Limits(per_day=500), used, now=NOW)
    assert found.ends_at == at(23, 15, 45)
    assert "the day's 500 are used up at once, the rest goes from 15:45" in found.sentence


def test_a_day_that_is_used_up_already_is_not_said_to_be_used_up_at_once() -> None:
    used = {at(22, 15, 30).astimezone(datetime.UTC): 500}
    found = forecast(100, MICROSOFT, used | {at(22, 16, 0).astimezone(datetime.UTC): 9_500}, now=NOW)
    assert "at 30 a minute the day's 10,000 are used up, the rest goes from 15:45" in found.sentence


def test_a_day_that_opens_again_soon_is_no_pause_until_tomorrow() -> None:
    used = {at(22, 9, 0).astimezone(datetime.UTC): 480, at(22, 9, 15).astimezone(datetime.UTC): 20}
    found = forecast(100, Limits(per_day=500), used, now=NOW)
    assert found.ends_at == at(23, 9, 15)
    assert found.sentence == "It takes about 12 min, held up by the day's limit of 500; done about 09:15."


def test_under_way_it_speaks_of_the_rest() -> None:
    found = forecast(600, Limits(per_second=10), {}, now=NOW, under_way=True)
    assert found.sentence == "It takes another 60 s at 10 a second; done about 09:04."


def test_a_later_beginning_is_told_from_the_present() -> None:
    begins_at = datetime.datetime(2026, 12, 1, 9, 0, tzinfo=datetime.UTC)
    found = forecast(20_000, MICROSOFT, {}, now=NOW, begins_at=begins_at)
    assert found.sentence == (
        "It takes about 30 h: at 30 a minute the day's 10,000 are used up on 1 December at 14:33, "
        "the rest goes on 2 December from 09:15; done on 2 December about 14:48."
    )


def test_the_change_of_the_clocks_is_no_hour_of_sending() -> None:
    evening = datetime.datetime(
        2026, 10, 24, 20, 0, tzinfo=ZoneInfo("Europe/London")
    )  # summer time ends that night
    found = forecast(20_000, Limits(per_minute=30), {}, now=evening)
    assert found.sentence == "It takes about 11 h at 30 a minute; done tomorrow about 06:06."


def test_beyond_the_horizon_no_day_is_promised() -> None:
    found = forecast(10_000_000, MICROSOFT, {}, now=NOW)
    assert found.ends_at is None
    assert found.sentence.startswith(f"It takes more than {HORIZON.days} days: at 30 a minute ")
    assert "done" not in found.sentence


@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_is_foretold_to_send_more_than_it_allows(name: str) -> None:
    limits = PRESETS[name].limits
    found = forecast(25_000, limits, {}, now=NOW)
    if limits.per_day and found.ends_at is not None:
        days = 25_000 / limits.per_day - 1  # the first day's are free to go at once
        assert found.ends_at - NOW >= datetime.timedelta(days=int(days))
