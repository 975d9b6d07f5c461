"""What every way out looks like, and what none of them may write to a wire."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, Self

from pulse_mailer.backends.pieces import wire_form
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import PulseMailerError, RouteRefused
from pulse_mailer.settings import Settings

#: Asked before the write that completes a mail; False drops the mail, certainly not handed over.
MayFinish = Callable[[Message], bool]

# ASCII without spaces, control characters and angle brackets.
_ADDRESS = re.compile(r"(?=.{3,254}\Z)[!-;=?-~]+@[!-;=?A-~]+").fullmatch


class Session(Protocol):
    """One line to the other side, signed in; not for two threads at once."""

    def exchange(
        self, messages: Iterable[Message], *, may_finish: MayFinish | None = None
    ) -> Iterator[Receipt]:
        """
        Hand over one message after the other, and give a Receipt for each, in order.

        A message is pulled when its turn comes, so whoever yields it marks it first; at most `window` are pulled
        and not yet answered for. Every pulled message gets its Receipt before anything is raised, unless the
        process dies or is interrupted. When `messages` ends, what was pulled is finished.

        Raises:
            ConnectionFailed: three connections in a row failed, and nobody was answered for meanwhile.
            Throttled: the other side wants less from us; may say for how long.
            SignInRefused, RouteRefused: the other side takes nothing from us, whoever the recipient;
                `again` says whether waiting can help.
            CannotCarry: no mail of this edition can go this way.
        """
        ...


class Backend(Protocol):
    """
    One way of handing mail over, with all it needs to know; it keeps no connection itself.

    Attributes:
        name: its name in the registry; limits, rests and the order of preference go by it.
        window: how many messages may be in doubt on one session when it dies.
        relay: who is asked, as host:port, for people to read.
        carries_one_click: whether a mail's own List-Unsubscribe and List-Unsubscribe-Post reach the recipient as
            they are (RFC 8058). Where it is false or missing, list mail is refused with CannotCarry.
    """

    @property
    def name(self) -> str: ...

    @property
    def carries_one_click(self) -> bool: ...

    @property
    def window(self) -> int: ...

    @property
    def relay(self) -> str: ...

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        """
        Make it from the settings; connects to nothing.

        Raises:
            BadSetting: a setting that it needs is missing; names it.
        """
        ...

    def session(self) -> AbstractContextManager[Session]:
        """
        Connect and sign in.

        Raises:
            ConnectionFailed, SignInRefused, RouteRefused, Throttled: no session; nothing was handed over.
        """
        ...

    def check(self) -> str:
        """
        Connect, sign in and say goodbye; the words that the other side greets with.

        Raises:
            ConnectionFailed, SignInRefused, RouteRefused, Throttled: as `session()`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of one message, and what the caller must hear after its Receipt."""

    receipt: Receipt
    error: PulseMailerError | None = None


def settled_unseen(message: Message, relay: str, data_fault: str | None = None) -> Settled | None:
    """
    What comes of a message that no wire may carry; None when it may be handed over.

    Args:
        data_fault: what `wire_form()` said of its bytes, where it was asked already.
    """
    if fault := address_fault(message.recipient):
        return Settled(
            Receipt(message, Outcome.FAILED, Stage.MARKED, relay, reply=fault, fault=Fault.RECIPIENT)
        )
    if data_fault is None:
        data_fault = wire_form(message).fault
    if fault := (message.sender and address_fault(message.sender)) or data_fault:
        return unfit(message, relay, fault)
    return None


def unfit(message: Message, relay: str, fault: str) -> Settled:
    """A fault that every message of the edition would have: stop, rather than fail them one by one."""
    error = RouteRefused(fault, remedy="Correct the edition or its sender.")
    error.again = False
    receipt = Receipt(message, Outcome.RETURNED, Stage.MARKED, relay, reply=fault, fault=Fault.CONFIGURATION)
    return Settled(receipt, error)


def address_fault(address: str) -> str:
    """
    Why an envelope address must not be written into a command; empty: it may.

    A line break or a space in it would be a command or parameter of a stranger's choice (RFC 5321 4.1.2).
    """
    if not address.isascii():
        return "The address holds letters outside ASCII, which this server was not asked to take."
    if not _ADDRESS(address):
        return "The address is not one that can be written on an envelope."
    return ""
