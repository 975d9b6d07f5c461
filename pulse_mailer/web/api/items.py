"""Items, sections and categories of an edition: added, said, moved, merged, split, hidden and taken out."""

import enum
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pulse_mailer import pictures
from pulse_mailer.editions import (
    arranging,
    hiding,
    items,
    removing,
    sections,
    shortening,
    splitting,
    uniting,
)
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import UsageError
from pulse_mailer.web.api.calls import (
    Changed,
    Name,
    Number,
    Text,
    TheEdit,
    TheNumber,
    Typed,
    Uploaded,
    takes,
)
from pulse_mailer.web.api.editions import PATH

router = APIRouter(tags=["items"])


class Place(BaseModel, extra="forbid"):
    """Where it is to stand; last, unless it says otherwise."""

    to: Name = Field(
        default="",
        description="Into this: `Section/Category` for items, a section for categories; by name or place (`#2/#1`).",
        examples=["Policy/Reports"],
    )
    before: Name = Field(default="", description="Right before this one.", examples=[""])
    after: Name = Field(default="", description="Right after this one.", examples=[""])
    first: bool = Field(default=False, description="At the beginning instead of the end.")

    def spot(self) -> Spot:
        return Spot(self.to, before=self.before, after=self.after, first=self.first)


class ItemWords(BaseModel, extra="forbid"):
    """What an item says; what is left out stays."""

    title: Name | None = Field(default=None, examples=["A bridge for bats"])
    publisher: Name | None = Field(default=None, examples=["Harbour Office"])
    url: Name | None = Field(default=None, description="Tracking is taken off.")
    summary: Text | None = Field(default=None, description="In the small Markdown.")
    picture_alt: Name | None = Field(default=None, description="Its picture in words.")
    without_picture: bool = Field(default=False, description="Take its picture off.")

    def said(self) -> items.Said:
        values = self.model_dump(exclude_none=True, exclude={"without_picture", "place"})
        return items.Said(values, without_picture=self.without_picture)


class NewItem(ItemWords):
    """An item to add: what it says, and where."""

    title: Name = Field(examples=["A bridge for bats"])
    place: Place = Field(examples=[{"to": "Policy/Reports"}])


class Numbers(BaseModel, extra="forbid"):
    items: list[Number] = Field(min_length=1, max_length=1_000, description="Their numbers.", examples=[[12]])


class Moved(Numbers):
    place: Place = Field(examples=[{"before": "7"}])


class Merged(BaseModel, extra="forbid"):
    item: Number = Field(examples=[12])
    other: Number = Field(description="The item that goes into it.", examples=[14])
    picture_of: Number | None = Field(
        default=None, description="Whose picture stays; left out: the first's, if it has one."
    )


class Split(BaseModel, extra="forbid"):
    """Where an item is cut in two, and what the new one says besides."""

    item: Number = Field(examples=[12])
    title: Name = Field(description="The new item's.", examples=["A bridge for bats"])
    at: Number = Field(default=2, description="The first paragraph of the new item, from 1.")
    publisher: Name | None = Field(default=None, description="Left out: as the old one's.")
    url: Name | None = None

    def said(self) -> items.Said:
        return items.Said(self.model_dump(exclude_none=True, include={"title", "publisher", "url"}))


class Shortened(BaseModel, extra="forbid"):
    items: list[Number] = Field(
        default=[], max_length=1_000, description="Such as `size` advises.", examples=[[12]]
    )
    undo: bool = Field(default=False, description="Show them whole again; without numbers, all.")


class Part(BaseModel, extra="forbid"):
    """A section (`Policy`, `#2`) or a category (`Policy/Reports`, `#2/#1`)."""

    which: Typed = Field(examples=["Policy"])


class NewPart(BaseModel, extra="forbid"):
    name: Typed = Field(examples=["Policy"])
    place: Place = Field(default=Place(), description="Of a category `to` names its section.")


class MergedPart(Part):
    other: Typed = Field(description="The one that goes into it.", examples=["Research"])


class SplitCategory(BaseModel, extra="forbid"):
    at: Number = Field(description="The first item of the new category.", examples=[12])
    name: Typed = Field(description="What the new one is to be called.", examples=["Briefings"])


class MovedPart(Part):
    place: Place


class GonePart(Part):
    with_items: bool = Field(default=False, description="Also with what stands in it.")


class SectionWords(Part):
    name: Name | None = None
    colour: Name | None = Field(
        default=None, description="#RRGGBB; empty: the design's own.", examples=["#1a5e63"]
    )
    is_news: bool | None = Field(default=None, description="Whether it holds our own news.")


class CategoryWords(Part):
    name: Typed = Field(description="What it is to be called.")


class Kind(enum.StrEnum):
    SECTIONS = "sections"
    CATEGORIES = "categories"


_ADD = {Kind.SECTIONS: sections.add_section, Kind.CATEGORIES: sections.add_category}
_MOVE = {Kind.SECTIONS: arranging.move_section, Kind.CATEGORIES: arranging.move_category}
_UNITE = {Kind.SECTIONS: uniting.unite_sections, Kind.CATEGORIES: uniting.unite_categories}
_HIDE = {Kind.SECTIONS: hiding.hide_section, Kind.CATEGORIES: hiding.hide_category}
_REMOVE = {Kind.SECTIONS: removing.remove_section, Kind.CATEGORIES: removing.remove_category}


@router.post(f"{PATH}/items", status_code=201)
def add_item(new: NewItem, edit: TheEdit) -> Changed:
    """Add an item; a category that only the programme has is made for it."""
    return edit.do(items.add, new.said(), new.place.spot())


@router.patch(f"{PATH}/items/{{number}}")
def change_item(number: TheNumber, words: ItemWords, edit: TheEdit) -> Changed:
    """Change what an item says."""
    if not words.model_fields_set:
        raise UsageError("Nothing was said to change.", remedy="Name a field.")
    return edit.do(items.change, number, words.said())


@router.put(
    f"{PATH}/items/{{number}}/picture",
    max_body_size=pictures.MAX_BYTES,
    openapi_extra=takes("application/octet-stream", "PNG, JPEG, GIF or WebP, at most 5 MB."),
)
def put_picture(
    number: TheNumber,
    edit: TheEdit,
    data: Uploaded,
    alt: Annotated[
        Typed, Query(description="The picture in words, for people who cannot see it.", examples=["A bridge"])
    ],
) -> Changed:
    """Give an item a picture, in the place of one that it has; `without_picture` takes it off."""
    return edit.do(items.change, number, items.Said({"picture_alt": alt}, picture=data))


@router.post(f"{PATH}/items/move")
def move_items(wish: Moved, edit: TheEdit) -> Changed:
    """Move items, which keep their numbers, in the order in which they are named."""
    return edit.do(arranging.move_items, wish.items, wish.place.spot())


@router.post(f"{PATH}/items/merge")
def merge_items(wish: Merged, edit: TheEdit) -> Changed:
    """Merge another into an item: its title and link become a line of the summary, its words follow."""
    return edit.do(uniting.unite_items, wish.item, wish.other, picture_of=wish.picture_of)


@router.post(f"{PATH}/items/split", status_code=201)
def split_item(wish: Split, edit: TheEdit) -> Changed:
    """Make an item of its own of what the summary says from one paragraph on."""
    return edit.do(splitting.split_item, wish.item, wish.at, wish.said())


@router.post(f"{PATH}/items/shorten")
def shorten_items(wish: Shortened, edit: TheEdit) -> Changed:
    """Let the mail show only how items begin, with a link to the rest on the web; the web copy shows all."""
    if not (wish.items or wish.undo):
        raise UsageError("It is not said which items.", remedy="Name their numbers; `size` advises some.")
    return edit.do(shortening.shorten, wish.items, short=not wish.undo)


@router.post(f"{PATH}/items/hide")
def hide_items(wish: Numbers, edit: TheEdit) -> Changed:
    """Keep items, and do not show them to readers."""
    return edit.do(hiding.hide_items, wish.items, hidden=True)


@router.post(f"{PATH}/items/show")
def show_items(wish: Numbers, edit: TheEdit) -> Changed:
    """Show hidden items again."""
    return edit.do(hiding.hide_items, wish.items, hidden=False)


@router.post(f"{PATH}/items/remove")
def remove_items(wish: Numbers, edit: TheEdit) -> Changed:
    """Take items out; what came from the inbox waits there again."""
    return edit.do(removing.remove_items, wish.items)


@router.post(f"{PATH}/{{kind}}", status_code=201)
def add_part(kind: Kind, new: NewPart, edit: TheEdit) -> Changed:
    """Add a section or a category."""
    return edit.do(_ADD[kind], new.name, new.place.spot())


@router.patch(f"{PATH}/sections")
def change_section(words: SectionWords, edit: TheEdit) -> Changed:
    """Rename a section of this edition, or set its colour."""
    values = words.model_dump(exclude_none=True, exclude={"which"})
    if not values:
        raise UsageError("Nothing was said to change.", remedy="Name one of: name, colour, is_news")
    if words.is_news is not None:
        values["is_news"] = "yes" if words.is_news else "no"
    return edit.do(sections.change_section, words.which, values)


@router.patch(f"{PATH}/categories")
def rename_category(words: CategoryWords, edit: TheEdit) -> Changed:
    """Rename a category of this edition."""
    return edit.do(sections.rename_category, words.which, words.name)


@router.post(f"{PATH}/{{kind}}/move")
def move_part(kind: Kind, wish: MovedPart, edit: TheEdit) -> Changed:
    """Move a section or a category with everything in it."""
    return edit.do(_MOVE[kind], wish.which, wish.place.spot())


@router.post(f"{PATH}/{{kind}}/merge")
def merge_parts(kind: Kind, wish: MergedPart, edit: TheEdit) -> Changed:
    """Merge another into a section or a category, and take it out; what stands in both is kept."""
    return edit.do(_UNITE[kind], wish.which, wish.other)


@router.post(f"{PATH}/categories/split", status_code=201)
def split_category(wish: SplitCategory, edit: TheEdit) -> Changed:
    """Put an item, and those after it in its category, into a new category."""
    return edit.do(splitting.split_category, wish.at, wish.name)


@router.post(f"{PATH}/{{kind}}/hide")
def hide_part(kind: Kind, wish: Part, edit: TheEdit) -> Changed:
    """Keep a section or a category, and do not show it to readers."""
    return edit.do(_HIDE[kind], wish.which, hidden=True)


@router.post(f"{PATH}/{{kind}}/show")
def show_part(kind: Kind, wish: Part, edit: TheEdit) -> Changed:
    """Show a hidden section or category again."""
    return edit.do(_HIDE[kind], wish.which, hidden=False)


@router.post(f"{PATH}/{{kind}}/remove")
def remove_part(kind: Kind, wish: GonePart, edit: TheEdit) -> Changed:
    """Take a section or a category out of this edition."""
    return edit.do(_REMOVE[kind], wish.which, with_items=wish.with_items)
