"""Items of an edition: added, and what they say changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from pulse_mailer import pictures
from pulse_mailer.domain.edition import Category, Edition, Item, Section
from pulse_mailer.domain.picture import Picture
from pulse_mailer.editions import following, places
from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.editions.spots import Spot
from pulse_mailer.editions.wording import checked, checked_name, checked_text, checked_url
from pulse_mailer.errors import UsageError

#: What staff may set on an item.
FIELDS = ("publisher", "title", "url", "summary", "picture_alt")


@dataclass(frozen=True, slots=True)
class Said:
    """
    What is to be said of an item.

    Attributes:
        values: by the names in FIELDS; what is not named stays.
        picture: the bytes of a picture's file; None: the one that is there stays.
        without_picture: take the picture off.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    picture: bytes | None = None
    without_picture: bool = False


def add(
    database: Session, name: str, said: Said, spot: Spot, *, actor: str, expected: int | None = None
) -> Change:
    """
    Add an item to an edition; a category that only the programme has is made for it.

    Raises:
        UsageError: a value cannot stand in mail, or it has no title; says which, and nothing is changed.
        NotFound: there is no such category.
        PictureRefused: the picture cannot be shown in mail.
        WrongState, Conflict: see `changing()`.
    """
    values = _checked(said.values)
    if "title" not in values:
        raise UsageError("An item needs a title.")
    picture = _picture(database, said, values)
    with changing(database, name, actor=actor, expected=expected) as change:
        made = Item(
            number=change.edition.next_number(), picture=picture, is_hidden=False, is_short=False, **values
        )
        section, category = _place(change.edition, spot, made)
        change.what = f"item {made.number} added to {places.path(section, category)}"
        change.after = {"number": made.number, **values}
        change.numbers = (made.number,)
    return change


def change(
    database: Session, name: str, number: int, said: Said, *, actor: str, expected: int | None = None
) -> Change:
    """
    Set what an item of an edition says.

    Raises:
        UsageError: a value cannot stand in mail; says which, and nothing is changed.
        NotFound: the edition has no item of that number.
        PictureRefused: the picture cannot be shown in mail.
        WrongState, Conflict: see `changing()`.
    """
    values = _checked(said.values)
    picture = _picture(database, said, values)
    named = [field.replace("_", " ") for field in values]
    named += ["picture"] if picture or said.without_picture else []
    with changing(database, name, actor=actor, expected=expected) as made:
        item = places.item(made.edition, number).item
        made.what = f"{', '.join(named)} of item {number} set"
        made.before = {field: getattr(item, field) for field in values}
        made.after = values | {"picture": picture and picture.file_name}
        made.numbers = (number,)
        for one, value in values.items():
            setattr(item, one, value)
        if picture or said.without_picture:
            item.picture = picture
        if said.without_picture:
            item.picture_alt = ""
    return made


def _place(edition: Edition, spot: Spot, made: Item) -> tuple[Section, Category]:
    """Put a new item where it is to stand."""
    if spot.beside:
        found = places.item(edition, spot.number)
        section, category, beside = found.section, found.category, found.item
    elif spot.into:
        (section, category), beside = following.category(edition, spot.into), None
    else:
        raise UsageError("An item needs a category.", remedy="Such as: --to Section/Category")
    spot.put([made], category.items, beside)
    return section, category


def _checked(values: Mapping[str, str]) -> dict[str, str]:
    return {name: right_value(name, value) for name, value in values.items()}


def right_value(name: str, value: str) -> str:
    """
    Raises:
        UsageError: the value cannot stand in that field.
    """
    said = {"url": "link", "picture_alt": "picture's description"}.get(name, name)
    match name:
        case "title":
            return checked_name(said, value)
        case "url":
            return checked_url(said, value)
        case "summary":
            return checked_text(said, value)
        case _:
            return checked(said, value)


def _picture(database: Session, said: Said, values: Mapping[str, str]) -> Picture | None:
    if said.picture is None:
        return None
    if said.without_picture:
        raise UsageError("A picture cannot be put there and taken off at once.")
    if not values.get("picture_alt"):
        raise UsageError(
            "A picture needs a description for people who cannot see it.", remedy="Give it: --alt TEXT"
        )
    return pictures.keep(database, said.picture)
