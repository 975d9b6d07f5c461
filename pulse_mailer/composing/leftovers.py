"""The part of preflight that looks for what was to be replaced: stand-ins, notes, fields that nothing fills."""

import re
from collections.abc import Callable, Iterator

from pulse_mailer.composing.finding import (
    MAIL,
    MAIL_TEXT,
    Code,
    Finding,
    Spot,
    error,
    line_at,
    placed_texts,
    warning,
)
from pulse_mailer.composing.made import Made
from pulse_mailer.composing.slots import SLOTS
from pulse_mailer.domain import merge_fields
from pulse_mailer.domain.edition import Edition

# Nobody means these, unless "[Add your name](https://...)" is a link; the second kind may be meant: "Venue: TBC".
_STAND_IN = re.compile(
    r"(?i)\b(?:lorem ipsum|dolor sit amet)\b|\[(?:insert\b[^\]]{0,80}\]|(?:add|your)\b[^\]]{0,80}\](?!\())"
)
_PLACEHOLDER = re.compile(
    r"\b(?:TODO|TBC|TBA|TBD|FIXME|X{3,})\b"
    r"|(?i:\[(?:name|date|link|url|title|month|number|text|placeholder|to come|to follow)\](?!\())"
)
# Each with a limit to its length: without one, a text full of openings takes minutes to search.
_OUR_SLOT = re.compile(r"\[\[\s{0,3}(?P<name>[A-Za-z_][\w .|-]{0,60}?)\s{0,3}\]\](?!\()")
_THEIR_SLOT = re.compile(
    r"(?P<name>)\{\{.{0,80}?\}\}|\{%.{0,80}?%\}|\*\|[^|\s][^|]{0,60}\|\*|%%\w{1,60}%%|<<\s?[A-Za-z][\w ]{0,60}>>",
    re.DOTALL,
)
_BEGINNINGS = ("[[", "{{", "{%", "*|", "%%", "<<")


def _placeholders(edition: Edition) -> Iterator[Finding]:
    for at, text in placed_texts(edition):
        if found := _STAND_IN.search(text):
            what = f"“{' '.join(found[0].split())}” stands where words were to be written."
            yield error(Code.STAND_IN_TEXT, _on_line(at, text, found), what, "Write the words themselves.")
        elif found := _PLACEHOLDER.search(text):
            what = f"“{found[0]}” looks like a note that was to be replaced."
            remedy = "Replace it, or leave it if it is meant."
            yield warning(Code.PLACEHOLDER_TEXT, _on_line(at, text, found), what, remedy)


def _slots(mail: Made) -> Iterator[Finding]:
    typed: set[str] = set()
    for at, text in placed_texts(mail.edition):
        # Also the name of a slot that exists: where staff type it, readers would see the brackets.
        found = {match[0]: match for match in _written_slots(text)}
        for words in sorted(found):
            typed.add(words)
            yield _unfilled(_on_line(at, text, found[words]), words)
    for at, text in ((MAIL, mail.words), (MAIL_TEXT, mail.rendering.text)):
        unknown = {match[0] for match in _written_slots(text) if not _is_open(match["name"] or "")}
        for words in sorted(unknown - typed):
            yield _unfilled(at, words)


def _written_slots(text: str) -> Iterator[re.Match[str]]:
    """Those with a name are written as ours are. Few texts hold what any begins with."""
    if any(beginning in text for beginning in _BEGINNINGS):
        yield from _OUR_SLOT.finditer(text)
        yield from _THEIR_SLOT.finditer(text)


def _is_open(name: str) -> bool:
    """Whether it is the name of a slot, or of a merge field with its default, as a Rendering shows them."""
    field, bar, _default = name.partition("|")
    return name in SLOTS or (bool(bar) and field in merge_fields.FIELDS)


def _unfilled(at: Spot, found: str) -> Finding:
    what = f"“{' '.join(found.split())}” is a field that nothing fills: readers would see it as it is."
    return error(Code.SLOT_UNFILLED, at, what, "Take it out, or write the words themselves.")


def _on_line(at: Spot, text: str, found: re.Match[str]) -> Spot:
    return at.on(line_at(text, found.start())) if at.field in {"letter", "summary"} else at


LEFTOVER_CHECKS: tuple[Callable[[Edition], Iterator[Finding]], ...] = (_placeholders,)
LEFTOVER_MAIL_CHECKS: tuple[Callable[[Made], Iterator[Finding]], ...] = (_slots,)
