"""What stands where in an edition: items, categories and sections moved, hidden, shortened, named and taken out."""

import enum
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer.editions import (
    arranging,
    hiding,
    removing,
    sections,
    shortening,
    splitting,
    stepping,
    uniting,
)
from pulse_mailer.editions.changing import Change
from pulse_mailer.editions.items import Said
from pulse_mailer.editions.spots import Spot
from pulse_mailer.web.compose_desk import Seen, TheDesk
from pulse_mailer.web.compose_page import PATH

router = APIRouter()

Name = Annotated[str, Field(max_length=2_000)]


class Deed(enum.StrEnum):
    UP = "up"
    DOWN = "down"
    HIDE = "hide"
    SHOW = "show"
    REMOVE = "remove"


class ItemDeed(enum.StrEnum):
    UP = "up"
    DOWN = "down"
    HIDE = "hide"
    SHOW = "show"
    REMOVE = "remove"
    SHORTEN = "shorten"
    LENGTHEN = "lengthen"


class Goal(BaseModel):
    """Where an item goes; `place` is one in its own category, from 1; `revision` what the page showed."""

    into: Name = ""
    before: Name = ""
    after: Name = ""
    first: bool = False
    place: int | None = Field(default=None, ge=1, le=100_000)
    revision: int | None = Field(default=None, ge=1, le=2**31)


#: Each with database, name of the edition, the item's number, actor.
_TO_ITEMS: dict[ItemDeed, Callable[[Session, str, int, str], Change]] = {
    ItemDeed.UP: lambda db, name, number, actor: stepping.step(db, name, number, stepping.UP, actor=actor),
    ItemDeed.DOWN: lambda db, name, number, actor: stepping.step(
        db, name, number, stepping.DOWN, actor=actor
    ),
    ItemDeed.HIDE: lambda db, name, number, actor: hiding.hide_items(db, name, [number], actor=actor),
    ItemDeed.SHOW: lambda db, name, number, actor: hiding.hide_items(
        db, name, [number], hidden=False, actor=actor
    ),
    ItemDeed.REMOVE: lambda db, name, number, actor: removing.remove_items(db, name, [number], actor=actor),
    ItemDeed.SHORTEN: lambda db, name, number, actor: shortening.shorten(db, name, [number], actor=actor),
    ItemDeed.LENGTHEN: lambda db, name, number, actor: shortening.shorten(
        db, name, [number], short=False, actor=actor
    ),
}
#: The same with a handle in place of the number.
_TO_SECTIONS: dict[Deed, Callable[[Session, str, str, str], Change]] = {
    Deed.UP: lambda db, name, part, actor: stepping.step_section(db, name, part, stepping.UP, actor=actor),
    Deed.DOWN: lambda db, name, part, actor: stepping.step_section(
        db, name, part, stepping.DOWN, actor=actor
    ),
    Deed.HIDE: lambda db, name, part, actor: hiding.hide_section(db, name, part, actor=actor),
    Deed.SHOW: lambda db, name, part, actor: hiding.hide_section(db, name, part, hidden=False, actor=actor),
    Deed.REMOVE: lambda db, name, part, actor: removing.remove_section(db, name, part, actor=actor),
}
_TO_CATEGORIES: dict[Deed, Callable[[Session, str, str, str], Change]] = {
    Deed.UP: lambda db, name, part, actor: stepping.step_category(db, name, part, stepping.UP, actor=actor),
    Deed.DOWN: lambda db, name, part, actor: stepping.step_category(
        db, name, part, stepping.DOWN, actor=actor
    ),
    Deed.HIDE: lambda db, name, part, actor: hiding.hide_category(db, name, part, actor=actor),
    Deed.SHOW: lambda db, name, part, actor: hiding.hide_category(db, name, part, hidden=False, actor=actor),
    Deed.REMOVE: lambda db, name, part, actor: removing.remove_category(db, name, part, actor=actor),
}


@router.post(f"{PATH}/items/{{number}}/move")
def move(number: int, desk: TheDesk, goal: Annotated[Goal, Form()]) -> Response:
    with desk.changing_seen(goal.revision, parts=[goal.into]) as database:
        if goal.place is not None:
            done = stepping.put_at(database, desk.name, number, goal.place, actor=desk.actor)
        else:
            spot = Spot(goal.into, before=goal.before, after=goal.after, first=goal.first)
            done = arranging.move_items(database, desk.name, [number], spot, actor=desk.actor)
    return desk.answer(_moved(done, number), at=f"item-{number}")


@router.post(f"{PATH}/items/{{number}}/do")
def do_item(number: int, deed: Annotated[ItemDeed, Form()], desk: TheDesk, revision: Seen = None) -> Response:
    lost = [number] if deed is ItemDeed.REMOVE else []
    with desk.changing_seen(revision, numbers=lost) as database:
        done = _TO_ITEMS[deed](database, desk.name, number, desk.actor)
    is_move = deed in (ItemDeed.UP, ItemDeed.DOWN)
    return desk.answer(_moved(done, number) if is_move else said(done), at=f"item-{number}")


@router.post(f"{PATH}/items/{{number}}/merge")
def merge_item(number: int, desk: TheDesk, other: Annotated[int, Form()], revision: Seen = None) -> Response:
    with desk.changing_seen(revision, numbers=[number, other]) as database:
        done = uniting.unite_items(database, desk.name, number, other, actor=desk.actor)
    return desk.answer(said(done), at=f"item-{number}")


@router.post(f"{PATH}/items/{{number}}/split")
def split_item(
    number: int,
    desk: TheDesk,
    paragraph: Annotated[int, Form(ge=1, le=100_000)],
    title: Annotated[Name, Form()] = "",
    revision: Seen = None,
) -> Response:
    new = Said({"title": title})
    with desk.changing_seen(revision, numbers=[number]) as database:
        done = splitting.split_item(database, desk.name, number, paragraph, new, actor=desk.actor)
    return desk.answer(said(done), at=f"item-{number}")


@router.post(f"{PATH}/sections/merge")
def merge_sections(
    desk: TheDesk, part: Annotated[Name, Form()], other: Annotated[Name, Form()], revision: Seen = None
) -> Response:
    with desk.changing_seen(revision, parts=[part, other]) as database:
        done = uniting.unite_sections(database, desk.name, part, other, actor=desk.actor)
    return desk.answer(said(done))


@router.post(f"{PATH}/categories/merge")
def merge_categories(
    desk: TheDesk, part: Annotated[Name, Form()], other: Annotated[Name, Form()], revision: Seen = None
) -> Response:
    with desk.changing_seen(revision, parts=[part, other]) as database:
        done = uniting.unite_categories(database, desk.name, part, other, actor=desk.actor)
    return desk.answer(said(done))


@router.post(f"{PATH}/sections")
def add_section(desk: TheDesk, name: Annotated[Name, Form()] = "") -> Response:
    with desk.changing() as database:
        done = sections.add_section(database, desk.name, name, Spot(), actor=desk.actor)
    return desk.answer(said(done))


@router.post(f"{PATH}/sections/name")
def name_section(
    desk: TheDesk, part: Annotated[Name, Form()], name: Annotated[Name, Form()] = "", revision: Seen = None
) -> Response:
    with desk.changing_seen(revision, parts=[part]) as database:
        done = sections.change_section(database, desk.name, part, {"name": name}, actor=desk.actor)
    return desk.answer(said(done))


@router.post(f"{PATH}/sections/do")
def do_section(
    desk: TheDesk, part: Annotated[Name, Form()], deed: Annotated[Deed, Form()], revision: Seen = None
) -> Response:
    with desk.changing_seen(revision, parts=[part]) as database:
        done = _TO_SECTIONS[deed](database, desk.name, part, desk.actor)
    return desk.answer(said(done))


@router.post(f"{PATH}/categories")
def add_category(
    desk: TheDesk, part: Annotated[Name, Form()], name: Annotated[Name, Form()] = "", revision: Seen = None
) -> Response:
    with desk.changing_seen(revision, parts=[part]) as database:
        done = sections.add_category(database, desk.name, name, Spot(part), actor=desk.actor)
    return desk.answer(said(done))


@router.post(f"{PATH}/categories/name")
def name_category(
    desk: TheDesk, part: Annotated[Name, Form()], name: Annotated[Name, Form()] = "", revision: Seen = None
) -> Response:
    with desk.changing_seen(revision, parts=[part]) as database:
        done = sections.rename_category(database, desk.name, part, name, actor=desk.actor)
    return desk.answer(said(done))


@router.post(f"{PATH}/categories/do")
def do_category(
    desk: TheDesk, part: Annotated[Name, Form()], deed: Annotated[Deed, Form()], revision: Seen = None
) -> Response:
    with desk.changing_seen(revision, parts=[part]) as database:
        done = _TO_CATEGORIES[deed](database, desk.name, part, desk.actor)
    return desk.answer(said(done))


def said(done: Change) -> str:
    """What was done, as a sentence."""
    what = done.what if done.made else "nothing to change; it is like that already"
    return f"{what[:1].upper()}{what[1:]}."


def _moved(done: Change, number: int) -> str:
    title = next(item.title for item in done.edition.items() if item.number == number)
    return f"{title} moved to {stepping.where(done.edition, number)}."
