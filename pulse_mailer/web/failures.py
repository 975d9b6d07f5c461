"""Errors as pages: staff read what went wrong and what to do; recipients read calm words and no inner detail."""

import logging
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Scope

from pulse_mailer.errors import Agreed, Conflict, LinkForShow, NotAllowed, NotSignedIn, PulseMailerError
from pulse_mailer.web.guards import is_public
from pulse_mailer.web.pages import Pages, on_page
from pulse_mailer.web.problems import is_api, problem
from pulse_mailer.web.strangers import Who

log = logging.getLogger("pulse_mailer.web")

_RETRY_SECONDS = "120"
_ASKS: dict[type[PulseMailerError], str] = {Agreed: "reopen", Conflict: "look"}


@dataclass(frozen=True, slots=True)
class Words:
    """
    Attributes:
        onward: the path of a page that helps, or empty.
        asks: what a person may do next: "reopen", to have it all the same; "look", at what somebody else made of it
            meanwhile; or nothing.
    """

    title: str
    what: str
    remedy: str = ""
    onward: str = ""
    asks: str = ""


#: What anybody may read, by HTTP status.
_WORDS = {
    400: Words(
        "That did not arrive whole",
        "Your browser sent something we could not read.",
        "Go back and try it again.",
    ),
    403: Words(
        "Not from here", "This request came from another site's page.", "Open the page itself and try again."
    ),
    401: Words("Not signed in", "This is for staff, and for programs with a key.", "Sign in first."),
    404: Words("There is no page here", "The address may be mistyped, or cut short on its way to you."),
    405: Words("Not like this", "This page cannot be used in that way."),
    409: Words(
        "That cannot be done now", "Something has changed since you opened the page.", "Open it again."
    ),
    413: Words(
        "That is too large", "More was sent than this page can take.", "Send less at once, or a smaller file."
    ),
    421: Words(
        "Not by this name",
        "These pages answer by the name that the settings give them, and on the machine itself.",
        "Who runs the program sets it by PULSE_MAILER_BASE_URL.",
    ),
    422: Words(
        "That could not be understood", "Something in the address or the form is not as it should be."
    ),
    429: Words(
        "Too many tries", "Much was asked of us from your network just now.", "Try again in a minute."
    ),
    500: Words("Something went wrong", "It is our fault, not yours.", "Try again in a few minutes."),
    503: Words(
        "We cannot do this at the moment", "Nothing has been changed.", "Please try again in a few minutes."
    ),
}

#: One text for every link that does not work, so that it gives nothing away.
_DEAD_LINK = Words(
    "This link does not work",
    "It may have been cut short on its way to you.",
    "Open it from the mail again. If that does not help, answer the mail and ask to be taken off the list.",
)
_FOR_SHOW = Words(
    "This is a proof",
    "Its link is for show, and changes nothing for anybody.",
    "In the mail that goes out, it is each reader’s own.",
)

#: On a page of ours that was open when a session ended.
_SIGNED_OUT = Words(
    "Not signed in",
    "You are signed out.",
    "Sign in first, in another window; what you typed stays here, and is saved once you go on.",
)


@dataclass(frozen=True, slots=True)
class Failures:
    """
    Makes the page of a failure; installed once into an app.

    Attributes:
        who: recognises staff, whose pages show where they may go also when one is not there; None: nobody signs in.
    """

    pages: Pages
    who: Who | None = None

    def install(self, app: FastAPI) -> None:
        app.add_exception_handler(PulseMailerError, self._ours)
        app.add_exception_handler(HTTPException, self._http)
        app.add_exception_handler(RequestValidationError, self._invalid)
        app.add_exception_handler(SQLAlchemyError, self._database)
        # A number beyond all rows, a NUL in a text: PostgreSQL's and SQLite's words for what no database can hold.
        app.add_exception_handler(DataError, self._invalid)
        app.add_exception_handler(OverflowError, self._invalid)

    def turn_away(self, scope: Scope, status: int) -> Response:
        """For those who may not see staff's pages: nothing of what staff would see."""
        if is_api(scope):
            return self.answer(scope, status)
        return self.pages.page("public/problem.html", status=status, words=_known(scope, status))

    def answer(self, scope: Scope, status: int, words: Words | None = None) -> Response:
        """The page of a failure; or what the script of a page of ours, which asked, puts into that page."""
        words = words or _known(scope, status)
        headers = {"Retry-After": _RETRY_SECONDS} if status == 503 else {}
        if is_api(scope):
            return problem(scope, status, words.title, words.what, words.remedy, headers=headers)
        asked, pages = Headers(scope=scope), self.pages.for_request(scope)
        if is_public(scope["path"]) or (status in (404, 405) and self._is_readers(scope)):
            return pages.page("public/problem.html", status=status, headers=headers, words=words)
        if _wants_json(asked):
            said = {"what": words.what, "remedy": words.remedy, "asks": words.asks}
            return JSONResponse(said, status_code=status, headers=headers)
        if asked.get("hx-request") == "true":
            headers |= {"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"}
            return pages.page("web/problem_in_page.html", status=status, headers=headers, words=words)
        return pages.page("web/problem.html", status=status, headers=headers, words=words)

    def _is_readers(self, scope: Scope) -> bool:
        """
        Whether nobody of the staff is at an address that is no page: a reader, most likely, of a mail that cut it
        short. May ask the database.
        """
        return self.who is not None and self.who(Request(scope)) is None

    def _is_strangers(self, scope: Scope) -> bool:
        """Whether somebody asks who is not known to be of the staff, where staff sign in."""
        return self.who is not None and scope.get("state", {}).get("who") is None

    def _ours(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, PulseMailerError)
        if isinstance(error, NotSignedIn) and not is_api(request.scope):
            if _is_by_script(request.headers):
                return self.answer(request.scope, error.http_status, _SIGNED_OUT)
            return _to_sign_in(request)
        if error.http_status >= 500:
            log.error("%s failed: %s", _pattern(request), error)
        if is_public(request.url.path):
            shown = _FOR_SHOW if isinstance(error, LinkForShow) else None
            return self.answer(request.scope, error.http_status, shown)
        asks = next((asked for kind, asked in _ASKS.items() if isinstance(error, kind)), "")
        remedy = error.remedy if is_api(request.scope) else on_page(error.remedy)
        words = Words(_title(error), error.what, remedy, asks=asks)
        # What is wrong inside is no program's business, and no stranger's.
        if error.http_status in (500, 503) and (is_api(request.scope) or self._is_strangers(request.scope)):
            words = _known(request.scope, error.http_status)
        return self.answer(request.scope, error.http_status, words)

    def _http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = self.answer(request.scope, error.status_code)
        response.headers.update(error.headers or {})
        return response

    def _invalid(self, request: Request, error: Exception) -> Response:
        if is_api(request.scope):
            assert isinstance(error, RequestValidationError)
            words = _WORDS[422]
            return problem(request.scope, 422, words.title, words.what, faults=error.errors())
        return self.answer(request.scope, 422)

    def _database(self, request: Request, error: Exception) -> Response:
        log.error(
            "%s failed: the database answered %s", _pattern(request), type(error).__name__, exc_info=error
        )
        return self.answer(request.scope, 503)


def _wants_json(asked: Headers) -> bool:
    return asked.get("accept", "").startswith("application/json")


def _is_by_script(asked: Headers) -> bool:
    """Whether a page of ours asks, which stays open with all that was typed into it."""
    return _wants_json(asked) or asked.get("hx-request") == "true"


def _known(scope: Scope, status: int) -> Words:
    if status == 404 and scope["path"].startswith(("/u/", "/p/")):
        return _DEAD_LINK
    words = _WORDS.get(status) or _WORDS[500 if status >= 500 else 400]
    return replace(words, onward=_onward(scope["path"])) if status == 404 else words


def _onward(path: str) -> str:
    """For who looks for something of a newsletter's archive that is not there: the archive."""
    _, room, slug, *more = [*path.split("/"), "", ""][:5]
    return f"/editions/{quote(slug)}" if room == "editions" and any(more) else ""


def _to_sign_in(request: Request) -> Response:
    """From there on to the page that was asked for; what a form brought is not kept."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    wanted = {"next": path} if request.method == "GET" and path != "/" else {}
    return RedirectResponse(f"/sign-in?{urlencode(wanted)}" if wanted else "/sign-in", status_code=303)


def _pattern(request: Request) -> str:
    """The route's pattern, not the path: paths hold tokens."""
    return f"{request.method} {getattr(request.scope.get('route'), 'path', 'a page')}"


def _title(error: PulseMailerError) -> str:
    if isinstance(error, NotAllowed):
        return "Not for you"
    if error.http_status == 404:
        return "Not found"
    # Of a request that arrived, 400 says that what a person asked for cannot be.
    is_known = error.http_status in _WORDS and error.http_status != 400
    return _WORDS[error.http_status].title if is_known else "That did not work"
