"""What preflight finds, and the names that people give to places in an edition."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pulse_mailer.domain.edition import Category, Edition, Item, Section
from pulse_mailer.domain.newsletter import Newsletter

_TITLE_SHOWN = 60


class Severity(enum.StrEnum):
    ERROR = "error"  #: blocks sending
    WARNING = "warning"  #: wants a person's eye


class Code(enum.StrEnum):
    """Every kind of finding; docs/preflight.md has a line for each."""

    SUBJECT_MISSING = "subject-missing"
    SUBJECT_LONG = "subject-long"
    SUBJECT_LINE_BREAK = "subject-line-break"
    SUBJECT_STYLE = "subject-style"
    PREHEADER_MISSING = "preheader-missing"
    PREHEADER_LENGTH = "preheader-length"
    PREHEADER_IS_SUBJECT = "preheader-is-subject"
    LETTER_MISSING = "letter-missing"
    TO_WRITE = "to-write"
    SENDER_MISSING = "sender-missing"
    EDITION_EMPTY = "edition-empty"
    SECTION_EMPTY = "section-empty"
    CATEGORY_EMPTY = "category-empty"
    LINK_MISSING = "link-missing"
    LINK_PLACEHOLDER = "link-placeholder"
    LINK_NOT_PUBLIC = "link-not-public"
    LINK_MISLEADING = "link-misleading"
    LINK_TEXT = "link-text"
    LINK_TWICE = "link-twice"
    LINK_BROKEN = "link-broken"
    LINK_MOVED = "link-moved"
    LINK_UNREACHABLE = "link-unreachable"
    LINK_REFUSED = "link-refused"
    LINK_SIGN_IN = "link-sign-in"
    LINK_FRAGMENT = "link-fragment"
    LINKS_UNSEEN = "links-unseen"
    LINK_TRACKING = "link-tracking"
    LINK_WORDS_TWICE = "link-words-twice"
    LINKS_MANY = "links-many"
    TITLE_TWICE = "title-twice"
    REPEAT = "repeat"
    PUBLISHER_MISSING = "publisher-missing"
    PUBLISHER_SPELLING = "publisher-spelling"
    ALT_MISSING = "alt-missing"
    STAND_IN_TEXT = "stand-in-text"
    PLACEHOLDER_TEXT = "placeholder-text"
    PERIOD_OTHER = "period-other"
    SPACING = "spacing"
    PAIR_BROKEN = "pair-broken"
    CAPITALS = "capitals"
    SUMMARY_LONG = "summary-long"
    SLOT_UNFILLED = "slot-unfilled"
    FIELD_WRONG = "field-wrong"
    MERGE_FAILED = "merge-failed"
    SIZE = "size"
    UNSUBSCRIBE_MISSING = "unsubscribe-missing"
    POSTAL_ADDRESS_MISSING = "postal-address-missing"
    SENDER_DOMAIN = "sender-domain"
    HEADERS = "headers"
    TEXT_PART = "text-part"
    MARKUP_SHOWN = "markup-shown"
    SLOT_PLACE = "slot-place"
    PICTURE_HEAVY = "picture-heavy"
    SPAM_SCORE = "spam-score"
    SPAM_UNKNOWN = "spam-unknown"
    WORD_TWICE = "word-twice"
    PERIOD_SPELLING = "period-spelling"
    PICTURE_ADDRESS = "picture-address"
    LANGUAGE_MISSING = "language-missing"
    PAGE_TITLE = "page-title"
    TABLE_ROLE = "table-role"
    HEADING_ORDER = "heading-order"
    TEXT_SMALL = "text-small"
    TEXT_JUSTIFIED = "text-justified"
    CONTRAST = "contrast"
    DARK_MODE = "dark-mode"
    GMAIL_STYLES = "gmail-styles"
    OUTLOOK = "outlook"
    PREHEADER_FILLER = "preheader-filler"


@dataclass(frozen=True, slots=True)
class Spot:
    """
    Where something was found: in words for people, and so that a page can lead there.

    Attributes:
        words: as people say it: 'Item 12 “Warm homes” in Briefings, Adult Social Care'.
        item: its number.
        section, category: their names; None where it is in none.
        field: of the item, the section or the edition (subject, summary ...); "newsletter.name" and the like for
            what the newsletter says of itself; mail.html, mail.text and mail.headers for the mail as made.
        line: of the field's text as staff wrote it, from 1; None where the field is one line, or all of it is meant.
    """

    words: str
    item: int | None = None
    section: str | None = None
    category: str | None = None
    field: str = ""
    line: int | None = None

    def on(self, line: int | None) -> "Spot":
        return replace(self, line=line)


EDITION = Spot("The edition")
SUBJECT = Spot("The subject", field="subject")
PREHEADER = Spot("The preheader", field="preheader")
PERIOD = Spot("The period", field="period")
LETTER = Spot("The letter", field="letter")
POSTAL_ADDRESS = Spot("The newsletter's postal address", field="newsletter.postal_address")
MAIL = Spot("The mail", field="mail.html")
MAIL_TEXT = Spot("The mail's plain text", field="mail.text")
MAIL_HEADERS = Spot("The mail's headers", field="mail.headers")


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Attributes:
        what: what is wrong there, in a sentence.
        remedy: what to do about it.
    """

    code: Code
    severity: Severity
    at: Spot
    what: str
    remedy: str

    @property
    def place(self) -> str:
        return self.at.words


def error(code: Code, at: Spot, what: str, remedy: str) -> Finding:
    return Finding(code, Severity.ERROR, at, what, remedy)


def warning(code: Code, at: Spot, what: str, remedy: str) -> Finding:
    return Finding(code, Severity.WARNING, at, what, remedy)


@dataclass(frozen=True, slots=True)
class PlacedItem:
    """An item that readers see, with its place in words."""

    item: Item
    category: Category
    section: Section

    @property
    def place(self) -> str:
        title = " ".join(self.item.title.split())
        shown = title if len(title) <= _TITLE_SHOWN else title[: _TITLE_SHOWN - 1].rstrip() + "…"
        return f"Item {self.item.number} “{shown}” in {group_place(self.category, self.section)}"

    def at(self, field: str, line: int | None = None) -> Spot:
        """The place of one of its fields: title, publisher, url, summary, picture, alt."""
        return Spot(self.place, self.item.number, self.section.name, self.category.name, field, line)


def group_place(category: Category, section: Section) -> str:
    return ", ".join(name for name in (category.name, section.name) if name) or "a section without a name"


def section_spot(section: Section) -> Spot:
    return Spot(f"Section “{section.name}”", section=section.name)


def category_spot(category: Category, section: Section) -> Spot:
    return Spot(f"Category {group_place(category, section)}", section=section.name, category=category.name)


def shown_sections(edition: Edition) -> list[Section]:
    return [section for section in edition.sections if not section.is_hidden]


def shown_categories(section: Section) -> list[Category]:
    return [category for category in section.categories if not category.is_hidden]


def placed_items(edition: Edition) -> Iterator[PlacedItem]:
    """All items that readers see, in reading order."""
    for section in shown_sections(edition):
        for category in shown_categories(section):
            for item in category.items:
                if not item.is_hidden:
                    yield PlacedItem(item, category, section)


def placed_titles(edition: Edition) -> Iterator[tuple[Spot, str]]:
    """(place, text) of the titles of sections and categories."""
    for section in shown_sections(edition):
        words = f"The title of section “{section.name}”"
        yield Spot(words, section=section.name, field="name"), section.name
        for category in shown_categories(section):
            words = f"The title of category “{category.name}” in {section.name}"
            yield Spot(words, None, section.name, category.name, "name"), category.name


def placed_texts(edition: Edition) -> Iterator[tuple[Spot, str]]:
    """(place, text) of all that people wrote and readers will see, field by field, in reading order."""
    yield SUBJECT, edition.subject
    yield PREHEADER, edition.preheader
    yield PERIOD, edition.period
    yield LETTER, edition.letter
    for field in ("closing", "signed_by", "signed_role"):
        yield Spot("The letter's signature", field=field), getattr(edition, field)
    yield from placed_titles(edition)
    for placed in placed_items(edition):
        item = placed.item
        yield placed.at("publisher"), item.publisher
        yield placed.at("title"), item.title
        yield placed.at("url"), item.url
        yield placed.at("summary"), item.summary
        yield placed.at("alt"), item.picture_alt
    yield from _placed_texts_of(edition.newsletter)


def _placed_texts_of(newsletter: Newsletter) -> Iterator[tuple[Spot, str]]:
    yield Spot("The newsletter's name", field="newsletter.name"), newsletter.name
    yield Spot("The sender's name", field="newsletter.from_name"), newsletter.from_name
    contact = (line.get(part, "") for line in newsletter.contact_lines for part in ("label", "text", "url"))
    yield Spot("The newsletter's contact lines", field="newsletter.contact_lines"), "\n".join(contact)
    yield Spot("The newsletter's reason", field="newsletter.reason"), newsletter.reason
    yield POSTAL_ADDRESS, newsletter.postal_address


def line_at(text: str, place: int) -> int:
    """The line, from 1, of a place in a text."""
    return text.count("\n", 0, place) + 1


def line_with(text: str, words: str) -> int | None:
    """The line, from 1, on which words are first; None where they are not, or the text is one line."""
    place = text.find(words) if words and "\n" in text.strip() else -1
    return None if place < 0 else line_at(text, place)
