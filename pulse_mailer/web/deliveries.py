"""Who got what: the answer for one reader, the list of deliveries, and each with its attempts."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery import reading
from pulse_mailer.delivery.answering import Answer, find, standing
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.editions import reading as editions
from pulse_mailer.errors import BadAddress
from pulse_mailer.web import states
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.paging import Paged, paged

router = APIRouter()

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What a reader's address leads to.

    Attributes:
        problem: why it is no address, or empty.
        answers: one for each edition.
        otherwise: what to say when no edition answers.
    """

    address_hash: str | None = None
    problem: str = ""
    answers: tuple[Answer, ...] = ()
    otherwise: str = ""


class Filters(BaseModel):
    """What the page is asked for."""

    model_config = ConfigDict(frozen=True)

    address: str = Field(default="", max_length=400)
    edition: str = Field(default="", max_length=200)
    state: str = ""
    page: int = Field(default=1, ge=1, le=1_000_000)


@router.api_route("/deliveries", methods=["GET", "HEAD"])
def show_all(mailer: TheMailer, pages: ThePages, filters: Annotated[Filters, Query()]) -> Response:
    with mailer.database.reading() as database:
        asked = _asked(database, mailer, filters.address.strip())
        lines, shown = _lines(database, filters, asked)
        known = [line for line in editions.editions(database) if line.status in states.SENDING_BEGAN]
    return pages.page(
        "web/deliveries.html",
        asked=asked,
        lines=lines,
        shown=shown,
        filters=filters,
        editions=known,
        tags=states.DELIVERIES,
        status=422 if asked.problem else 200,
    )


@router.api_route("/deliveries/{delivery_id}", methods=["GET", "HEAD"])
def show_one(delivery_id: int, mailer: TheMailer, pages: ThePages) -> Response:
    with mailer.database.reading() as database:
        detail = reading.delivery(database, delivery_id)
    return pages.page(
        "web/delivery.html",
        line=detail.line,
        attempts=detail.attempts,
        tag=states.DELIVERIES[detail.line.status],
        outcomes=states.OUTCOMES,
        stages=states.STAGES,
    )


def _asked(database: Session, mailer: Mailer, typed: str) -> Asked:
    if not typed:
        return Asked()
    try:
        address = Address.parse(typed)
    except BadAddress as error:
        return Asked(problem=str(error), address_hash="")
    answers = tuple(find(database, mailer.keys, address))
    otherwise = "" if answers else standing(database, mailer.keys, address)
    return Asked(mailer.keys.hash_address(address.key), "", answers, otherwise)


def _lines(database: Session, filters: Filters, asked: Asked) -> tuple[list[reading.DeliveryLine], Paged]:
    edition_id = editions.edition(database, filters.edition).id if filters.edition else None
    status = DeliveryStatus(filters.state) if filters.state in set(DeliveryStatus) else None
    total = reading.count(database, edition_id=edition_id, status=status, address_hash=asked.address_hash)
    kept = {"address": filters.address, "edition": filters.edition, "state": filters.state}
    shown = paged(filters.page, PER_PAGE, total, **kept)
    lines = reading.deliveries(
        database,
        edition_id=edition_id,
        status=status,
        address_hash=asked.address_hash,
        limit=PER_PAGE,
        offset=shown.offset,
    )
    return lines, shown
