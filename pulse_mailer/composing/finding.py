"""What preflight finds, and the names that people give to places in an edition."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from pulse_mailer.domain.edition import Category, Edition, Item, Section

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
    TITLE_TWICE = "title-twice"
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
    SIZE = "size"
    UNSUBSCRIBE_MISSING = "unsubscribe-missing"
    POSTAL_ADDRESS_MISSING = "postal-address-missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Attributes:
        place: where it is, as people say it: 'Item 3 "Warm homes" in Briefings, Adult Social Care'.
        what: what is wrong there, in a sentence.
        remedy: what to do about it.
    """

    code: Code
    severity: Severity
    place: str
    what: str
    remedy: str


def error(code: Code, place: str, what: str, remedy: str) -> Finding:
    return Finding(code, Severity.ERROR, place, what, remedy)


def warning(code: Code, place: str, what: str, remedy: str) -> Finding:
    return Finding(code, Severity.WARNING, place, what, remedy)


@dataclass(frozen=True, slots=True)
class PlacedItem:
    """An item with its place in words; `number` counts within its category."""

    item: Item
    number: int
    category: Category
    section: Section

    @property
    def place(self) -> str:
        title = " ".join(self.item.title.split())
        shown = title if len(title) <= _TITLE_SHOWN else title[: _TITLE_SHOWN - 1].rstrip() + "…"
        return f'Item {self.number} "{shown}" in {group_place(self.category, self.section)}'


def group_place(category: Category, section: Section) -> str:
    return ", ".join(name for name in (category.name, section.name) if name) or "a section without a name"


def placed_items(edition: Edition) -> Iterator[PlacedItem]:
    """All items in reading order."""
    for section in edition.sections:
        for category in section.categories:
            for number, item in enumerate(category.items, 1):
                yield PlacedItem(item, number, category, section)


def placed_texts(edition: Edition) -> Iterator[tuple[str, str]]:
    """(place, text) of all that people wrote and readers will see, in reading order."""
    newsletter = edition.newsletter
    yield "The subject", edition.subject
    yield "The preheader", edition.preheader
    yield "The period", edition.period
    yield "The letter", f"{edition.letter}\n{edition.closing}\n{edition.signed_by}\n{edition.signed_role}"
    for section in edition.sections:
        yield f"The title of section {section.name!r}", section.name
        for category in section.categories:
            yield f"The title of category {category.name!r} in {section.name}", category.name
            for number, item in enumerate(category.items, 1):
                placed = PlacedItem(item, number, category, section)
                yield (
                    placed.place,
                    f"{item.publisher}\n{item.title}\n{item.url}\n{item.summary}\n{item.picture_alt}",
                )
    yield "The newsletter's name", f"{newsletter.name}\n{newsletter.from_name}"
    contact = (line.get(part, "") for line in newsletter.contact_lines for part in ("label", "text", "url"))
    yield "The newsletter's contact lines", "\n".join(contact)
    yield "The newsletter's reason", newsletter.reason
    yield "The newsletter's postal address", newsletter.postal_address
