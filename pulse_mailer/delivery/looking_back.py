"""The part of preflight that only the database can tell: what links led to, earlier editions, weights of pictures."""

from collections.abc import Iterator

from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session, object_session

from pulse_mailer.clock import now
from pulse_mailer.composing import visiting
from pulse_mailer.composing.finding import Finding, placed_items
from pulse_mailer.composing.itemchecks import heavy_pictures, other_spellings, repeats
from pulse_mailer.domain.edition import Category, Edition, Item, Section
from pulse_mailer.domain.picture import Picture
from pulse_mailer.editions import duplicates, visits


def findings(edition: Edition) -> list[Finding]:
    """
    What is found so; nothing for an edition that no database holds, since it has no past.

    Raises:
        AssertionError: a database holds it, but it was read in a session that is over.
    """
    database = object_session(edition)
    if database is None:
        assert inspect(edition).transient, f"{edition.key} is checked after its session"
        return []
    return [
        *_last_visits(database, edition),
        *other_spellings(edition, _earlier_publishers(database, edition)),
        *repeats(edition, duplicates.repeats(database, edition)),
        *heavy_pictures(edition, _weights(database, edition)),
    ]


def _last_visits(database: Session, edition: Edition) -> Iterator[Finding]:
    known = visits.remembered(database, visiting.addresses(edition), now())
    return visiting.findings(edition, known)


def _earlier_publishers(database: Session, edition: Edition) -> list[str]:
    """Each spelling that another edition of the newsletter has."""
    wanted = (
        select(Item.publisher)
        .join(Category, Category.id == Item.category_id)
        .join(Section, Section.id == Category.section_id)
        .join(Edition, Edition.id == Section.edition_id)
        .where(Edition.newsletter_id == edition.newsletter_id, Edition.id != edition.id, Item.publisher != "")
        .distinct()
    )
    return list(database.scalars(wanted))


def _weights(database: Session, edition: Edition) -> dict[str, int]:
    """The bytes of each picture, by its hash."""
    shown = {placed.item.picture_hash for placed in placed_items(edition)} - {None}
    if not shown:
        return {}
    wanted = select(Picture.content_hash, func.length(Picture.data)).where(Picture.content_hash.in_(shown))
    return {content_hash: size for content_hash, size in database.execute(wanted)}  # noqa: C416 - rows are no pairs
