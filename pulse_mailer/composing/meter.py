"""
The byte meter: what each item costs of the mail's HTML, and which to show short so that Gmail does not cut it off.

Counted in the compiled HTML itself, composed twice: with every item whole, and with every item short.
"""

import re
from dataclasses import dataclass

from pulse_mailer.composing.mailchecks import SIZE_GOOD, SIZE_MOST
from pulse_mailer.composing.outline import Outline
from pulse_mailer.composing.rendering import mail_html
from pulse_mailer.domain.edition import Edition
from pulse_mailer.errors import BrokenTemplate
from pulse_mailer.links import Links

_BEGINS = re.compile(r'<div class="item"')
_DIVS = re.compile(r"<(/?)div\b")


@dataclass(frozen=True, slots=True)
class ItemSize:
    """
    Attributes:
        size: its bytes in the mail as it is.
        saves: the bytes that showing it short saves, or saved; 0 when it has no more than a beginning.
    """

    number: int
    title: str
    section: str
    is_short: bool
    size: int
    saves: int


@dataclass(frozen=True, slots=True)
class Advice:
    """
    Attributes:
        numbers: the fewest items to show short, those that save most first; empty when none need be.
        size: the bytes of the mail's HTML then.
        goal: what it was to come under.
    """

    numbers: tuple[int, ...]
    size: int
    goal: int

    @property
    def is_enough(self) -> bool:
        return self.size <= self.goal


@dataclass(frozen=True, slots=True)
class Meter:
    """
    Attributes:
        size: the bytes of the mail's HTML as it is.
        parts: (name, bytes): what surrounds the items, and then the items of each section.
    """

    size: int
    items: tuple[ItemSize, ...]
    parts: tuple[tuple[str, int], ...]

    def advice(self) -> Advice:
        """
        How to come under what makes nobody worry; where even all items short do not get there, under what Gmail cuts
        off at.
        """
        size, numbers = self.size, []
        costly = sorted((item for item in self.items if not item.is_short), key=lambda item: -item.saves)
        goal = SIZE_GOOD if size - sum(item.saves for item in costly) <= SIZE_GOOD else SIZE_MOST
        for item in costly:
            if size <= goal or item.saves <= 0:
                break
            size -= item.saves
            numbers.append(item.number)
        return Advice(tuple(numbers), size, goal)


def measure(edition: Edition, links: Links) -> Meter:
    """
    Raises:
        CompositionError, NotFound, UsageError: it cannot be made into mail; see render().
    """
    whole, outlined = mail_html(edition, links, shorten=lambda _item: False)
    short, _ = mail_html(edition, links, shorten=lambda _item: True)
    sizes = zip(_item_sizes(whole, outlined), _item_sizes(short, outlined), strict=True)
    is_short = {item.number: item.is_short for item in edition.items()}
    entries = ((part.name, entry) for part in outlined.parts for entry in part.entries)
    items = tuple(
        ItemSize(
            number=entry.number,
            title=entry.title,
            section=section,
            is_short=bool(is_short[entry.number]) and full > beginning,
            size=beginning if is_short[entry.number] else full,
            saves=max(0, full - beginning),
        )
        for (section, entry), (full, beginning) in zip(entries, sizes, strict=True)
    )
    frame = len(whole.encode()) - sum(_item_sizes(whole, outlined))
    parts = [("Around the items", frame)]
    for part in outlined.parts:
        numbers = {entry.number for entry in part.entries}
        parts.append((part.name, sum(item.size for item in items if item.number in numbers)))
    return Meter(frame + sum(item.size for item in items), items, tuple(parts))


def _item_sizes(html: str, outlined: Outline) -> list[int]:
    """The bytes of each item, in reading order."""
    found = [
        len(html[begin.start() : _end(html, begin.start())].encode()) for begin in _BEGINS.finditer(html)
    ]
    expected = sum(len(part.entries) for part in outlined.parts)
    if len(found) != expected:
        raise BrokenTemplate(
            f'The design shows {len(found)} times <div class="item">, and the edition has {expected} items.',
            remedy="Its item.mjml.j2 begins each item with it, so that bytes can be counted.",
        )
    return found


def _end(html: str, start: int) -> int:
    """Where the div that starts there is over."""
    depth = 0
    for found in _DIVS.finditer(html, start):
        depth += -1 if found[1] else 1
        if not depth:
            return found.end() + 1
    raise BrokenTemplate("An item's <div> is not closed.")
