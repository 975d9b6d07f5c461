"""Health for people, and the settings as they are: what `pulse-mailer doctor` tells, as pages."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from pulse_mailer import examining
from pulse_mailer.examining import State
from pulse_mailer.staff.roles import Right
from pulse_mailer.web import states
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import public_pages
from pulse_mailer.web.signed_in import require

router = APIRouter()

_TAGS = {
    State.GOOD: states.Tag("Good", "good"),
    State.WARNING: states.Tag("Look at it", "trouble"),
    State.FAILED: states.Tag("Failed", "bad"),
}


@router.api_route(
    "/health", methods=["GET", "HEAD"], dependencies=[Depends(require(Right.OPERATE, Right.ADMINISTER))]
)
def health(mailer: TheMailer, pages: ThePages, ask: bool = False) -> Response:
    """All checks; mail servers are asked only where somebody wants it, since they may take long to answer."""
    checks = list(examining.examine(mailer.settings, offline=not ask, read_pages=public_pages))
    return pages.page("web/health.html", checks=checks, tags=_TAGS, ask=ask)


@router.api_route("/settings", methods=["GET", "HEAD"], dependencies=[Depends(require(Right.ADMINISTER))])
def settings(mailer: TheMailer, pages: ThePages) -> Response:
    return pages.page("web/settings.html", settings=examining.effective(mailer.settings))
