"""The addresses that are never written to: a list, and a person's word for or against one."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from starlette.responses import RedirectResponse, Response

from pulse_mailer.domain.address import Address
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.errors import BadAddress
from pulse_mailer.staff.roles import Right
from pulse_mailer.subscribers import suppressing
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.signed_in import Operates, require

router = APIRouter()

PER_PAGE = 50

Typed = Annotated[str, Form(max_length=400)]


@dataclass(frozen=True, slots=True)
class Said:
    """
    What the page says above its list.

    Attributes:
        done: what was done to the address that is looked for: "added", "known" or "removed".
        problem: why the typed address could not be added, with what was typed.
    """

    done: str = ""
    problem: str = ""
    address: str = ""
    note: str = ""


@router.api_route("/suppressions", methods=["GET", "HEAD"], dependencies=[Depends(require(Right.PEOPLE))])
def show(
    mailer: TheMailer,
    pages: ThePages,
    q: Annotated[str, Query(max_length=400)] = "",
    after: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    return _page(mailer, pages, Said(done), q.strip(), after)


@router.post("/suppressions")
def add(
    mailer: TheMailer,
    pages: ThePages,
    who: Operates,
    address: Typed = "",
    reason: Annotated[str, Form(pattern="^(bounced|complained|staff)$")] = "staff",
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    try:
        asked = Address.parse(address)
    except BadAddress as error:
        return _page(mailer, pages, Said(problem=str(error), address=address, note=note))
    why = SuppressionReason(reason)
    with mailer.database.transaction() as database:
        added = suppressing.suppress(
            database, mailer.keys, asked, reason=why, actor=who.actor, note=" ".join(note.split())
        )
    query = urlencode({"q": str(asked), "done": "added" if added else "known"})
    return RedirectResponse(f"/suppressions?{query}", status_code=303)


@router.api_route("/suppressions/remove", methods=["GET", "HEAD"])
def ask_to_remove(
    pages: ThePages, _who: Operates, address: Annotated[str, Query(max_length=400)]
) -> Response:
    return pages.page("web/unsuppress.html", address=str(Address.parse(address)))


@router.post("/suppressions/remove")
def remove(mailer: TheMailer, who: Operates, address: Typed) -> Response:
    asked = Address.parse(address)
    with mailer.database.transaction() as database:
        suppressing.lift(database, mailer.keys, asked, actor=who.actor)
    query = urlencode({"q": str(asked), "done": "removed"})
    return RedirectResponse(f"/suppressions?{query}", status_code=303)


def _page(mailer: TheMailer, pages: Pages, said: Said, typed: str = "", after: int | None = None) -> Response:
    wanted, unclear = None, ""
    if typed:
        try:
            wanted = mailer.keys.hash_address(Address.parse(typed).key)
        except BadAddress as error:
            wanted, unclear = "", str(error)
    with mailer.database.reading() as database:
        found = suppressing.suppressions(database, address_hash=wanted, after=after, limit=PER_PAGE + 1)
    return pages.page(
        "web/suppressions.html",
        found=found[:PER_PAGE],
        last_id=found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
        typed=typed,
        unclear=unclear,
        said=said,
        reasons=REASONS,
        status=422 if unclear or said.problem else 200,
    )


REASONS = {
    SuppressionReason.STAFF: "somebody of the staff decided it",
    SuppressionReason.BOUNCED: "there is no such mailbox",
    SuppressionReason.COMPLAINED: "they reported our mail as spam",
    SuppressionReason.ERASED: "they asked to be forgotten",
}
