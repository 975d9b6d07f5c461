"""The deliveries of which nobody knows whether they went, to be settled by somebody who found out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from starlette.responses import RedirectResponse, Response

from pulse_mailer.delivery import deciding, doubts
from pulse_mailer.editions import reading as editions
from pulse_mailer.errors import UsageError, WrongState
from pulse_mailer.staff.roles import Right
from pulse_mailer.web import states
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.signed_in import require
from pulse_mailer.web.who import SignedIn

router = APIRouter()

PER_PAGE = 100

Named = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Said:
    """
    What the page says above its list.

    Attributes:
        done: "yes" or "no", as somebody said that mails went, and of how many.
        problem: why they could not be settled, with what was ticked and typed.
    """

    done: str = ""
    count: int = 0
    problem: str = ""
    ticked: Sequence[int] = ()
    why: str = ""
    status: int = 200


@router.api_route("/uncertain", methods=["GET", "HEAD"], dependencies=[Depends(require(Right.PEOPLE))])
def show(
    mailer: TheMailer,
    pages: ThePages,
    edition: Named = "",
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    went: Annotated[str, Query(pattern="^(yes|no)?$")] = "",
    count: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    return _page(mailer, pages, edition, Said(went, count), after)


@router.post("/uncertain")
def settle(
    mailer: TheMailer,
    pages: ThePages,
    who: Annotated[SignedIn, Depends(require(Right.OPERATE))],
    went: Annotated[str, Form(pattern="^(yes|no)$")],
    number: Annotated[list[int] | None, Form()] = None,
    why: Annotated[str, Form(max_length=500)] = "",
    edition: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    ids = [one for one in number or () if 0 < one < 2**63]
    try:
        with mailer.database.transaction() as database:
            deciding.settle(database, ids, sent=went == "yes", by=who.actor, why=why)
    except (UsageError, WrongState) as error:
        said = Said(problem=error.what, ticked=ids, why=why, status=error.http_status)
        return _page(mailer, pages, edition, said)
    query = {"edition": edition, "went": went, "count": len(ids)}
    return RedirectResponse(f"/uncertain?{urlencode(query)}", status_code=303)


def _page(mailer: TheMailer, pages: Pages, name: str, said: Said, after: int = 0) -> Response:
    with mailer.database.reading() as database:
        edition_id = editions.edition(database, name).id if name else None
        found = doubts.uncertain(database, edition_id, limit=PER_PAGE + 1, after=after)
    return pages.page(
        "web/uncertain.html",
        doubts=found[:PER_PAGE],
        last_id=found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
        edition=name,
        said=said,
        stages=states.STAGES,
        status=said.status,
    )
