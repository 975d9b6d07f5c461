"""Messages for the backends' tests."""

from pulse_mailer.domain.message import Message

DATA = b"Subject: April\r\n\r\nGood morning.\r\n"


def message(name: str, data: bytes = DATA) -> Message:
    """One whose sender and recipient both begin with that name."""
    return Message(1, f"{name}@sender.example", f"{name}@reader.example", f"{name}.1@sender.example", (data,))
