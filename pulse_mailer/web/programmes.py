"""A newsletter's programme: the sections and categories that its editions may have, in their order."""

from collections.abc import Callable, Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer.editions import programme, reading
from pulse_mailer.editions.programme import Kind
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import NotFound, Refused, UsageError
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.newsletters import done
from pulse_mailer.web.signed_in import Administers

router = APIRouter()

SAID = {
    "add": "Added.",
    "rename": "It is called so from now on, in drafts too.",
    "colour": "New editions take that colour.",
    "up": "Moved up.",
    "down": "Moved down.",
    "remove": "Taken out of the programme; editions keep theirs.",
}


class Act(BaseModel):
    """
    What is to be done.

    Attributes:
        name: of the section or category it is done to; when adding, of the new one.
        value: the new name, or the colour.
        chosen: remove a section also when readers chose it.
    """

    do: str = Field(default="", max_length=20)
    kind: Kind = Kind.SECTION
    name: str = Field(default="", max_length=10_000)
    value: str = Field(default="", max_length=10_000)
    news: bool = False
    chosen: bool = False


def _move(database: Session, slug: str, act: Act, actor: str) -> None:
    newsletter = reading.newsletter(database, slug)
    parts = newsletter.sections if act.kind is Kind.SECTION else newsletter.categories
    names = [one.name for one in parts]
    place = names.index(act.name) if act.name in names else -1
    step = -1 if act.do == "up" else 1
    if place < 0 or not 0 <= place + step < len(names):
        return  # it is where it should go already, or is gone: the page shows how things stand
    beside = names[place + step]
    spot = Spot(before=beside) if step < 0 else Spot(after=beside)
    programme.move(database, slug, act.kind, act.name, spot, actor=actor)


def _add(database: Session, slug: str, act: Act, actor: str) -> None:
    programme.add(database, slug, act.kind, act.name, Spot(), news=act.news, actor=actor)


def _rename(database: Session, slug: str, act: Act, actor: str) -> None:
    programme.rename(database, slug, act.kind, act.name, act.value, actor=actor)


def _colour(database: Session, slug: str, act: Act, actor: str) -> None:
    programme.colour(database, slug, act.name, act.value.strip(), actor=actor)


def _remove(database: Session, slug: str, act: Act, actor: str) -> None:
    programme.remove(database, slug, act.kind, act.name, chosen=act.chosen, actor=actor)


_ACTS: Mapping[str, Callable[[Session, str, Act, str], None]] = {
    "add": _add,
    "rename": _rename,
    "colour": _colour,
    "up": _move,
    "down": _move,
    "remove": _remove,
}


@router.api_route("/newsletters/{slug}/programme", methods=["GET", "HEAD"])
def show(slug: str, _who: Administers, mailer: TheMailer, pages: ThePages, said: str = "") -> Response:
    with mailer.database.reading() as database:
        newsletter = reading.newsletter(database, slug)
    return pages.page(
        "web/newsletter_programme.html", newsletter=newsletter, said=SAID.get(said, ""), problem=None
    )


@router.post("/newsletters/{slug}/programme")
def change(
    slug: str, who: Administers, mailer: TheMailer, pages: ThePages, act: Annotated[Act, Form()]
) -> Response:
    try:
        with mailer.database.transaction() as database:
            _of(act)(database, slug, act, who.actor)
    except (UsageError, Refused, NotFound) as problem:
        with mailer.database.reading() as database:
            newsletter = reading.newsletter(database, slug)
        return pages.page(
            "web/newsletter_programme.html",
            status=problem.http_status if problem.http_status != 400 else 422,
            newsletter=newsletter,
            said="",
            problem=problem,
            typed=act,
        )
    return done(f"/newsletters/{quote(slug)}/programme", act.do)


def _of(act: Act) -> Callable[[Session, str, Act, str], None]:
    if act.do not in _ACTS:
        raise UsageError("The form did not say what is to be done.")
    return _ACTS[act.do]
