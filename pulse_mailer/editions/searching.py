"""Searching the archive: the items, subjects and letters of the editions that anybody may read."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, and_, or_, select
from sqlalchemy.orm import Session

from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.publication import ArchiveEntry
from pulse_mailer.editions.archive import PUBLIC, Corrected, corrections
from pulse_mailer.editions.folding import Piece, excerpt, marked, wanted
from pulse_mailer.errors import NotFound, UsageError

PER_PAGE = 20

_Found = Row[int, str, str, int, int, str, str, str]


@dataclass(frozen=True, slots=True)
class Hit:
    """
    Attributes:
        anchor: its name within the edition's page; empty for the edition itself.
        title, publisher, excerpt: cut where the words stand in them.
    """

    anchor: str
    title: list[Piece]
    publisher: list[Piece]
    excerpt: list[Piece]


@dataclass(frozen=True, slots=True)
class FoundEdition:
    key: str
    period: str
    corrections: list[Corrected]
    hits: list[Hit]


@dataclass(frozen=True, slots=True)
class Search:
    """
    Attributes:
        words: what was looked for; empty when nothing was asked, or nothing that has a letter in it.
        editions: the newest first.
        after: where the next page begins; empty on the last one.
    """

    newsletter_name: str
    newsletter_slug: str
    language: str
    query: str
    words: list[str]
    editions: list[FoundEdition]
    after: str


def search(database: Session, slug: str, query: str, after: str = "") -> Search:
    """
    Give what holds all the words, twenty at a time.

    Args:
        after: the last page's own `after`.

    Raises:
        NotFound: there is no such newsletter.
        UsageError: `after` is none of ours.
    """
    newsletter = database.scalar(select(Newsletter).where(Newsletter.slug == slug))
    if newsletter is None:
        raise NotFound(f"There is no newsletter {slug!r}.")
    words = wanted(query)
    rows = _rows(database, newsletter.id, words, after) if words else []
    shown = rows[:PER_PAGE]
    return Search(
        newsletter_name=newsletter.name,
        newsletter_slug=slug,
        language=newsletter.language,
        query=query,
        words=words,
        editions=_by_edition(database, shown, words),
        after=f"{shown[-1][1]}.{shown[-1][4]}" if len(rows) > PER_PAGE else "",
    )


def _rows(database: Session, newsletter_id: int, words: Sequence[str], after: str) -> list[_Found]:
    found = (
        select(
            Edition.id,
            Edition.key,
            Edition.period,
            ArchiveEntry.number,
            ArchiveEntry.place,
            ArchiveEntry.publisher,
            ArchiveEntry.title,
            ArchiveEntry.text,
        )
        .join(Edition, Edition.id == ArchiveEntry.edition_id)
        .where(
            Edition.newsletter_id == newsletter_id,
            Edition.status.in_(PUBLIC),
            *(ArchiveEntry.words.contains(word, autoescape=True) for word in words),
        )
        .order_by(Edition.key.desc(), ArchiveEntry.place)
        .limit(PER_PAGE + 1)
    )
    if after:
        key, _, place = after.rpartition(".")
        if not key or not place.isascii() or not place.isdigit() or len(place) > len("99999"):
            raise UsageError("There is no such page of this search.")
        later = and_(Edition.key == key, ArchiveEntry.place > int(place))
        found = found.where(or_(Edition.key < key, later))
    return list(database.execute(found))


def _by_edition(database: Session, rows: Sequence[_Found], words: list[str]) -> list[FoundEdition]:
    corrected = corrections(database, {row[0] for row in rows})
    return [
        FoundEdition(key, period or key, corrected.get(edition_id, []), [_hit(row, words) for row in of])
        for (edition_id, key, period), of in itertools.groupby(rows, lambda row: (row[0], row[1], row[2]))
    ]


def _hit(row: _Found, words: list[str]) -> Hit:
    *_, number, _place, publisher, title, text = row
    return Hit(
        anchor=f"item-{number}" if number else "",
        title=marked(title, words),
        publisher=marked(publisher, words),
        excerpt=marked(excerpt(text, words), words),
    )
