"""Sections, categories and items, put together from the outlined parts of a document."""

from dataclasses import dataclass, field

from pulse_mailer.importing.blocks import Block, Kind
from pulse_mailer.importing.draft import (
    Doubt,
    DoubtfulLine,
    Draft,
    DraftCategory,
    DraftItem,
    DraftSection,
)
from pulse_mailer.importing.heads import Head, is_capitals
from pulse_mailer.importing.inline import visible
from pulse_mailer.importing.names import fold, is_news
from pulse_mailer.importing.opening import read_closing_block
from pulse_mailer.importing.outline import Part, Role
from pulse_mailer.importing.summary import is_bare_link, own_link, to_markdown

_LONGEST_CAPTION = 160  #: characters of a paragraph that can be text of a picture
_LOST = "It stands before the first item here and belongs to none; it was left out."


@dataclass(slots=True)
class Builder:
    """
    Attributes:
        end: the line after the last one that can be of an item.
        heads: each item with the head it was made from.
    """

    draft: Draft
    end: int
    heads: list[tuple[DraftItem, Head]] = field(default_factory=list)
    _placeholders: set[int] = field(default_factory=set)  #: lines with a link that leads nowhere
    _body: list[Block] = field(default_factory=list)
    _item: DraftItem | None = None
    _is_open: bool = False  #: whether a category stands open in the current section

    def build(self, parts: list[Part]) -> None:
        self._placeholders = {
            doubt.line for doubt in self.draft.review if doubt.doubt is Doubt.PLACEHOLDER_LINK
        }
        has_sections = any(part.role is Role.SECTION for part in parts)
        footer: list[Block] | None = None
        for part in parts:
            if part.role is Role.FOOTER:
                self._finish_item(part.block.line)
                self._read_footer(footer)
                footer = [part.block]
            elif part.role is Role.SECTION or (part.role is Role.CATEGORY and not has_sections):
                self._finish_item(part.block.line)
                self._read_footer(footer)
                footer = None
                self.draft.sections.append(DraftSection(_name(part.block), part.block.line))
                self._is_open = False
            elif footer is not None:
                footer.append(part.block)
            else:
                self._take(part)
        self._finish_item(self.end)
        self._read_footer(footer)
        self._finish_sections()

    def _take(self, part: Part) -> None:
        if part.role is Role.CATEGORY:
            self._finish_item(part.block.line)
            self._section(part.block.line).categories.append(
                DraftCategory(_name(part.block), part.block.line)
            )
            self._is_open = True
        elif part.role is Role.HEAD and part.head is not None:
            is_marked = part.head.is_strong or part.block.kind is Kind.HEADING
            self._begin(part.head, part.block.line, is_marked=is_marked)
        elif self._item is not None:
            self._body.append(part.block)
        elif not self._begin_news(part.block):
            self._doubt_lines(part.block, Doubt.UNPLACED, _LOST)

    def _section(self, line: int) -> DraftSection:
        if not self.draft.sections:
            self.draft.sections.append(DraftSection("", line))
        return self.draft.sections[-1]

    def _begin(self, head: Head, line: int, *, is_marked: bool) -> None:
        self._finish_item(line)
        section = self._section(line)
        if not self._is_open:
            section.categories.append(DraftCategory("", line))
            self._is_open = True
        self._item = DraftItem(head.publisher, head.title, head.url, "", line, is_marked=is_marked)
        section.categories[-1].items.append(self._item)
        self.heads.append((self._item, head))

    def _begin_news(self, block: Block) -> bool:
        """In the sender's own news, text without a title takes that of its category or section."""
        section = self._section(block.line)
        if not is_news(section.name):
            return False
        title, line = section.name, block.line
        if self._is_open and not section.categories[-1].items:
            category = section.categories.pop()
            title, line, self._is_open = category.name, category.line, False
        else:
            why = f'The text has no title of its own; it was given that of its section, "{title}".'
            self._doubt(block.line, Doubt.UNCLEAR_HEAD, visible(block.text), why)
        self._begin(Head("", title, has_stop=True), line, is_marked=line < block.line)
        self._body.append(block)
        return True

    def _finish_item(self, end: int) -> None:
        """Put together the item at hand, whose lines end before `end`."""
        if self._item is None:
            return
        item, self._item = self._item, None
        item.last_line = end - 1
        body, self._body = self._body, []
        body = self._without_pictures(item, self._without_captions(body))
        if not item.url:
            item.url = next((visible(block.text) for block in body if _only_links(block)), "") or own_link(
                body
            )
        item.summary = to_markdown(block for block in body if not is_bare_link(block, item.url))
        if not item.url and item.line not in self._placeholders:
            self._doubt(item.line, Doubt.NO_LINK, item.title, "No link was found for this item.")

    def _without_captions(self, body: list[Block]) -> list[Block]:
        """Take out what looks like the text of a picture: a line in capitals and the short lines after it."""
        kept: list[Block] = []
        inside = False
        for block in body:
            outer = block.is_outer_paragraph and len(block.text) <= 4 * _LONGEST_CAPTION
            inside = outer and (is_capitals(block.lines[0].text) or (inside and _is_short(block)))
            if inside:
                why = (
                    "It looks like the text of a picture or of another document; it was left out of the item."
                )
                self._doubt_lines(block, Doubt.PICTURE_TEXT, why)
            else:
                kept.append(block)
        return kept

    def _without_pictures(self, item: DraftItem, body: list[Block]) -> list[Block]:
        for block in body:
            if block.picture is None:
                continue
            seen = block.picture.alt or block.text
            if item.picture is not None:
                self._doubt(
                    block.line, Doubt.PICTURE, seen, "An item has one picture; this second one was left out."
                )
                continue
            item.picture = block.picture
            if not block.picture.alt:
                why = "The picture lacks the words that stand for it where pictures are off (its alt text)."
                self._doubt(block.line, Doubt.PICTURE, seen, why)
        return [block for block in body if block.picture is None]

    def _read_footer(self, footer: list[Block] | None) -> None:
        if footer is None:
            return
        self._doubt_lines(footer[0], Doubt.UNPLACED, "This heading over the contact details was left out.")
        read_closing_block(footer[1:], self.draft)

    def _finish_sections(self) -> None:
        """Say which sections are news, and drop the names of a list of contents above the sections themselves."""
        last = {fold(section.name): place for place, section in enumerate(self.draft.sections)}
        kept: list[DraftSection] = []
        for place, section in enumerate(self.draft.sections):
            items = [item for category in section.categories for item in category.items]
            section.is_news = is_news(section.name) and not any(item.publisher for item in items)
            if not items and not section.categories and last[fold(section.name)] > place:
                why = "The section of this name follows further down; this line of a list of contents was left out."
                self._doubt(section.line, Doubt.UNPLACED, section.name, why)
            else:
                kept.append(section)
        self.draft.sections = kept

    def _doubt(self, line: int, doubt: Doubt, text: str, why: str) -> None:
        self.draft.review.append(DoubtfulLine(line, doubt, text, why))

    def _doubt_lines(self, block: Block, doubt: Doubt, why: str) -> None:
        if block.picture is not None:
            self._doubt(
                block.line,
                Doubt.PICTURE,
                block.picture.alt or block.text,
                "A picture outside of the items was left out.",
            )
            return
        for line in block.marked_lines:
            self._doubt(line.number, doubt, visible(line.text), why)


def _name(block: Block) -> str:
    return visible(block.text).rstrip(" :")


def _is_short(block: Block) -> bool:
    words = visible(block.text).split()
    return sum(len(word) + 1 for word in words if "://" not in word) <= _LONGEST_CAPTION


def _only_links(block: Block) -> bool:
    """Whether a paragraph is one URL and nothing else."""
    words = visible(block.text) if len(block.text) < 4096 else ""
    return block.kind is Kind.PARAGRAPH and words.startswith(("https://", "http://")) and " " not in words
