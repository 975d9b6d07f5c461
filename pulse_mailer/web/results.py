"""Result: what came of an edition, a sum that adds up, and a second try for who did not get it."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from pulse_mailer import actors
from pulse_mailer.delivery import deciding, reporting
from pulse_mailer.delivery.overview import progress
from pulse_mailer.delivery.reporting import Report
from pulse_mailer.domain.correction import Correction
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import correcting, reading
from pulse_mailer.staff.roles import RETRYING
from pulse_mailer.subscribers import leaving
from pulse_mailer.web import course, retrying, states
from pulse_mailer.web.acting import At, AtEdition
from pulse_mailer.web.retrying import Count
from pulse_mailer.web.signed_in import Reads

PATH = f"{course.PATH}/result"

router = APIRouter()


@dataclass(frozen=True, slots=True)
class View:
    """
    Attributes:
        failed, stopped: of those who were refused, and whom a stop left out, how many would be tried again.
        left: how many unsubscribed by a link of this edition.
        names: what people of the staff are called.
    """

    edition: Edition
    tag: states.Tag
    report: Report
    failed: Count
    stopped: int
    left: int
    corrections: list[Correction]
    names: actors.Names


@router.api_route(PATH, methods=["GET", "HEAD"])
def show(at: AtEdition, who: Reads) -> Response:
    view = _view(at)
    if not view.edition.status.is_over:
        return at.to("progress")
    return at.page(
        "web/result.html",
        view.edition,
        who,
        None,
        view=view,
        may_retry=who.may(*RETRYING),
        tags=states.DELIVERIES,
        meaning=reporting.MEANING,
    )


def _view(at: At) -> View:
    with at.mailer.database.reading() as database:
        edition = reading.edition(database, at.name)
        found = reporting.report(database, edition)
        return View(
            edition=edition,
            tag=states.of_edition(edition.status, progress(database, edition)),
            report=found,
            failed=retrying.count(database, edition, deciding.ALL_FAILED),
            stopped=deciding.retryable(database, edition, deciding.ALL_CANCELLED),
            left=leaving.left_from(database, edition.id),
            corrections=correcting.corrections(database, edition.id),
            names=actors.names(database),
        )
