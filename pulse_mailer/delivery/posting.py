"""
Mail outside the ledger, handed over at once while a person waits: by the first way out that takes it.

It keeps to the limits of the ways out and leaves alone those that rest, but it stands in no count of an edition.
"""

import datetime
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pulse_mailer.backends.base import Backend
from pulse_mailer.delivery import routes
from pulse_mailer.delivery.dispatch import Way
from pulse_mailer.delivery.limits import UNLIMITED
from pulse_mailer.delivery.pacing import Pace
from pulse_mailer.delivery.saying import lasting
from pulse_mailer.domain.delivery import Outcome
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import BackendError

#: So long a person waits for limits, over all the mails of one call.
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Posted:
    """
    What came of one mail.

    Attributes:
        words: the server's, or why none was asked.
    """

    is_sent: bool
    words: str


@dataclass(slots=True)
class _Round:
    """One way out's turn with what is left."""

    pace: Pace
    patience_seconds: float
    pulled: int = 0
    words: str = ""
    answered: dict[int, Receipt] = field(default_factory=dict)


def post(
    way: Way, messages: Sequence[Message], *, patience_seconds: float = PATIENCE_SECONDS
) -> list[Posted]:
    """
    Hand mails over, each with a Message-ID of its own and once; gives what came of each, in their order.

    A server that refuses a recipient or a mail has the last word. Where one takes nothing from us the next is asked.

    Raises:
        DatabaseError: limits and rests cannot be read; what was not handed over by then is not.
    """
    found: dict[int, Posted] = {}
    last = "There is no way out."
    for backend in way.backends:
        left = {number: message for number, message in enumerate(messages) if number not in found}
        if not left:
            break
        if words := _rests(way, backend):
            last = words
            continue
        turn = _Round(
            Pace(way.database, backend.name, way.limits.get(backend.name, UNLIMITED)), patience_seconds
        )
        last = _turn(backend, left, turn) or last
        found |= {
            number: Posted(receipt.outcome is Outcome.SENT, said(receipt))
            for number, receipt in turn.answered.items()
            if receipt.outcome is not Outcome.RETURNED
        }
    return [found.get(number, Posted(is_sent=False, words=last)) for number in range(len(messages))]


def said(receipt: Receipt) -> str:
    """Who answered, and with which words."""
    parts = (receipt.code, receipt.enhanced_code, receipt.reply)
    words = " ".join(str(part) for part in parts if part) or "no answer; it may have gone"
    return f"{receipt.relay}: {words}"


def _turn(backend: Backend, left: dict[int, Message], turn: _Round) -> str:
    """Offer what is left to one way out; gives why it did not take all, or nothing."""
    numbers = {message.message_id: number for number, message in left.items()}
    words = ""
    try:
        with backend.session() as session:
            for receipt in session.exchange(_permitted(left.values(), turn)):
                turn.answered[numbers[receipt.message.message_id]] = receipt
                if receipt.outcome is Outcome.RETURNED:
                    words = said(receipt)
    except BackendError as error:
        words = words or f"{backend.relay}: {error}"
    kept = sum(receipt.outcome is not Outcome.RETURNED for receipt in turn.answered.values())
    turn.pace.give_back(turn.pulled - kept)
    return turn.words or words


def _permitted(messages: Iterable[Message], turn: _Round) -> Iterator[Message]:
    """Those that the limits let go while somebody waits."""
    for message in messages:
        while not (grant := turn.pace.take(1)).count:
            turn.patience_seconds -= grant.wait_seconds
            if turn.patience_seconds < 0:
                wait = lasting(datetime.timedelta(seconds=grant.wait_seconds))
                turn.words = f"The limits let no more go for {wait}."
                return
            time.sleep(grant.wait_seconds)
        turn.pulled += 1
        yield message


def _rests(way: Way, backend: Backend) -> str:
    """Why a way out is left alone at the moment; empty: it is not."""
    with way.database.reading() as database:
        found = routes.resting(database, [backend.name]).get(backend.name)
    if found is None:
        return ""
    until, why = found
    return (
        f"{backend.name} rests until {until:%H:%M} UTC: {why} "
        f"End that by hand: pulse-mailer backend wake {backend.name}"
    )
