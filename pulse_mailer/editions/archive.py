"""What anybody may read of a newsletter: the editions that went out, or are going out."""

import datetime
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pulse_mailer.domain.correction import Correction
from pulse_mailer.domain.edition import Edition, EditionStatus, Rendering
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.publication import ArchiveEntry, Publication
from pulse_mailer.errors import NotFound

PUBLIC = (EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT, EditionStatus.STOPPED)
FEED_LENGTH = 20  #: the newest editions that a feed holds


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction, as readers are told of it."""

    at: datetime.datetime
    note: str


@dataclass(frozen=True, slots=True)
class ArchivedEdition:
    """
    Attributes:
        year: the one that its key begins with; else that in which it went out.
        corrections: the newest first.
    """

    id: int
    key: str
    period: str
    subject: str
    preheader: str
    published_at: datetime.datetime
    item_count: int
    corrections: list[Corrected]

    @property
    def title(self) -> str:
        return self.period or self.key

    @property
    def year(self) -> int:
        named = re.match(r"(?:19|20)\d\d(?!\d)", self.key)
        return int(named[0]) if named else self.published_at.year

    @property
    def updated_at(self) -> datetime.datetime:
        return self.corrections[0].at if self.corrections else self.published_at


@dataclass(frozen=True, slots=True)
class Archive:
    """
    Attributes:
        editions: the newest first.
    """

    newsletter_name: str
    newsletter_slug: str
    language: str
    timezone: str
    sender: str
    founded_at: datetime.datetime
    editions: list[ArchivedEdition]

    @property
    def years(self) -> list[tuple[int, list[ArchivedEdition]]]:
        return [(year, list(of)) for year, of in itertools.groupby(self.editions, lambda one: one.year)]


@dataclass(frozen=True, slots=True)
class WebCopy:
    """
    Attributes:
        html: the page as it was composed, without what stands around it in the archive.
        titles: of its items, by their numbers.
        earlier, later: the editions beside it; None at an end.
    """

    archive: Archive
    edition: ArchivedEdition
    html: str
    titles: dict[int, str]
    earlier: ArchivedEdition | None
    later: ArchivedEdition | None


def archive(database: Session, slug: str) -> Archive:
    """
    Raises:
        NotFound: there is no such newsletter.
    """
    newsletter = database.scalar(select(Newsletter).where(Newsletter.slug == slug))
    if newsletter is None:
        raise NotFound(f"There is no newsletter {slug!r}.")
    return Archive(
        newsletter_name=newsletter.name,
        newsletter_slug=slug,
        language=newsletter.language,
        timezone=newsletter.timezone,
        sender=newsletter.from_name or newsletter.name,
        founded_at=newsletter.created_at,
        editions=_editions(database, newsletter.id),
    )


def web_copy(database: Session, slug: str, key: str) -> WebCopy:
    """
    Raises:
        NotFound: there is no such edition, or it has not gone out yet.
    """
    found = archive(database, slug)
    place = _place(found, key)
    edition = found.editions[place]
    corrected = select(Correction.web_html).where(Correction.edition_id == edition.id)
    html = database.scalar(corrected.order_by(Correction.id.desc()).limit(1))
    if html is None:
        composed = select(Rendering.web_html).where(
            Rendering.edition_id == edition.id, Rendering.variant == ""
        )
        html = database.scalars(composed).one()
    titles = database.execute(
        select(ArchiveEntry.number, ArchiveEntry.title).where(ArchiveEntry.edition_id == edition.id)
    )
    return WebCopy(
        archive=found,
        edition=edition,
        html=html,
        titles={row[0]: row[1] for row in titles},
        earlier=found.editions[place + 1] if place + 1 < len(found.editions) else None,
        later=found.editions[place - 1] if place else None,
    )


def text_copy(database: Session, slug: str, key: str) -> str:
    """
    An edition as a page to print.

    Raises:
        NotFound: there is no such edition, or it has not gone out yet.
    """
    found = archive(database, slug)
    edition = found.editions[_place(found, key)]
    text = database.scalar(select(Publication.text).where(Publication.edition_id == edition.id))
    if text is None:
        raise NotFound(f"There is no text of {slug}/{key} yet.")
    return text


def contents(database: Session, editions: Iterable[ArchivedEdition]) -> dict[int, str]:
    """What feeds carry of editions, by their ids."""
    wanted = [one.id for one in editions]
    found = select(Publication.edition_id, Publication.html).where(Publication.edition_id.in_(wanted))
    return {row[0]: row[1] for row in database.execute(found)}


def corrections(database: Session, edition_ids: Iterable[int]) -> dict[int, list[Corrected]]:
    """What readers are told of corrections, by the editions' ids; the newest first."""
    wanted = select(Correction.edition_id, Correction.at, Correction.note)
    rows = database.execute(
        wanted.where(Correction.edition_id.in_(list(edition_ids))).order_by(Correction.id.desc())
    )
    found = defaultdict(list)
    for edition_id, at, note in rows:
        found[edition_id].append(Corrected(at, note))
    return found


def _editions(database: Session, newsletter_id: int) -> list[ArchivedEdition]:
    items = (
        select(func.count(ArchiveEntry.id))
        .where(ArchiveEntry.edition_id == Edition.id, ArchiveEntry.number > 0)
        .scalar_subquery()
    )
    rows = database.execute(
        select(
            Edition.id,
            Edition.key,
            Edition.period,
            func.coalesce(Publication.subject, Edition.subject),
            func.coalesce(Publication.preheader, Edition.preheader),
            func.coalesce(Edition.frozen_at, Edition.changed_at, type_=Edition.frozen_at.type),
            items,
        )
        .outerjoin(Publication, Publication.edition_id == Edition.id)
        .where(Edition.newsletter_id == newsletter_id, Edition.status.in_(PUBLIC))
    ).all()
    corrected = corrections(database, [row[0] for row in rows])
    found = [
        ArchivedEdition(
            id=edition_id,
            key=key,
            period=period,
            subject=subject,
            preheader=preheader,
            published_at=published_at,
            item_count=item_count,
            corrections=corrected.get(edition_id, []),
        )
        for edition_id, key, period, subject, preheader, published_at, item_count in rows
    ]
    return sorted(found, key=lambda one: (one.year, one.key), reverse=True)


def _place(found: Archive, key: str) -> int:
    for place, one in enumerate(found.editions):
        if one.key == key:
            return place
    raise NotFound(f"There is no edition {found.newsletter_slug}/{key} in the archive.")
