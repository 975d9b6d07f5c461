"""Items into an edition: by hand, by their addresses, from the inbox, from a document; and an item's picture."""

from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from pydantic import BaseModel, Field
from starlette.responses import Response

from pulse_mailer.editions import bringing, calling, collecting, importing, items, looking, picking, reviewing
from pulse_mailer.editions.importing import Wish
from pulse_mailer.editions.picking import Place, Placed
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import UsageError
from pulse_mailer.importing.decoding import LARGEST_BYTES
from pulse_mailer.web.compose_desk import Seen, TheDesk
from pulse_mailer.web.compose_page import PATH
from pulse_mailer.web.compose_parts import Name, said
from pulse_mailer.web.pages import on_page

router = APIRouter()

MOST_PAGES = 20  #: at once; more are for the inbox
MAX_PICTURE_BYTES = 5 * 1024 * 1024
_FORM_BYTES = 64 * 1024  #: what a form has around its file


class NewItem(BaseModel):
    into: Name
    title: Name = ""
    publisher: Name = ""
    url: Annotated[str, Field(max_length=10_000)] = ""
    summary: Annotated[str, Field(max_length=250_000)] = ""


class Chosen(BaseModel):
    """
    Attributes:
        into: the category where all of them go; empty: where each is meant to.
        again: also what readers have met before.
    """

    into: Name = ""
    ids: list[int] = Field(default=[], max_length=200)
    urls: Annotated[str, Field(max_length=50_000)] = ""
    again: bool = False


@router.post(f"{PATH}/items", max_body_size=1_000_000)
def add(desk: TheDesk, form: Annotated[NewItem, Form()]) -> Response:
    values = {"title": form.title, "publisher": form.publisher, "url": form.url, "summary": form.summary}
    with desk.changing() as database:
        done = items.add(database, desk.name, items.Said(values), Spot(form.into), actor=desk.actor)
    return desk.answer(said(done), at=f"item-{done.numbers[0]}")


@router.post(f"{PATH}/pages")
def add_pages(desk: TheDesk, form: Annotated[Chosen, Form()]) -> Response:
    wanted = list(dict.fromkeys(collecting.web_address(url) for url in form.urls.split()))
    if not 1 <= len(wanted) <= MOST_PAGES:
        raise UsageError(
            f"{len(wanted)} addresses were given.", remedy=f"Paste 1 to {MOST_PAGES}, one a line."
        )
    fetcher = desk.mailer.fetcher()
    found = dict(calling.called(wanted, lambda url: looking.look(url, fetcher), url_of=str))
    where = Place(desk.name, section=form.into, again=form.again)
    with desk.changing() as database:
        placed = bringing.bring(database, [found[url] for url in wanted], where, actor=desk.actor)
    return desk.answer(_placed(placed), at=f"item-{placed.change.numbers[0]}")


@router.post(f"{PATH}/inbox")
def add_from_inbox(desk: TheDesk, form: Annotated[Chosen, Form()]) -> Response:
    if not form.ids:
        raise UsageError("Nothing of the inbox was ticked.", remedy="Tick what is to come into the edition.")
    where = Place(desk.name, section=form.into, again=form.again)
    with desk.changing() as database:
        placed = picking.place(database, form.ids, where, actor=desk.actor)
    return desk.answer(_placed(placed), at=f"item-{placed.change.numbers[0]}")


@router.post(f"{PATH}/document", max_body_size=LARGEST_BYTES + _FORM_BYTES)
def add_document(slug: str, key: str, desk: TheDesk, document: Annotated[UploadFile, File()]) -> Response:
    name = PurePosixPath((document.filename or "").replace("\\", "/")).name[-200:]
    if not name:
        raise UsageError("No document was chosen.", remedy="Choose a .docx, .md or .txt file.")
    data, wish = document.file.read(), Wish(newsletter=slug, key=key)
    with desk.changing() as database:
        importing.import_document(database, name, data, lambda _path: None, wish=wish, actor=desk.actor)
    if desk.is_live:  # the subject and the letter may be others, too: the page is shown anew
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    return desk.answer(at="review")


@router.post(f"{PATH}/review")
def review(desk: TheDesk, line: Annotated[int, Form()]) -> Response:
    """A doubtful line of the document was looked at; the mail is not touched."""
    with desk.mailer.database.transaction() as database:
        edition, _ = reviewing.tick_off(database, desk.name, [line], [], actor=desk.actor)
    left = len(edition.open_review)
    said = f"Looked at. {left} to go." if left else "Looked at. That was the last."
    return desk.answer(said, at="review", template="web/compose_looked_at.html")


@router.post(f"{PATH}/items/{{number}}/picture", max_body_size=MAX_PICTURE_BYTES + _FORM_BYTES)
def put_picture(
    number: int,
    desk: TheDesk,
    picture: Annotated[UploadFile | None, File()] = None,
    picture_alt: Annotated[Name, Form()] = "",
    off: Annotated[bool, Form()] = False,
    revision: Seen = None,
) -> Response:
    data = picture.file.read() if picture is not None and not off else b""
    if not (data or off):
        raise UsageError("No picture was chosen.", remedy="Choose a PNG, JPEG, GIF or WebP file.")
    new = items.Said(without_picture=True) if off else items.Said({"picture_alt": picture_alt}, picture=data)
    with desk.changing_seen(revision, numbers=[number]) as database:
        done = items.change(database, desk.name, number, new, actor=desk.actor)
    return desk.answer(said(done), at=f"item-{number}")


def _placed(placed: Placed) -> str:
    return " ".join([said(placed.change), *map(on_page, placed.notes)])
