"""What every way out looks like, and what none of them may write to a wire."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import PulseMailerError, RouteRefused

#: Asked before the write that completes a mail; False drops the mail, certainly not handed over.
MayFinish = Callable[[Message], bool]

_ADDRESS = re.compile(r"[\x21-\x7e]{1,254}")


class Session(Protocol):
    """One line to the other side, signed in; not for two threads at once."""

    def exchange(
        self, messages: Iterable[Message], *, may_finish: MayFinish | None = None
    ) -> Iterator[Receipt]:
        """
        Hand over one message after the other, and give a Receipt for each, in order.

        A message is pulled when its turn comes, so whoever yields it marks it first. Every pulled message
        gets its Receipt before anything is raised, unless the process dies or is interrupted.

        Raises:
            ConnectionFailed: three connections in a row failed, and nobody was answered for meanwhile.
            SignInRefused, RouteRefused: the other side takes nothing from us, whoever the recipient.
        """
        ...


class Backend(Protocol):
    """
    One way of handing mail over, with all it needs to know; it keeps no connection itself.

    Attributes:
        window: how many messages may be in doubt on one session when it dies.
        relay: who is asked, as host:port, for people to read.
    """

    @property
    def window(self) -> int: ...

    @property
    def relay(self) -> str: ...

    def session(self) -> AbstractContextManager[Session]:
        """
        Connect and sign in.

        Raises:
            ConnectionFailed, SignInRefused, RouteRefused: no session; nothing was handed over.
        """
        ...

    def check(self) -> str:
        """
        Connect, sign in and say goodbye; the words that the other side greets with.

        Raises:
            ConnectionFailed, SignInRefused, RouteRefused: as `session()`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of one message, and what the caller must hear after its Receipt."""

    receipt: Receipt
    error: PulseMailerError | None = None


def settled_unseen(message: Message, relay: str) -> Settled | None:
    """What comes of a message that no wire may carry; None when it may be handed over."""
    if fault := address_fault(message.recipient):
        return Settled(Receipt(message, Outcome.FAILED, Stage.MARKED, relay, reply=fault))
    if fault := (message.sender and address_fault(message.sender)) or data_fault(message.data):
        return unfit(message, relay, fault)
    return None


def unfit(message: Message, relay: str, fault: str) -> Settled:
    """A fault that every message of the edition would have: stop, rather than fail them one by one."""
    error = RouteRefused(fault, remedy="Correct the edition or its sender.")
    error.again = False
    return Settled(Receipt(message, Outcome.RETURNED, Stage.MARKED, relay, reply=fault), error)


def address_fault(address: str) -> str:
    """
    Why an envelope address must not be written into a command; empty: it may.

    A line break or a space in it would be a command or parameter of a stranger's choice (RFC 5321 4.1.2).
    """
    if not address.isascii():
        return "The address holds letters outside ASCII, which this server was not asked to take."
    local, at, domain = address.rpartition("@")
    if not _ADDRESS.fullmatch(address) or not (at and local and domain) or "<" in address or ">" in address:
        return "The address is not one that can be written on an envelope."
    return ""


def data_fault(data: bytes) -> str:
    """
    Why a mail must not be written to a wire; empty: it may.

    Servers disagree about where a mail ends when line ends are bare (SMTP smuggling, CVE-2023-51764).
    """
    if not data.isascii() or b"\0" in data:
        return "The mail holds bytes that are not ASCII text."
    ends = data.count(b"\r\n")
    if data.count(b"\r") != ends or data.count(b"\n") != ends or not data.endswith(b"\r\n"):
        return "The mail holds a line that does not end in CRLF."
    return ""
