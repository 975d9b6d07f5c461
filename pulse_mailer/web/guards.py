"""
What stands before every route, as plain ASGI middleware: the headers of each answer, who may come in, and what
becomes of an error that nobody foresaw.
"""

import ipaddress
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("pulse_mailer.web")

#: What recipients reach from anywhere. Everything else is for staff.
PUBLIC = ("/u/", "/p/", "/editions/", "/pictures/", "/assets/", "/healthz/", "/robots.txt", "/favicon.ico")

APP_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

#: Staff's pages run our own scripts; what recipients see runs none.
STAFF_POLICY = f"{APP_POLICY}; script-src 'self'; connect-src 'self'"

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
#: A proxy speaks for somebody else: what it brings never counts as coming from this machine.
_PROXY_HEADERS = ("forwarded", "x-forwarded-", "x-real-ip", "via", "cf-connecting-ip", "true-client-ip")

Answer = Callable[[Scope, int], Response]


def is_public(path: str) -> bool:
    return path.startswith(PUBLIC)


class HeadersMiddleware:
    """Give every answer its security headers; a route's own stand."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        defaults = _default_headers(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in defaults.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _default_headers(path: str) -> dict[str, str]:
    headers = {
        "Content-Security-Policy": APP_POLICY if is_public(path) else STAFF_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        # Staff's own forms must still name their origin, which no-referrer would hide.
        "Referrer-Policy": "no-referrer" if is_public(path) else "same-origin",
    }
    if not is_public(path):
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if not path.startswith(("/editions/", "/pictures/")):
        headers["X-Robots-Tag"] = "noindex, nofollow"
    return headers


class StaffMiddleware:
    """
    Keep staff's pages to the names that are ours, and where nobody can sign in, to this machine.

    The Host is checked, since a stranger's page could otherwise give its own name this machine's number and read
    along (DNS rebinding). Anything that changes something must come from our own pages.
    """

    def __init__(self, app: ASGIApp, answer: Answer, host: str | None = None) -> None:
        """
        Args:
            host: our name, besides those of this machine; None: staff's pages answer on this machine alone.
        """
        self.app = app
        self.answer = answer
        self.host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_public(scope["path"]):
            headers = Headers(scope=scope)
            if refusal := self._refusal(scope, headers):
                await self.answer(scope, refusal)(scope, receive, send)
                return
            if scope["method"] not in SAFE_METHODS and not _from_our_pages(headers):
                await self.answer(scope, 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> int:
        if self.host is None:
            return 0 if _from_this_machine(scope, headers) else 404
        named = _host_name(headers.get("host", ""))
        return 0 if named == self.host or _is_loopback(named) else 421


def _from_this_machine(scope: Scope, headers: Headers) -> bool:
    client = scope.get("client")
    return (
        client is not None
        and _is_loopback(client[0])
        and _is_loopback(_host_name(headers.get("host", "")))
        and not any(name.startswith(_PROXY_HEADERS) for name in headers)
    )


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _from_our_pages(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    # Without either header it is no browser, and nobody can be tricked into it.
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


class WholeMiddleware:
    """Nothing of ours has a NUL in its address, and PostgreSQL cannot even be asked about one."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self.app = app
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ("\0" in scope["path"] or b"%00" in scope["query_string"]):
            answer = await run_in_threadpool(self.answer, scope, 404)
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)


class TooLargeMiddleware:
    """Say with a page that more was sent than may be, where Starlette's own limit says it in two words."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self.app = app
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_answered = False

        async def send_words(message: Message) -> None:
            nonlocal is_answered
            if message["type"] == "http.response.start" and _is_bare_413(message):
                is_answered = True
                await self.answer(scope, 413)(scope, receive, send)
            elif not is_answered:
                await send(message)

        await self.app(scope, receive, send_words)


def _is_bare_413(message: Message) -> bool:
    said = MutableHeaders(scope=message).get("content-type", "")
    return bool(message["status"] == 413 and said.startswith("text/plain"))


class CalmMiddleware:
    """Log what nobody foresaw, and answer it with a page instead of a broken line."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self.app = app
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception:
            if scope["type"] != "http" or started:
                raise
            # The route's pattern, not the path: paths hold tokens.
            pattern = getattr(scope.get("route"), "path", "a page")
            log.exception("%s %s failed", scope["method"], pattern)
            await self.answer(scope, 500)(scope, receive, send)
