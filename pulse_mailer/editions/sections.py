"""Sections and categories of one edition: added and renamed; the newsletter's programme stays as it is."""

import re

from sqlalchemy.orm import Session

from pulse_mailer.domain.edition import Category, Edition, Section
from pulse_mailer.domain.names import fold
from pulse_mailer.editions import following, places
from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.editions.spots import Spot
from pulse_mailer.editions.wording import checked_name
from pulse_mailer.errors import Refused, UsageError

#: What staff may set on a section.
FIELDS = ("name", "colour", "is_news")


def add_section(
    database: Session, name: str, section: str, spot: Spot, *, actor: str, expected: int | None = None
) -> Change:
    """
    Add a section; one that the programme has is made as the programme has it.

    Raises:
        UsageError: its name cannot stand in mail.
        Refused: the edition has one of that name.
        NotFound: there is nothing of the name that it is to stand beside.
        WrongState, Conflict: see `changing()`.
    """
    section = checked_name("section's name", section)
    with changing(database, name, actor=actor, expected=expected) as change:
        sections = change.edition.sections
        beside = places.section(change.edition, spot.beside) if spot.beside else None
        _refuse_twice(change.edition, section)
        if fold(section) in [fold(one.name) for one in change.edition.newsletter.sections]:
            made = following.section(change.edition, section)
        else:
            made = Section(name=section, colour="", is_news=False, is_hidden=False, categories=[])
            sections.append(made)
        if spot != Spot():  # else one of the programme stands where that has it
            sections.remove(made)
            spot.put([made], sections, beside)
        change.what = f"section {made.name} added"
    return change


def change_section(
    database: Session,
    name: str,
    section: str,
    values: dict[str, str],
    *,
    actor: str,
    expected: int | None = None,
) -> Change:
    """
    Set what a section is, by the names in FIELDS.

    Raises:
        UsageError: a value is wrong; says which, and nothing is changed.
        NotFound: there is no such section.
        Refused: the edition has another of that name.
        WrongState, Conflict: see `changing()`.
    """
    right = {field: right_value(field, value) for field, value in values.items()}
    with changing(database, name, actor=actor, expected=expected) as change:
        found = places.section(change.edition, section)
        if "name" in right:
            _refuse_twice(change.edition, str(right["name"]), but=found)
        was = found.name
        change.before = {field: getattr(found, field) for field in right}
        change.after = dict(right)
        for field, value in right.items():
            setattr(found, field, value)
        renamed = f"section {was} is called {found.name}"
        rest = [field.removeprefix("is_") for field in right if field != "name"]
        change.what = renamed if "name" in right else f"{', '.join(rest)} of section {was} set"
    return change


def right_value(field: str, value: str) -> str | bool:
    """
    Give what a field of FIELDS becomes.

    Raises:
        UsageError: the value is wrong.
    """
    if field == "name":
        return checked_name("section's name", value)
    if field == "colour":
        if value and not re.fullmatch("#[0-9A-Fa-f]{6}", value):
            raise UsageError(
                f"{value!r} is no colour.", remedy="Write it as #RRGGBB, or nothing for the design's."
            )
        return value.upper()
    if value.casefold() not in ("yes", "no"):
        raise UsageError(f"{value!r} does not say whether it holds our own news.", remedy="Say yes or no.")
    return value.casefold() == "yes"


def add_category(
    database: Session, name: str, category: str, spot: Spot, *, actor: str, expected: int | None = None
) -> Change:
    """
    Add a category to a section, which the programme may have and the edition not yet.

    Raises:
        UsageError: its name cannot stand in mail, or nothing says in which section.
        Refused: the section has one of that name.
        NotFound: there is nothing of the name that it is to stand in or beside.
        WrongState, Conflict: see `changing()`.
    """
    category = checked_name("category's name", category)
    with changing(database, name, actor=actor, expected=expected) as change:
        beside = None
        if spot.beside:
            section, beside = places.category(change.edition, spot.beside)
        elif spot.into:
            section = following.section(change.edition, spot.into)
        else:
            raise UsageError("A category needs a section.", remedy="Such as: --to Section")
        _refuse_twice_in(section, category)
        made = Category(name=category, is_hidden=False, items=[])
        spot.put([made], section.categories, beside)
        change.what = f"{places.path(section, made)} added"
    return change


def rename_category(
    database: Session, name: str, category: str, new: str, *, actor: str, expected: int | None = None
) -> Change:
    """
    Raises:
        UsageError: the new name cannot stand in mail.
        NotFound: there is no such category.
        Refused: its section has another of that name.
        WrongState, Conflict: see `changing()`.
    """
    new = checked_name("category's name", new)
    with changing(database, name, actor=actor, expected=expected) as change:
        section, found = places.category(change.edition, category)
        _refuse_twice_in(section, new, but=found)
        change.before, change.after = {"name": found.name}, {"name": new}
        change.what = f"{places.path(section, found)} is called {new}"
        found.name = new
    return change


def _refuse_twice(edition: Edition, name: str, *, but: Section | None = None) -> None:
    if fold(name) in [fold(one.name) for one in edition.sections if one is not but]:
        raise Refused(f"The edition {edition.key} has a section {name!r} already.")


def _refuse_twice_in(section: Section, name: str, *, but: Category | None = None) -> None:
    if fold(name) in [fold(one.name) for one in section.categories if one is not but]:
        raise Refused(f"{section.name} has a category {name!r} already.")
