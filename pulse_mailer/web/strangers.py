"""
What strangers send, and what those send who may not: little of it is read, and nothing of what is for staff.

FastAPI reads a form to its end before it asks a route's dependencies who sends it.
"""

from collections.abc import Callable, Iterator

from starlette.concurrency import run_in_threadpool
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pulse_mailer.web.guards import SAFE_METHODS, is_public
from pulse_mailer.web.who import SignedIn

#: More than any form that strangers have.
MOST_BYTES = 16 * 1024

#: Where staff come in: a stranger's forms that are not for recipients.
DOORS = ("/sign-in",)

#: Who sends a request: somebody signed in, or a program with a key; None: a stranger.
Who = Callable[[Request], SignedIn | None]

#: Whether what somebody sends is refused, whatever it says.
Refused = Callable[[Request, SignedIn], bool]


class StrangersMiddleware:
    """
    Ask who it is, and whether they may, before anything is read.

    Of somebody who may not the route is asked as if they had sent nothing, so that it says itself who may come in.
    """

    def __init__(self, app: ASGIApp, who: Who, refused: Refused) -> None:
        self.app = app
        self.who = who
        self.refused = refused
        self.of_anybody = RequestBodyLimitMiddleware(app, max_body_size=MOST_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
        elif is_public(scope["path"]) or scope["path"].startswith(DOORS):
            await self.of_anybody(scope, receive, send)
        elif await run_in_threadpool(self._is_welcome, Request(scope)):
            await self.app(scope, receive, send)
        else:
            scope["headers"] = [one for one in scope["headers"] if not one[0].startswith(_OF_BODIES)]
            await self.app(scope, _nothing(), send)

    def _is_welcome(self, request: Request) -> bool:
        who = self.who(request)
        return who is not None and not self.refused(request, who)


_OF_BODIES = (b"content-", b"transfer-encoding", b"expect")


def _nothing() -> Receive:
    """Tells of an empty body, and then of a connection that nobody listens at."""
    said: Iterator[Message] = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        return next(said, {"type": "http.disconnect"})

    return receive
