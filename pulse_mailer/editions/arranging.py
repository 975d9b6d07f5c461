"""What stands where in an edition: items, categories and sections moved; the programme and other editions stay."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from pulse_mailer.domain.edition import Category, Edition, Item
from pulse_mailer.domain.names import fold
from pulse_mailer.editions import following, places
from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.editions.places import PlacedItem
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import Refused, UsageError


def move_items(
    database: Session,
    name: str,
    numbers: Sequence[int],
    spot: Spot,
    *,
    actor: str,
    expected: int | None = None,
) -> Change:
    """
    Move items, which keep their numbers, and stand in the order in which they are named.

    Raises:
        NotFound: there is no such item or category.
        UsageError: it does not say where to, or beside one of those that move.
        WrongState, Conflict: see `changing()`.
    """
    with changing(database, name, actor=actor, expected=expected) as change:
        moved = places.items(change.edition, numbers)
        category, beside, where = _goal(change.edition, moved, spot)
        for found in moved:
            found.category.items.remove(found.item)
        spot.put([found.item for found in moved], category.items, beside)
        change.what = f"{said(numbers)} moved {where}"
        change.numbers = tuple(found.item.number for found in moved)
        change.before = {
            str(found.item.number): places.path(found.section, found.category) for found in moved
        }
    return change


def said(numbers: Sequence[int]) -> str:
    """Items in words: "item 3", "items 3, 4 and 7"."""
    shown = [str(number) for number in dict.fromkeys(numbers)]
    if len(shown) == 1:
        return f"item {shown[0]}"
    return f"items {', '.join(shown[:-1])} and {shown[-1]}"


def move_category(
    database: Session, name: str, category: str, spot: Spot, *, actor: str, expected: int | None = None
) -> Change:
    """
    Move a category with its items, within its section or into another.

    Raises:
        NotFound: there is no such category or section.
        UsageError: a name could mean several, or it is to stand beside itself.
        Refused: the section has a category of that name already.
        WrongState, Conflict: see `changing()`.
    """
    with changing(database, name, actor=actor, expected=expected) as change:
        section, moved = places.category(change.edition, category)
        goal, beside = section, None
        if spot.beside:
            goal, beside = places.category(change.edition, spot.beside)
        elif spot.into:
            goal = following.section(change.edition, spot.into)
        if beside is moved:
            raise _beside_itself()
        was = places.path(section, moved)
        if goal is not section and fold(moved.name) in [fold(one.name) for one in goal.categories]:
            raise Refused(
                f"{goal.name} has a category {moved.name!r} already.",
                remedy=f"Merge them: pulse-mailer edition category merge {change.edition.name} --help",
            )
        section.categories.remove(moved)
        spot.put([moved], goal.categories, beside)
        where = f"to {goal.name}" if goal is not section and not beside else spot.words
        change.what = f"{was} moved {where}"
    return change


def move_section(
    database: Session, name: str, section: str, spot: Spot, *, actor: str, expected: int | None = None
) -> Change:
    """
    Move a section with everything in it.

    Raises:
        NotFound: there is no such section.
        UsageError: a name could mean several, it is to stand beside itself, or in something.
        WrongState, Conflict: see `changing()`.
    """
    if spot.into:
        raise UsageError("A section stands in nothing but its edition.")
    with changing(database, name, actor=actor, expected=expected) as change:
        moved = places.section(change.edition, section)
        beside = places.section(change.edition, spot.beside) if spot.beside else None
        if beside is moved:
            raise _beside_itself()
        change.edition.sections.remove(moved)
        spot.put([moved], change.edition.sections, beside)
        change.what = f"{moved.name} moved {spot.words}"
    return change


def _goal(edition: Edition, moved: Sequence[PlacedItem], spot: Spot) -> tuple[Category, Item | None, str]:
    """Where items go: the category, the item beside which, and both in words."""
    if spot.beside:
        beside = places.item(edition, spot.number)
        if beside.item in [found.item for found in moved]:
            raise _beside_itself()
        return beside.category, beside.item, f"{'before' if spot.before else 'after'} item {spot.number}"
    if spot.into:
        section, category = following.category(edition, spot.into)
        return category, None, f"to {places.path(section, category)}" + (", first" if spot.first else "")
    if len({id(found.category) for found in moved}) != 1:
        raise UsageError(
            "These items stand in several categories.", remedy="Say which they go to: --to Section/Category"
        )
    return moved[0].category, None, spot.words


def _beside_itself() -> UsageError:
    return UsageError("Nothing can stand beside itself.")
