"""Signing in and out: by password, one-time link and code. A link is used by its page's button, never by GET."""

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.database import Database
from pulse_mailer.staff import links, sessions, signing_in, trying
from pulse_mailer.staff.sessions import Place
from pulse_mailer.staff.signing_in import Admitted
from pulse_mailer.web.given import TheMailer, ThePages, kept
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.signed_in import cookie_name, current, drop_cookie, keep_cookie, require
from pulse_mailer.web.throttling import Throttle

router = APIRouter()

_OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f]*")

MOST_BY_NETWORK = 20  #: tries in a minute

_WRONG = "That address and password do not belong together."
_WRONG_CODE = "That code does not fit, or was used before."
_OFTEN = "There were too many tries. Wait a quarter of an hour, or have somebody make you a one-time link."


@dataclass(frozen=True, slots=True)
class Tries:
    """
    How often anybody may try to be a certain person; no limit lasts for ever.

    Attributes:
        networks: how often each may try, whomever. Counted here alone: it keeps this process from being kept busy,
            and what it turns away costs the database nothing.
    """

    database: Database
    networks: Throttle

    def allow(self, network: str, what: str) -> bool:
        """Count one more try, before anything is compared; `what` as `trying.allowed()` takes it."""
        if not self.networks.allows(network):
            return False
        with self.database.transaction() as database:
            return trying.allowed(database, what)


def _tries(request: Request, mailer: TheMailer) -> Tries:
    return Tries(mailer.database, kept("tries", Throttle)(request))


def _place(request: Request, mailer: TheMailer) -> Place:
    token = request.cookies.get(cookie_name(mailer.links.base_url), "")
    return Place(request.client.host if request.client else "", request.headers.get("user-agent", ""), token)


TheTries = Annotated[Tries, Depends(_tries)]
ThePlace = Annotated[Place, Depends(_place)]


class Typed(BaseModel):
    """What came with a form; `next` is the page that was wanted."""

    address: str = Field(default="", max_length=400)
    password: str = Field(default="", max_length=400)
    code: str = Field(default="", max_length=80)
    next: str = Field(default="/", max_length=2000)


Wanted = Annotated[str, Query(alias="next", max_length=2000)]
TheTyped = Annotated[Typed, Form()]


def own_path(wanted: str) -> str:
    """Where to go after signing in: a page of ours, and nobody else's; the first page where it is none."""
    return wanted if _OWN_PATH.fullmatch(wanted) else "/"


@router.api_route("/sign-in", methods=["GET", "HEAD"])
def show(request: Request, mailer: TheMailer, pages: ThePages, wanted: Wanted = "/") -> Response:
    if current(request, mailer):
        return RedirectResponse(own_path(wanted), status_code=303)
    return _asking(mailer, pages, Typed(next=wanted))


@router.post("/sign-in")
def sign_in(
    typed: TheTyped, mailer: TheMailer, pages: ThePages, tries: TheTries, place: ThePlace
) -> Response:
    if not tries.allow(place.network, signing_in.plain(typed.address)):
        return _asking(mailer, pages, typed, _OFTEN, 429)
    with mailer.database.reading() as database:
        compared = signing_in.compare(database, typed.address, typed.password)
    with mailer.database.transaction() as database:
        admitted = signing_in.by_password(database, compared, place)
    if admitted is None:
        return _asking(mailer, pages, typed, _WRONG, 422)
    return let_in(mailer, admitted, typed.next)


@router.api_route("/sign-in/code", methods=["GET", "HEAD"])
def show_code(mailer: TheMailer, pages: ThePages, place: ThePlace, wanted: Wanted = "/") -> Response:
    with mailer.database.reading() as database:
        waits = sessions.find(database, place.token, is_whole=False)
    if waits is None:
        return RedirectResponse("/sign-in", status_code=303)
    return pages.page("web/sign_in_code.html", typed=Typed(next=wanted), problem="")


@router.post("/sign-in/code")
def give_code(
    typed: TheTyped, mailer: TheMailer, pages: ThePages, tries: TheTries, place: ThePlace
) -> Response:
    with mailer.database.reading() as database:
        found = sessions.find(database, place.token, is_whole=False)
    if found is None:
        return RedirectResponse("/sign-in", status_code=303)
    if not tries.allow(place.network, f"code {found[1].id}"):
        return pages.page("web/sign_in_code.html", typed=typed, problem=_OFTEN, status=429)
    with mailer.database.transaction() as database:
        admitted = signing_in.by_code(database, mailer.keys, typed.code, place)
    if admitted is None:
        return pages.page("web/sign_in_code.html", typed=typed, problem=_WRONG_CODE, status=422)
    return let_in(mailer, admitted, typed.next)


@router.api_route("/sign-in/link/{token}", methods=["GET", "HEAD"])
def show_link(token: str, mailer: TheMailer, pages: ThePages) -> Response:
    """A page with a button: what looks at links before people do must not use them up."""
    with mailer.database.reading() as database:
        works = links.works(database, token)
    return pages.page("web/sign_in_link.html", works=works, status=200 if works else 404)


@router.post("/sign-in/link/{token}")
def use_link(token: str, mailer: TheMailer, pages: ThePages, place: ThePlace) -> Response:
    with mailer.database.transaction() as database:
        admitted = signing_in.by_link(database, token, place)
    if admitted is None:
        return pages.page("web/sign_in_link.html", works=False, status=404)
    return let_in(mailer, admitted, "/account" if admitted.lacks_password else "/")


@router.post("/sign-out", dependencies=[Depends(require())])
def sign_out(mailer: TheMailer, place: ThePlace) -> Response:
    with mailer.database.transaction() as database:
        sessions.end(database, place.token)
    answer = RedirectResponse("/sign-in", status_code=303)
    drop_cookie(answer, mailer.links.base_url)
    return answer


def _asking(mailer: Mailer, pages: Pages, typed: Typed, problem: str = "", status: int = 200) -> Response:
    issuer = urlsplit(mailer.settings.oidc_issuer).hostname or ""
    return pages.page("web/sign_in.html", typed=typed, problem=problem, issuer=issuer, status=status)


def let_in(mailer: Mailer, admitted: Admitted, wanted: str) -> Response:
    """On to the page that was wanted, or to the code."""
    to = own_path(wanted)
    if not admitted.is_whole:
        to = f"/sign-in/code?{urlencode({'next': to})}"
    answer = RedirectResponse(to, status_code=303)
    keep_cookie(answer, mailer.links.base_url, admitted.token)
    return answer
