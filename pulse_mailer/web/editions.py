"""The page of one edition with its preview."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.composing import remembering
from pulse_mailer.composing.finding import Finding
from pulse_mailer.delivery.approving import look
from pulse_mailer.delivery.overview import progress
from pulse_mailer.delivery.reporting import Report, report
from pulse_mailer.delivery.variants import plan
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import reading
from pulse_mailer.errors import CompositionError, NotFound, UsageError
from pulse_mailer.subscribers.reasons import Cause
from pulse_mailer.web import course, states
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import told
from pulse_mailer.web.signed_in import Reads

router = APIRouter()


@dataclass(frozen=True, slots=True)
class View:
    """
    All that the page of an edition tells.

    Attributes:
        broken: why it cannot be made into mail, or empty.
        report: None while it is a draft.
    """

    edition: Edition
    tag: states.Tag
    findings: Sequence[Finding]
    broken: str
    audience: int
    left_out: dict[Cause, int]
    report: Report | None


@router.api_route("/staff/editions/{slug}/{key}", methods=["GET", "HEAD"])
def show(
    slug: str,
    key: str,
    who: Reads,
    mailer: TheMailer,
    pages: ThePages,
    show: str = "html",
    width: int = 600,
) -> Response:
    with mailer.database.reading() as database:
        view = _view(database, mailer, reading.edition(database, f"{slug}/{key}"))
    return pages.page(
        "web/edition.html",
        view=view,
        edition=view.edition,
        steps=[course.Step("Edition", course.base(view.edition)), *course.steps(view.edition, who)],
        onward=course.onward(view.edition, who),
        tags=states.DELIVERIES,
        show="text" if show == "text" else "html",
        width=375 if width == 375 else 600,
    )


def _view(database: Session, mailer: Mailer, edition: Edition) -> View:
    findings: Sequence[Finding] = ()
    broken = ""
    try:
        kept = reading.rendering(database, edition.id)
        findings = remembering.preflight(edition, kept) if kept else look(edition, mailer.links).findings
    except (CompositionError, UsageError, NotFound) as error:  # its text; its colours; its design
        broken = told(error)
    # Who would get it now says nothing of what was sent, and to count them takes a while.
    planned = None if edition.frozen_at else plan(database, edition)
    return View(
        edition=edition,
        tag=states.of_edition(edition.status, progress(database, edition)),
        findings=findings,
        broken=broken,
        audience=planned.count if planned else 0,
        left_out=planned.left_out if planned else {},
        report=report(database, edition, exact=False) if edition.frozen_at or edition.starts_at else None,
    )
