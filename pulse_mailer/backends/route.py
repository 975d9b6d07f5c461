"""Where mail is handed over by SMTP, and how patient we are there."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Security = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True)
class SmtpRoute:
    """
    One mail server and how to sign in there.

    Attributes:
        security: none, starttls (refused when the server does not offer it) or tls from the first byte.
        username, password: no sign-in when the name is empty.
        ca_file: certificates to trust instead of the system's.
        messages_per_connection: after so many messages the line is closed and opened anew.
    """

    host: str
    port: int
    security: Security = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    messages_per_connection: int = 500

    @property
    def relay(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for each step: the minima of RFC 5321 4.5.3.2, and Postfix's where it has none."""

    connect: float = 30
    greeting: float = 300  #: also EHLO, STARTTLS and each step of the sign-in
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600  #: any less, and people get the mail twice
    reset: float = 20
    quit: float = 5
