"""
Who asks, and whether they may: every route is public or has one `require()`.

What changes something must bring the token of its session along, as the field `csrf` of a form or as X-CSRF-Token.
"""

import functools
import hmac
import logging
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from pulse_mailer.actors import person
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery import standstill
from pulse_mailer.errors import DatabaseUnreachable, NotAllowed, NotSignedIn
from pulse_mailer.staff import api_keys, sessions
from pulse_mailer.staff.roles import HALTING, RETRYING, Right, rights
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.guards import SAFE_METHODS
from pulse_mailer.web.problems import is_api
from pulse_mailer.web.who import SignedIn, csrf_of

log = logging.getLogger("pulse_mailer.web")

_WHO, _CURRENT = "who", "current"
_CSRF = "x-csrf-token"
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


async def _csrf_given(request: Request) -> str:
    if request.method in SAFE_METHODS or is_api(request.scope):
        return ""
    if header := request.headers.get(_CSRF):
        return header
    try:
        field = (await request.form()).get("csrf")
    except ClientDisconnect:
        raise HTTPException(400) from None
    return field if isinstance(field, str) else ""


@dataclass(frozen=True, slots=True)
class Requirement:
    """
    Gives a route who asks, where they may.

    Attributes:
        rights: any of them will do; none: whoever is signed in.
    """

    rights: tuple[Right, ...]

    def __call__(
        self, request: Request, mailer: TheMailer, csrf: Annotated[str, Depends(_csrf_given)]
    ) -> SignedIn:
        """
        Raises:
            NotSignedIn: nobody is.
            NotAllowed: they lack the right, or the form is not of their session.
        """
        who = current(request, mailer)
        if who is None:
            raise _no_key() if is_api(request.scope) else _not_signed_in()
        if getattr(request.state, _WHO, None) is None:
            _frame(request, mailer, who)
        if not self._has_right(who):
            if who.staff_id is None:
                raise NotAllowed(
                    f"The key {who.name} may not do this: it lacks the scope {' or '.join(self.rights)}.",
                    remedy="Make one that may: pulse-mailer api-key create NAME --scope SCOPE",
                )
            raise NotAllowed(
                f"{who.name}, your role does not let you do this.",
                remedy="Ask somebody who administers the team.",
            )
        if request.method not in SAFE_METHODS and not _is_of_session(csrf, who):
            raise NotAllowed(
                "This form is not of your present session.",
                remedy="Open its page again, and send it from there.",
            )
        return who

    def refuses(self, request: Request, who: SignedIn) -> bool:
        """
        Whether it is certain, before anything that they send is read, that they may not.

        A browser without our scripts brings the token of its session as the field of a form, which must be read.
        """
        if not self._has_right(who):
            return True
        if is_api(request.scope) or (_CSRF not in request.headers and _brings_form(request)):
            return False
        return not _is_of_session(request.headers.get(_CSRF, ""), who)

    def _has_right(self, who: SignedIn) -> bool:
        return not self.rights or who.may(*self.rights)


def _brings_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith(_FORMS)


def _is_of_session(csrf: str, who: SignedIn) -> bool:
    return hmac.compare_digest(csrf.encode(), who.csrf.encode())


@functools.cache
def require(*any_of: Right) -> Requirement:
    return Requirement(any_of)


#: Who may do it, and who it is: the same on a page and in the API.
Reads = Annotated[SignedIn, Depends(require(Right.READ))]
Composes = Annotated[SignedIn, Depends(require(Right.COMPOSE))]
Approves = Annotated[SignedIn, Depends(require(Right.APPROVE))]
Halts = Annotated[SignedIn, Depends(require(*HALTING))]
Retries = Annotated[SignedIn, Depends(require(*RETRYING))]
SeesPeople = Annotated[SignedIn, Depends(require(Right.PEOPLE))]
Operates = Annotated[SignedIn, Depends(require(Right.OPERATE))]
Administers = Annotated[SignedIn, Depends(require(Right.ADMINISTER))]


def current(request: Request, mailer: Mailer) -> SignedIn | None:
    """Who is signed in, by the cookie of their session; in the API by a key alone. Looked up once a request."""
    if not hasattr(request.state, _CURRENT):
        setattr(request.state, _CURRENT, _found(request, mailer))
    found: SignedIn | None = getattr(request.state, _CURRENT)
    return found


def recognised(request: Request, mailer: Mailer) -> SignedIn | None:
    """
    Who is signed in, where a failure here must not be the answer; what the page around it shows is theirs then.

    Nobody, where the database cannot say: a route that wants to know asks again, and answers what is wrong.
    """
    try:
        who = current(request, mailer)
        if who is not None:
            _frame(request, mailer, who)
    except (DatabaseUnreachable, SQLAlchemyError) as error:
        log.warning("Who asks could not be looked up: %s", error)
        return None
    return who


def _frame(request: Request, mailer: Mailer, who: SignedIn) -> None:
    """Let pages show what is theirs: the navigation, and whether all sending is paused."""
    setattr(request.state, _WHO, who)
    if not is_api(request.scope):
        with mailer.database.reading() as database:
            request.state.standstill = standstill.standstill(database)


def _found(request: Request, mailer: Mailer) -> SignedIn | None:
    if is_api(request.scope):
        return _program(request, mailer)
    token = request.cookies.get(cookie_name(mailer.links.base_url), "")
    if not token:
        return None
    with mailer.database.reading() as database:
        found = sessions.find(database, token)
    if found is None:
        return None
    session, staff = found
    if sessions.is_stale(session):
        with mailer.database.transaction() as database:
            sessions.see(database, session.id)
    return SignedIn(staff.address, staff.name, rights(staff.role), staff.id, session.id, csrf_of(token))


def _program(request: Request, mailer: Mailer) -> SignedIn | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        return None
    with mailer.database.reading() as database:
        key = api_keys.find(database, secret.strip())
    if key is None:
        return None
    if api_keys.is_stale(key):
        with mailer.database.transaction() as database:
            api_keys.use(database, key.id)
    # The person who made the key answers for it, and is no second person beside themselves.
    actor = f"api:{person(key.created_by)} ({key.name})"
    return SignedIn(actor, key.name, frozenset(Right(scope) for scope in key.scopes))


def _no_key() -> NotSignedIn:
    return NotSignedIn(
        "This wants a key that works.",
        remedy="Send it as Authorization: Bearer KEY. To make one: pulse-mailer api-key create NAME --scope SCOPE",
    )


def _not_signed_in() -> NotSignedIn:
    return NotSignedIn("These pages are for staff.", remedy="Sign in first.")


def cookie_name(base_url: str) -> str:
    """Over https a browser takes a name that begins so from this very host alone, whole and secure."""
    return "__Host-pulse" if base_url.startswith("https:") else "pulse"


def keep_cookie(response: Response, base_url: str, token: str) -> None:
    """Give the browser its session: until it is closed or the session ends."""
    response.set_cookie(
        cookie_name(base_url),
        token,
        path="/",
        secure=base_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, base_url: str) -> None:
    response.delete_cookie(
        cookie_name(base_url),
        path="/",
        secure=base_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
