"""Errors as pages: staff read what went wrong and what to do; recipients read calm words and no inner detail."""

import logging
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from pulse_mailer.errors import LinkForShow, PulseMailerError
from pulse_mailer.web.guards import is_public
from pulse_mailer.web.pages import Pages

log = logging.getLogger("pulse_mailer.web")

_RETRY_SECONDS = "120"


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    what: str
    remedy: str = ""


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
    404: Words("There is no page here", "The address may be mistyped, or cut short on its way to you."),
    405: Words("Not like this", "This page cannot be used in that way."),
    409: Words(
        "That cannot be done now", "Something has changed since you opened the page.", "Open it again."
    ),
    413: Words("That is too large", "More was sent than this page can take."),
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
    "Its link is for show, and unsubscribes nobody.",
    "In the mail that goes out, it is each reader’s own.",
)


@dataclass(frozen=True, slots=True)
class Failures:
    """Makes the page of a failure; installed once into an app."""

    pages: Pages

    def install(self, app: FastAPI) -> None:
        app.add_exception_handler(PulseMailerError, self._ours)
        app.add_exception_handler(HTTPException, self._http)
        app.add_exception_handler(RequestValidationError, self._invalid)
        app.add_exception_handler(SQLAlchemyError, self._database)

    def turn_away(self, scope: Scope, status: int) -> Response:
        """For those who may not see staff's pages: nothing of what staff would see."""
        return self.pages.page("public/problem.html", status=status, words=_known(scope, status))

    def answer(self, scope: Scope, status: int, words: Words | None = None) -> Response:
        template = "public/problem.html" if is_public(scope["path"]) else "web/problem.html"
        headers = {"Retry-After": _RETRY_SECONDS} if status == 503 else {}
        return self.pages.page(template, status=status, headers=headers, words=words or _known(scope, status))

    def _ours(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, PulseMailerError)
        if error.http_status >= 500:
            log.error("%s failed: %s", _pattern(request), error)
        if is_public(request.url.path):
            shown = _FOR_SHOW if isinstance(error, LinkForShow) else None
            return self.answer(request.scope, error.http_status, shown)
        words = Words(_title(error), error.what, error.remedy)
        return self.answer(request.scope, error.http_status, words)

    def _http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = self.answer(request.scope, error.status_code)
        response.headers.update(error.headers or {})
        return response

    def _invalid(self, request: Request, _error: Exception) -> Response:
        return self.answer(request.scope, 422)

    def _database(self, request: Request, error: Exception) -> Response:
        log.error(
            "%s failed: the database answered %s", _pattern(request), type(error).__name__, exc_info=error
        )
        return self.answer(request.scope, 503)


def _known(scope: Scope, status: int) -> Words:
    if status == 404 and scope["path"].startswith("/u/"):
        return _DEAD_LINK
    return _WORDS.get(status) or _WORDS[500 if status >= 500 else 400]


def _pattern(request: Request) -> str:
    """The route's pattern, not the path: paths hold tokens."""
    return f"{request.method} {getattr(request.scope.get('route'), 'path', 'a page')}"


def _title(error: PulseMailerError) -> str:
    if error.http_status == 404:
        return "Not found"
    return _WORDS[error.http_status].title if error.http_status in _WORDS else "That did not work"
