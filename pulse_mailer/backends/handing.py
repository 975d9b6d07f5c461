"""
Handing over by SMTP: one line, one mail at a time, each answer kept.

Doubt begins when the final dot has left, and ends with the answer to it; whatever happens before the dot is a
certain non-delivery. That is why the dot is a write of its own, in which only the commands for the next mail
may follow (RFC 2920 3.1): so they cost no round trip, and no doubt about that mail.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence

from pulse_mailer.backends import envelope
from pulse_mailer.backends.answers import answered, unanswered
from pulse_mailer.backends.base import MayFinish, Settled, settled_unseen, unfit
from pulse_mailer.backends.connecting import connect
from pulse_mailer.backends.pieces import wire_form
from pulse_mailer.backends.queue import Queue
from pulse_mailer.backends.replies import Reply, plain
from pulse_mailer.backends.route import Pipelining, SmtpRoute, Timeouts
from pulse_mailer.backends.verdicts import Then, judge
from pulse_mailer.backends.wire import Wire
from pulse_mailer.domain.delivery import Fault, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import ConnectionFailed, PulseMailerError

FAILURES_IN_A_ROW = 3
IDLE_SECONDS = 5.0  # after that a line may be dead without our knowing; RSET asks, before a message is risked
LATE_WORDS_SECONDS = 1.0


class SmtpSession:
    """Signed in, and again whenever the line breaks; see `backends.base.Session`."""

    def __init__(self, route: SmtpRoute, timeouts: Timeouts) -> None:
        self._route = route
        self._relay = route.relay
        self._timeouts = timeouts
        self._steps = envelope.steps(timeouts)
        self._wire: Wire | None = None
        self._size_limit: int | None = None
        self._pipelining: Pipelining = "off"
        self._wary = False  # the server opens a mail for nobody, so that its answers must be awaited
        self._handed = 0  # on this line
        self._failures = 0  # in a row, over all lines
        self._stage = Stage.MARKED  # how far the mail at hand came; a dot that left stands in the wire
        self._pieces: Sequence[bytes] = ()  # of the mail that is begun, or is next to be
        self._midway = False  # a mail is begun on this line and not yet answered for
        self._begun: Message | None = None  # the next mail, whose commands went out with the dot of the last
        self._open_mail = False  # the server still holds the sender of a mail that it refused
        self._used_at = 0.0

    def open(self) -> str:
        """Connect and sign in; the server's greeting. Raises as `Backend.session()`."""
        connected = connect(self._route, self._timeouts)
        self._wire = Wire(connected.line)
        self._size_limit = connected.size_limit
        self._pipelining = self._route.pipelining if connected.pipelining and not self._wary else "off"
        self._handed = 0
        self._open_mail = False
        self._used_at = time.monotonic()
        return connected.greeting

    def close(self) -> None:
        """Say goodbye where somebody listens."""
        if self._wire is not None:
            with contextlib.suppress(OSError):  # nothing is in hand, so a goodbye that fails costs nothing
                self._wire.ask(b"QUIT", self._timeouts.quit)
        self._drop()

    def exchange(
        self, messages: Iterable[Message], *, may_finish: MayFinish | None = None
    ) -> Iterator[Receipt]:
        queue = Queue(messages)
        try:
            while (message := queue.take()) is not None:
                settled = self._settle(message, queue, may_finish)
                yield settled.receipt
                if settled.error is not None:
                    if queue.ahead is not None:
                        yield self._given_back(queue.ahead, settled)
                    raise settled.error
        finally:
            if self._is_midway():  # left early, or interrupted: nothing else may follow on this line
                self._drop()

    def _settle(self, message: Message, queue: Queue, may_finish: MayFinish | None) -> Settled:
        if self._wire is not None and self._begun is message:
            return self._hand_over(self._wire, message, queue, may_finish)
        if (settled := self._unseen(message)) is not None:
            return settled
        try:
            wire = self._ready()
        except ConnectionFailed as error:
            return self._lost(message, Stage.MARKED, error.what)
        except PulseMailerError as error:
            fault = Fault.ROUTE if error.again else Fault.CONFIGURATION
            return Settled(unanswered(message, Stage.MARKED, error.what, self._relay, fault), error)
        if self._is_too_large(message):
            fault_words = f"The mail has {message.size_bytes} bytes; {self._relay} takes {self._size_limit}."
            return unfit(message, self._relay, fault_words)
        return self._hand_over(wire, message, queue, may_finish)

    def _unseen(self, message: Message) -> Settled | None:
        """What comes of a message that no wire may carry; of another the bytes to write are kept."""
        fault, self._pieces = wire_form(message)
        return settled_unseen(message, self._relay, fault)

    def _ready(self) -> Wire:
        """A line in order, which may be a new one. Raises as `Backend.session()`."""
        if self._is_midway():
            self._drop()
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
            accepted = wire.ask(b"RSET", self._timeouts.reset).accepted
        except OSError:
            return False
        self._open_mail = False
        return accepted

    def _hand_over(self, wire: Wire, message: Message, queue: Queue, may_finish: MayFinish | None) -> Settled:
        times = self._timeouts
        begun, self._begun = self._begun is message, None
        self._midway = True
        wire.dot_left = False
        try:
            refused = self._announce(wire, message, begun=begun)
            if refused is not None:
                return self._answered(message, *refused)
            self._stage = Stage.BODY
            wire.write(self._pieces, times.block)
            following = self._following(queue)
            if may_finish is not None and not may_finish(message):
                self._drop()
                words = "Given up before the final dot: somebody else may be at work on this delivery."
                return Settled(unanswered(message, Stage.BODY, words, self._relay, None))
            if wire.unread:
                return self._answered_early(wire, message)
            wire.finish(self._group(following) if following is not None else b"", times.block)
            if following is not None:
                self._begun = following
                self._handed += 1
            reply = wire.hear(times.dot)
        except OSError as error:
            return self._broke(wire, message, error)
        return self._answered(message, Stage.DOT, reply)

    def _announce(self, wire: Wire, message: Message, *, begun: bool) -> tuple[Stage, Reply] | None:
        """Bring a mail to the point where its body may follow; the reply that refused it, and to what."""
        self._stage = Stage.MAIL
        if not begun:
            self._handed += 1
        if self._pipelining != "off" or begun:
            if not begun:
                wire.write([self._group(message)], self._timeouts.mail)
            return self._hear_group(wire)
        commands = envelope.commands(message, tell_size=self._size_limit is not None)
        for (stage, seconds), command in zip(self._steps, commands, strict=True):
            self._stage = stage
            reply = wire.ask(command, seconds)
            if not envelope.passes(stage, reply):
                return stage, reply
        return None

    def _hear_group(self, wire: Wire) -> tuple[Stage, Reply] | None:
        """Hear all three replies; the first that refuses counts, whatever becomes of the line after it."""
        refused: tuple[Stage, Reply] | None = None
        for stage, seconds in self._steps:
            try:
                self._stage = self._stage if refused else stage
                reply = wire.hear(seconds)
            except OSError:
                if refused is None:
                    raise
                self._drop()
                return refused
            passed = envelope.passes(stage, reply)
            if passed and refused is not None and stage is Stage.DATA:
                # Now a dot would end an empty mail. No recipient was accepted for it, but that is for the server
                # to remember; a line that closes is something that every server understands.
                self._wary = True
                self._drop()
            elif not passed and refused is None:
                refused = stage, reply
            if reply.code == 421:
                self._drop()
                break
        return refused

    def _following(self, queue: Queue) -> Message | None:
        """The next mail, where its commands may go out with the final dot of this one."""
        if self._pipelining != "chained" or self._handed >= self._route.messages_per_connection:
            return None
        message = queue.pull_ahead()
        if message is None or self._unseen(message) or self._is_too_large(message):
            return None
        return message

    def _group(self, message: Message) -> bytes:
        return envelope.group(message, tell_size=self._size_limit is not None)

    def _is_too_large(self, message: Message) -> bool:
        return bool(self._size_limit) and message.size_bytes > (self._size_limit or 0)

    def _is_midway(self) -> bool:
        return self._midway or self._begun is not None

    def _answered_early(self, wire: Wire, message: Message) -> Settled:
        """The server spoke before it had the whole mail: it may refuse it so, and cannot have taken it."""
        settled = self._answered(message, Stage.BODY, wire.hear(LATE_WORDS_SECONDS))
        self._drop()
        return settled

    def _answered(self, message: Message, stage: Stage, reply: Reply) -> Settled:
        """What the server's reply means for the message and for the line."""
        self._used_at = time.monotonic()
        self._midway = False
        self._open_mail = stage is not Stage.DOT
        verdict = judge(stage, reply)
        settled = answered(message, stage, reply, verdict, self._relay)
        if verdict.then is Then.RECONNECT:
            return self._failed_line(settled.receipt, reply.words)
        if verdict.then is Then.GO_ON:
            self._failures = 0
        return settled

    def _broke(self, wire: Wire, message: Message, error: OSError) -> Settled:
        """The line broke; a server that hung up may have said why, before the dot as a reply to us."""
        stage = Stage.DOT if wire.dot_left else self._stage
        if stage is not Stage.DOT and isinstance(error, BrokenPipeError | ConnectionResetError):
            with contextlib.suppress(OSError):  # nothing more to hear: the break itself is the answer
                settled = self._answered(message, stage, wire.hear(LATE_WORDS_SECONDS))
                self._drop()
                return settled
        if isinstance(error, TimeoutError | BlockingIOError):
            return self._lost(message, stage, "No answer came in time.")
        return self._lost(message, stage, f"The connection broke: {plain(error.strerror or str(error))}")

    def _lost(self, message: Message, stage: Stage, words: str) -> Settled:
        return self._failed_line(unanswered(message, stage, words, self._relay, Fault.ROUTE), words)

    def _failed_line(self, receipt: Receipt, words: str) -> Settled:
        self._drop()
        self._failures += 1
        if self._failures < FAILURES_IN_A_ROW:
            return Settled(receipt)
        what = (
            f"{self._failures} connections to {self._relay} in a row failed. The last: {words.rstrip('.')}."
        )
        return Settled(
            receipt, ConnectionFailed(what, remedy="Check that the server runs, and try again later.")
        )

    def _given_back(self, message: Message, settled: Settled) -> Receipt:
        """For a mail that was pulled, when the one before it ended the session; its dot has not left."""
        stage = Stage.MAIL if self._begun is message else Stage.MARKED
        self._drop()
        words = "Given back before its final dot, since the mail before it ended the session."
        return unanswered(message, stage, words, self._relay, settled.receipt.fault)

    def _drop(self) -> None:
        self._midway = False
        self._begun = None
        if self._wire is not None:
            self._wire.close()
            self._wire = None
