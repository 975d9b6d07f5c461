"""What stands before the first section: masthead, period, letter, signature, contact details."""

import re
from collections.abc import Callable

from pulse_mailer.importing import periods
from pulse_mailer.importing.blocks import Block, Kind, Line
from pulse_mailer.importing.contact import is_contact, is_of_sender, is_reason, read_contact
from pulse_mailer.importing.draft import Doubt, DoubtfulLine, Draft
from pulse_mailer.importing.inline import visible
from pulse_mailer.importing.names import is_name
from pulse_mailer.importing.summary import to_markdown

_FIELDS = re.compile(r"(subject|preheader|preview(?: text)?)\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
_CLOSING = re.compile(
    r"((?:with |my |our )?(?:very )?(?:best|kind|kindest|warm|warmest|many)?\s?(?:wishes|regards|thanks)"
    r"|yours(?: sincerely| faithfully| truly)?|sincerely|all the best|best|cheers|take care|until next (?:time|month)"
    r"|with (?:best|kind|warm) (?:wishes|regards))\b\s*([,.!]*)\s*",
    re.IGNORECASE,
)
_MAX_TITLE = 80  #: characters of a masthead or a name
_MAX_ROLE = 100
_MASTHEAD_BLOCKS = 5

_IsNamed = Callable[[str], bool]


def take_masthead(blocks: list[Block], draft: Draft, is_named: _IsNamed) -> list[Block]:
    """
    Fill newsletter, period, subject and preheader from the top of the document, and give the blocks after it.

    `is_named` says whether a line is the name of a section or category, which ends the masthead.
    """
    rest = list(blocks)
    left: list[Block] = []
    for _ in range(_MASTHEAD_BLOCKS):
        if len(rest) > 1 and not draft.newsletter and is_named(visible(rest[1].lines[0].text)):
            break  # what stands right over a category is a section, not the newsletter
        if not rest or rest[0].kind not in (Kind.HEADING, Kind.PARAGRAPH):
            break
        lines = [line for line in rest[0].lines if not _take_line(line.text, draft, is_named)]
        if len(lines) == len(rest[0].lines):
            if not _is_tagline(rest, draft):
                break
            left.append(rest[0])
        elif lines:
            rest[0].lines = lines
            break
        rest.pop(0)
    return left + rest


def _is_tagline(rest: list[Block], draft: Draft) -> bool:
    """Whether the period may still come after this line, which then is the beginning of the letter."""
    words = visible(rest[0].text) if len(rest[0].text) <= 2 * _MAX_TITLE else ""
    return bool(words) and bool(draft.newsletter) and not draft.period and not words.endswith((".", ","))


def _take_line(text: str, draft: Draft, is_named: _IsNamed) -> bool:
    if field := _FIELDS.fullmatch(text.strip()):
        name, words = field[1].lower(), visible(field[2])
        attribute = "subject" if name == "subject" else "preheader"
        if getattr(draft, attribute):
            return False
        setattr(draft, attribute, words)
        return True
    words = visible(text) if len(text) <= 4 * _MAX_TITLE else ""
    if not words or len(words) > _MAX_TITLE or words.endswith((",", ":", ";")) or is_named(words):
        return False
    period = periods.find(words)
    if period and not draft.period and len(period.rest.split()) <= 8 and not words.endswith("."):
        if period.rest and not draft.newsletter:
            draft.newsletter, draft.period = period.rest, period.text
        else:
            draft.period = words
        draft.key = period.key
        return True
    if draft.newsletter or draft.period or words.endswith((".", "?", "!")):
        return False
    draft.newsletter = words
    return True


def read_opening(blocks: list[Block], draft: Draft) -> None:
    """Fill letter, closing, signature and contact details from the blocks between masthead and first section."""
    blocks = [block for block in blocks if not _is_picture(block, draft)]
    blocks = _closings_apart(blocks)
    place = next((place for place in reversed(range(len(blocks))) if _closing(blocks[place])), None)
    if place is None:
        place = _end_of_letter(blocks)
        draft.letter = to_markdown(blocks[:place])
        read_contact([line for block in blocks[place:] for line in block.marked_lines], draft)
        return
    draft.letter = to_markdown(blocks[:place])
    found = _closing(blocks[place])
    assert found is not None
    first = blocks[place].lines[0]
    words = visible(first.text)
    draft.closing = words[: found.end()].strip()
    draft.signed_by = words[found.end() :].strip()
    after = [line for block in blocks[place:] for line in block.marked_lines][1:]
    read_contact(_without_signature(after, draft), draft)


def read_closing_block(blocks: list[Block], draft: Draft) -> None:
    """Fill reason and contact details from the blocks at the very end of a document."""
    blocks = [block for block in blocks if not _is_picture(block, draft)]
    read_contact([line for block in blocks for line in block.marked_lines], draft)


def _is_picture(block: Block, draft: Draft) -> bool:
    if block.picture is None:
        return False
    why = "A picture outside of the items was left out."
    draft.review.append(DoubtfulLine(block.line, Doubt.PICTURE, block.picture.alt or block.text, why))
    return True


def _closings_apart(blocks: list[Block]) -> list[Block]:
    """Cut a paragraph of several lines before the one that closes the letter."""
    found: list[Block] = []
    for block in blocks:
        at = next((n for n, line in enumerate(block.lines) if n and _closing_line(line)), 0)
        if block.kind is Kind.PARAGRAPH and at:
            found.append(Block(block.kind, block.lines[:at], level=block.level))
            block = Block(block.kind, block.lines[at:], level=block.level)  # noqa: PLW2901 - the rest of it
        found.append(block)
    return found


def _closing(block: Block) -> re.Match[str] | None:
    return _closing_line(block.lines[0]) if block.kind is Kind.PARAGRAPH else None


def _closing_line(line: Line) -> re.Match[str] | None:
    """The closing words at the start of a line that holds nothing else but, at most, a name."""
    if len(line.text) > 2 * _MAX_TITLE:
        return None
    words = visible(line.text)
    found = _CLOSING.match(words)
    name = words[found.end() :] if found else ""
    if found and (not name or (found[2] and is_name(name) and len(name.split()) <= 6)):
        return found
    return None


def _without_signature(lines: list[Line], draft: Draft) -> list[Line]:
    """Take name and role off the top of the lines after the closing."""
    for limit, attribute in ((_MAX_TITLE, "signed_by"), (_MAX_ROLE, "signed_role")):
        if lines and not getattr(draft, attribute) and _is_of_signature(lines[0].text, limit):
            setattr(draft, attribute, visible(lines[0].text))
            lines = lines[1:]
    return lines


def _is_of_signature(text: str, limit: int) -> bool:
    if len(text) > 4 * limit or is_contact(text):
        return False
    words = visible(text)
    return len(words) <= limit and not words.endswith((".", ":", "?", "!")) and not is_reason(words)


def _end_of_letter(blocks: list[Block]) -> int:
    """Where the contact details begin in an opening without a signature: the run of them at its end."""
    place = len(blocks)
    while place and _is_of_contact(blocks[place - 1]):
        place -= 1
    return place


def _is_of_contact(block: Block) -> bool:
    if block.kind is not Kind.PARAGRAPH:
        return False
    return is_reason(block.text) or all(is_contact(line.text) for line in block.lines)


def _begins_contact(block: Block) -> bool:
    return is_reason(block.text) or any(is_of_sender(line.text) for line in block.lines)


def end_of_items(blocks: list[Block], *, is_known: bool) -> int:
    """
    Where contact details at the very end of a document begin; its length when there are none.

    `is_known` says that contact details stood before the first section, so that only a paragraph on leaving
    begins a second block of them.
    """
    place = _end_of_letter(blocks)
    while place < len(blocks) and not _begins_contact(blocks[place]):
        place += 1  # links that end the last item
    run = blocks[place:]
    has_reason = any(is_reason(block.text) for block in run)
    enough = has_reason or (not is_known and sum(len(block.lines) for block in run) > 1)
    return place if enough else len(blocks)
