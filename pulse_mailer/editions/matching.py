"""Which item of a document is which item of the edition, when the document comes again."""

import enum
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pulse_mailer.domain.edition import Item
from pulse_mailer.editions.sources import Told, key_of
from pulse_mailer.importing.names import fold

_ALIKE = 0.8  #: share of two titles that must be the same
_MOST_PAIRS = 20_000  #: titles held beside one another; what is left over then counts as new


class How(enum.Enum):
    """What an item was recognised by; the first that fits."""

    KEY = enum.auto()  #: the document's own publisher and title, as it had them last
    ADDRESS = enum.auto()  #: the same link
    NAMES = enum.auto()  #: publisher and title as they stand in the edition
    TITLE = enum.auto()  #: a title that is nearly the same, in the same category


@dataclass(frozen=True, slots=True)
class Match:
    item: Item
    how: How


def match(
    told: Sequence[Told], items: Sequence[Item], places: dict[int, tuple[str, str]]
) -> dict[int, Match]:
    """
    Give for each item of a document, by its place in `told`, the one of the edition that it is.

    Args:
        places: for the number of an item of the edition, its section and category.
    """
    matcher = _Matcher(told, items, places)
    matcher.by(How.KEY, [one.key for one in told], [item.source_key for item in items])
    matcher.by(How.ADDRESS, [one.item.url for one in told], [item.url for item in items])
    matcher.by(
        How.NAMES,
        [key_of(one.item.publisher, one.item.title) for one in told],
        [key_of(item.publisher, item.title) for item in items],
    )
    matcher.by_title()
    return matcher.found


class _Matcher:
    def __init__(
        self, told: Sequence[Told], items: Sequence[Item], places: dict[int, tuple[str, str]]
    ) -> None:
        self._told, self._items, self._places = told, items, places
        self._taken: set[int] = set()  #: numbers of items
        self.found: dict[int, Match] = {}

    def by(self, how: How, told_keys: list[str], item_keys: list[str]) -> None:
        """Match what has the same key, where the key tells it from all others that are left."""
        left = [place for place in range(len(self._told)) if place not in self.found]
        there = {place: item for place, item in enumerate(self._items) if item.number not in self._taken}
        counts = Counter(item_keys[place] for place in there)
        by_key = {item_keys[place]: item for place, item in there.items() if counts[item_keys[place]] == 1}
        wanted = Counter(told_keys[place] for place in left)
        for place in left:
            key = told_keys[place]
            if key and wanted[key] == 1 and key in by_key:
                self._pair(place, Match(by_key[key], how))

    def by_title(self) -> None:
        """Match titles of one category and one publisher that are alike, the most alike first."""
        by_group: dict[tuple[str, str, str], list[Item]] = defaultdict(list)
        for item in self._items:
            # A hand-written item is nobody's but the hand's that wrote it.
            if item.number not in self._taken and item.source_key:
                by_group[(*self._places[item.number], fold(item.publisher))].append(item)
        pairs = [
            (place, item)
            for place, one in enumerate(self._told)
            if place not in self.found
            for item in by_group[(*one.place, fold(one.item.publisher))]
        ]
        alike = []
        for place, item in pairs[:_MOST_PAIRS]:
            likeness = SequenceMatcher(None, fold(self._told[place].item.title), fold(item.title))
            if likeness.quick_ratio() >= _ALIKE and (ratio := likeness.ratio()) >= _ALIKE:
                alike.append((ratio, place, item))
        for _, place, item in sorted(alike, key=lambda pair: (-pair[0], pair[1], pair[2].number)):
            if place not in self.found and item.number not in self._taken:
                self._pair(place, Match(item, How.TITLE))

    def _pair(self, place: int, found: Match) -> None:
        self.found[place] = found
        self._taken.add(found.item.number)
