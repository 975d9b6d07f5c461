"""What each block of a document is for: a section, a category, the head of an item, or text."""

import enum
from collections import Counter
from dataclasses import dataclass

from pulse_mailer.importing.blocks import Block, Kind, Reading
from pulse_mailer.importing.draft import Doubt
from pulse_mailer.importing.heads import (
    MAX_PLAIN,
    Head,
    cut,
    is_capitals,
    is_generic_link,
    read_head,
    without_stop,
)
from pulse_mailer.importing.inline import visible
from pulse_mailer.importing.names import (
    MAX_NAME,
    Names,
    fold,
    is_footer,
    is_letter,
    is_name,
    is_news,
    is_short_line,
)

WRAPPED = 50  #: characters at which a line may have been wrapped
LOWEST = 7  #: a heading level below all


class Role(enum.Enum):
    SECTION = enum.auto()
    CATEGORY = enum.auto()
    HEAD = enum.auto()
    FOOTER = enum.auto()  #: a heading over the contact details
    TEXT = enum.auto()


@dataclass(slots=True)
class Part:
    block: Block
    role: Role = Role.TEXT
    head: Head | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """The heading levels of categories and of items; what is above the categories are sections. 0: none."""

    category: int
    item: int


def outline(reading: Reading, names: Names) -> list[Part]:
    """Give every block its role; what was unclear about it goes to the reading's doubts."""
    blocks = reading.blocks
    heads = [_candidate(block, names) for block in blocks]
    names = names.and_publishers(head.publisher for head in heads if head and head.is_strong)
    heads = [_candidate(block, names) for block in blocks]
    return _Outliner(reading, heads, names).walk()


def _candidate(block: Block, names: Names) -> Head | None:
    return read_head(block.text, names) if block.kind is Kind.HEADING or _could_be_head(block) else None


def _could_be_head(block: Block) -> bool:
    """Whether a paragraph is one line, or a line that was wrapped because it is long."""
    wrapped = all(len(line.text) >= WRAPPED for line in block.lines[:-1])
    return block.is_outer_paragraph and len(block.lines) <= 3 and wrapped


class _Outliner:
    def __init__(self, reading: Reading, heads: list[Head | None], names: Names) -> None:
        self._reading = reading
        self._blocks = reading.blocks
        self._heads = heads
        self._names = names
        self._categories = self._find_categories()
        self._ladder = self._find_ladder()
        with_publisher = [head for head in heads if head and head.publisher]
        self._strong = sum(head.is_strong for head in with_publisher)
        self._plain = len(with_publisher) - self._strong
        #: Whether items are marked by type or link, so that a plain line is likely to be text.
        self._is_marked = self._strong >= 3 and self._strong > self._plain
        self._in_section = self._in_news = self._in_item = False
        self._following = self._next_places()
        self._highest_above = self._highest_levels()
        self._text_level = self._level_of_headings_in_text()

    def walk(self) -> list[Part]:
        parts: list[Part] = []
        for place, block in enumerate(self._blocks):
            part = Part(block)
            if block.kind is Kind.HEADING:
                part.role, part.head = self._heading(place)
            elif block.is_outer_paragraph:
                part.role, part.head = self._paragraph(place)
            parts.append(part)
            self._note(part)
        return parts

    def _note(self, part: Part) -> None:
        if part.role is Role.SECTION:
            self._in_section, self._in_item = True, False
            self._in_news = is_news(visible(part.block.text))
        elif part.role in (Role.CATEGORY, Role.HEAD):
            self._in_section = True
            self._in_item = part.role is Role.HEAD

    def _doubt(self, block: Block, why: str) -> None:
        self._reading.doubt(block.line, Doubt.UNCLEAR_HEAD, visible(block.text), why)

    def _find_ladder(self) -> Ladder:
        places = [place for place, block in enumerate(self._blocks) if block.kind is Kind.HEADING]
        levels = Counter(self._blocks[place].level for place in places)
        as_heads = Counter(
            self._blocks[place].level
            for place in places
            if (head := self._heads[place]) and (head.publisher or head.url) and not self._is_category(place)
        )
        item = min((level for level, count in as_heads.items() if count * 2 > levels[level]), default=0)
        upper = sorted(level for level in levels if not item or level < item)
        known = [self._blocks[place].level for place in places if self._is_category(place)]
        second = upper[1] if len(upper) > 1 else 0
        category = max((level for level in known if level in upper), default=second)
        if not item:
            item = min((level for level in levels if category and level > category), default=0)
        return Ladder(category=category, item=item)

    def _is_category(self, place: int) -> bool:
        """Whether the block is the name of a known category, and nothing else."""
        return place in self._categories

    def _find_categories(self) -> set[int]:
        return {
            place
            for place, block in enumerate(self._blocks)
            if (block.kind is Kind.HEADING or (block.is_outer_paragraph and len(block.lines) == 1))
            and len(block.lines[0].text) <= MAX_PLAIN
            and fold(block.text) in self._names.categories
        }

    def _next_places(self) -> list[int]:
        """For each block the place of the next one that is no picture."""
        following = [len(self._blocks)] * len(self._blocks)
        for place in range(len(self._blocks) - 2, -1, -1):
            is_picture = self._blocks[place + 1].kind is Kind.PICTURE
            following[place] = following[place + 1] if is_picture else place + 1
        return following

    def _highest_levels(self) -> list[int]:
        """For each block the highest level (the smallest number) of the headings above it."""
        found, highest = [], LOWEST
        for block in self._blocks:
            found.append(highest)
            if block.kind is Kind.HEADING:
                highest = min(highest, block.level)
        return found

    def _level_of_headings_in_text(self) -> int:
        """The level of headings that only part the summaries, since items have heads of another kind; or 0."""
        item = self._ladder.item
        here = [
            head
            for head, block in zip(self._heads, self._blocks, strict=True)
            if block.kind is Kind.HEADING and block.level == item
        ]
        is_in_text = self._strong + self._plain > 0 and not any(
            head and (head.publisher or head.url) for head in here
        )
        return item if is_in_text else 0

    def _heading(self, place: int) -> tuple[Role, Head | None]:
        block, head = self._blocks[place], self._heads[place]
        words = visible(block.text)
        name, level = fold(words), block.level
        if is_footer(words):
            return Role.FOOTER, None
        if name in self._names.sections and not (self._is_category(place) and level == self._ladder.category):
            return Role.SECTION, None
        if not self._in_section and is_letter(words):
            return Role.TEXT, None
        if self._is_category(place) and not (self._ladder.category and level < self._ladder.category):
            return Role.CATEGORY, None
        return self._by_level(place, head or Head("", without_stop(words)))

    def _by_level(self, place: int, head: Head) -> tuple[Role, Head | None]:
        block, category, item = self._blocks[place], self._ladder.category, self._ladder.item
        level = block.level
        has_levels_above = self._highest_above[place] < level
        if self._in_news and has_levels_above and (not category or level >= category):
            return Role.HEAD, head
        if item and level > item:
            return Role.TEXT, None
        if item and level == item:
            if self._text_level == item:
                return Role.TEXT, None
            if not head.publisher and not self._in_news:
                self._doubt(block, "This heading names no publisher; it was taken as an item's title.")
            return Role.HEAD, head
        if (
            category
            and level >= category
            and has_levels_above
            and not self._is_category(self._following[place])
        ):
            return Role.CATEGORY, None
        return Role.SECTION, None

    def _paragraph(self, place: int) -> tuple[Role, Head | None]:
        block = self._blocks[place]
        if not _could_be_head(block):
            return self._text(place)
        words = visible(block.text)
        following = self._following[place]
        if len(words) <= MAX_NAME and (is_short_line(words.removesuffix(":")) or self._is_category(place)):
            # "Resources:" may lead in a list; only right before an item is it a category.
            is_lead = words.endswith(":") and not self._opens_group(place)
            if fold(words) in self._names.sections or self._stands_over_category(place):
                return Role.SECTION, None
            if self._is_category(place) and not self._ladder.category and not is_lead:
                return Role.CATEGORY, None
            if is_news(words) and is_name(words) and place > 0 and following < len(self._blocks):
                return Role.SECTION, None
        if not self._in_section:
            return Role.TEXT, None
        head = self._heads[place]
        if head is not None:
            return self._by_head(place, head)
        return self._by_position(place, words)

    def _by_head(self, place: int, head: Head) -> tuple[Role, Head | None]:
        block = self._blocks[place]
        if not head.publisher:
            return self._without_publisher(place, head)
        if not head.is_strong and self._is_marked and fold(head.publisher) not in self._names.publishers:
            if self._in_item:
                self._doubt(
                    block, "It reads like the head of an item, but is neither linked nor bold: kept as text."
                )
                return Role.TEXT, None
            self._doubt(block, "Taken as the head of an item, although it is neither linked nor bold.")
        if head.also:
            self._doubt(block, f"Taken as an item of {head.publisher}; {head.also}.")
        return Role.HEAD, head

    def _without_publisher(self, place: int, head: Head) -> tuple[Role, Head | None]:
        block = self._blocks[place]
        if is_generic_link(head.title) or is_capitals(block.text):
            return self._text(place)
        if self._in_news or not self._in_item or (head.url and not self._strong + self._plain):
            if not self._in_news:
                self._doubt(block, "No publisher was found in this head; all of it was taken as the title.")
            return Role.HEAD, head
        if self._opens_group(place):
            self._doubt(
                block, "A bold line over items, which no list of categories knows: taken as a category."
            )
            return Role.CATEGORY, None
        self._doubt(block, "It could be the title of an item without a publisher; kept as text.")
        return Role.TEXT, None

    def _by_position(self, place: int, words: str) -> tuple[Role, Head | None]:
        """A plain line that is no head by its form: what stands around it may still tell."""
        block = self._blocks[place]
        if is_short_line(words) and not is_capitals(words):
            if self._opens_group(place):
                if self._in_news:
                    return Role.SECTION, None
                self._doubt(block, "A short line right before an item; it was taken as a category.")
                return Role.CATEGORY, None
            if self._in_news and self._text_follows(place):
                return Role.HEAD, Head("", words)
        if not self._in_item and not self._in_news and len(words) <= MAX_PLAIN and self._text_follows(place):
            found = cut(words, self._names)
            if found or is_short_line(words):
                self._doubt(
                    block, "The first line here was taken as the head of an item; nothing marks it as one."
                )
                head = Head(found[0], without_stop(found[1])) if found else Head("", words)
                return Role.HEAD, head
        return self._text(place)

    def _stands_over_category(self, place: int) -> bool:
        """Whether a line is a section, since a category follows it that no heading stands over."""
        following = self._following[place]
        if self._is_category(place) or not self._is_category(following):
            return False
        block = self._blocks[following]
        if block.kind is Kind.HEADING:
            return min(self._highest_above[following], self._highest_above[-1]) >= block.level
        return not self._ladder.category

    def _text(self, place: int) -> tuple[Role, Head | None]:
        block = self._blocks[place]
        words = visible(block.text) if len(block.lines) == 1 and len(block.lines[0].text) <= MAX_PLAIN else ""
        found = cut(words, self._names) if self._in_item and words.endswith(".") else None
        if found and len(found[0].split()) <= 4 and len(found[1].split()) <= 12 and not is_name(found[0]):
            self._doubt(
                block, "It could be the head of an item; it was kept as text, since no publisher begins it."
            )
        return Role.TEXT, None

    def _opens_group(self, place: int) -> bool:
        following = self._following[place]
        if following >= len(self._blocks):
            return False
        head = self._heads[following]
        return head is not None and bool(head.publisher) and (head.is_strong or not self._is_marked)

    def _text_follows(self, place: int) -> bool:
        following = self._following[place]
        if following >= len(self._blocks):
            return False
        block = self._blocks[following]
        return block.kind in (Kind.ENTRY, Kind.QUOTE) or (
            block.kind is Kind.PARAGRAPH and len(visible(block.text)) > 30 and self._heads[following] is None
        )
