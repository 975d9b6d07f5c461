"""The mail that the peers send: the parts of a real edition, as a program has them before it makes a mail of them."""

import email.policy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from pulse_mailer.clock import now


@dataclass(frozen=True, slots=True)
class Letter:
    """
    An edition whose fields [[token]] and [[address]] are open.

    Attributes:
        headers: those that every reader's mail has alike.
    """

    subject: str
    html: str
    text: str
    headers: dict[str, str]

    @classmethod
    def read(cls, file: Path) -> "Letter":
        return cls(**json.loads(file.read_text()))

    def to(self, number: int) -> tuple[str, dict[str, str], str, str]:
        """One reader's address, own headers, text and HTML."""
        address, token = f"reader-{number}@example.org", f"1{number:016x}abcdefghijklmnopqrstuvwxyz"
        own = {
            "Date": format_datetime(now()),
            "Message-ID": f"<peer.{number}@example.org>",
            "List-Unsubscribe": f"<http://127.0.0.1:8025/u/{token}>",
        }
        text, html = (
            part.replace("[[token]]", token).replace("[[address]]", address)
            for part in (self.text, self.html)
        )
        return address, self.headers | own, text, html


def messages(letter: Letter, count: int) -> Iterator[EmailMessage]:
    """The standard library's way to make one mail for each reader."""
    for number in range(1, count + 1):
        address, headers, text, html = letter.to(number)
        message = EmailMessage(policy=email.policy.SMTP)
        message["To"] = address
        message["Subject"] = letter.subject
        for name, value in headers.items():
            message[name] = value
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        yield message
