"""The commands that go before a mail, and which replies let it pass."""

from pulse_mailer.backends.replies import Reply
from pulse_mailer.backends.route import Timeouts
from pulse_mailer.domain.delivery import Stage
from pulse_mailer.domain.message import Message


def commands(message: Message, *, tell_size: bool) -> tuple[bytes, bytes, bytes]:
    """MAIL, RCPT and DATA for a mail, without their line ends; its addresses were found fit for it."""
    size = f" SIZE={message.size_bytes}" if tell_size else ""
    return (
        f"MAIL FROM:<{message.sender}>{size}".encode("ascii"),
        f"RCPT TO:<{message.recipient}>".encode("ascii"),
        b"DATA",
    )


def group(message: Message, *, tell_size: bool) -> bytes:
    """The same in one write; DATA is the last of it (RFC 2920 3.1)."""
    return b"\r\n".join((*commands(message, tell_size=tell_size), b""))


def steps(times: Timeouts) -> tuple[tuple[Stage, float], ...]:
    """The stages that the commands bring a mail to, and the seconds that each reply may take."""
    return (Stage.MAIL, times.mail), (Stage.RCPT, times.rcpt), (Stage.DATA, times.data)


def passes(stage: Stage, reply: Reply) -> bool:
    return reply.code // 100 == (3 if stage is Stage.DATA else 2)
