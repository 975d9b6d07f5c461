"""The part of preflight that looks at the items and how they are ordered."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping

from pulse_mailer.composing.finding import (
    EDITION,
    Code,
    Finding,
    Spot,
    category_spot,
    error,
    placed_items,
    section_spot,
    shown_categories,
    shown_sections,
    warning,
)
from pulse_mailer.domain.edition import Edition

PICTURE_MOST, PICTURES_MOST = 200_000, 1_000_000  #: bytes, of one picture and of all

_UNSEEN = "It has no items, and readers do not see it."


def _emptiness(edition: Edition) -> Iterator[Finding]:
    filled = {id(group) for placed in placed_items(edition) for group in (placed.section, placed.category)}
    if not filled:
        yield error(Code.EDITION_EMPTY, EDITION, "It has no items.", "Add items, or import a document.")
        return
    for section in shown_sections(edition):
        if id(section) not in filled:
            remedy = "Add an item, or hide or remove the section."
            yield warning(Code.SECTION_EMPTY, section_spot(section), _UNSEEN, remedy)
            continue
        empty = [category for category in shown_categories(section) if id(category) not in filled]
        if empty:
            names = ", ".join(category.name or "the items without a category" for category in empty)
            at = category_spot(empty[0], section) if len(empty) == 1 else section_spot(section)
            what = (
                _UNSEEN if len(empty) == 1 else f"These have no items, and readers do not see them: {names}."
            )
            yield warning(Code.CATEGORY_EMPTY, at, what, "Add an item, or take it out.")


def _pictures(edition: Edition) -> Iterator[Finding]:
    for placed in placed_items(edition):
        item = placed.item
        if (item.picture_hash or item.picture) and not item.picture_alt.strip():
            what = "Its picture has no description, so people who cannot see it learn nothing of it."
            yield error(Code.ALT_MISSING, placed.at("alt"), what, "Describe the picture in a sentence.")


def _publishers(edition: Edition) -> Iterator[Finding]:
    spellings: dict[str, dict[str, Spot]] = {}
    for placed in placed_items(edition):
        publisher = " ".join(placed.item.publisher.split())
        if publisher:
            spellings.setdefault(folded(publisher), {}).setdefault(publisher, placed.at("publisher"))
        elif not placed.section.is_news:
            what = "It does not say who published it."
            yield warning(Code.PUBLISHER_MISSING, placed.at("publisher"), what, "Name the publisher.")
    for ways in spellings.values():
        if len(ways) > 1:
            names = list(ways)
            shown = " and ".join(f"“{name}”" for name in names)
            remedy = f"Choose one spelling; the first in this edition is “{names[0]}”."
            what = f"The same publisher is spelled {len(ways)} ways: {shown}."
            yield warning(Code.PUBLISHER_SPELLING, ways[names[1]], what, remedy)


def other_spellings(edition: Edition, earlier: Iterable[str]) -> Iterator[Finding]:
    """Publishers that other editions of the newsletter spell otherwise, and never as this one does."""
    known: dict[str, set[str]] = {}
    for name in earlier:
        known.setdefault(folded(name), set()).add(" ".join(name.split()))
    said: set[str] = set()
    for placed in placed_items(edition):
        publisher = " ".join(placed.item.publisher.split())
        others = known.get(folded(publisher), set())
        if publisher and others and publisher not in others | said:
            said.add(publisher)
            what = f"Other editions spell this publisher “{min(others)}”, and this one “{publisher}”."
            remedy = "Choose one spelling, so that readers find all of a publisher's items."
            yield warning(Code.PUBLISHER_SPELLING, placed.at("publisher"), what, remedy)


def repeats(edition: Edition, seen: Iterable[tuple[int, str]]) -> Iterator[Finding]:
    """
    Items that readers have met in another edition.

    Args:
        seen: number of the item, and where it was: "already in the May 2026 edition, Reports".
    """
    items = {placed.item.number: placed for placed in placed_items(edition)}
    for number, words in seen:
        if number in items:
            remedy = "Take it out, unless there is something new to say of it."
            yield warning(Code.REPEAT, items[number].at("title"), f"It is {words}.", remedy)


def heavy_pictures(edition: Edition, weights: Mapping[str, int]) -> Iterator[Finding]:
    """
    Pictures that make a mail slow to open.

    Args:
        weights: bytes, by the hash of the picture.
    """
    shown = [placed for placed in placed_items(edition) if placed.item.picture_hash]
    for placed in shown:
        weight = weights.get(placed.item.picture_hash or "", 0)
        if weight > PICTURE_MOST:
            what = f"Its picture has {weight:,} bytes; over {PICTURE_MOST:,} a telephone waits for it."
            remedy = "Upload a smaller one, or a photograph as JPEG."
            yield warning(Code.PICTURE_HEAVY, placed.at("picture"), what, remedy)
    total = sum(weights.get(name, 0) for name in {placed.item.picture_hash or "" for placed in shown})
    if total > PICTURES_MOST:
        what = (
            f"Its pictures have {total:,} bytes together; {PICTURES_MOST:,} are what a mail should ask for."
        )
        yield warning(Code.PICTURE_HEAVY, EDITION, what, "Take out the pictures that say least.")


def _titles(edition: Edition) -> Iterator[Finding]:
    first: dict[tuple[str, str], str] = {}
    for placed in placed_items(edition):
        # Two publishers may well call a report "Annual review".
        key = folded(placed.item.publisher), folded(placed.item.title)
        if key in first:
            what = f"The same title stands at {first[key]}."
            yield warning(Code.TITLE_TWICE, placed.at("title"), what, "Take one of the two out.")
        first.setdefault(key, placed.place)


def folded(text: str) -> str:
    """The text as readers take it in: without case, accents, punctuation, and a leading The."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ").casefold())
    letters = "".join(
        letter if letter.isalnum() else " " for letter in plain if not unicodedata.combining(letter)
    )
    return "".join(letters.removeprefix("the ").split())


ITEM_CHECKS: tuple[Callable[[Edition], Iterator[Finding]], ...] = (
    _emptiness,
    _pictures,
    _publishers,
    _titles,
)
