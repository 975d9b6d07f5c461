"""
What stands before every route, as plain ASGI middleware: the headers of each answer, who may come in, and what
becomes of an error that nobody foresaw.
"""

import ipaddress
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("pulse_mailer.web")

#: What recipients reach from anywhere. Everything else is for staff, and answers on this machine alone.
PUBLIC = ("/u/", "/editions/", "/pictures/", "/assets/", "/healthz/", "/robots.txt", "/favicon.ico")

APP_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
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
        "Content-Security-Policy": APP_POLICY,
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
    Keep staff's pages to this machine, until there is a sign-in.

    The Host is checked as well as the client: a stranger's page could otherwise give its own name this
    machine's number and read along (DNS rebinding). Anything that changes something must come from our own pages.
    """

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self.app = app
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_public(scope["path"]):
            headers = Headers(scope=scope)
            if not _from_this_machine(scope, headers):
                await self.answer(scope, 404)(scope, receive, send)
                return
            if scope["method"] not in _SAFE_METHODS and not _from_our_pages(headers):
                await self.answer(scope, 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


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
            await self.answer(scope, 404)(scope, receive, send)
            return
        await self.app(scope, receive, send)


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
