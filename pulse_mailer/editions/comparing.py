"""
What is different between two contents of an edition, as people would say it: by item and field, moves as moves.

Items are the same when they have one number. Sections and categories have none: they are the same when they have one
name, or else when they hold the same items.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from pulse_mailer.domain.content import FIELDS, Content
from pulse_mailer.domain.names import fold
from pulse_mailer.editions.rewording import Piece, reworded

_TITLE_SHOWN = 60
_WORDS = {"picture_alt": "picture's description", "url": "link"}
_ITEM_TEXTS = ("publisher", "title", "url", "summary", "picture_alt")
_MARKS = {
    "is_hidden": ("is shown again", "is hidden"),
    "is_short": ("is in full in the mail", "is short in the mail"),
    "is_news": ("is no longer for our own news", "is for our own news"),
}

Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """
    Attributes:
        place: what it is about: "The subject", "Section Care", "Item 12 “Warm homes”".
        what: what became of it: "is new in Care/Reports", "summary changed".
        number: the item's.
        field: the name of the text that changed; empty for anything else.
        pieces: that text, word by word.
    """

    place: str
    what: str
    number: int | None = None
    field: str = ""
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class _Placed:
    part: Part
    path: str
    category: int


def compare(before: Content, after: Content) -> list[Difference]:
    """All differences that readers or staff could see, in reading order; none when there is none."""
    return [*_fields(before, after), *_parts(before["sections"], after["sections"])]


def _fields(before: Content, after: Content) -> Iterator[Difference]:
    for name in FIELDS:
        was, now = before["fields"][name], after["fields"][name]
        if was != now:
            said = name.replace("_", " ")
            yield Difference(f"The {said}", f"{said} changed", field=name, pieces=reworded(was, now))
    if before["to_write"] != after["to_write"]:
        left = ", ".join(after["to_write"]) or "nothing"
        yield Difference("What is to be written", f"is {left} now")


def _parts(before: list[Part], after: list[Part]) -> Iterator[Difference]:
    sections = _same(before, after, lambda part: fold(part["name"]))
    yield from _named("Section", before, after, sections)
    was, now = _categories(before), _categories(after)
    where = {place: sections.get(place, -1 - place) for place in range(len(after))}

    def key(found: tuple[int, Part]) -> tuple[object, str]:
        return found[0], fold(found[1]["name"])

    groups = _same(
        [(place, part) for place, part, _ in was],
        [(where[place], part) for place, part, _ in now],
        key,
        lambda found: _numbers(found[1]),
    )
    yield from _moved_categories(was, now, groups, where)
    yield from _items(was, now, groups)


def _categories(sections: list[Part]) -> list[tuple[int, Part, str]]:
    """Each with the place of its section, and what it is called."""
    return [
        (place, category, "/".join(name for name in (section["name"], category["name"]) if name))
        for place, section in enumerate(sections)
        for category in section["categories"]
    ]


def _numbers(part: Part) -> set[int]:
    if "items" in part:
        return {item["number"] for item in part["items"]}
    return {number for category in part["categories"] for number in _numbers(category)}


def _same(
    before: Sequence[Any],
    after: Sequence[Any],
    key: Callable[[Any], object],
    numbers: Callable[[Any], set[int]] = _numbers,
) -> dict[int, int]:
    """Places in `after` to those in `before` of what is the same: by key, or else by the items in it."""
    found: dict[int, int] = {}
    left = list(range(len(before)))
    for place, part in enumerate(after):
        if match := [one for one in left if key(before[one]) == key(part)]:
            found[place] = match[0]
            left.remove(match[0])
    for place, part in enumerate(after):
        if place in found:
            continue
        shared = {one: len(numbers(before[one]) & numbers(part)) for one in left}
        best = max(shared, key=lambda one: shared[one], default=None)
        if best is not None and 2 * shared[best] > len(numbers(before[best])):
            found[place] = best
            left.remove(best)
    return found


def _named(what: str, before: list[Part], after: list[Part], same: dict[int, int]) -> Iterator[Difference]:
    for place in range(len(before)):
        if place not in same.values():
            yield Difference(f"{what} {before[place]['name']}", "was removed")
    moved = _out_of_order([same[place] for place in range(len(after)) if place in same])
    for place, part in enumerate(after):
        label = f"{what} {part['name']}"
        if place not in same:
            yield Difference(label, "is new")
            continue
        was = before[same[place]]
        if was["name"] != part["name"]:
            yield Difference(label, f"was called {was['name']}")
        if same[place] in moved:
            yield Difference(label, f"moved {_after(after, place)}")
        yield from _marks(label, was, part)
        if was["colour"] != part["colour"]:
            yield Difference(label, f"has the colour {part['colour'] or 'of the design'}")


def _after(parts: Sequence[Part], place: int) -> str:
    return f"after {parts[place - 1]['name']}" if place else "to the beginning"


def _out_of_order(places: list[int]) -> set[int]:
    """Which of the places moved, when as many as can be are taken to have stayed."""
    matcher = SequenceMatcher(None, sorted(places), places, autojunk=False)
    stayed = {
        places[block.b + offset] for block in matcher.get_matching_blocks() for offset in range(block.size)
    }
    return set(places) - stayed


def _marks(label: str, was: Part, now: Part, number: int | None = None) -> Iterator[Difference]:
    for name, (off, on) in _MARKS.items():
        if name in now and was[name] != now[name]:
            yield Difference(label, on if now[name] else off, number)


def _moved_categories(
    was: list[tuple[int, Part, str]],
    now: list[tuple[int, Part, str]],
    same: dict[int, int],
    where: dict[int, int],
) -> Iterator[Difference]:
    for place in range(len(was)):
        if place not in same.values():
            yield Difference(f"Category {was[place][2]}", "was removed")
    stayed = [
        same[place]
        for place in range(len(now))
        if place in same and was[same[place]][0] == where[now[place][0]]
    ]
    moved = _out_of_order(_by_section(stayed, was))
    for place, (section, part, path) in enumerate(now):
        label = f"Category {path}"
        if place not in same:
            yield Difference(label, "is new")
            continue
        old_section, old, old_path = was[same[place]]
        if old_section != where[section]:
            yield Difference(label, f"moved here from {old_path}")
        elif fold(old["name"]) != fold(part["name"]) or old["name"] != part["name"]:
            yield Difference(label, f"was called {old['name'] or 'nothing'}")
        if same[place] in moved:
            yield Difference(label, "moved within its section")
        yield from _marks(label, old, part)


def _by_section(places: list[int], was: list[tuple[int, Part, str]]) -> list[int]:
    """The same places in their order, but sections in theirs, so that a section's move moves no category."""
    return sorted(places, key=lambda place: was[place][0])


def _items(
    was: list[tuple[int, Part, str]], now: list[tuple[int, Part, str]], same: dict[int, int]
) -> Iterator[Difference]:
    before = _placed(was, {place: place for place in range(len(was))})
    after = _placed(now, same)
    moved = _moved_items(before, after)
    for number, old in before.items():
        if number not in after:
            yield Difference(_label(old.part), f"was removed from {old.path}", number)
    for number, new in after.items():
        found, label = before.get(number), _label(new.part)
        if found is None:
            yield Difference(label, f"is new in {new.path}", number)
            continue
        if found.category != new.category:
            yield Difference(label, f"moved from {found.path} to {new.path}", number)
        elif number in moved:
            yield Difference(label, f"moved within {new.path}", number)
        yield from _said(label, found.part, new.part)


def _placed(categories: list[tuple[int, Part, str]], same: dict[int, int]) -> dict[int, _Placed]:
    return {
        item["number"]: _Placed(item, path, same.get(place, -1 - place))
        for place, (_, category, path) in enumerate(categories)
        for item in category["items"]
    }


def _moved_items(before: dict[int, _Placed], after: dict[int, _Placed]) -> set[int]:
    """Those that stand in the same category, but not in the same order."""
    moved: set[int] = set()
    for category in {placed.category for placed in before.values()}:
        old = [
            number
            for number, placed in before.items()
            if placed.category == category and number in after and after[number].category == category
        ]
        new = [number for number in after if number in set(old)]
        moved |= {old[place] for place in _out_of_order([old.index(number) for number in new])}
    return moved


def _said(label: str, was: Part, now: Part) -> Iterator[Difference]:
    number = now["number"]
    for name in _ITEM_TEXTS:
        if was[name] != now[name]:
            said = _WORDS.get(name, name)
            yield Difference(label, f"{said} changed", number, name, reworded(was[name], now[name]))
    if was["picture_hash"] != now["picture_hash"]:
        what = "has another picture" if was["picture_hash"] else "has a picture now"
        yield Difference(label, what if now["picture_hash"] else "has no picture any more", number)
    yield from _marks(label, was, now, number)


def _label(item: Part) -> str:
    title = " ".join(item["title"].split())
    shown = title if len(title) <= _TITLE_SHOWN else title[: _TITLE_SHOWN - 1].rstrip() + "…"
    return f"Item {item['number']} “{shown}”"
