"""Handing mail to the faulty server, and whether its mailbox and our receipts tell the same story."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pulse_mailer.backends.base import MayFinish
from pulse_mailer.backends.route import Pipelining
from pulse_mailer.backends.smtp import SmtpBackend, SmtpRoute, Timeouts
from pulse_mailer.domain.delivery import Outcome
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import BackendError
from tests.contract.faulty import FaultyServer
from tests.contract.messages import DATA

MODES: tuple[Pipelining, ...] = ("off", "pipelined", "chained")
IMPATIENT = Timeouts(
    connect=5, greeting=2, mail=0.2, rcpt=0.2, data=0.2, block=0.5, dot=0.2, reset=0.2, quit=0.2
)
LARGE = DATA + b"x" * 76 * 100_000 + b"\r\n"  # more than the kernel's buffers hold


def backend(
    server: FaultyServer,
    mode: Pipelining = "chained",
    timeouts: Timeouts | None = None,
    per_connection: int = 500,
) -> SmtpBackend:
    route = SmtpRoute("127.0.0.1", server.port, pipelining=mode, messages_per_connection=per_connection)
    return SmtpBackend(route, timeouts or Timeouts(connect=5, greeting=5))


@dataclass
class Exchange:
    """
    Attributes:
        pulled: what the session asked for, in order.
        unanswered: at each pull, how many were pulled by then and had no receipt.
        error: what was raised after the last receipt.
    """

    pulled: list[Message] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    unanswered: list[int] = field(default_factory=list)
    error: BackendError | None = None

    @property
    def outcomes(self) -> list[Outcome]:
        return [receipt.outcome for receipt in self.receipts]

    def watched(self, messages: Iterable[Message]) -> Iterator[Message]:
        for message in messages:
            self.pulled.append(message)
            self.unanswered.append(len(self.pulled) - len(self.receipts))
            yield message

    def run(
        self, way_out: SmtpBackend, messages: Iterable[Message], may_finish: MayFinish | None = None
    ) -> None:
        with way_out.session() as session:
            try:
                for receipt in session.exchange(self.watched(messages), may_finish=may_finish):
                    self.receipts.append(receipt)
            except BackendError as error:
                self.error = error


def exchanged(
    server: FaultyServer,
    way_out: SmtpBackend,
    *messages: Message,
    may_finish: MayFinish | None = None,
) -> Exchange:
    """Hand them over, and find nobody lost, nobody twice, and no more in doubt than was said."""
    exchange = Exchange()
    exchange.run(way_out, messages, may_finish)
    assert [receipt.message for receipt in exchange.receipts] == exchange.pulled
    assert max(exchange.unanswered) <= way_out.window
    server.stop()  # by then it has read whatever it will read
    agree(server, exchange.receipts)
    return exchange


def agree(server: FaultyServer, receipts: list[Receipt]) -> None:
    """Nothing is kept twice, nothing that is not sent or uncertain, all that is sent, and each byte as it was."""
    kept = Counter(recipient for _, recipient, _ in server.kept)
    outcomes = {receipt.message.recipient: receipt.outcome for receipt in receipts}
    assert set(kept.values()) <= {1}
    assert {outcomes[recipient] for recipient in kept} <= {Outcome.SENT, Outcome.UNCERTAIN}
    assert {recipient for recipient, outcome in outcomes.items() if outcome is Outcome.SENT} <= set(kept)
    sent = {(message.sender, message.recipient, message.data) for message in (r.message for r in receipts)}
    assert set(server.kept) <= sent
