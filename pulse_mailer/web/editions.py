"""Staff's first page, and the page of one edition with its preview."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.composing.finding import Finding
from pulse_mailer.composing.preflight import preflight
from pulse_mailer.delivery.approving import check
from pulse_mailer.delivery.overview import Progress, overview
from pulse_mailer.delivery.previewing import preview
from pulse_mailer.delivery.reporting import Report, report
from pulse_mailer.delivery.variants import plan
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import reading
from pulse_mailer.errors import CompositionError, NotFound, UsageError
from pulse_mailer.subscribers.audience import left_out_counts
from pulse_mailer.subscribers.reasons import Cause
from pulse_mailer.web import states
from pulse_mailer.web.given import TheFrames, TheMailer, ThePages

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Card:
    """One edition on the first page."""

    line: reading.EditionLine
    progress: Progress | None
    tag: states.Tag


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


@router.api_route("/", methods=["GET", "HEAD"])
def home(mailer: TheMailer, pages: ThePages) -> Response:
    with mailer.database.reading() as database:
        newsletters = reading.newsletters(database)
        lines = reading.editions(database)
        progress = overview(database)
    cards = [_card(line, progress.get((line.slug, line.key))) for line in lines]
    shelves = [(one, [card for card in cards if card.line.slug == one.slug]) for one in newsletters]
    return pages.page("web/home.html", shelves=shelves, mail_count=mailer.mailbox.count())


@router.api_route("/staff/editions/{slug}/{key}", methods=["GET", "HEAD"])
def show(
    slug: str, key: str, mailer: TheMailer, pages: ThePages, show: str = "html", width: int = 600
) -> Response:
    with mailer.database.reading() as database:
        view = _view(database, mailer, reading.edition(database, f"{slug}/{key}"))
    return pages.page(
        "web/edition.html",
        view=view,
        edition=view.edition,
        tags=states.DELIVERIES,
        show="text" if show == "text" else "html",
        width=375 if width == 375 else 600,
    )


@router.api_route("/staff/editions/{slug}/{key}/preview", methods=["GET", "HEAD"])
def show_preview(slug: str, key: str, mailer: TheMailer, frames: TheFrames, form: str = "html") -> Response:
    with mailer.database.reading() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        made = preview(database, edition, mailer.keys, mailer.links, form=form).decode()
    return frames.html(made) if form == "html" else frames.text(made)


def _card(line: reading.EditionLine, progress: Progress | None) -> Card:
    return Card(line, progress, states.of_edition(line.status, progress))


def _view(database: Session, mailer: Mailer, edition: Edition) -> View:
    findings: Sequence[Finding] = ()
    broken = ""
    try:
        kept = reading.rendering(database, edition.id)
        findings = preflight(edition, kept) if kept else check(edition, mailer.links).findings
    except (CompositionError, UsageError, NotFound) as error:  # its text; its colours; its design
        broken = str(error)
    progress = overview(database).get((edition.newsletter.slug, edition.key))
    return View(
        edition=edition,
        tag=states.of_edition(edition.status, progress),
        findings=findings,
        broken=broken,
        audience=plan(database, edition).count,
        left_out=left_out_counts(database, edition.newsletter_id),
        report=report(database, edition) if edition.frozen_at or edition.starts_at else None,
    )
