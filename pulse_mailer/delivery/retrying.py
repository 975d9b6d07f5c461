"""When somebody whose server said "later" is tried again, and when that ends."""

import datetime
import random

from pulse_mailer.domain.delivery import Fault, Outcome
from pulse_mailer.domain.message import Receipt

#: After the first try, the second, and so on; the last one is repeated. RFC 5321 4.5.4.1 asks for two tries in the
#: first hour and then every two or three hours; its four or five days are too long for a newsletter.
SCHEDULE = tuple(datetime.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240))
JITTER = 0.2  #: either way, so that those who were put off together do not come back together
POLICY_TRIES = 3  #: a mail that is refused for what it is will not be taken at the tenth try either
#: A recipient at whom the line breaks is tried at least so often, whatever the lifetime: it is no fault of theirs.
LINE_TRIES = 8
_AT_ONCE_TRIES = 2


def next_attempt(
    receipt: Receipt, number: int, ended_at: datetime.datetime, gives_up_at: datetime.datetime
) -> datetime.datetime | None:
    """
    From when on a delivery is tried again that was put off, or given back; None: not any more.

    Args:
        number: how many tries there were, this one included.
        gives_up_at: the end of the edition's lifetime.
    """
    if receipt.outcome is Outcome.RETURNED:
        if number <= _AT_ONCE_TRIES:
            return ended_at
        over = number >= LINE_TRIES and ended_at >= gives_up_at
        return None if over else ended_at + _pause(number - _AT_ONCE_TRIES)
    if receipt.fault is Fault.MESSAGE and number >= POLICY_TRIES:
        return None
    again = ended_at + _pause(number)
    return again if again < gives_up_at else None


def _pause(number: int) -> datetime.timedelta:
    scheduled = SCHEDULE[min(number, len(SCHEDULE)) - 1]
    return scheduled * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - nothing hangs on who guesses it
