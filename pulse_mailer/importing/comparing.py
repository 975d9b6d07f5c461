"""Heads of items held beside one another: the same publisher spelled two ways, the stop that one title lacks."""

import re
from collections import Counter, defaultdict

from pulse_mailer.importing.draft import Doubt, DoubtfulLine, Draft, DraftItem
from pulse_mailer.importing.heads import Head
from pulse_mailer.importing.names import fold

_FEWEST = 3  #: heads from which a habit can be told


def compare_heads(draft: Draft, heads: list[tuple[DraftItem, Head]]) -> None:
    """Add to the review what only a comparison of all heads shows."""
    by_publisher: dict[str, list[DraftItem]] = defaultdict(list)
    for item, _ in heads:
        if item.publisher:
            by_publisher[_same(item.publisher)].append(item)
    for items in by_publisher.values():
        _compare_spellings(draft, items)
    published = [(item, head) for item, head in heads if item.publisher]
    without = [item for item, head in published if not head.has_stop]
    if len(published) >= _FEWEST and 2 * len(without) < len(published):
        why = "This title lacks the full stop that the others end in."
        draft.review += [
            DoubtfulLine(item.line, Doubt.TITLE_WITHOUT_STOP, item.title, why) for item in without
        ]


def _same(publisher: str) -> str:
    """What the spellings of one publisher have in common: not its article, nor an abbreviation in brackets."""
    return re.sub(r"\s*\([^()]*\)$", "", fold(publisher)).removeprefix("the ")


def _compare_spellings(draft: Draft, items: list[DraftItem]) -> None:
    counts = Counter(item.publisher for item in items)
    usual = counts.most_common(1)[0][0]
    first = next(item.line for item in items if item.publisher == usual)
    for item in items:
        if item.publisher != usual:
            why = f'Line {first} spells this publisher "{usual}"; choose one of the two.'
            draft.review.append(DoubtfulLine(item.line, Doubt.PUBLISHER_SPELLING, item.publisher, why))
