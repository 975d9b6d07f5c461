"""How times, durations and rates are said to people."""

import datetime

from pulse_mailer.domain.counting import counted

_MINUTE = 60
_HOUR = 3600
_DAY = 86400


def lasting(duration: datetime.timedelta) -> str:
    """A duration as one would say it: "40 s", "12 min", "2 h 30 min", "11 h", "3 days"."""
    seconds = duration.total_seconds()
    if seconds < 1.5 * _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < 1.5 * _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    if seconds < 5 * _HOUR:
        hours, minutes = divmod(round(seconds / _MINUTE / 10) * 10, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if seconds < 1.5 * _DAY:
        return f"{round(seconds / _HOUR)} h"
    days, hours = divmod(round(seconds / _HOUR), 24)
    if seconds > 4 * _DAY or not hours:
        return f"{round(seconds / _DAY)} days"
    return f"{counted(days, 'day')} {hours} h"


def moment(at: datetime.datetime, now: datetime.datetime, word: str) -> str:
    """
    A coming time in the zone of `now`, with the word before it where it belongs.

    "at 17:40", "tomorrow at 09:14", "on 24 November at 09:14".
    """
    local = at.astimezone(now.tzinfo)
    days = (local.date() - now.date()).days
    day = "" if days == 0 else "tomorrow " if days == 1 else f"on {local.day} {local:%B} "
    return f"{day}{word} {local:%H:%M}"


def pace(rate: float) -> str:
    """A rate in mails a second as one would say it: "14 a second", "30 a minute", "12 an hour"."""
    if rate >= 1:
        return f"{rate:,.0f} a second"
    if rate * _MINUTE >= 1:
        return f"{rate * _MINUTE:.0f} a minute"
    return f"{max(1, round(rate * _HOUR))} an hour"
