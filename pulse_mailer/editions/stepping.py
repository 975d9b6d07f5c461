"""Moving an item by steps, as people do with keys: up, down, or to a place in its category."""

from sqlalchemy.orm import Session

from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import arranging, changing, places
from pulse_mailer.editions.changing import Change
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import Refused

UP, DOWN = -1, 1


def step(database: Session, name: str, number: int, way: int, *, actor: str) -> Change:
    """
    Move an item one step UP or DOWN; over the end of its category into the next.

    Raises:
        NotFound: there is no such item.
        Refused: it is the first or the last of all.
        WrongState: see `changing()`.
    """
    spot = _beside(changing.held(database, name), number, way)
    return arranging.move_items(database, name, [number], spot, actor=actor)


def put_at(database: Session, name: str, number: int, place: int, *, actor: str) -> Change:
    """Move an item to a place in its category, from 1; beyond the last: to the end. Raises as `step()`."""
    found = places.item(changing.held(database, name), number)
    others = [str(one.number) for one in found.category.items if one is not found.item]
    place = max(place, 1)
    spot = Spot(before=others[place - 1]) if place <= len(others) else Spot()
    return arranging.move_items(database, name, [number], spot, actor=actor)


def where(edition: Edition, number: int) -> str:
    """Where an item stands, for who cannot see it: "position 2 of 3 in Care/Reports"."""
    found = places.item(edition, number)
    here = found.category.items
    place = here.index(found.item) + 1
    return f"position {place} of {len(here)} in {places.path(found.section, found.category)}"


def _beside(edition: Edition, number: int, way: int) -> Spot:
    found = places.item(edition, number)
    here = found.category.items
    place = here.index(found.item) + way
    if 0 <= place < len(here):
        beside = str(here[place].number)
        return Spot(before=beside) if way == UP else Spot(after=beside)
    every = [
        (f"#{head}/#{tail}", category)
        for head, section in enumerate(edition.sections, 1)
        for tail, category in enumerate(section.categories, 1)
    ]
    at = next(at for at, (_, category) in enumerate(every) if category is found.category) + way
    if not 0 <= at < len(every):
        raise Refused(f"Item {number} is the {'first' if way == UP else 'last'} of all already.")
    return Spot(into=every[at][0], first=way == DOWN)


def step_category(database: Session, name: str, category: str, way: int, *, actor: str) -> Change:
    """
    Move a category one step UP or DOWN within its section.

    Raises:
        NotFound, UsageError: there is no such category, or the name could mean several.
        Refused: it is the first or the last of its section.
        WrongState: see `changing()`.
    """
    edition = changing.held(database, name)
    section, found = places.category(edition, category)
    head = edition.sections.index(section) + 1
    tail = section.categories.index(found) + 1
    spot = _among(f"#{head}/", tail, len(section.categories), way)
    return arranging.move_category(database, name, f"#{head}/#{tail}", spot, actor=actor)


def step_section(database: Session, name: str, section: str, way: int, *, actor: str) -> Change:
    """The same for a section in its edition."""
    edition = changing.held(database, name)
    place = edition.sections.index(places.section(edition, section)) + 1
    spot = _among("", place, len(edition.sections), way)
    return arranging.move_section(database, name, f"#{place}", spot, actor=actor)


def _among(head: str, place: int, count: int, way: int) -> Spot:
    if not 1 <= place + way <= count:
        raise Refused(f"It is the {'first' if way == UP else 'last'} already.")
    beside = f"{head}#{place + way}"
    return Spot(before=beside) if way == UP else Spot(after=beside)
