"""
One HTTP request and what became of it: an Answer, or a Silence that says whether the request can have been taken.

As with the final dot of SMTP, doubt begins when the last bytes have left. Nothing is repeated here and no redirect
is followed: both could hand a mail over twice, or to somebody else.
"""

import http.client
import io
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
import requests.adapters
from urllib3 import exceptions as inner

from pulse_mailer.domain.delivery import Stage

ANSWER_BYTES = 1_000_000
IDLE_SECONDS = 20.0  # after that the other side may have closed a line that we would write to

_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: until there is a connection; until something more is heard; until the whole answer is there."""

    connect: float = 10.0
    read: float = 120.0


@dataclass(frozen=True, slots=True)
class Request:
    url: str
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Attributes:
        headers: found by their name in any case of letters.
        body: whole, at most ANSWER_BYTES.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """What the body says; None when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # a page of some proxy, an empty body, a thousand brackets
            return None


@dataclass(frozen=True, slots=True)
class Silence:
    """
    No answer, or no whole one.

    Attributes:
        stage: MARKED without a connection, BODY when it broke before the last bytes left, else DOT: before it the
            request was certainly not taken.
    """

    words: str
    stage: Stage = Stage.DOT

    @property
    def certain(self) -> bool:
        return self.stage is not Stage.DOT


@dataclass(frozen=True, slots=True)
class Fate:
    """One line of the table: by the error inside of those that requests wraps around it."""

    error: type[BaseException]
    certain: bool
    words: str


#: The first line that fits decides. Where a line says no, the request is still certainly not taken when its last
#: bytes never left: no side can act on half a request.
FATES: tuple[Fate, ...] = (
    Fate(inner.NameResolutionError, True, "No server of that name is known."),
    Fate(inner.NewConnectionError, True, "Nobody takes connections there."),
    Fate(inner.ConnectTimeoutError, True, "No connection came about in time."),
    Fate(ssl.SSLCertVerificationError, True, "The server's certificate is not to be trusted."),
    Fate(ssl.SSLError, False, "The protected connection (TLS) broke, or did not come about."),
    Fate(http.client.RemoteDisconnected, False, "The connection was closed without an answer."),
    Fate(ConnectionResetError, False, "The connection was reset."),
    Fate(TimeoutError, False, "No answer came in time."),
    Fate(inner.ReadTimeoutError, False, "No answer came in time."),
    Fate(http.client.IncompleteRead, False, "The answer was cut short."),
    Fate(BaseException, False, "The connection broke, or what came was no answer."),
)


def fate(error: BaseException, *, left: bool) -> Silence:
    """What an error says about the request; `left`: its last bytes were handed to the connection."""
    found = list(_inside(error))
    row = next(row for row in FATES if any(isinstance(one, row.error) for one in found))
    return Silence(row.words, Stage.MARKED if row.certain else Stage.DOT if left else Stage.BODY)


def _inside(error: BaseException) -> Iterator[BaseException]:
    """The error and those wrapped in it, as requests and urllib3 wrap them."""
    yield error
    for wrapped in (*error.args, getattr(error, "reason", None)):
        if isinstance(wrapped, BaseException):
            yield from _inside(wrapped)


class _Http(requests.Session):
    def get_redirect_target(self, _answer: requests.Response) -> str | None:
        """None: requests would else read the body of every redirect, of whatever size, though it follows none."""
        return None


class Line:
    """Requests over one kept connection; not for two threads at once."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._used_at = 0.0
        self._http = _Http()
        # Neither .netrc, which would replace our keys, nor the environment's proxies: settings.py alone reads it.
        self._http.trust_env = False
        self._http.headers.clear()
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=1, max_retries=0))

    def ask(self, request: Request) -> Answer | Silence:
        if time.monotonic() - self._used_at > IDLE_SECONDS:
            self.close()
        body = _Body(request.body)
        try:
            with self._http.request(
                request.method,
                request.url,
                data=body if request.body else None,
                headers={"User-Agent": "Pulse Mailer", "Accept-Encoding": "identity", **request.headers},
                timeout=(self._patience.connect, self._patience.read),
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._hear(response)
        except (requests.RequestException, inner.HTTPError) as error:
            self.close()
            return fate(error, left=body.left)
        finally:
            self._used_at = time.monotonic()

    def close(self) -> None:
        """Close the connection; the next request makes another."""
        self._http.close()

    def _hear(self, response: requests.Response) -> Answer | Silence:
        end = time.monotonic() + self._patience.read
        body = b""
        # read1, which gives what is there: a side that sends byte by byte would keep any other reader for ever.
        while block := response.raw.read1(_BLOCK):
            body += block
            if len(body) > ANSWER_BYTES:
                return Silence(f"The answer is longer than {ANSWER_BYTES} bytes.")
            if time.monotonic() > end:
                return Silence("The answer did not come to its end in time.")
        return Answer(response.status_code, response.headers, body)


class _Body(io.BytesIO):
    """
    A request's body that knows whether its last bytes were asked for, to be written at once.

    Given as a file, it is written in blocks, so that what broke before the last of them is known.
    """

    left = False

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size)
        self.left = self.left or self.tell() == len(self.getbuffer())
        return block
