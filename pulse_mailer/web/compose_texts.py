"""Texts of an edition and of its items, saved while they are written."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from pulse_mailer import actors
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import drafting, reading, reconciling
from pulse_mailer.editions.reconciling import Reconciled
from pulse_mailer.web.compose_desk import Desk, TheDesk
from pulse_mailer.web.compose_page import PATH, notes, values, view
from pulse_mailer.web.forms import sent
from pulse_mailer.web.pages import moment, on_page

router = APIRouter()

Text = Annotated[str | None, Field(max_length=250_000)]  # what is too long for mail is told apart by name
Revision = Annotated[int, Field(ge=1, le=2**31)]


class EditionTexts(BaseModel):
    revision: Revision
    subject: Text = None
    preheader: Text = None
    period: Text = None
    letter: Text = None
    closing: Text = None
    signed_by: Text = None
    signed_role: Text = None


class ItemTexts(BaseModel):
    revision: Revision
    publisher: Text = None
    title: Text = None
    url: Text = None
    summary: Text = None
    picture_alt: Text = None


@router.post(f"{PATH}/texts", max_body_size=3_000_000)
def put_texts(desk: TheDesk, form: Annotated[EditionTexts, Depends(sent(EditionTexts))]) -> Response:
    return _put(desk, None, form)


@router.post(f"{PATH}/items/{{number}}", max_body_size=3_000_000)
def put_item(number: int, desk: TheDesk, form: Annotated[ItemTexts, Depends(sent(ItemTexts))]) -> Response:
    return _put(desk, number, form)


@router.post(f"{PATH}/keep")
def keep(desk: TheDesk, field: Annotated[str, Form()]) -> Response:
    """A text of an earlier edition is to stay as it is."""
    with desk.changing() as database:
        drafting.keep(database, desk.name, [field], actor=desk.actor)
    return desk.answer("It stays as it is.", at="texts")


def _put(desk: Desk, number: int | None, form: EditionTexts | ItemTexts) -> Response:
    said = {name: value for name, value in form if name != "revision" and value is not None}
    with desk.changing() as database:
        done = reconciling.put(database, desk.name, number, said, base=form.revision, actor=desk.actor)
    if done.clashes:
        return _clashed(desk, number, said, done)
    return _saved(desk, done) if desk.wants_json else desk.answer(at=f"item-{number}" if number else "texts")


def _saved(desk: Desk, done: Reconciled) -> Response:
    with desk.mailer.database.reading() as database:
        shown = view(
            database, reading.edition(database, desk.name), may_reopen=desk.may_reopen, with_inbox=False
        )
    return JSONResponse(
        {
            "revision": done.edition.revision,
            "theirs": dict(done.theirs),
            "notes": _notes(shown.edition),
            "state": desk.pages.html("web/compose_state.html", **values(shown)),
        }
    )


def _notes(edition: Edition) -> dict[str, list[str]]:
    return {
        field: [f"{one.what} {on_page(one.remedy)}" for one in found]
        for field, found in notes(edition).items()
    }


def _clashed(desk: Desk, number: int | None, said: Mapping[str, str], done: Reconciled) -> Response:
    zone = done.edition.newsletter.timezone
    with desk.mailer.database.reading() as database:
        names = actors.names(database)
    clashes: list[dict[str, Any]] = [
        {
            "field": one.field,
            "theirs": one.theirs,
            "mine": said[one.field],
            "actor": names.of(one.actor),
            "at": moment(one.at, zone),
        }
        for one in done.clashes
    ]
    if desk.wants_json:
        return JSONResponse({"revision": done.edition.revision, "clashes": clashes}, status_code=409)
    return desk.pages.page(
        "web/compose_clash.html",
        status=409,
        edition=done.edition,
        number=number,
        clashes=clashes,
        reopen=desk.may_reopen,
    )
