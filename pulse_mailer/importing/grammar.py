"""Blocks in, a Draft out: what each stands for, and everything that a person should look at."""

import sys

from pulse_mailer.importing.blocks import Kind, Reading
from pulse_mailer.importing.building import Builder
from pulse_mailer.importing.comparing import compare_heads
from pulse_mailer.importing.confidence import judge_items
from pulse_mailer.importing.draft import Draft, Programme
from pulse_mailer.importing.heads import is_capitals, read_head
from pulse_mailer.importing.joining import join_page_breaks, take_apart
from pulse_mailer.importing.names import MAX_NAME, Names, fold
from pulse_mailer.importing.opening import end_of_items, read_closing_block, read_opening, take_masthead
from pulse_mailer.importing.outline import Part, Role, outline


def understand(reading: Reading, programme: Programme) -> Draft:
    """Make a draft edition of a document's blocks. Nothing of them is lost: it is in the draft or its review."""
    names = Names.of(programme)
    draft = Draft()
    join_page_breaks(reading)
    reading.blocks = take_masthead(reading.blocks, draft, lambda words: _is_named(words, names))
    reading.blocks = take_apart(reading.blocks, lambda text: _stands_alone(text, names))
    parts = outline(reading, names)
    draft.review = reading.doubts
    first = next((place for place, part in enumerate(parts) if part.role is not Role.TEXT), len(parts))
    read_opening([part.block for part in parts[:first]], draft)
    body = _without_footer(parts[first:], draft)
    after = parts[first + len(body) :]
    builder = Builder(draft, end=after[0].block.line if after else sys.maxsize)
    builder.build(body)
    compare_heads(draft, builder.heads)
    judge_items(draft)
    draft.review.sort(key=lambda doubt: doubt.line)
    return draft


def _is_named(words: str, names: Names) -> bool:
    return fold(words) in names.sections | names.categories


def _stands_alone(text: str, names: Names) -> bool:
    """Whether a line is a block of its own even when other lines stand right under it."""
    if len(text) <= 2 * MAX_NAME and (_is_named(text, names) or is_capitals(text)):
        return True
    head = read_head(text, names)
    return head is not None and (head.is_strong or head.has_stop)


def _without_footer(parts: list[Part], draft: Draft) -> list[Part]:
    """Take off the text at the document's very end that says how to reach the sender, and how to leave."""
    end = len(parts)
    while end and parts[end - 1].role is Role.TEXT:
        end -= 1
    tail = [part.block for part in parts[end:]]
    is_known = bool(draft.contact_lines or draft.reason)
    place = end + end_of_items(tail, is_known=is_known)
    while place < len(parts) and parts[place].block.kind is Kind.PICTURE:
        place += 1
    read_closing_block([part.block for part in parts[place:]], draft)
    return parts[:place]
