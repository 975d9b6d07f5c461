"""What an edition said before, and back to it; who else is at it; and corrections of what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from pulse_mailer import actors
from pulse_mailer.domain.correction import Fix
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import attending, correcting, history, reading, restoring
from pulse_mailer.editions.comparing import Difference, compare
from pulse_mailer.editions.history import Spell
from pulse_mailer.staff.roles import Right
from pulse_mailer.web.compose_desk import TheDesk
from pulse_mailer.web.compose_page import PATH
from pulse_mailer.web.compose_parts import Name, said
from pulse_mailer.web.compose_texts import Revision
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.signed_in import Composes, require

HISTORY = "/staff/editions/{slug}/{key}/history"

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Past:
    """
    Attributes:
        first, last: the revisions that are compared; 0 while none are.
    """

    edition: Edition
    spells: Sequence[Spell]
    first: int
    last: int
    differences: Sequence[Difference]


class Wrong(BaseModel):
    """
    What was wrong in a sent edition, and what is right.

    Attributes:
        hide: the item is to be off the page, or on it again, instead of saying something else.
    """

    revision: Revision
    number: int | None = None
    field: Name = ""
    value: Annotated[str, Field(max_length=250_000)] = ""
    hide: bool | None = None
    note: Name = ""

    def fix(self) -> Fix:
        if self.hide is not None:
            return Fix(self.number, "is_hidden", self.hide)
        return Fix(self.number, self.field, self.value)


@router.api_route(HISTORY, methods=["GET", "HEAD"], dependencies=[Depends(require(Right.READ))])
def show(
    slug: str,
    key: str,
    mailer: TheMailer,
    pages: ThePages,
    since: Annotated[int, Query(ge=0, le=2**31)] = 0,
    until: Annotated[int, Query(ge=0, le=2**31)] = 0,
) -> Response:
    with mailer.database.reading() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        kept = history.versions(database, edition.id)
        last = until or edition.revision
        names = actors.names(database)
        found: Sequence[Difference] = ()
        if since:
            before = history.content_at(database, edition, since)
            found = compare(before, history.content_at(database, edition, last))
    past = Past(edition, history.spells(kept), since, last, found)
    return pages.page("web/history.html", past=past, edition=edition, names=names)


@router.post(f"{PATH}/undo")
def undo(desk: TheDesk, revision: Annotated[Revision, Form()], to: Annotated[Revision, Form()]) -> Response:
    """
    Take the last change back, or go to an earlier revision.

    Args:
        revision: the newest that the person saw.
    """
    with desk.changing() as database:
        done = restoring.restore(database, desk.name, to, actor=desk.actor, expected=revision)
    return desk.answer(said(done))


@router.post(f"{PATH}/here")
def here(
    slug: str,
    key: str,
    mailer: TheMailer,
    pages: ThePages,
    who: Composes,
    page: Annotated[str, Form(min_length=8, max_length=32)],
    revision: Annotated[Revision, Form()],
) -> Response:
    """A sign of life of a page, answered with who else is there and what they did since."""
    with mailer.database.transaction() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        others = attending.attend(database, edition.id, page, who.actor)
        latest = history.latest(database, edition.id) if edition.revision > revision else None
        names = actors.names(database)
    return pages.page("web/compose_others.html", edition=edition, others=others, latest=latest, names=names)


@router.post(f"{PATH}/corrections", max_body_size=1_000_000)
def correct(desk: TheDesk, form: Annotated[Wrong, Form()]) -> Response:
    with desk.mailer.database.transaction() as database:
        correcting.correct(
            database,
            desk.mailer.links,
            desk.name,
            [form.fix()],
            note=form.note,
            actor=desk.actor,
            expected=form.revision,
        )
    return RedirectResponse(f"/staff/editions/{desk.name}/compose#corrections", 303)
