"""Where mail is handed over by SMTP, and how patient we are there."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # only for those who sign in by them: they bring all of requests in
    from pulse_mailer.backends._tokens import Tokens

Security = Literal["none", "starttls", "tls"]
Auth = Literal["auto", "plain", "login", "cram-md5", "xoauth2"]
Pipelining = Literal["chained", "pipelined", "off"]


@dataclass(frozen=True, slots=True)
class SmtpRoute:
    """
    One mail server and how to sign in there.

    Attributes:
        security: none, starttls (refused when the server does not offer it) or tls from the first byte.
        username, password: no sign-in when the name is empty.
        auth: how to sign in; auto: by password, in the best way that the server offers.
        tokens: where xoauth2 has its access tokens from, in place of a password.
        ca_file: certificates to trust instead of the system's.
        pipelining: what to do where the server offers it: the commands of a mail in one write, and chained also
            with the final dot of the mail before it; off: each awaits the answer to the one before.
        messages_per_connection: after so many messages the line is closed and opened anew.
    """

    host: str
    port: int
    security: Security = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    auth: Auth = "auto"
    tokens: "Tokens | None" = field(default=None, repr=False)
    pipelining: Pipelining = "chained"
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
