"""A time as a person says it: what the clock on the wall shows in a named time zone, summer time and all."""

import datetime
import zoneinfo
from collections.abc import Mapping

from pulse_mailer.errors import UsageError

#: Which of the two, where the clock shows a time twice.
TURNS: Mapping[str, int] = {"first": 0, "second": 1}


def read(text: str, zone: str, *, turn: str | None = None) -> datetime.datetime:
    """
    Give the moment, in UTC, when the clock in that zone shows such a time, written as 2026-12-01 09:00.

    In UTC, since Python holds a time that a zone's clock shows twice unequal to every other.

    Args:
        turn: first or second: which one, on the night when clocks are set back and show an hour twice.

    Raises:
        UsageError: it is no time, no zone is called so, the clock never shows it (the night when clocks are set
            forward), or shows it twice and nobody said which.
    """
    place = _zone(zone)
    if turn is not None and turn not in TURNS:
        raise UsageError(f"{turn!r} is neither first nor second.")
    try:
        shown = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        shown = None
    if shown is None or ":" not in text:  # a day alone would be midnight, which nobody means
        raise UsageError(f"{text!r} is not a day and a time.", remedy='Write it so: "2026-12-01 09:00"')
    if shown.tzinfo is not None:
        raise UsageError(
            f"{text!r} names a time zone already.", remedy="Leave it out, and name it by --zone."
        )
    first, second = (shown.replace(tzinfo=place, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(datetime.UTC)
    there = first.astimezone(datetime.UTC).astimezone(place)
    if there.replace(tzinfo=None) != shown:
        raise UsageError(
            f"The clock in {zone} never shows {shown:%H:%M} on {_day(shown)}: it is set forward over it.",
            remedy=f"Use {there:%H:%M}, which is when it would have been.",
        )
    if turn is None:
        raise UsageError(
            f"The clock in {zone} shows {shown:%H:%M} twice on {_day(shown)}: "
            f"first as {_named(first)}, then as {_named(second)}.",
            remedy="Say which: --fold first or --fold second",
        )
    return (first, second)[TURNS[turn]].astimezone(datetime.UTC)


def midnight(on: datetime.date, zone: str) -> datetime.datetime:
    """
    Give the moment, in UTC, when a day begins in that zone.

    Raises:
        UsageError: no zone is called so.
    """
    return datetime.datetime.combine(on, datetime.time(), _zone(zone)).astimezone(datetime.UTC)


def said(at: datetime.datetime, zone: str) -> str:
    """A moment for people, in a zone and in UTC: 1 Dec 2026 09:00 GMT in Europe/London (09:00 UTC)."""
    there, utc = at.astimezone(_zone(zone)), at.astimezone(datetime.UTC)
    other_day = f", {_day(utc)}" if utc.date() != there.date() else ""
    return f"{there.day} {there:%b %Y %H:%M %Z} in {zone} ({utc:%H:%M} UTC{other_day})"


def _zone(name: str) -> zoneinfo.ZoneInfo:
    if name not in zoneinfo.available_timezones():
        raise UsageError(f"{name!r} is not a time zone.", remedy="Use one such as Europe/London.")
    return zoneinfo.ZoneInfo(name)


def _named(at: datetime.datetime) -> str:
    return f"{at:%Z} ({at.astimezone(datetime.UTC):%H:%M} UTC)"


def _day(at: datetime.datetime) -> str:
    return f"{at.day} {at:%B %Y}"
