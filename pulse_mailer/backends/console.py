"""Mail shown instead of sent, a few lines each: to see what would go to whom."""

import contextlib
import email
import email.policy
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import ClassVar, Self, TextIO

from pulse_mailer.backends._local import LocalSession
from pulse_mailer.backends.replies import plain
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import ConnectionFailed
from pulse_mailer.settings import Settings

SHOWN_LINES = 6
_COLUMNS = 100


@dataclass(frozen=True)
class ConsoleBackend:
    """`stream`: where it writes."""

    name: ClassVar[str] = "console"
    carries_one_click: ClassVar[bool] = True

    stream: TextIO = field(default_factory=lambda: sys.stdout)

    @classmethod
    def configured(cls, _settings: Settings) -> Self:
        return cls()

    @property
    def window(self) -> int:
        return 1

    @property
    def relay(self) -> str:
        return "console:0"

    @contextlib.contextmanager
    def session(self) -> Iterator[LocalSession]:
        self.check()
        yield LocalSession(self.relay, self.show)

    def check(self) -> str:
        if self.stream.closed:
            raise ConnectionFailed("The console is closed, so no mail can be shown.", remedy="Start it anew.")
        return "The console is at your service; nobody gets mail"

    def show(self, message: Message) -> str:
        """
        Write a mail's summary, in one write, since several sessions may share the stream.

        Raises:
            OSError: nobody reads the stream any more.
        """
        encoding = self.stream.encoding or "utf-8"
        self.stream.write(summary(message).encode(encoding, "replace").decode(encoding))
        self.stream.flush()
        return "Shown, and sent to nobody"


def summary(message: Message) -> str:
    """Who, to whom, what and how one gets out, with the first lines of the text; safe for a terminal."""
    mail = email.message_from_bytes(message.data, policy=email.policy.default)
    text = mail.get_body(("plain",))
    content = str(text.get_content()) if isinstance(text, EmailMessage) else ""
    lines = [line for line in map(plain, content.splitlines()) if line]
    shown = {
        "To": message.recipient,
        "From": str(mail.get("From", message.sender)),
        "Subject": str(mail.get("Subject", "")),
        "Message-ID": f"<{message.message_id}>",
        "Way out": str(mail.get("List-Unsubscribe", "")),
        "Size": f"{message.size_bytes:,} bytes",
    }
    heads = [f"{name + ':':<11} {plain(value)}" for name, value in shown.items() if value]
    more = ["   …"] if len(lines) > SHOWN_LINES else []
    body = [f"   {line[:_COLUMNS]}" for line in lines[:SHOWN_LINES]]
    return "\n".join(["─" * 40, *heads, *body, *more, ""])
