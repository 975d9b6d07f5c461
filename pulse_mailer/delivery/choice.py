"""Which deliveries somebody chose, on the page, by a command's options or with a program's call; understood alike."""

import datetime
from dataclasses import dataclass

from sqlalchemy.orm import Session

from pulse_mailer.delivery import browsing
from pulse_mailer.delivery.asking import Asked, ask
from pulse_mailer.delivery.browsing import Days, Wanted
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.editions import reading as editions
from pulse_mailer.errors import UsageError
from pulse_mailer.keys import Keys


@dataclass(frozen=True, slots=True)
class Choice:
    """
    Attributes:
        typed: an address, a Message-ID, an edition or a server's words; see `ask()`.
        edition: as commands name one; empty: all.
        code: "550", or "550 5.1.1".
        since, until: the first and the last day on which they came to be as they are, in the zone of `Days`.
    """

    typed: str = ""
    edition: str = ""
    status: DeliveryStatus | None = None
    domain: str = ""
    code: str = ""
    since: datetime.date | None = None
    until: datetime.date | None = None


def chosen(database: Session, keys: Keys, choice: Choice) -> Asked:
    """
    What that leads to. Where only one edition can be asked and none is named, it is the latest.

    Raises:
        NotFound: there is no such edition.
        UsageError: the last day is before the first.
    """
    if choice.since and choice.until and choice.until < choice.since:
        raise UsageError(
            f"The last day, {choice.until}, is before the first, {choice.since}.",
            remedy="Name the earlier day first.",
        )
    edition = editions.edition(database, choice.edition) if choice.edition else None
    if edition is None and (choice.domain or choice.code):
        edition = browsing.latest(database)
    days = Days(choice.since, choice.until)
    return ask(
        database, keys, choice.typed, Wanted(edition, choice.status, choice.domain, choice.code, days=days)
    )


def day(text: str) -> datetime.date | None:
    """
    A day as it is written in a form; None for nothing.

    Raises:
        UsageError: it is no day.
    """
    if not text.strip():
        return None
    try:
        return datetime.date.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"{text!r} is not a day.", remedy="Write it so: 2026-04-01") from error
