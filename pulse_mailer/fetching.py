"""
The guarded fetch of a stranger's page: whoever wrote the URL must not reach through us what only we can reach.

The host is resolved once and all of its addresses judged; the connection goes to one of those very addresses, so that
a name server which answers otherwise the second time gains nothing. Redirects are followed by hand, each judged anew.
No proxy, cookie or password of ours goes along.
"""

import contextlib
import datetime
import http.client
import ipaddress
import queue
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import NoReturn
from urllib.parse import quote, urljoin, urlsplit

import idna
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from pulse_mailer import __version__
from pulse_mailer.clock import now
from pulse_mailer.errors import FetchError, FetchRefused, HostUnknown, PageTooLarge, PageUnreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

_PORTS = {"http": 80, "https": 443}
_PERMANENT, _REDIRECTS = frozenset({301, 308}), frozenset({301, 302, 303, 307, 308})
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:+-]+)""", re.IGNORECASE | re.ASCII)
_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_ONLINE = ipaddress.ip_network("2000::/3")  # all that was ever given out of IPv6
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Not public, though Python's ipaddress counts some of them as global, or did.
_NOT_PUBLIC = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Attributes:
        seconds: for everything, from the first name asked for to the last byte of the last redirect's page.
        connect_seconds: for a connection to one address.
        body_bytes: after unpacking.
        redirects: followed at most.
    """

    seconds: float = 20.0
    connect_seconds: float = 5.0
    body_bytes: int = 5_000_000
    header_bytes: int = 32_000
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Kept:
    """
    What a server said of the page that we have already (RFC 9110 section 13); empty where it said nothing.

    Attributes:
        etag: the page's mark, as it stands.
        modified: when it was changed, as it stands.
    """

    etag: str = ""
    modified: str = ""

    def headers(self) -> dict[str, str]:
        """What asks for the page only if it is another one by now."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True, slots=True)
class Page:
    """
    Attributes:
        url: where it was in the end.
        status: also 304, when nothing is new since what was `kept`.
        media_type: such as "text/html", in small letters; empty when it was not said.
        moved: every redirect on the way, and there was one, says that it holds for good.
        charset: the encoding as the server names it, in small letters; empty when it does not.
        kept: what to show the server the next time, to be given only what is new.
        retry_after: the seconds that the server asks to be left alone for; None when it does not.
    """

    url: str
    status: int
    media_type: str
    body: bytes = field(repr=False)
    moved: bool = False
    charset: str = ""
    kept: Kept = Kept()
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class _Target:
    url: str
    scheme: str
    host: str  #: as the wire has it: IDNA, without brackets
    port: int
    path: str  #: with the query


def is_public(address: Address) -> bool:
    """Whether everybody reaches the same machine there; so must an IPv4 address inside an IPv6 one."""
    if any(address in network for network in _NOT_PUBLIC):
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    if inner := address.ipv4_mapped or address.sixtofour:
        return is_public(inner)
    return address in _ONLINE and address.is_global


def resolve(host: str, port: int) -> list[str]:
    """Ask the machine's resolver for all addresses of a host."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Fetcher:
    """Fetches pages; may be shared by threads."""

    def __init__(
        self,
        home: str,
        *,
        limits: Limits | None = None,
        also: Sequence[Network] = (),
        resolve: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """
        Args:
            home: our own address, for who wants to know whose program calls.
            also: networks that may be reached though they are not public.
            trust: who vouches for servers; by default those whom the machine trusts.
        """
        self._agent = f"PulseMailer/{__version__} (+{home})"
        self._limits = limits or Limits()
        self._also = also
        self._resolve = resolve
        self._trust = trust or ssl.create_default_context()

    def fetch(
        self, url: str, *, method: str = "GET", seconds: float | None = None, kept: Kept | None = None
    ) -> Page:
        """
        Give the page at a URL; also one that says "not found". With the method HEAD its body stays away.

        Args:
            seconds: to have it in, where less than the limit is left.
            kept: of the page that we have: when it is still the same, the answer has the status 304 and no body.

        Raises:
            FetchRefused, HostUnknown, PageUnreachable, PageTooLarge: there is no page to give; says why.
        """
        end = monotonic() + min(self._limits.seconds, self._limits.seconds if seconds is None else seconds)
        moved: bool | None = None
        known = kept.headers() if kept else {}
        for _ in range(self._limits.redirects + 1):
            target = _target(url)
            with self._answer(target, method, end, known) as answer:
                location = answer.headers.get("Location")
                if answer.status not in _REDIRECTS or not location:
                    return self._page(target, answer, moved=bool(moved))
                moved = moved is not False and answer.status in _PERMANENT
            url = _joined(target.url, location)
        raise PageUnreachable(
            f"{url} redirects more than {self._limits.redirects} times.", remedy="Use the address it ends at."
        )

    def _page(self, target: _Target, answer: urllib3.BaseHTTPResponse, *, moved: bool) -> Page:
        media_type, _, parameters = answer.headers.get("Content-Type", "").partition(";")
        charset = _CHARSET.search(parameters)
        return Page(
            target.url,
            answer.status,
            media_type.strip().lower(),
            self._body(answer),
            moved=moved,
            charset=charset[1].lower() if charset else "",
            kept=Kept(answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", "")),
            retry_after=_seconds(answer.headers.get("Retry-After", "")),
        )

    def _body(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        body = answer.read(self._limits.body_bytes + 1)
        if len(body) > self._limits.body_bytes:
            raise PageTooLarge(f"The page has more than {self._limits.body_bytes:,} bytes.")
        return body

    @contextlib.contextmanager
    def _answer(
        self, target: _Target, method: str, end: float, known: dict[str, str]
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """The answer with its body still to be read; what breaks meanwhile is raised as one of ours."""
        addresses = self._judged(target, end)
        with contextlib.ExitStack() as stack:
            watch = _Watch(end)
            try:
                line = stack.enter_context(contextlib.closing(self._connected(target, addresses, end)))
                stack.enter_context(watch.over(line))
                connection = _connection(target)
                stack.callback(connection.close)
                connection.sock = self._protected(target, line, stack)
                ours = {"User-Agent": self._agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
                headers = ours | known
                connection.request(method, target.path, headers=headers, preload_content=False)
                answer = connection.getresponse()
                size = sum(len(name) + len(value) for name, value in answer.headers.items())
                if size > self._limits.header_bytes:
                    raise PageTooLarge(f"The headers of {target.url} are larger than a page's are.")
                yield answer
            except FetchError:
                raise
            except (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError) as error:
                _explain(target, error, watch)
            if watch.rang:  # a page that ends with its connection looks whole where we cut it
                _too_slow(target)

    def _judged(self, target: _Target, end: float) -> list[Address]:
        """
        The host's addresses, all of them fit to connect to.

        Raises:
            FetchRefused: one is not.
            HostUnknown: there is none.
        """
        written = self._asked(target, end)
        try:
            found = [ipaddress.ip_address(address) for address in dict.fromkeys(written)]
        except ValueError:
            found = []
        if not found:
            raise HostUnknown(f"No server is known by the name {target.host}.", remedy="Check the address.")
        for address in found:
            if not is_public(address) and not any(address in network for network in self._also):
                raise FetchRefused(
                    f"{target.host} leads to {address}, which is no public address.",
                    remedy="Use an address that every reader can open.",
                )
        return found

    def _asked(self, target: _Target, end: float) -> Sequence[str]:
        """The resolver's answer; asked in a thread of its own, since it knows no limit of time."""
        answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._resolve(target.host, target.port))
            except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
                answers.put(error)

        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=max(end - monotonic(), 0.001))
        except queue.Empty:
            _too_slow(target)
        if isinstance(answer, OSError) and answer.errno == socket.EAI_AGAIN:
            raise PageUnreachable(
                f"The name {target.host} could not be looked up.",
                remedy="Look whether this machine is online, and try again later.",
            ) from answer
        return () if isinstance(answer, Exception) else answer

    def _connected(self, target: _Target, addresses: list[Address], end: float) -> socket.socket:
        refused: OSError = TimeoutError()
        for address in addresses:
            left = end - monotonic()
            if left <= 0:
                _too_slow(target)
            try:
                return socket.create_connection(
                    (str(address), target.port), min(left, self._limits.connect_seconds)
                )
            except OSError as error:
                refused = error
        raise PageUnreachable(
            f"Nobody answers at {target.host}, port {target.port}.", remedy="Try again later."
        ) from refused

    def _protected(self, target: _Target, line: socket.socket, stack: contextlib.ExitStack) -> socket.socket:
        line.settimeout(self._limits.seconds)
        if target.scheme == "http":
            return line
        return stack.enter_context(
            contextlib.closing(self._trust.wrap_socket(line, server_hostname=target.host))
        )


class _Watch:
    """Cuts a connection at the end of its time: a limit for each read would let a slow side dribble for ever."""

    def __init__(self, end: float) -> None:
        self._end = end
        self.rang = False

    @contextlib.contextmanager
    def over(self, line: socket.socket) -> Iterator[None]:
        # A handle of its own: TLS takes the line out of the other one.
        with line.dup() as handle:
            timer = threading.Timer(max(self._end - monotonic(), 0), self._ring, (handle,))
            timer.daemon = True
            timer.start()
            try:
                yield
            finally:
                timer.cancel()
                timer.join()

    def _ring(self, handle: socket.socket) -> None:
        self.rang = True
        with contextlib.suppress(OSError):  # the other side was quicker
            handle.shutdown(socket.SHUT_RDWR)


def _connection(target: _Target) -> HTTPConnection:
    """HTTP over a line that is given to it; it never makes one itself."""
    kind = HTTPSConnection if target.scheme == "https" else HTTPConnection
    connection = kind(target.host, target.port)
    connection.auto_open = 0
    return connection


def _target(url: str) -> _Target:
    """
    Raises:
        FetchRefused: it is not http or https, or it is written so that two readers may take it for two hosts.
    """
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
        host = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except (ValueError, UnicodeError) as error:  # idna's errors are UnicodeErrors
        raise FetchRefused(f"{url!r} is not a web address.", remedy="Check the address.") from error
    if parts.scheme not in _PORTS or not host:
        raise FetchRefused(f"{url!r} is not a web address.", remedy="Only http:// and https:// are fetched.")
    if "@" in parts.netloc or any(letter <= " " or letter in "\x7f\\" for letter in url):
        raise FetchRefused(
            f"{url!r} holds a name, a password or a character that no web address has.",
            remedy="Use the plain address.",
        )
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_ASCII)
    return _Target(url, parts.scheme, host, port or _PORTS[parts.scheme], path)


def _joined(base: str, location: str) -> str:
    try:
        return urljoin(base, quote(location.encode("latin-1", "replace"), safe=_ASCII))
    except ValueError as error:
        raise FetchRefused(f"{base} redirects to what is no web address.", remedy="Check it.") from error


def _seconds(wish: str) -> float | None:
    """What Retry-After asks for (RFC 9110 section 10.2.3): seconds, or a time; None when it is neither."""
    wish = wish.strip()
    if re.fullmatch(r"\d{1,9}", wish, re.ASCII):
        return float(wish)
    try:
        at = parsedate_to_datetime(wish)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    return max(0.0, (at - now()).total_seconds())


def _explain(target: _Target, error: Exception, watch: _Watch) -> NoReturn:
    if watch.rang or isinstance(error, TimeoutError):
        _too_slow(target)
    if isinstance(error, ssl.SSLCertVerificationError):
        what, remedy = f"The certificate of {target.host} is not to be trusted.", "Tell its owner."
    elif isinstance(error, ssl.SSLError):
        what, remedy = f"No protected connection to {target.host} came about.", "Tell its owner."
    else:
        what, remedy = f"The connection to {target.host} broke, or what came is no page.", "Try again later."
    raise PageUnreachable(what, remedy=remedy) from error


def _too_slow(target: _Target) -> NoReturn:
    raise PageUnreachable(f"{target.url} did not come in time.", remedy="Try again later.")
