"""What an edition said after each change."""

import json
import zlib

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from pulse_mailer.clock import now
from pulse_mailer.domain.content import Content, as_bytes, content_of
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.history import EditionVersion
from pulse_mailer.errors import NotFound


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


def versions(database: Session, edition_id: int) -> list[EditionVersion]:
    """All of them, the newest first."""
    wanted = select(EditionVersion).where(EditionVersion.edition_id == edition_id)
    return list(database.scalars(wanted.order_by(EditionVersion.revision.desc())))


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
