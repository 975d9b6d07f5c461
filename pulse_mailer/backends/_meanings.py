"""What a provider's answer means, in our words; each provider's own dialect stands in its module."""

import datetime
import email.utils
import enum
from collections.abc import Mapping
from dataclasses import dataclass

from pulse_mailer.backends._http import Answer
from pulse_mailer.clock import now
from pulse_mailer.domain.delivery import Fault, Outcome, Stage

LONGEST_WAIT_SECONDS = 86_400.0


class Then(enum.Enum):
    """What follows for the session."""

    GO_ON = enum.auto()
    LINE_FAILED = enum.auto()  #: three in a row, and the session ends
    THROTTLED = enum.auto()
    SIGN_IN_REFUSED = enum.auto()
    REFUSED = enum.auto()  #: only a person can mend it


@dataclass(frozen=True, slots=True)
class Meaning:
    outcome: Outcome
    fault: Fault | None = None
    then: Then = Then.GO_ON

    @property
    def stage(self) -> Stage:
        """Answers that refuse stand before the point of no return; the rest behind it."""
        return Stage.DOT if self.outcome in (Outcome.SENT, Outcome.UNCERTAIN) else Stage.DATA


TAKEN = Meaning(Outcome.SENT)
RECIPIENT = Meaning(Outcome.FAILED, Fault.RECIPIENT)
MESSAGE = Meaning(Outcome.DEFERRED, Fault.MESSAGE)
THROTTLED = Meaning(Outcome.RETURNED, Fault.ROUTE, Then.THROTTLED)
BUSY = Meaning(Outcome.RETURNED, Fault.ROUTE, Then.LINE_FAILED)
SIGN_IN = Meaning(Outcome.RETURNED, Fault.CONFIGURATION, Then.SIGN_IN_REFUSED)
REFUSED = Meaning(Outcome.RETURNED, Fault.CONFIGURATION, Then.REFUSED)
UNCERTAIN = Meaning(Outcome.UNCERTAIN, None, Then.LINE_FAILED)

#: Whole answers that certainly took nothing. Any other 4xx and any redirect is a mistake in our settings.
STATUSES: dict[int, Meaning] = {
    400: MESSAGE,
    401: SIGN_IN,
    403: SIGN_IN,
    408: BUSY,
    413: MESSAGE,
    422: MESSAGE,
    429: THROTTLED,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What one mail was told; `provider_id`: the provider's own name for it."""

    meaning: Meaning
    words: str = ""
    provider_id: str = ""


def by_status(answer: Answer, *, throttles_by_503: bool = False) -> Meaning:
    """
    What an answer means whose body says nothing that we know.

    A success that is not the one documented may come from somebody in between: it is uncertain, and so is 5xx,
    which may come after the mail was taken; save a 503 that asks to wait, where the provider documents it.
    """
    if answer.status in STATUSES:
        return STATUSES[answer.status]
    if answer.status == 503 and throttles_by_503 and "Retry-After" in answer.headers:
        return THROTTLED
    return REFUSED if 300 <= answer.status <= 499 else UNCERTAIN


def wait_seconds(headers: Mapping[str, str]) -> float | None:
    """
    How long the other side wants to be left alone; None when it does not say.

    Retry-After holds seconds or a date (RFC 9110 10.2.3), ratelimit-reset seconds, X-RateLimit-Reset seconds or a
    moment in seconds or milliseconds since 1970.
    """
    for name in ("Retry-After", "ratelimit-reset", "X-RateLimit-Reset"):
        if (found := _seconds(headers.get(name, ""))) is not None:
            return min(max(found, 0.0), LONGEST_WAIT_SECONDS)
    return None


def _seconds(value: str) -> float | None:
    moment = now()
    try:
        number = float(value)
    except ValueError:
        try:
            date = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        return (date.replace(tzinfo=date.tzinfo or datetime.UTC) - moment).total_seconds()
    if not 0 <= number < 1e15:  # not a number, or none that a clock could give
        return None
    if number > 1e11:
        number /= 1000
    return number - moment.timestamp() if number > 1e9 else number
