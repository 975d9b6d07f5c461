"""One into two: an item at a paragraph of its summary, a category at an item."""

from sqlalchemy.orm import Session

from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.edition import Category, Item
from pulse_mailer.domain.names import fold
from pulse_mailer.editions import places
from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.editions.items import Said, right_value
from pulse_mailer.editions.wording import checked_name
from pulse_mailer.errors import Refused, UsageError
from pulse_mailer.richtext import blocks


def split_item(
    database: Session,
    name: str,
    number: int,
    at: int,
    said: Said,
    *,
    actor: str,
    expected: int | None = None,
) -> Change:
    """
    Make what an item's summary says from one of its paragraphs on an item of its own, right after it.

    Args:
        at: the first paragraph of the new item, counted from 1; a list or a quote counts as one.
        said: the new one's title, and what else differs: its publisher is the old one's, and it has no link.

    Raises:
        NotFound: there is no such item.
        UsageError: there is no such paragraph to split at, or a value cannot stand in mail.
        WrongState, Conflict: see `changing()`.
    """
    values = {field: right_value(field, value) for field, value in said.values.items()}
    if "title" not in values:
        raise UsageError("The new item needs a title.")
    with changing(database, name, actor=actor, expected=expected) as change:
        found = places.item(change.edition, number)
        parts = blocks(found.item.summary)
        if not 1 <= at <= len(parts):
            raise UsageError(
                f"The summary of item {number} has {counted(len(parts), 'paragraph')}; it cannot be split at {at}.",
                remedy="Name the first paragraph that goes to the new item.",
            )
        change.before = {"summary": found.item.summary}
        made = Item(
            number=change.edition.next_number(),
            picture=None,
            is_hidden=found.item.is_hidden,
            is_short=found.item.is_short,
            **({"publisher": found.item.publisher} | values),
        )
        found.item.summary, made.summary = "\n\n".join(parts[: at - 1]), "\n\n".join(parts[at - 1 :])
        found.category.items.insert(found.category.items.index(found.item) + 1, made)
        change.what = f"item {made.number} split off item {number}"
        change.numbers = (number, made.number)
    return change


def split_category(
    database: Session, name: str, at: int, new: str, *, actor: str, expected: int | None = None
) -> Change:
    """
    Put an item, and those after it in its category, into a new category right after that.

    Raises:
        NotFound: there is no such item.
        UsageError: the name cannot stand in mail, or nothing would be left of the old category.
        Refused: the section has a category of that name already.
        WrongState, Conflict: see `changing()`.
    """
    new = checked_name("category's name", new)
    with changing(database, name, actor=actor, expected=expected) as change:
        found = places.item(change.edition, at)
        section, category = found.section, found.category
        if fold(new) in [fold(one.name) for one in section.categories]:
            raise Refused(f"{section.name} has a category {new!r} already.")
        moved = category.items[category.items.index(found.item) :]
        if len(moved) == len(category.items):
            raise UsageError(
                f"Item {at} is the first of {places.path(section, category)}; nothing would stay there.",
                remedy="Rename the category instead.",
            )
        for item in moved:
            category.items.remove(item)
        made = Category(name=new, is_hidden=category.is_hidden, items=moved)
        section.categories.insert(section.categories.index(category) + 1, made)
        change.what = f"{places.path(section, made)} split off {places.path(section, category)}"
        change.numbers = tuple(item.number for item in moved)
    return change
