"""What a clock on the wall shows, on the nights when it is set, and on all others."""

import datetime

import pytest

from pulse_mailer.delivery import wallclock
from pulse_mailer.errors import UsageError

LONDON, LORD_HOWE, APIA = "Europe/London", "Australia/Lord_Howe", "Pacific/Apia"


def utc(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("text", "zone", "is_utc"),
    [
        ("2026-12-01 09:00", LONDON, "2026-12-01 09:00"),  # winter
        ("2026-07-01 09:00", LONDON, "2026-07-01 08:00"),  # summer
        ("2026-03-29 00:59", LONDON, "2026-03-29 00:59"),  # the minute before the clock is set forward
        ("2026-03-29 02:00", LONDON, "2026-03-29 01:00"),  # the minute after
        ("2026-10-25 00:59", LONDON, "2026-10-24 23:59"),  # before the hour that comes twice
        ("2026-10-25 02:00", LONDON, "2026-10-25 02:00"),  # after it
        ("2026-10-04T02:30", LORD_HOWE, "2026-10-03 15:30"),  # forward by half an hour, from 02:00 to 02:30
        ("2026-04-05 01:29", LORD_HOWE, "2026-04-04 14:29"),  # back by half an hour, from 02:00 to 01:30
    ],
)
def test_a_time_that_the_clock_shows_once_is_that_moment(text: str, zone: str, is_utc: str) -> None:
    assert wallclock.read(text, zone) == utc(is_utc)


@pytest.mark.parametrize(
    ("text", "zone", "instead"),
    [
        ("2026-03-29 01:00", LONDON, "02:00"),
        ("2026-03-29 01:59", LONDON, "02:59"),
        ("2026-10-04 02:15", LORD_HOWE, "02:45"),  # only half an hour is left out
    ],
)
def test_a_time_that_the_clock_never_shows_is_refused_with_one_that_it_does(
    text: str, zone: str, instead: str
) -> None:
    with pytest.raises(UsageError) as refused:
        wallclock.read(text, zone)
    assert f"in {zone} never shows {text[-5:]} on" in refused.value.what
    assert instead in refused.value.remedy
    assert wallclock.read(f"{text[:10]} {instead}", zone)


def test_a_day_that_a_zone_left_out_is_refused() -> None:
    # Samoa went from 29 to 31 December 2011 when it changed sides of the date line.
    with pytest.raises(UsageError, match="never shows 12:00 on 30 December 2011"):
        wallclock.read("2011-12-30 12:00", APIA)


@pytest.mark.parametrize(
    ("text", "zone", "first", "second"),
    [
        ("2026-10-25 01:00", LONDON, "2026-10-25 00:00", "2026-10-25 01:00"),
        ("2026-10-25 01:59", LONDON, "2026-10-25 00:59", "2026-10-25 01:59"),
        ("2026-04-05 01:45", LORD_HOWE, "2026-04-04 14:45", "2026-04-04 15:15"),
    ],
)
def test_a_time_that_the_clock_shows_twice_wants_to_know_which(
    text: str, zone: str, first: str, second: str
) -> None:
    with pytest.raises(UsageError, match="twice") as refused:
        wallclock.read(text, zone)
    assert "--fold first or --fold second" in refused.value.remedy
    assert wallclock.read(text, zone, turn="first") == utc(first)
    assert wallclock.read(text, zone, turn="second") == utc(second)


def test_both_turns_are_named_with_their_zone_and_in_utc() -> None:
    with pytest.raises(UsageError, match=r"first as BST \(00:30 UTC\), then as GMT \(01:30 UTC\)"):
        wallclock.read("2026-10-25 01:30", LONDON)


def test_which_turn_makes_no_difference_on_other_nights() -> None:
    assert wallclock.read("2026-12-01 09:00", LONDON, turn="second") == utc("2026-12-01 09:00")


@pytest.mark.parametrize(
    ("text", "zone", "turn", "says"),
    [
        ("tomorrow", LONDON, None, "not a day and a time"),
        ("2026-12-01", LONDON, None, "not a day and a time"),  # midnight, which nobody means
        ("2026-13-01 09:00", LONDON, None, "not a day and a time"),
        ("2026-12-01 09:00+01:00", LONDON, None, "names a time zone already"),
        ("2026-12-01 09:00", "London", None, "not a time zone"),
        ("2026-12-01 09:00", "../etc/passwd", None, "not a time zone"),
        ("2026-12-01 09:00", LONDON, "third", "neither first nor second"),
    ],
)
def test_what_is_no_time_is_refused(text: str, zone: str, turn: str | None, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        wallclock.read(text, zone, turn=turn)


@pytest.mark.parametrize(
    ("at", "zone", "says"),
    [
        ("2026-12-01 09:00", LONDON, "1 Dec 2026 09:00 GMT in Europe/London (09:00 UTC)"),
        ("2026-07-01 08:00", LONDON, "1 Jul 2026 09:00 BST in Europe/London (08:00 UTC)"),
        (
            "2026-10-03 15:30",
            LORD_HOWE,
            "4 Oct 2026 02:30 +11 in Australia/Lord_Howe (15:30 UTC, 3 October 2026)",
        ),
    ],
)
def test_a_moment_is_said_in_its_zone_and_in_utc(at: str, zone: str, says: str) -> None:
    assert wallclock.said(utc(at), zone) == says
