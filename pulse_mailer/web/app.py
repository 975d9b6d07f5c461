"""The apps: the whole one, and the mailbox alone for `pulse-mailer mailbox`."""

import functools
from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import BaseRoute

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.staff.roles import Right
from pulse_mailer.web import (
    account,
    archive,
    bringing,
    checks,
    choosing,
    composer,
    deliveries,
    delivery,
    editions,
    feeds,
    health,
    home,
    looks,
    mailbox,
    newsletters,
    oidc,
    people,
    person,
    programmes,
    records,
    reference,
    reports,
    searching,
    sign_in,
    suppressions,
    team,
    uncertain,
    way,
    ways_out,
    workers,
)
from pulse_mailer.web.api import document
from pulse_mailer.web.api.calls import Calls, calls_of
from pulse_mailer.web.doors import Doors
from pulse_mailer.web.failures import Failures
from pulse_mailer.web.frames import Frames
from pulse_mailer.web.guards import (
    CalmMiddleware,
    HeadersMiddleware,
    StaffMiddleware,
    TooLargeMiddleware,
    WholeMiddleware,
)
from pulse_mailer.web.judgements import Judgements
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.problems import is_api
from pulse_mailer.web.rounds import Rounds
from pulse_mailer.web.signed_in import recognised, require
from pulse_mailer.web.strangers import StrangersMiddleware, Who
from pulse_mailer.web.throttling import Throttle
from pulse_mailer.web.who import Room, SignedIn

MAX_BODY_BYTES = 64 * 1024  #: no form of ours comes near it

_ROOMS = (
    Room("/", "Editions", Right.READ),
    Room("/subscribers", "Subscribers", Right.PEOPLE),
    Room("/deliveries", "Deliveries", Right.PEOPLE),
    Room("/workers", "Workers", Right.OPERATE),
    Room("/mailbox", "Mailbox", Right.PEOPLE),
    Room("/newsletters", "Newsletters", Right.ADMINISTER),
    Room("/team", "Team", Right.ADMINISTER),
    Room("/audit", "Audit", Right.ADMINISTER),
)


def create_app(mailer: Mailer) -> FastAPI:
    """Everything: ways out, archive, health, and staff's pages."""
    pages = Pages(mailer.links.base_url, _ROOMS)
    host = urlsplit(mailer.links.base_url).hostname or ""
    app = _app(pages, _routes(), host, functools.partial(_who, mailer))
    app.state.mailer = mailer
    app.state.calls = Calls()
    app.state.mailbox = mailer.mailbox
    app.state.frames = Frames(mailer.links.base_url, has_pictures=True)
    app.state.throttle = Throttle()
    app.state.searches = Throttle()
    app.state.tries = Throttle(sign_in.MOST_BY_NETWORK)
    app.state.rounds = Rounds()
    app.state.judgements = Judgements()
    return app


@functools.cache
def _routes() -> Sequence[BaseRoute]:
    """
    The routes of the whole app.

    What FastAPI works out about a route when it is first asked for serves every app of this process.
    """
    public = (ways_out, choosing, feeds, searching, archive, health)
    staff = (
        sign_in,
        oidc,
        account,
        home,
        editions,
        composer,
        way,
        bringing,
        people,
        person,
        newsletters,
        programmes,
        looks,
        team,
        records,
        reference,
    )
    operating = (deliveries, delivery, uncertain, reports, suppressions, workers, checks)
    whole = APIRouter()
    for part in (*public, *staff, *operating):
        whole.include_router(part.router)
    whole.include_router(archive.assets)
    # In the app of its own, on this machine alone, the mailbox asks nobody to sign in.
    whole.include_router(mailbox.router, dependencies=[Depends(require(Right.PEOPLE))])
    whole.include_router(document.router)
    return whole.routes


def _who(mailer: Mailer, request: Request) -> SignedIn | None:
    # Who calls too often is not even looked up.
    if is_api(request.scope) and not calls_of(request).allows(request):
        return None
    return recognised(request, mailer)


def create_mailbox_app(caught: Mailbox, base_url: str = "") -> FastAPI:
    """
    The mailbox's pages alone; the first page is its list.

    Args:
        base_url: where the whole app may be, for the pictures in the mails.
    """
    alone = APIRouter()
    for router in (mailbox.router, mailbox.front_door, archive.assets):
        alone.include_router(router)
    app = _app(Pages("", (Room("/mailbox", "Mailbox"),)), alone.routes)
    app.state.mailbox = caught
    app.state.frames = Frames(base_url, has_pictures=False)
    return app


def _app(
    pages: Pages, routes: Sequence[BaseRoute], host: str | None = None, who: Who | None = None
) -> FastAPI:
    app = FastAPI(title="Pulse Mailer", openapi_url=None, redirect_slashes=False, routes=[*routes])
    app.state.pages = pages
    failures = Failures(pages, who)
    failures.install(app)
    # The last one added stands outermost.
    if who is not None:
        app.add_middleware(StrangersMiddleware, who=who, refused=Doors(app).refuse)
    app.add_middleware(WholeMiddleware, answer=failures.answer)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY_BYTES)
    app.add_middleware(TooLargeMiddleware, answer=failures.answer)
    app.add_middleware(StaffMiddleware, answer=failures.turn_away, host=host)
    app.add_middleware(CalmMiddleware, answer=failures.answer)
    app.add_middleware(HeadersMiddleware)
    return app
