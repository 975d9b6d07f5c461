"""What a document was understood to say, before anything of it is stored."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

from pulse_mailer.domain.edition import Confidence


class Doubt(enum.StrEnum):
    """Why a line wants a person's eye."""

    PAGE_BREAK = "page-break"  #: the text was cut by a page break and joined again
    PICTURE_TEXT = "picture-text"  #: looks like the text of a picture or of another document
    PLACEHOLDER_LINK = "placeholder-link"  #: a link that leads nowhere
    BAD_LINK = "bad-link"  #: a link of a kind that mail cannot carry; its text was kept
    NO_LINK = "no-link"  #: an item without a link
    PUBLISHER_SPELLING = "publisher-spelling"  #: the same publisher spelled two ways
    TITLE_WITHOUT_STOP = "title-without-stop"  #: the head of an item lacks its final full stop
    UNCLEAR_HEAD = "unclear-head"  #: a head that could be cut into publisher and title in another way
    LIST_LEVEL = "list-level"  #: a list entry whose level is unclear
    PICTURE = "picture"  #: a picture that could not be kept, or lacks its alt text
    TABLE = "table"  #: a table, whose rows became lines
    MARKUP = "markup"  #: front matter, a tag, a code fence or an unused address: no words that a reader sees
    UNPLACED = "unplaced"  #: text that belongs to no part of an edition
    COMMENT = "comment"  #: a remark of somebody's in the margin, which no reader is to see
    CHANGED_HERE = (
        "changed-here"  #: the document changed where staff had changed the edition; theirs was kept
    )
    NOT_THE_NEWSLETTERS = (
        "not-the-newsletters"  #: what it says of the sender differs from the newsletter's own
    )
    GONE = "gone"  #: an item that the document no longer has
    TAKEN_OUT = "taken-out"  #: an item that staff took out of the edition, and the document changed since
    SAME_ITEM = "same-item"  #: an item recognised by its title, which is nearly the same


@dataclass(frozen=True, slots=True)
class DoubtfulLine:
    """
    Attributes:
        line: its number in the document, from 1 (in Word: of the paragraph).
        why: a sentence for people: what was done with it.
        item: the line on which the item that it belongs to begins; 0 when it belongs to none.
    """

    line: int
    doubt: Doubt
    text: str
    why: str
    item: int = 0


@dataclass(frozen=True, slots=True)
class DraftPicture:
    """A picture as it stood in the document, unchecked."""

    data: bytes
    alt: str


@dataclass(slots=True)
class DraftItem:
    """
    Attributes:
        last_line: the last one that can be of it.
        is_marked: whether a heading, bold type or a link shows that it begins here, and not its words alone.
    """

    publisher: str
    title: str
    url: str
    summary: str
    line: int
    picture: DraftPicture | None = None
    last_line: int = 0
    is_marked: bool = False
    confidence: Confidence = Confidence.SURE


@dataclass(slots=True)
class DraftCategory:
    """A group of items; its name is empty when they stand directly under their section."""

    name: str
    line: int
    items: list[DraftItem] = field(default_factory=list)


@dataclass(slots=True)
class DraftSection:
    name: str
    line: int
    is_news: bool = False
    categories: list[DraftCategory] = field(default_factory=list)

    @property
    def item_count(self) -> int:
        return sum(len(category.items) for category in self.categories)


@dataclass(slots=True)
class Draft:
    """
    Attributes:
        newsletter: the masthead: the newsletter's name.
        key: the period as a short name, such as 2022-04; empty when the document names none.
        letter: Markdown.
        contact_lines: dicts of label, text, url.
        contact_line: the line at which they, the reason or the address begin; 0 for none.
        reason: what the document says of leaving and why one gets it.
    """

    newsletter: str = ""
    period: str = ""
    key: str = ""
    subject: str = ""
    preheader: str = ""
    letter: str = ""
    closing: str = ""
    signed_by: str = ""
    signed_role: str = ""
    reason: str = ""
    postal_address: str = ""
    contact_lines: list[dict[str, str]] = field(default_factory=list)
    contact_line: int = 0
    sections: list[DraftSection] = field(default_factory=list)
    review: list[DoubtfulLine] = field(default_factory=list)

    def items(self) -> Iterator[DraftItem]:
        for section in self.sections:
            for category in section.categories:
                yield from category.items


@dataclass(frozen=True, slots=True)
class Programme:
    """The names that a newsletter is known to use; matched without regard to case and curly quotes."""

    sections: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
