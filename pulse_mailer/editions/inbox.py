"""The inbox, as pages and commands show it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.inbox import Candidate, CandidateStatus
from pulse_mailer.editions.duplicates import seen
from pulse_mailer.errors import NotFound


@dataclass(frozen=True, slots=True)
class Waiting:
    """
    A candidate with what is to be known of it.

    Attributes:
        edition: the key of the edition that it is in; empty when it is in none.
        words: where else it was seen, for people.
    """

    candidate: Candidate
    edition: str
    words: tuple[str, ...]


def candidates(
    database: Session, newsletter_id: int, statuses: tuple[CandidateStatus, ...] = (CandidateStatus.WAITING,)
) -> list[Waiting]:
    """Those of a newsletter, by section, the oldest first."""
    wanted = (
        select(Candidate)
        .where(Candidate.newsletter_id == newsletter_id, Candidate.status.in_(statuses))
        .order_by(Candidate.section, Candidate.category, Candidate.id)
    )
    return _shown(database, newsletter_id, list(database.scalars(_whole(wanted))))


def candidate(database: Session, candidate_id: int) -> Waiting:
    """
    Raises:
        NotFound: there is none of that id.
    """
    found = database.scalar(_whole(select(Candidate).where(Candidate.id == candidate_id)))
    if found is None:
        raise NotFound(
            f"The inbox holds no {candidate_id}.", remedy="See what there is: pulse-mailer item list"
        )
    return _shown(database, found.newsletter_id, [found])[0]


def as_json(waiting: Waiting) -> dict[str, Any]:
    """What `item list --json` and `item show --json` print; documented in docs/commands.md and kept stable."""
    found = waiting.candidate
    names = (
        "id", "status", "source", "title", "publisher", "url", "summary", "published_on", "section", "category",
        "picture_alt", "trouble", "feed_id", "added_by", "added_at", "item_number",
    )  # fmt: skip
    return {name: getattr(found, name) for name in names} | {
        "picture": found.picture.file_name if found.picture else None,
        "edition": waiting.edition or None,
        "seen": list(waiting.words),
    }


def _whole(wanted: Select[Candidate]) -> Select[Candidate]:
    return wanted.options(selectinload(Candidate.picture))


def _shown(database: Session, newsletter_id: int, found: list[Candidate]) -> list[Waiting]:
    known = seen(database, newsletter_id)
    editions = select(Edition.id, Edition.key).where(Edition.newsletter_id == newsletter_id)
    keys = {row.id: row.key for row in database.execute(editions)}
    return [
        Waiting(
            one,
            keys.get(one.edition_id or 0, ""),
            tuple(known.words(one.url, one.publisher, one.title, besides=one)),
        )
        for one in found
    ]
