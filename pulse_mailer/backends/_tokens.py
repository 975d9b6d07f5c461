"""
An access token (OAuth 2.0), kept and renewed for all sessions.

It is got for the client's own credentials (RFC 6749 4.4), or for a refresh token that somebody was given (6).
"""

import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from pulse_mailer.backends._http import Answer, Line, Patience, Request, Silence
from pulse_mailer.backends._meanings import wait_seconds
from pulse_mailer.backends.replies import plain
from pulse_mailer.errors import ConnectionFailed, SignInRefused, Throttled
from pulse_mailer.settings import variable

EARLY_SECONDS = 300.0  # a token is renewed so long before it ends
YOUNG_SECONDS = 10.0  # one of that age is what another session has just renewed


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks for tokens, where, and for what; `secret_setting`: the setting to look at when it is refused."""

    url: str
    client_id: str
    secret: str = field(repr=False)
    scope: str
    secret_setting: str
    refresh_token: str = field(default="", repr=False)


class Tokens:
    """One token at a time; for several threads at once."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.held = ""
        self._lock = threading.Lock()
        self._had_at = 0.0
        self._good_until = 0.0

    def have(self, patience: Patience) -> None:
        """
        Hold a token that is good for a while.

        Raises:
            SignInRefused, ConnectionFailed, Throttled: there is none to be had.
        """
        with self._lock:
            if time.monotonic() > self._good_until:
                self._fetch(patience)

    def renew(self, patience: Patience) -> bool:
        """
        Hold another token than one that was just refused; True.

        Raises:
            SignInRefused, ConnectionFailed, Throttled: there is none to be had.
        """
        with self._lock:
            if time.monotonic() - self._had_at > YOUNG_SECONDS:
                self._fetch(patience)
        return True

    def _fetch(self, patience: Patience) -> None:
        form = {
            "grant_type": "refresh_token" if self.client.refresh_token else "client_credentials",
            "client_id": self.client.client_id,
            "client_secret": self.client.secret,
            "refresh_token": self.client.refresh_token,
            "scope": self.client.scope,
        }
        form = {name: value for name, value in form.items() if value}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        line = Line(patience)
        answer = line.ask(Request(self.client.url, urlencode(form).encode(), headers))
        line.close()
        host = urlsplit(self.client.url).hostname
        if isinstance(answer, Silence):
            raise ConnectionFailed(
                f"{host} gives no access token: {answer.words}", remedy="Check the network."
            )
        said = answer.json()
        token = said.get("access_token") if answer.status == 200 and isinstance(said, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            self._refuse(answer, f"{host} gives no access token: “{self._words(answer)}”.")
            return
        self.held = token
        self._had_at = time.monotonic()
        self._good_until = self._had_at + _seconds(said.get("expires_in")) - EARLY_SECONDS

    def _refuse(self, answer: Answer, what: str) -> None:
        if answer.status == 429:
            raise Throttled(what, retry_after_seconds=wait_seconds(answer.headers))
        if answer.status >= 500:
            raise ConnectionFailed(what, remedy="Try again later.")
        raise SignInRefused(
            what, remedy=f"Check {variable(self.client.secret_setting)} and the settings beside it."
        )

    def _words(self, answer: Answer) -> str:
        said = answer.json()
        said = said if isinstance(said, dict) else {}
        words = said.get("error_description") or said.get("error") or f"an answer of {answer.status}"
        words = str(words)
        for secret in filter(None, (self.client.secret, self.client.refresh_token)):
            words = words.replace(secret, "…")
        return plain(words)


def _seconds(value: object) -> float:
    """How long a token is good; where the server does not say, an hour, as is common."""
    try:
        return float(str(value))
    except ValueError:
        return 3600.0
