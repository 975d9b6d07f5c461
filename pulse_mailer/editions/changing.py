"""
The one way to change an edition: held while it is changed, counted, kept in its history, audited.

Whoever changes names the revision that they looked at. When somebody else was faster, nothing is overwritten: a
Conflict says who it was and what they did.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from pulse_mailer import actors, audit
from pulse_mailer.clock import now
from pulse_mailer.domain.approval import Approval
from pulse_mailer.domain.content import content_of
from pulse_mailer.domain.edition import Edition, EditionStatus, Rendering
from pulse_mailer.editions import history, reading
from pulse_mailer.errors import Agreed, Conflict, WrongState

#: What people agreed to.
AGREED = (EditionStatus.APPROVED, EditionStatus.SCHEDULED)


@dataclass(slots=True)
class Change:
    """
    Attributes:
        what: the change in words, as history shows it; may be set while the change is made.
        before, after: the values that changed, as the audit keeps them; likewise.
        numbers: the items that it made or touched, as the caller may say next.
        made: once it is done: whether anything is different now, and so another revision.
        reopened: likewise: whether the edition was to be sent, and is a draft again.
    """

    edition: Edition
    what: str
    numbers: tuple[int, ...] = ()
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    made: bool = False
    reopened: bool = False


@contextlib.contextmanager
def changing(
    database: Session, name: str, *, actor: str, what: str = "", expected: int | None = None
) -> Iterator[Change]:
    """
    Hold an edition, with everything in it, for a change; what leaves the block unraised is the next revision.

    A block that changes nothing makes no revision. Sections, categories and items stand as their lists have them.

    Args:
        name: its key, or newsletter and key, as `reading.edition()` takes it.
        expected: the revision that the person looked at; None: whatever it is now.

    Raises:
        NotFound, UsageError: see `reading.edition()`.
        WrongState: its sending has begun.
        Conflict: it is at another revision than was expected.
    """
    edition = held(database, name)
    if expected is not None and edition.revision != expected:
        raise _conflict(database, edition, expected)
    if not is_open(edition):
        raise WrongState(
            f"The edition {edition.key} is {edition.status.words} and cannot be changed any more.",
            remedy=f"Put its web copy right: pulse-mailer edition correct {edition.name} --help",
        )
    before = content_of(edition)
    change = Change(edition, what)
    # Places are given in the end; what is new must not be written before.
    with database.no_autoflush:
        yield change
    if content_of(edition) == before:
        return
    _number(edition)
    if history.latest(database, edition.id) is None:
        # It is older than histories are, or was made past them: what it said until now must not be lost.
        history.keep(database, edition, actor=actor, what="as it was before", content=before)
    change.reopened = reopen(database, edition, actor=actor, why=change.what)
    change.made = True
    edition.revision += 1
    edition.changed_at = now()
    database.flush()
    history.keep(database, edition, actor=actor, what=change.what)
    audit.record(
        database,
        actor,
        "edition.changed",
        f"edition {edition.name}",
        before=change.before,
        after=change.after | {"what": change.what, "revision": edition.revision},
    )


def is_open(edition: Edition) -> bool:
    """Whether it may still be changed: its sending has not begun."""
    return edition.status in (EditionStatus.DRAFT, *AGREED)


def held(database: Session, name: str) -> Edition:
    """
    An edition as it is now, with everything in it; nobody else changes it until this transaction ends.

    Raises:
        NotFound, UsageError: see `reading.edition()`.
    """
    found = reading.edition(database, name)
    # Of two who change at once one waits here, and then reads what the other made of it.
    wanted = reading.whole_edition().where(Edition.id == found.id).with_for_update(of=Edition)
    return database.scalars(wanted, execution_options={"populate_existing": True}).one()


def agreed_to(database: Session, name: str, *, may_reopen: bool) -> None:
    """
    Hold an edition that is about to be changed, unless people agreed to it and nobody said that this may be void.

    Raises:
        Agreed: it was approved or scheduled, and `may_reopen` is not said.
        NotFound, UsageError: see `reading.edition()`.
    """
    edition = held(database, name)
    if edition.status in AGREED and not may_reopen:
        raise Agreed(
            f"The edition {edition.key} is {edition.status.words}; any change makes it a draft again, which somebody "
            "must approve anew. Nothing of yours was stored.",
            remedy="Say first that it may be a draft again.",
        )


def reopen(database: Session, edition: Edition, *, actor: str, why: str) -> bool:
    """
    Make an edition that was approved or scheduled a draft again, as nobody agreed to what it is now; the approval is
    void, and says by whom and why.

    Gives False when it was neither. The caller holds the edition's row.
    """
    if edition.status not in AGREED:
        return False
    before = {
        "status": edition.status.value,
        "starts_at": edition.starts_at and edition.starts_at.isoformat(),
        "agreed": edition.agreed,
    }
    edition.become(EditionStatus.DRAFT)
    edition.starts_at, edition.starts_zone, edition.agreed, edition.first_count = None, "", None, None
    edition.changed_at = now()
    database.execute(delete(Rendering).where(Rendering.edition_id == edition.id))
    database.execute(
        update(Approval)
        .where(Approval.edition_id == edition.id, Approval.voided_at.is_(None))
        .values(voided_at=now(), voided_by=actor, void_reason=why)
    )
    audit.record(
        database,
        actor,
        "edition.taken-back",
        f"edition {edition.name}",
        before=before,
        after={"why": why},
    )
    return True


def _number(edition: Edition) -> None:
    """Places as they are in the lists: from 1, without gaps."""
    for place, section in enumerate(edition.sections, 1):
        section.position = place
        for group, category in enumerate(section.categories, 1):
            category.position = group
            for number, item in enumerate(category.items, 1):
                item.position = number


def _conflict(database: Session, edition: Edition, expected: int) -> Conflict:
    latest = history.latest(database, edition.id)
    who = f" by {actors.names(database).of(latest.actor)}: {latest.what}" if latest else ""
    return Conflict(
        f"The edition {edition.key} was changed meanwhile{who}. It is at revision {edition.revision}, "
        f"and you looked at {expected}; nothing of yours was stored.",
        remedy=f"Look at it again: pulse-mailer edition history {edition.name}",
    )
