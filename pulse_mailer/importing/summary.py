"""Blocks back into our Markdown: the letter and the items' summaries."""

import re
from collections.abc import Iterable

from pulse_mailer.importing.blocks import Block, Kind
from pulse_mailer.importing.inline import runs, visible
from pulse_mailer.importing.targets import PLACEHOLDER

# What would make CommonMark read a paragraph as something else.
_START = re.compile(r"(\d{1,9})([.)])(?=\s|$)|(#{1,6}(?=\s|$)|[-+*](?=\s|$)|>|\[[^\]]*\]:|={1,}$|-{1,}$)")
_POINTS = re.compile(
    r"\b(?:read|see|find|visit|download|available|information|full|here|website|webpage|report|publication|link|view"
    r"|access|click|more|register|book|apply)\b",
    re.IGNORECASE,
)


def to_markdown(blocks: Iterable[Block]) -> str:
    """
    Write blocks as Markdown: entries that follow one another are one list, however the document spaced them.
    """
    written: list[str] = []
    margins: list[str] = []
    in_list = False
    for block in blocks:
        if block.kind is Kind.ENTRY:
            level = min(block.level, len(margins))
            margins = [*margins[:level], " " * len(block.marker)]
            line = "".join(margins[:level]) + block.marker + _guarded(block.text)
            written.append(line if in_list else f"\n{line}")
            in_list = True
            continue
        inside = block.level if block.kind is Kind.PARAGRAPH else 0
        margins = margins[:inside]
        in_list = False
        written.append(f"\n{''.join(margins)}{_block_text(block)}")
    return "\n".join(written).strip("\n")


def own_link(blocks: list[Block]) -> str:
    """
    The URL in an item's text that is clearly its own: the one link, standing alone or in a sentence that points
    to it; empty when there is none or more than one.
    """
    found = [
        (block, run.target)
        for block in blocks
        if "[" in block.text or "<" in block.text
        for run in runs(block.text)
        if run.target and run.target.startswith(("http:", "https:"))
    ]
    if len({target for _, target in found}) != 1:
        return ""
    block, target = found[0]
    words = visible(block.text)
    points = block.kind is Kind.PARAGRAPH and (
        words == target or (len(words) <= 300 and _POINTS.search(words))
    )
    return (target or "") if points else ""


def is_bare_link(block: Block, url: str) -> bool:
    """Whether a paragraph holds nothing but this URL."""
    return block.kind is Kind.PARAGRAPH and url != PLACEHOLDER and visible(block.text) == url


def _block_text(block: Block) -> str:
    if block.kind is Kind.HEADING:
        return f"### {block.text}"
    if block.kind is Kind.QUOTE:
        return f"> {_guarded(block.text)}"
    return _guarded(block.text)


def _guarded(text: str) -> str:
    found = _START.match(text)
    if found is None:
        return text
    if found[1]:
        return f"{found[1]}\\{text[len(found[1]) :]}"
    return f"\\{text}"
