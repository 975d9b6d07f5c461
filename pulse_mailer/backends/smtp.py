"""
Mail handed over by SMTP (RFC 5321): one line, one message at a time, each answer kept.

Doubt begins when the final dot has left, and ends with the answer to it; whatever happens before the dot is a
certain non-delivery. That is why the dot is a write of its own.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from pulse_mailer.backends.base import MayFinish, Settled, settled_unseen, unfit
from pulse_mailer.backends.connecting import connect
from pulse_mailer.backends.replies import Reply, Then, judge, plain
from pulse_mailer.backends.route import SmtpRoute, Timeouts
from pulse_mailer.backends.wire import Wire
from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import ConnectionFailed, PulseMailerError, RouteRefused, SignInRefused

__all__ = ["SmtpBackend", "SmtpRoute", "SmtpSession", "Timeouts"]

FAILURES_IN_A_ROW = 3
IDLE_SECONDS = 5.0  # after that a line may be dead without our knowing; RSET asks, before a message is risked
LATE_WORDS_SECONDS = 1.0
CHECK_SECONDS = 30.0  # somebody sits and waits


@dataclass(frozen=True, slots=True)
class SmtpBackend:
    route: SmtpRoute
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def window(self) -> int:
        return 1

    @property
    def relay(self) -> str:
        return self.route.relay

    @contextlib.contextmanager
    def session(self) -> Iterator["SmtpSession"]:
        session = SmtpSession(self.route, self.timeouts)
        session.open()
        try:
            yield session
        finally:
            session.close()

    def check(self) -> str:
        patience = replace(self.timeouts, greeting=min(self.timeouts.greeting, CHECK_SECONDS))
        session = SmtpSession(self.route, patience)
        greeting = session.open()
        session.close()
        return greeting


class SmtpSession:
    """Signed in, and again whenever the line breaks; see `backends.base.Session`."""

    def __init__(self, route: SmtpRoute, timeouts: Timeouts) -> None:
        self._route = route
        self._timeouts = timeouts
        self._wire: Wire | None = None
        self._size_limit: int | None = None
        self._handed = 0  # on this line
        self._failures = 0  # in a row, over all lines
        self._open_mail = False  # the server still holds the sender of a mail that it refused
        self._used_at = 0.0

    def open(self) -> str:
        """Connect and sign in; the server's greeting. Raises as `Backend.session()`."""
        connected = connect(self._route, self._timeouts)
        self._wire = Wire(connected.line)
        self._size_limit = connected.size_limit
        self._handed = 0
        self._open_mail = False
        self._used_at = time.monotonic()
        return connected.greeting

    def close(self) -> None:
        """Say goodbye where somebody listens."""
        if self._wire is not None:
            with contextlib.suppress(OSError):  # nothing is in hand, so a goodbye that fails costs nothing
                self._wire.ask("QUIT", self._timeouts.quit)
        self._drop()

    def exchange(
        self, messages: Iterable[Message], *, may_finish: MayFinish | None = None
    ) -> Iterator[Receipt]:
        for message in messages:
            settled = self._settle(message, may_finish)
            yield settled.receipt
            if settled.error is not None:
                raise settled.error

    def _settle(self, message: Message, may_finish: MayFinish | None) -> Settled:
        if (settled := settled_unseen(message, self._route.relay)) is not None:
            return settled
        try:
            wire = self._ready()
        except ConnectionFailed as error:
            return self._lost(message, Stage.MARKED, error.what)
        except PulseMailerError as error:
            return Settled(self._receipt(message, Outcome.RETURNED, Stage.MARKED, error.what), error)
        if self._size_limit and len(message.data) > self._size_limit:
            fault = f"The mail has {len(message.data)} bytes; {self._route.relay} takes {self._size_limit}."
            return unfit(message, self._route.relay, fault)
        return self._hand_over(wire, message, may_finish)

    def _ready(self) -> Wire:
        """A line in order, which may be a new one. Raises as `Backend.session()`."""
        if self._handed >= self._route.messages_per_connection:
            self.close()
        idle = time.monotonic() - self._used_at > IDLE_SECONDS
        if self._wire is not None and (self._open_mail or idle) and not self._reset(self._wire):
            self._drop()
        if self._wire is None:
            self.open()
        assert self._wire is not None
        return self._wire

    def _reset(self, wire: Wire) -> bool:
        """Whether the server is there and has forgotten the mail it refused."""
        try:
            accepted = wire.ask("RSET", self._timeouts.reset).accepted
        except OSError:
            return False
        self._open_mail = False
        return accepted

    def _hand_over(self, wire: Wire, message: Message, may_finish: MayFinish | None) -> Settled:
        times = self._timeouts
        stage = Stage.MAIL
        self._handed += 1
        try:
            for stage, command, seconds in (
                (Stage.MAIL, self._mail_command(message), times.mail),
                (Stage.RCPT, f"RCPT TO:<{message.recipient}>", times.rcpt),
                (Stage.DATA, "DATA", times.data),
            ):
                reply = wire.ask(command, seconds)
                if not (reply.code // 100 == 3 if stage is Stage.DATA else reply.accepted):
                    return self._answered(message, stage, reply)
            stage = Stage.BODY
            wire.write_body(message.data, times.block)
            if may_finish is not None and not may_finish(message):
                self._drop()
                words = "Given up before the final dot: somebody else may be at work on this delivery."
                return Settled(self._receipt(message, Outcome.RETURNED, stage, words))
            wire.finish(times.block)
            stage = Stage.DOT
            reply = wire.hear(times.dot)
        except OSError as error:
            return self._broke(wire, message, stage, error)
        except BaseException:
            self._drop()  # half a mail is on the line: nothing else may follow on it
            raise
        return self._answered(message, stage, reply)

    def _mail_command(self, message: Message) -> str:
        size = "" if self._size_limit is None else f" SIZE={len(message.data)}"
        return f"MAIL FROM:<{message.sender}>{size}"

    def _answered(self, message: Message, stage: Stage, reply: Reply) -> Settled:
        """What the server's reply means for the message and for the line."""
        self._used_at = time.monotonic()
        self._open_mail = stage is not Stage.DOT
        verdict = judge(stage, reply)
        receipt = Receipt(
            message, verdict.outcome, stage, self._route.relay, reply.code, reply.enhanced_code, reply.text
        )
        if verdict.then is Then.RECONNECT:
            return self._failed_line(receipt, reply.words)
        if verdict.then is Then.ROUTE_REFUSED:
            return Settled(receipt, _refused_route(receipt, reply))
        if verdict.then is Then.SIGN_IN_REFUSED:
            what = f"{self._route.relay} wants another sign-in from us: “{reply.words}”."
            return Settled(receipt, SignInRefused(what, remedy="Check user name, password and security."))
        self._failures = 0
        return Settled(receipt)

    def _broke(self, wire: Wire, message: Message, stage: Stage, error: OSError) -> Settled:
        """The line broke; a server that hung up may have said why, before the dot as a reply to us."""
        if stage is not Stage.DOT and isinstance(error, BrokenPipeError | ConnectionResetError):
            with contextlib.suppress(OSError):  # nothing more to hear: the break itself is the answer
                settled = self._answered(message, stage, wire.hear(LATE_WORDS_SECONDS))
                self._drop()
                return settled
        if isinstance(error, TimeoutError):
            return self._lost(message, stage, "No answer came in time.")
        return self._lost(message, stage, f"The connection broke: {plain(error.strerror or str(error))}")

    def _lost(self, message: Message, stage: Stage, words: str) -> Settled:
        outcome = Outcome.UNCERTAIN if stage is Stage.DOT else Outcome.RETURNED
        return self._failed_line(self._receipt(message, outcome, stage, words), words)

    def _failed_line(self, receipt: Receipt, words: str) -> Settled:
        self._drop()
        self._failures += 1
        if self._failures < FAILURES_IN_A_ROW:
            return Settled(receipt)
        what = f"{self._failures} connections to {self._route.relay} in a row failed. The last: {words.rstrip('.')}."
        return Settled(
            receipt, ConnectionFailed(what, remedy="Check that the server runs, and try again later.")
        )

    def _receipt(self, message: Message, outcome: Outcome, stage: Stage, words: str) -> Receipt:
        return Receipt(message, outcome, stage, self._route.relay, reply=plain(words))

    def _drop(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None


def _refused_route(receipt: Receipt, reply: Reply) -> RouteRefused:
    if reply.code // 100 == 4:
        return RouteRefused(
            f"{receipt.relay} takes nothing at the moment: “{reply.words}”.", remedy="Try again later."
        )
    error = RouteRefused(
        f"{receipt.relay} refuses the sender {receipt.message.sender}: “{reply.words}”.",
        remedy="Check the newsletter's sender and what the server allows it.",
    )
    error.again = False
    return error
