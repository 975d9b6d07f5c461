"""Mends what page breaks cut, and takes apart lines that only look like one paragraph."""

import re
from collections.abc import Callable

from pulse_mailer.importing.blocks import Block, Kind, Line, Reading
from pulse_mailer.importing.draft import Doubt
from pulse_mailer.importing.inline import visible

_BEGINS_INSIDE = re.compile(r"[a-z(]")
_IS_OF_ITS_OWN = re.compile(r"(?:www\.|https?:|[\w.+-]+@|[\w-]+:\s|[a-z][.)]\s|\(?\w\)\s)", re.IGNORECASE)
_ENDED = re.compile(r"[.!?:][\"'”’)\]*_]*$")
_CUT = re.compile(r"(?:,|\b(?:and|or|the|a|an|of|to|in|for|with|by|from|that|which|on|at|as))$")
_SHORTEST_CUT = 40  #: characters of a paragraph that a page break may have ended


def join_page_breaks(reading: Reading) -> None:
    """
    Join each block that begins in lower case, or with a bracket, to the unfinished block above it.

    What a page break cut before a capital cannot be known for sure; it is left as it is, and reported.
    """
    joined: list[Block] = []
    for block in reading.blocks:
        above = joined[-1] if joined else None
        if above is not None and block.is_outer_paragraph and _may_go_on(above):
            text = block.text
            end = above.lines[-1].text[-200:].rstrip()
            if _BEGINS_INSIDE.match(text) and not _IS_OF_ITS_OWN.match(text) and not _ENDED.search(end):
                why = f"It goes on with line {above.line}, which a page break had cut: the two were joined."
                reading.doubt(block.line, Doubt.PAGE_BREAK, visible(text), why)
                above.lines += block.lines
                continue
            if _CUT.search(visible(end)):
                why = f"Line {above.line} ends in the middle of a sentence; if this goes on with it, join the two."
                reading.doubt(block.line, Doubt.PAGE_BREAK, visible(text), why)
        joined.append(block)
    reading.blocks = joined


def _may_go_on(above: Block) -> bool:
    if above.kind is Kind.ENTRY:
        return True
    return above.kind is Kind.PARAGRAPH and sum(len(line.text) for line in above.lines[-3:]) >= _SHORTEST_CUT


def take_apart(blocks: list[Block], stands_alone: Callable[[str], bool]) -> list[Block]:
    """Make a paragraph of its own of each line that `stands_alone`, in paragraphs of several lines."""
    found: list[Block] = []
    for block in blocks:
        if not block.is_outer_paragraph or len(block.lines) == 1:
            found.append(block)
            continue
        gathered: list[Line] = []
        for line in block.lines:
            if stands_alone(line.text):
                found += _paragraph(gathered)
                found += _paragraph([line])
                gathered = []
            else:
                gathered.append(line)
        found += _paragraph(gathered)
    return found


def _paragraph(lines: list[Line]) -> list[Block]:
    return [Block(Kind.PARAGRAPH, lines)] if lines else []
