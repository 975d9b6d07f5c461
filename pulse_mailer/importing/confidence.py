"""How surely each item was understood, by rules that docs/importing.md lists; and which doubts belong to which."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import replace

from pulse_mailer.domain.edition import Confidence
from pulse_mailer.importing.draft import Doubt, Draft, DraftItem

# What these say of an item is about its style, and not about where it begins and ends.
_OF_STYLE = {Doubt.PUBLISHER_SPELLING, Doubt.TITLE_WITHOUT_STOP}
# With these, an item may hold what is not its own, or lack what is.
_GRAVE = {Doubt.UNCLEAR_HEAD, Doubt.PICTURE_TEXT, Doubt.UNPLACED}


def judge_items(draft: Draft) -> None:
    """Give each doubt of the review the item it belongs to, and each item its confidence."""
    items = sorted(draft.items(), key=lambda item: item.line)
    starts = [item.line for item in items]
    found: dict[int, set[Doubt]] = defaultdict(set)
    for place, doubt in enumerate(draft.review):
        above = bisect_right(starts, doubt.line) - 1
        if above >= 0 and doubt.line <= items[above].last_line:
            draft.review[place] = replace(doubt, item=items[above].line)
            found[items[above].line].add(doubt.doubt)
    for section in draft.sections:
        for category in section.categories:
            for item in category.items:
                item.confidence = _confidence(item, found[item.line], is_news=section.is_news)


def _confidence(item: DraftItem, doubts: set[Doubt], *, is_news: bool) -> Confidence:
    if doubts & _GRAVE:
        return Confidence.DOUBTFUL
    is_complete = item.is_marked and bool(item.url) and (bool(item.publisher) or is_news)
    return Confidence.SURE if is_complete and not doubts - _OF_STYLE else Confidence.LIKELY
