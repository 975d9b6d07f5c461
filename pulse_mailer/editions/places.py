"""
Where things are in an edition, by what people call them: items by number, sections and categories by name.

Names are compared without case, and with straight quotation marks for curly ones. A category may be named alone,
while no other has its name, or as Section/Category; what a name does not tell apart goes by its place: #2, #2/#1.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pulse_mailer.domain.edition import Category, Edition, Item, Section
from pulse_mailer.domain.names import fold
from pulse_mailer.errors import NotFound, UsageError

_LISTED = 12

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PlacedItem:
    item: Item
    category: Category
    section: Section

    @property
    def is_hidden(self) -> bool:
        """Whether it, or what it stands in, is kept from readers."""
        return self.item.is_hidden or self.category.is_hidden or self.section.is_hidden


def path(section: Section, category: Category) -> str:
    """What a category is called: Section/Category, or its section's name where it has none."""
    return f"{section.name}/{category.name}" if category.name else section.name


def item(edition: Edition, number: int) -> PlacedItem:
    """
    Raises:
        NotFound: the edition has no item of that number.
    """
    for section, category in categories(edition):
        for found in category.items:
            if found.number == number:
                return PlacedItem(found, category, section)
    raise no_item(edition, number)


def no_item(edition: Edition, number: int) -> NotFound:
    return NotFound(
        f"The edition {edition.key} has no item {number}.",
        remedy=f"See their numbers: pulse-mailer edition show {edition.name}",
    )


def items(edition: Edition, numbers: Iterable[int]) -> list[PlacedItem]:
    """Those items, each once, in the order of their numbers as given. Raises as `item()`."""
    return [item(edition, number) for number in dict.fromkeys(numbers)]


def categories(edition: Edition) -> Iterator[tuple[Section, Category]]:
    """All of them in reading order, hidden ones too."""
    for section in edition.sections:
        for category in section.categories:
            yield section, category


def section(edition: Edition, name: str) -> Section:
    """
    Raises:
        NotFound: the edition has none of that name; lists those it has.
        UsageError: several have it; says how to tell them apart.
    """
    named = [(f"#{place} {one.name}", one) for place, one in enumerate(edition.sections, 1)]
    matching = [
        (shown, one)
        for place, (shown, one) in enumerate(named, 1)
        if fold(name) in (fold(one.name), f"#{place}")
    ]
    return _only(edition, "section", name, matching, named)


def category(edition: Edition, name: str) -> tuple[Section, Category]:
    """
    Raises:
        NotFound: the edition has none of that name; lists those it has.
        UsageError: several have it; says how to tell them apart.
    """
    named = list(_named_categories(edition))
    matching = [(shown, pair) for shown, names, pair in named if fold(name) in names]
    return _only(edition, "category", name, matching, [(shown, pair) for shown, _, pair in named])


def _named_categories(edition: Edition) -> Iterator[tuple[str, set[str], tuple[Section, Category]]]:
    """Each category with what tells it apart, and everything that it may be called."""
    for place, one in enumerate(edition.sections, 1):
        for group, inner in enumerate(one.categories, 1):
            heads, tails = (fold(one.name), f"#{place}"), (fold(inner.name), f"#{group}")
            names = {f"{head}/{tail}" for head in heads for tail in tails}
            # A category without a name is its section to those who read, and goes by its name.
            names |= {fold(inner.name)} if inner.name else set(heads)
            yield f"#{place}/#{group} {path(one, inner)}", names, (one, inner)


def _only(
    edition: Edition, what: str, name: str, matching: Sequence[tuple[str, T]], every: Sequence[tuple[str, T]]
) -> T:
    if len(matching) == 1:
        return matching[0][1]
    if matching:
        shown = "; ".join(shown for shown, _ in matching)
        raise UsageError(f"{name!r} could be several in {edition.key}: {shown}.", remedy="Name it by its #.")
    listed = "; ".join(shown for shown, _ in every[:_LISTED])
    more = f" and {len(every) - _LISTED} more" if len(every) > _LISTED else ""
    raise NotFound(
        f"The edition {edition.key} has no {what} {name!r}.",
        remedy=f"It has: {listed}{more}." if every else f"It has no {what} yet.",
    )
