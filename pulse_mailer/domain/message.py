"""Message: one finished mail, the argument of every backend; Receipt: what the other side answered."""

from dataclasses import dataclass, field

from pulse_mailer.domain.delivery import Fault, Outcome, Stage


@dataclass(frozen=True, slots=True)
class Message:
    """
    Attributes:
        delivery_id: the ledger's row that it stands for; 0 for mail outside the ledger.
        sender: the envelope sender (MAIL FROM), which bounces go to.
        recipient: the envelope recipient.
        pieces: headers and body, CRLF line ends, no line over 998 octets, all ASCII, not dot-stuffed, ending in
            CRLF. Where they are several, those that many mails share and those of its own stand by turns, so that
            what is shared need be looked at only once, and copied by nobody but the wire.
    """

    delivery_id: int
    sender: str
    recipient: str
    message_id: str
    pieces: tuple[bytes, ...] = field(repr=False)

    @property
    def data(self) -> bytes:
        """All of it; joined anew each time."""
        return b"".join(self.pieces)

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self.pieces))


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    What came of handing over one message.

    Attributes:
        stage: how far it came.
        code, enhanced_code, reply: the other side's words; code is None when it said nothing.
        fault: whose fault it is that it was not taken; None when it was, or nobody knows.
        provider_id: the other side's own name for the mail, where it gives one.
    """

    message: Message
    outcome: Outcome
    stage: Stage
    relay: str
    code: int | None = None
    enhanced_code: str = ""
    reply: str = ""
    fault: Fault | None = None
    provider_id: str = ""
