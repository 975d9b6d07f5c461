"""
What was there before: the same page, or the same title by the same publisher, in the inbox or in any edition.

Two addresses are of one page when they differ in nothing but the scheme, www., a slash at the end, a fragment and
tracking parameters; publishers and titles are compared without regard to case and curly quotes.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Item, Section
from pulse_mailer.domain.inbox import Candidate, CandidateStatus
from pulse_mailer.domain.web_address import folded
from pulse_mailer.importing.names import fold

_WENT_OUT = (EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT, EditionStatus.STOPPED)


@dataclass(frozen=True, slots=True)
class Sighting:
    """
    Where something was seen before.

    Attributes:
        words: such as "already in the May 2026 edition, Reports".
        edition_id, number: of the item; None in the inbox.
        candidate_id, status: of the candidate; None in an edition.
    """

    words: str
    edition_id: int | None = None
    number: int | None = None
    candidate_id: int | None = None
    status: CandidateStatus | None = None

    def is_of(self, candidate: Candidate | None) -> bool:
        """Whether it is the candidate itself, or the item that it became."""
        if candidate is None:
            return False
        if self.candidate_id is not None:
            return self.candidate_id == candidate.id
        return (self.edition_id, self.number) == (candidate.edition_id, candidate.item_number)


@dataclass(slots=True)
class Seen:
    """All that a newsletter's editions and inbox hold, by the page it leads to and by publisher and title."""

    _pages: dict[str, list[Sighting]] = field(default_factory=dict)
    _heads: dict[tuple[str, str], list[tuple[str, Sighting]]] = field(default_factory=dict)

    def note(self, sighting: Sighting, url: str, publisher: str, title: str) -> None:
        page = _page(url)
        if page:
            self._pages.setdefault(page, []).append(sighting)
        if head := _head(publisher, title):
            self._heads.setdefault(head, []).append((page, sighting))

    def note_candidate(self, candidate: Candidate) -> None:
        _note_candidate(self, candidate)

    def pages(self, url: str) -> list[Sighting]:
        """Where the page was seen."""
        return list(self._pages.get(_page(url), ())) if url else []

    def heads(self, url: str, publisher: str, title: str) -> list[Sighting]:
        """Where the title was seen under the publisher's name, and leading to another page, or to none."""
        head, page = _head(publisher, title), _page(url)
        found = self._heads.get(head, ()) if head else ()
        return [sighting for other, sighting in found if not page or other != page]

    def words(self, url: str, publisher: str, title: str, besides: Candidate | None = None) -> list[str]:
        """
        All of it for people, each place once.

        Args:
            besides: the candidate in question, which is no repetition of itself.
        """
        pages = [one for one in self.pages(url) if not one.is_of(besides)]
        heads = [one for one in self.heads(url, publisher, title) if not one.is_of(besides)]
        said = [one.words for one in pages] + [
            f"the same title by {publisher} is {one.words}" for one in heads
        ]
        return list(dict.fromkeys(said))


def seen(database: Session, newsletter_id: int, *, inbox: bool = True) -> Seen:
    """
    All that the newsletter's editions show, and its inbox, unless that is not asked for.

    What was placed from the inbox counts as the item that it became.
    """
    found = Seen()
    _note_items(found, database.execute(_items().where(Edition.newsletter_id == newsletter_id)))
    if inbox:
        wanted = select(
            Candidate.id, Candidate.status, Candidate.url, Candidate.publisher, Candidate.title
        ).where(
            Candidate.newsletter_id == newsletter_id,
            or_(Candidate.status != CandidateStatus.PLACED, Candidate.edition_id.is_(None)),
        )
        for row in database.execute(wanted.order_by(Candidate.id)):
            _note_candidate(found, row)
    return found


def repeats(database: Session, edition: Edition) -> list[tuple[int, str]]:
    """Each shown item that another edition of the newsletter shows too: its number, and where it was, for people."""
    found = Seen()
    others = _items().where(Edition.newsletter_id == edition.newsletter_id, Edition.id != edition.id)
    _note_items(found, database.execute(others))
    return [
        (item.number, words)
        for section in edition.sections
        for category in section.categories
        for item in category.items
        if not (section.is_hidden or category.is_hidden or item.is_hidden)
        for words in found.words(item.url or "", item.publisher or "", item.title)
    ]


def _items() -> Select[*tuple[Any, ...]]:
    """The items that editions show, the newest edition first."""
    return (
        select(
            Edition.id, Edition.key, Edition.period, Edition.status, Section.name.label("section"),
            Category.name.label("category"), Item.number, Item.url, Item.publisher, Item.title,
        )
        .join(Section, Section.edition_id == Edition.id)
        .join(Category, Category.section_id == Section.id)
        .join(Item, Item.category_id == Category.id)
        .where(Section.is_hidden.is_(False), Category.is_hidden.is_(False), Item.is_hidden.is_(False))
        .order_by(Edition.key.desc(), Item.number)
    )  # fmt: skip


def _note_items(seen: Seen, rows: Iterable[Any]) -> None:
    for row in rows:
        what = "edition" if row.status in _WENT_OUT else "edition, a draft"
        words = f"already in the {row.period or row.key} {what}, {row.category or row.section}"
        seen.note(Sighting(words, edition_id=row.id, number=row.number), row.url, row.publisher, row.title)


def _note_candidate(seen: Seen, row: Any) -> None:
    dropped = ", dropped" if row.status is CandidateStatus.DROPPED else ""
    sighting = Sighting(f"already in the inbox ({row.id}{dropped})", candidate_id=row.id, status=row.status)
    seen.note(sighting, row.url, row.publisher, row.title)


# Kept, since a command that adds thirty pages looks through all editions thirty times.
@functools.lru_cache(maxsize=50_000)
def _page(url: str) -> str:
    return folded(url)


@functools.lru_cache(maxsize=50_000)
def _head(publisher: str, title: str) -> tuple[str, str] | None:
    """None where nobody says who it is by: then a title such as “Annual report” says nothing."""
    found = (fold(publisher), fold(title))
    return found if all(found) else None
