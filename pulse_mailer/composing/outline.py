"""Outline: an edition laid out for reading, numbered, coloured and made safe, as the templates see it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from pulse_mailer.composing.themes import Theme
from pulse_mailer.domain import merge_fields
from pulse_mailer.domain.edition import Category, Edition, Item, Section
from pulse_mailer.domain.merge_fields import Field
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.variant import WHOLE, numbers
from pulse_mailer.errors import UnsafeText
from pulse_mailer.links import Links
from pulse_mailer.richtext import beginning, check_characters, to_html, usable_url

PICTURE_WIDTH = 160
PORTRAIT_WIDTH = 112
LOGO_WIDTH, LOGO_HEIGHT = 220, 64  #: pixels at most


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as the mail shows it: its place on the web, and its size on the page in pixels."""

    url: str
    alt: str
    width: int
    height: int
    is_portrait: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """
    An item.

    Attributes:
        number: the item's own, within the edition.
        anchor: its name within the web copy's page.
        url: empty when it has no link, or none that mail can carry.
        markdown, summary: what the mail shows of its text, as staff wrote it and as HTML.
        full: the whole of it as HTML, as the web copy shows it.
        more: where the rest is read, when the mail shows only the beginning; else empty.
    """

    number: int
    anchor: str
    publisher: str
    title: str
    url: str
    markdown: str
    summary: Markup
    full: Markup
    more: str
    picture: Shown | None


@dataclass(frozen=True, slots=True)
class Group:
    """A category; its name is empty when its items stand directly under their section."""

    name: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Part:
    """
    A section.

    Attributes:
        number: from 1.
        light, dark: its colour on the light and on the dark ground.
    """

    number: int
    anchor: str
    name: str
    light: str
    dark: str
    groups: list[Group]

    @property
    def entries(self) -> list[Entry]:
        return [entry for group in self.groups for entry in group.entries]

    @property
    def headline(self) -> Entry | None:
        """What "In this edition" names of it: its first item, which staff place there for that reason."""
        return next(iter(self.entries), None)


@dataclass(frozen=True, slots=True)
class Contact:
    label: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Outline:
    """
    Attributes:
        logo: None where the newsletter has none.
        markdown, letter: the letter as staff wrote it and as HTML.
        web_copy: where the same is read in a browser.
        preferences: where readers choose sections, but for the token; empty where there are none to choose among.
    """

    language: str
    newsletter: str
    logo: Shown | None
    sender: str
    period: str
    subject: str
    preheader: str
    markdown: str
    letter: Markup
    closing: list[str]
    parts: list[Part]
    reason: str
    postal_address: str
    contacts: list[Contact]
    web_copy: str
    unsubscribe: str
    preferences: str


def outline(
    edition: Edition,
    links: Links,
    theme: Theme,
    *,
    opened: Callable[[Field], str] | None = None,
    variant: str = WHOLE,
    shorten: Callable[[Item], bool] | None = None,
) -> Outline:
    """
    Args:
        opened: gives what stands for a merge field in the preheader, the letter and summaries, a word of letters and
            digits; without it that is the field's default. In the subject it always is.
        variant: the numbers of the sections to hold, "1,3"; by default all that are shown.
        shorten: which items are shown short; None: those that staff chose.

    Raises:
        UnsafeText: some text cannot go into mail; says which.
        UsageError: a section's colour is none.
    """
    newsletter = edition.newsletter
    return Outline(
        language=_words(newsletter.language, "The newsletter's language") or "en-GB",
        newsletter=_words(newsletter.name, "The newsletter's name"),
        logo=_logo(newsletter, links, theme),
        sender=_words(newsletter.from_name or newsletter.name, "The sender's name"),
        period=_words(edition.period, "The period"),
        subject=merge_fields.with_defaults(_words(edition.subject, "The subject")),
        preheader=_opened(_words(edition.preheader, "The preheader"), opened),
        markdown=edition.letter,
        letter=_rich(edition.letter, "h2", "The letter", opened),
        closing=[
            _words(line, "The letter's signature")
            for line in (edition.closing, edition.signed_by, edition.signed_role)
        ],
        parts=_parts(
            edition, links, theme, opened, numbers(variant), shorten or (lambda item: item.is_short)
        ),
        reason=_words(newsletter.reason, "The footer's reason"),
        postal_address=_words(_on_one_line(newsletter.postal_address), "The postal address"),
        contacts=_contacts(newsletter),
        web_copy=links.web_copy(newsletter.slug, edition.key),
        unsubscribe=links.way_out(""),
        preferences=links.preferences("") if len(newsletter.choosable) > 1 else "",
    )


def _logo(newsletter: Newsletter, links: Links, theme: Theme) -> Shown | None:
    """
    In the name's place it is read as the name. Beside the name it is the sender's, and has nothing to say to those
    who cannot see it where sender and newsletter have one name.
    """
    if newsletter.logo is None:
        return None
    picture = newsletter.logo.picture
    by = min(1, LOGO_WIDTH / picture.width, LOGO_HEIGHT / picture.height)
    name, sender = newsletter.name, newsletter.from_name
    alt = name if theme.masthead == "logo" else "" if sender == name else sender
    return Shown(
        url=links.picture(picture),
        alt=_words(alt, "The sender's name"),
        width=max(1, round(picture.width * by)),
        height=max(1, round(picture.height * by)),
        is_portrait=picture.height > picture.width,
    )


def _parts(
    edition: Edition,
    links: Links,
    theme: Theme,
    opened: Callable[[Field], str] | None,
    wanted: frozenset[int],
    shorten: Callable[[Item], bool],
) -> list[Part]:
    web_copy = links.web_copy(edition.newsletter.slug, edition.key)

    def entry(item: Item, heading: str) -> Entry:
        shown = beginning(item.summary) if shorten(item) else item.summary
        return _entry(item, heading, links, web_copy, shown, opened)

    # A section keeps its place's number and colour, also where one before it is hidden or still empty.
    return [
        part
        for position, section in enumerate(edition.sections)
        if not section.is_hidden
        and (not wanted or position + 1 in wanted)
        and (part := _part(section, position, theme, entry)).groups
    ]


def _part(section: Section, position: int, theme: Theme, entry: Callable[[Item, str], Entry]) -> Part:
    light, dark = theme.section_colours(section.colour, position)
    return Part(
        number=position + 1,
        anchor=f"section-{position + 1}",
        name=_words(section.name, f"Section {position + 1}"),
        light=light,
        dark=dark,
        groups=[
            group
            for category in section.categories
            if not category.is_hidden and (group := _group(category, entry)).entries
        ],
    )


def _group(category: Category, entry: Callable[[Item, str], Entry]) -> Group:
    # A summary's own headings come one level below its item's, that one below the category's if it has a name.
    heading = "h5" if category.name else "h4"
    return Group(
        name=_words(category.name, "A category's name"),
        entries=[entry(item, heading) for item in category.items if not item.is_hidden],
    )


def _entry(
    item: Item,
    heading: str,
    links: Links,
    web_copy: str,
    shown: str,
    opened: Callable[[Field], str] | None,
) -> Entry:
    where = f"Item {item.number}, {item.title[:60]!r}"
    anchor = f"item-{item.number}"
    full = _rich(item.summary, heading, where, opened)
    summary = full if shown == item.summary else _rich(shown, heading, where, opened)
    return Entry(
        number=item.number,
        anchor=anchor,
        publisher=_words(item.publisher, where),
        title=_words(item.title, where),
        url=usable_url(item.url),
        markdown=shown,
        summary=summary,
        full=full,
        more="" if summary == full else f"{web_copy}#{anchor}",
        picture=_shown(item, where, links),
    )


def _shown(item: Item, where: str, links: Links) -> Shown | None:
    picture = item.picture
    if picture is None:
        return None
    is_portrait = picture.height > picture.width
    width = min(PORTRAIT_WIDTH if is_portrait else PICTURE_WIDTH, picture.width)
    return Shown(
        url=links.picture(picture),
        alt=_words(item.picture_alt, where),
        width=width,
        height=max(1, round(picture.height * width / picture.width)),
        is_portrait=is_portrait,
    )


def _contacts(newsletter: Newsletter) -> list[Contact]:
    where = "A contact line"
    return [
        Contact(
            label=_words(line.get("label", ""), where),
            text=_words(line.get("text", ""), where),
            url=usable_url(line.get("url", "")),
        )
        for line in newsletter.contact_lines
    ]


def _on_one_line(postal_address: str) -> str:
    """The lines of an address as on an envelope, with commas between them."""
    lines = (line.strip(" \t\r,") for line in postal_address.split("\n"))
    return ", ".join(line for line in lines if line)


def _opened(text: str, opened: Callable[[Field], str] | None) -> str:
    if opened is None:
        return merge_fields.with_defaults(text)
    pieces = merge_fields.parse(text)
    return "".join(opened(piece) if isinstance(piece, Field) else piece for piece in pieces)


def _rich(markdown: str, heading: str, where: str, opened: Callable[[Field], str] | None) -> Markup:
    try:
        return Markup(to_html(markdown, heading=heading, opened=opened))  # noqa: S704 - to_html() has made it safe
    except UnsafeText as error:
        raise UnsafeText(f"{where}: {error.what}", remedy=error.remedy) from error


def _words(text: str, where: str) -> str:
    """One line of plain words, its white space made single spaces."""
    try:
        check_characters(text)
    except UnsafeText as error:
        raise UnsafeText(f"{where}: {error.what}", remedy=error.remedy) from error
    return re.sub(r"[ \t\r\n]+", " ", text).strip()
