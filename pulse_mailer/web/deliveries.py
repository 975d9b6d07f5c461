"""Who got what: one search box, answered in a sentence; the list that it leads to, filtered, and as a file."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery import browsing, exporting
from pulse_mailer.delivery.asking import Asked, Kind
from pulse_mailer.delivery.browsing import Page, Shares, Wanted
from pulse_mailer.delivery.choice import Choice, chosen, day
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.editions import reading as editions
from pulse_mailer.errors import UsageError
from pulse_mailer.staff.roles import Right
from pulse_mailer.web import states
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.signed_in import SeesPeople, require
from pulse_mailer.web.spreadsheets import spreadsheet

router = APIRouter()

PER_PAGE = 50


class Filters(BaseModel):
    """
    What the page is asked for.

    Attributes:
        q: what was typed into the search box.
        after: the number of the delivery that the page before ended with.
    """

    model_config = ConfigDict(frozen=True)

    q: str = Field(default="", max_length=400)
    edition: str = Field(default="", max_length=200)
    state: str = Field(default="", max_length=20)
    domain: str = Field(default="", max_length=255)
    code: str = Field(default="", max_length=20)
    since: str = Field(default="", max_length=20)
    until: str = Field(default="", max_length=20)
    after: int | None = Field(default=None, ge=1, lt=2**63)

    def link(self, **changed: object) -> str:
        """The query string of these filters with some of them changed; from the first page on."""
        kept = self.model_dump(exclude={"after"}) | changed
        return "?" + urlencode({name: value for name, value in kept.items() if value})

    def choice(self) -> Choice:
        """
        Raises:
            UsageError: what is to be a day is none.
        """
        return Choice(
            self.q,
            self.edition,
            DeliveryStatus(self.state) if self.state in set(DeliveryStatus) else None,
            self.domain.strip(),
            self.code.strip(),
            day(self.since),
            day(self.until),
        )


@dataclass(frozen=True, slots=True)
class View:
    """
    Attributes:
        zone: in which days are meant.
        edition_name: of the edition that is shown alone, whoever chose it; empty: all of them.
        count: how many there are; None where that would take long to tell.
    """

    asked: Asked
    page: Page
    shares: Shares
    count: int | None
    zone: str
    edition_name: str
    editions: tuple[editions.EditionLine, ...]


TheFilters = Annotated[Filters, Query()]


@router.api_route("/deliveries", methods=["GET", "HEAD"], dependencies=[Depends(require(Right.PEOPLE))])
def show_all(mailer: TheMailer, pages: ThePages, filters: TheFilters) -> Response:
    with mailer.database.reading() as database:
        view = _view(database, mailer, filters)
    return pages.page(
        "web/deliveries.html",
        view=view,
        filters=filters,
        tags=states.DELIVERIES,
        status=422 if view.asked.problem else 200,
    )


@router.api_route("/deliveries.csv", methods=["GET", "HEAD"])
def as_file(who: SeesPeople, request: Request, mailer: TheMailer, filters: TheFilters) -> Response:
    """Exactly what the page shows, without its pages."""
    with mailer.database.reading() as database:
        wanted = _asked(database, mailer, filters).wanted
    # Who only asks what it would be takes nothing out.
    lines = exporting.export(mailer.database, wanted, actor=who.actor) if request.method == "GET" else ()
    return spreadsheet(lines, "deliveries.csv")


def _asked(database: Session, mailer: Mailer, filters: Filters) -> Asked:
    try:
        return chosen(database, mailer.keys, filters.choice())
    except UsageError as error:
        return Asked(Kind.NOTHING, Wanted(address_hash=""), problem=str(error))


def _view(database: Session, mailer: Mailer, filters: Filters) -> View:
    asked = _asked(database, mailer, filters)
    found = browsing.shares(database, asked.wanted)
    known = [line for line in editions.editions(database) if line.status in states.SENDING_BEGAN]
    return View(
        asked=asked,
        page=browsing.page(database, asked.wanted, after=filters.after, limit=PER_PAGE),
        shares=found,
        count=browsing.count(database, asked.wanted, found),
        zone=browsing.zone(database, asked.wanted.edition),
        edition_name=asked.wanted.edition.name if asked.wanted.edition else "",
        editions=tuple(known),
    )
