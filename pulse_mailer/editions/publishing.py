"""Making an edition public: what feeds carry, a page to print, and what a search finds, kept beside its web copy."""

import re
from collections.abc import Iterator

from markupsafe import Markup
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pulse_mailer.composing import designs, themes
from pulse_mailer.composing.outline import Entry, Group, Outline, Part, outline
from pulse_mailer.composing.plaintext import plain_text
from pulse_mailer.composing.slots import Marks, Place
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.publication import ArchiveEntry, Publication
from pulse_mailer.editions import reading
from pulse_mailer.editions.archive import PUBLIC
from pulse_mailer.editions.folding import fold
from pulse_mailer.links import Links

_BLOCK = re.compile(r"</?(?:p|br|li|ul|ol|blockquote|h[1-6])\b")


def publish(database: Session, edition_id: int, links: Links) -> None:
    """
    Keep what the archive holds of an edition, in place of what it held before. Hidden parts are no part of it.

    Raises:
        CompositionError: it cannot be laid out for reading.
    """
    wanted = reading.whole_edition().where(Edition.id == edition_id)
    edition = database.scalars(wanted, execution_options={"populate_existing": True}).one()
    design = designs.load(edition.newsletter.design)
    theme = themes.theme(design, edition.newsletter.theme)
    laid_out = outline(edition, links, theme, shorten=lambda _item: False)
    for table in (Publication, ArchiveEntry):
        database.execute(delete(table).where(table.edition_id == edition_id))
    made = Publication(
        edition_id=edition_id,
        subject=laid_out.subject,
        preheader=laid_out.preheader,
        html=_html(laid_out),
        text=plain_text(laid_out, design, Marks(Place.TEXT), web=True),
    )
    database.add(made)
    database.add_all(_entries(edition_id, laid_out))


def catch_up(database: Session, links: Links) -> int:
    """Make public what went out before there was a search and a feed; gives how many editions that were."""
    unpublished = ~select(Publication.edition_id).where(Publication.edition_id == Edition.id).exists()
    found = list(database.scalars(select(Edition.id).where(Edition.status.in_(PUBLIC), unpublished)))
    for edition_id in found:
        publish(database, edition_id, links)
    return len(found)


def _entries(edition_id: int, laid_out: Outline) -> Iterator[ArchiveEntry]:
    yield _entry(edition_id, 0, 0, "", laid_out.subject or laid_out.period, laid_out.letter)
    every = [entry for part in laid_out.parts for entry in part.entries]
    for place, one in enumerate(every, start=1):
        yield _entry(edition_id, one.number, place, one.publisher, one.title, one.summary)


def _entry(
    edition_id: int, number: int, place: int, publisher: str, title: str, html: Markup
) -> ArchiveEntry:
    # What is a line of its own on the page is no part of the word before it. As a str: parts of a Markup are escaped.
    text = str(Markup(_BLOCK.sub(r" \g<0>", str(html))).striptags())  # noqa: S704 - its tags are taken out
    return ArchiveEntry(
        edition_id=edition_id,
        number=number,
        place=place,
        publisher=publisher,
        title=title,
        text=text,
        words=fold(f"{publisher}\n{title}\n{text}"),
    )


def _html(laid_out: Outline) -> str:
    """All that an edition says; every text is escaped by Markup, or was made safe by the outline."""
    closing = [Markup("<p>{}</p>").format(line) for line in laid_out.closing if line]
    return Markup("\n").join([laid_out.letter, *closing, *map(_part, laid_out.parts)])


def _part(part: Part) -> Markup:
    return Markup("\n").join([Markup("<h2>{}</h2>").format(part.name), *map(_group, part.groups)])


def _group(group: Group) -> Markup:
    named = [Markup("<h3>{}</h3>").format(group.name)] if group.name else []
    return Markup("\n").join([*named, *map(_item, group.entries)])


def _item(entry: Entry) -> Markup:
    title = Markup('<a href="{}">{}</a>').format(entry.url, entry.title) if entry.url else entry.title
    publisher = Markup("<p>{}</p>").format(entry.publisher) if entry.publisher else ""
    picture = entry.picture and Markup('<p><img src="{}" alt="{}" width="{}" height="{}"></p>').format(
        entry.picture.url, entry.picture.alt, entry.picture.width, entry.picture.height
    )
    return Markup("\n").join([Markup("<h4>{}</h4>").format(title), publisher, picture or "", entry.summary])
