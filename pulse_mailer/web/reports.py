"""What came of an edition by state, receiving domain and reply code."""

from dataclasses import dataclass

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer.delivery import deciding, meanings, reporting, totals
from pulse_mailer.domain.delivery import IN_TROUBLE, DeliveryStatus
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.total import Facet
from pulse_mailer.editions import reading as editions
from pulse_mailer.staff.roles import RETRYING
from pulse_mailer.web import course, retrying, states
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.signed_in import Reads

router = APIRouter()

#: How many domains and codes are told; those with most trouble first.
MOST = 50


@dataclass(frozen=True, slots=True)
class Line:
    """
    One domain or reply code.

    Attributes:
        meaning: of a code, in plain words.
        trouble: how many of them did not get it.
    """

    name: str
    meaning: str
    states: dict[DeliveryStatus, int]
    trouble: int
    total: int


@router.api_route(f"{course.PATH}/report", methods=["GET", "HEAD"])
def show(slug: str, key: str, who: Reads, mailer: TheMailer, pages: ThePages) -> Response:
    with mailer.database.reading() as database:
        edition = editions.edition(database, f"{slug}/{key}")
        found = reporting.report(database, edition, exact=False)
        by_domain, by_code = _lines(database, edition, Facet.DOMAIN), _lines(database, edition, Facet.CODE)
        failed = retrying.count(database, edition, deciding.ALL_FAILED)
    return pages.page(
        "web/report.html",
        edition=edition,
        report=found,
        by_domain=by_domain,
        by_code=by_code,
        failed=failed,
        may_retry=who.may(*RETRYING),
        tags=states.DELIVERIES,
        is_whole=totals.is_whole(edition),
    )


def _lines(database: Session, edition: Edition, facet: Facet) -> list[Line]:
    found: list[Line] = []
    if edition.frozen_at is None:
        return found
    names = [name for name, _ in totals.leading(database, edition, facet, IN_TROUBLE, limit=MOST)]
    counts = totals.counts(database, edition, facet, names=names)
    for name in names:
        counted = counts[name]
        trouble = sum(counted.get(state, 0) for state in IN_TROUBLE)
        meaning = meanings.of_code(name) if facet is Facet.CODE else ""
        found.append(Line(name, meaning, counted, trouble, sum(counted.values())))
    return found
