"""The apps: the whole one, and the mailbox alone for `pulse-mailer mailbox`."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.web import archive, deliveries, editions, feeds, health, mailbox, searching, ways_out
from pulse_mailer.web.failures import Failures
from pulse_mailer.web.frames import Frames
from pulse_mailer.web.guards import CalmMiddleware, HeadersMiddleware, StaffMiddleware, WholeMiddleware
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.throttling import Throttle

MAX_BODY_BYTES = 64 * 1024  #: no form of ours comes near it

_MAILBOX = ("/mailbox", "Mailbox")
_ROOMS = (("/", "Editions"), ("/deliveries", "Deliveries"), _MAILBOX)


def create_app(mailer: Mailer) -> FastAPI:
    """Everything: ways out, archive, health, and staff's pages."""
    pages = Pages(mailer.links.base_url, _ROOMS)
    parts = (ways_out, feeds, searching, archive, health, editions, deliveries, mailbox)
    app = _app(pages, [part.router for part in parts])
    app.state.mailer = mailer
    app.state.mailbox = mailer.mailbox
    app.state.frames = Frames(mailer.links.base_url, has_pictures=True)
    app.state.throttle = Throttle()
    app.state.searches = Throttle()
    return app


def create_mailbox_app(caught: Mailbox, base_url: str = "") -> FastAPI:
    """
    The mailbox's pages alone; the first page is its list.

    Args:
        base_url: where the whole app may be, for the pictures in the mails.
    """
    app = _app(Pages("", (_MAILBOX,)), [mailbox.router, mailbox.front_door])
    app.state.mailbox = caught
    app.state.frames = Frames(base_url, has_pictures=False)
    return app


def _app(pages: Pages, routers: Sequence[APIRouter]) -> FastAPI:
    app = FastAPI(title="Pulse Mailer", openapi_url=None, redirect_slashes=False)
    app.state.pages = pages
    for router in (*routers, archive.assets):
        app.include_router(router)
    failures = Failures(pages)
    failures.install(app)
    # The last one added stands outermost.
    app.add_middleware(WholeMiddleware, answer=failures.answer)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY_BYTES)
    app.add_middleware(StaffMiddleware, answer=failures.turn_away)
    app.add_middleware(CalmMiddleware, answer=failures.answer)
    app.add_middleware(HeadersMiddleware)
    return app
