"""What an edition said after each change."""

import datetime
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from pulse_mailer.clock import now
from pulse_mailer.domain.content import Content, as_bytes, content_of
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.history import EditionVersion
from pulse_mailer.errors import NotFound

#: Within it, a field that one person sets again and again counts as one change to those who read the history.
ONE_SPELL = datetime.timedelta(minutes=10)


def keep(
    database: Session, edition: Edition, *, actor: str, what: str, content: Content | None = None
) -> None:
    """Note what an edition says now (or said, as `content`) as its revision; once for each revision."""
    database.add(
        EditionVersion(
            edition_id=edition.id,
            revision=edition.revision,
            at=now(),
            actor=actor,
            what=what,
            content=zlib.compress(as_bytes(content or content_of(edition))),
        )
    )


def versions(database: Session, edition_id: int, *, most: int | None = None) -> list[EditionVersion]:
    """All of them, or the newest, the newest first."""
    wanted = select(EditionVersion).where(EditionVersion.edition_id == edition_id)
    return list(database.scalars(wanted.order_by(EditionVersion.revision.desc()).limit(most)))


def latest(database: Session, edition_id: int) -> EditionVersion | None:
    wanted = select(EditionVersion).where(EditionVersion.edition_id == edition_id)
    return database.scalar(wanted.order_by(EditionVersion.revision.desc()).limit(1))


def content_at(database: Session, edition: Edition, revision: int) -> Content:
    """
    What an edition said after that revision.

    Raises:
        NotFound: no such revision was kept.
    """
    found = database.scalar(
        select(EditionVersion)
        .where(EditionVersion.edition_id == edition.id, EditionVersion.revision == revision)
        .options(undefer(EditionVersion.content))
    )
    if found is None:
        raise NotFound(
            f"The edition {edition.key} has no revision {revision}.",
            remedy=f"See which there are: pulse-mailer edition history {edition.name}",
        )
    content: Content = json.loads(zlib.decompress(found.content))
    return content


@dataclass(frozen=True, slots=True)
class Spell:
    """
    One change, or one field set several times in a row by one person within some minutes.

    Attributes:
        first, revision: the first and the last revision of it.
        since, at: when the first and the last were made.
        count: how many there are.
    """

    first: int
    revision: int
    since: datetime.datetime
    at: datetime.datetime
    actor: str
    what: str
    count: int

    @property
    def revisions(self) -> str:
        return f"{self.first}-{self.revision}" if self.count > 1 else str(self.revision)

    @property
    def words(self) -> str:
        return f"{self.what}, {self.count} times" if self.count > 1 else self.what


def spells(kept: Sequence[EditionVersion], *, each: bool = False) -> list[Spell]:
    """
    Versions as people think of them, the newest first as given: what was set again and again counts once.

    Every revision stays in the history all the same; only words that were set are drawn together, never what was
    imported, restored, moved or agreed to.

    Args:
        each: one for each version.
    """
    found: list[Spell] = []
    for version in kept:
        later = found[-1] if found else None
        if later is not None and not each and _continued(version, later):
            found[-1] = replace(later, first=version.revision, since=version.at, count=later.count + 1)
            continue
        at, revision = version.at, version.revision
        found.append(Spell(revision, revision, at, at, version.actor, version.what, 1))
    return found


def _continued(version: EditionVersion, later: Spell) -> bool:
    return (
        version.what.endswith(" set")
        and (version.actor, version.what) == (later.actor, later.what)
        and later.since - version.at <= ONE_SPELL
    )


def previous(database: Session, edition: Edition, revision: int) -> int:
    """
    The revision before one.

    Raises:
        NotFound: none was kept.
    """
    wanted = select(func.max(EditionVersion.revision)).where(
        EditionVersion.edition_id == edition.id, EditionVersion.revision < revision
    )
    found = database.scalar(wanted)
    if found is None:
        raise NotFound(
            f"The history of {edition.key} has nothing before revision {revision}.",
            remedy=f"See what it has: pulse-mailer edition history {edition.name}",
        )
    return found
