"""Newsletters and editions, as pages and commands show them."""

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Item, Rendering, Section
from pulse_mailer.domain.history import EditionVersion
from pulse_mailer.domain.newsletter import Logo, Newsletter
from pulse_mailer.errors import NotFound, UsageError


@dataclass(frozen=True, slots=True)
class EditionLine:
    """
    One edition in a list.

    Attributes:
        changed_by: who made its last revision, as records name them; None where no history is kept.
    """

    slug: str
    key: str
    period: str
    subject: str
    status: EditionStatus
    item_count: int
    changed_at: datetime.datetime
    starts_at: datetime.datetime | None
    to_write: list[str]
    changed_by: str | None

    @property
    def state(self) -> str:
        """Its status, and how many of its fields must still be written."""
        return f"{self.status.value}, {len(self.to_write)} to write" if self.to_write else self.status.value


def newsletters(database: Session) -> list[Newsletter]:
    return list(database.scalars(_whole_newsletter().order_by(Newsletter.name)))


def newsletter(database: Session, slug: str | None) -> Newsletter:
    """
    Give the newsletter of that short name, or the only one there is.

    Raises:
        NotFound: there is none of that name, or none at all.
        UsageError: there are several, and none was named.
    """
    if slug is not None:
        found = database.scalar(_whole_newsletter().where(Newsletter.slug == slug))
        if found is None:
            raise NotFound(f"There is no newsletter {slug!r}.", remedy=_known(database))
        return found
    every = newsletters(database)
    if not every:
        raise NotFound("There is no newsletter yet.", remedy="Make one: pulse-mailer newsletter add --help")
    if len(every) > 1:
        raise UsageError(
            "There are several newsletters.", remedy=_known(database, "Name one with --newsletter. ")
        )
    return every[0]


def edition(database: Session, name: str) -> Edition:
    """
    Give an edition with everything in it, ready for composing.

    Args:
        name: its key, such as 2022-04, or newsletter and key: pulse/2022-04.

    Raises:
        NotFound: there is none of that name.
        UsageError: several newsletters have an edition of that key.
    """
    slug, slash, key = name.rpartition("/")
    wanted = whole_edition().where(Edition.key == key)
    if slash:
        wanted = wanted.where(Newsletter.slug == slug)
    found = list(database.scalars(wanted))
    if not found:
        raise NotFound(
            f"There is no edition {name!r}.", remedy="See what there is: pulse-mailer edition list"
        )
    if len(found) > 1:
        names = ", ".join(f"{one.newsletter.slug}/{one.key}" for one in found)
        raise UsageError(f"Several newsletters have an edition {key!r}.", remedy=f"Say which: {names}")
    return found[0]


def editions(database: Session, newsletter_id: int | None = None) -> list[EditionLine]:
    """All editions, or those of one newsletter, the newest first."""
    item_count = (
        select(func.count(Item.id))
        .join(Category, Category.id == Item.category_id)
        .join(Section, Section.id == Category.section_id)
        .where(Section.edition_id == Edition.id)
        .scalar_subquery()
    )
    changed_by = (
        select(EditionVersion.actor)
        .where(EditionVersion.edition_id == Edition.id)
        .order_by(EditionVersion.revision.desc())
        .limit(1)
        .scalar_subquery()
    )
    wanted = (
        select(
            Newsletter.slug,
            Edition.key,
            Edition.period,
            Edition.subject,
            Edition.status,
            item_count,
            Edition.changed_at,
            Edition.starts_at,
            Edition.to_write,
            changed_by,
        )
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .order_by(Edition.key.desc(), Newsletter.slug)
    )
    if newsletter_id is not None:
        wanted = wanted.where(Edition.newsletter_id == newsletter_id)
    return [EditionLine(*row) for row in database.execute(wanted)]


def rendering(database: Session, edition_id: int) -> Rendering | None:
    """The mail that went out, or will once its time has come; None while the edition is a draft."""
    return database.scalar(
        select(Rendering).where(Rendering.edition_id == edition_id, Rendering.variant == "")
    )


def renderings(database: Session, edition_id: int) -> list[Rendering]:
    """The mail of every variant that went out, or will; none while the edition is a draft."""
    wanted = select(Rendering).where(Rendering.edition_id == edition_id).order_by(Rendering.variant)
    return list(database.scalars(wanted))


def as_json(edition: Edition) -> dict[str, Any]:
    """What `edition show --json` prints; documented in docs/commands.md and kept stable."""
    return {
        "newsletter": edition.newsletter.name,
        "slug": edition.newsletter.slug,
        "edition": edition.key,
        "period": edition.period,
        "status": edition.status.value,
        "revision": edition.revision,
        "to_write": edition.to_write,
        "subject": edition.subject,
        "preheader": edition.preheader,
        "letter": {
            "text": edition.letter,
            "closing": edition.closing,
            "signed_by": edition.signed_by,
            "signed_role": edition.signed_role,
        },
        "sections": [
            {
                "name": section.name,
                "is_news": section.is_news,
                "is_hidden": section.is_hidden,
                "categories": [
                    {
                        "name": category.name,
                        "is_hidden": category.is_hidden,
                        "items": [_item(item) for item in category.items],
                    }
                    for category in section.categories
                ],
            }
            for section in edition.sections
        ],
        "review": edition.review,
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "number": item.number,
        "publisher": item.publisher,
        "title": item.title,
        "url": item.url,
        "summary": item.summary,
        "picture": None
        if item.picture is None
        else {"file": item.picture.file_name, "alt": item.picture_alt},
        "is_hidden": item.is_hidden,
        "confidence": item.confidence and item.confidence.value,
        "source_line": item.source_line,
    }


def _known(database: Session, before: str = "") -> str:
    names = ", ".join(database.scalars(select(Newsletter.slug).order_by(Newsletter.slug)))
    return f"{before}There are: {names}." if names else "Make one: pulse-mailer newsletter add --help"


def _whole_newsletter() -> Select[Newsletter]:
    return select(Newsletter).options(
        selectinload(Newsletter.sections),
        selectinload(Newsletter.categories),
        selectinload(Newsletter.logo).selectinload(Logo.picture),
    )


def whole_edition() -> Select[Edition]:
    """Editions with everything in them, to be narrowed down by `where`."""
    items = (
        selectinload(Edition.sections)
        .selectinload(Section.categories)
        .selectinload(Category.items)
        .selectinload(Item.picture)
    )
    newsletter = selectinload(Edition.newsletter)
    return (
        select(Edition)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .options(
            items,
            newsletter.selectinload(Newsletter.sections),
            newsletter.selectinload(Newsletter.categories),
            newsletter.selectinload(Newsletter.logo).selectinload(Logo.picture),
        )
        .order_by(Edition.id)
    )
