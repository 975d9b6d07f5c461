"""Approvals as they are kept: signed, looked at again under the edition's lock, and found to hold or not."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.delivery import sealing, seconding
from pulse_mailer.domain.approval import Approval
from pulse_mailer.domain.content import content_of
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import history
from pulse_mailer.editions.comparing import Difference, compare
from pulse_mailer.errors import CompositionError, Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Standing:
    """
    How the last approval of an edition stands.

    Attributes:
        unlike: which of the things that were signed are no longer what they were, in words.
        changes: what was changed since, one line for each revision, the oldest first.
    """

    approval: Approval
    unlike: tuple[str, ...]
    changes: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return self.approval.voided_at is None and not self.unlike


def sign(
    database: Session,
    edition: Edition,
    *,
    actor: str,
    count: int,
    forced: Sequence[str] = (),
    starts_at: datetime.datetime | None = None,
) -> Approval:
    """Keep a person's agreement to an edition as it is now, whose mails are kept; the caller holds its row."""
    if history.latest(database, edition.id) is None:
        # What was approved must be there to be compared with what is changed later.
        history.keep(database, edition, actor=actor, what="as it was approved")
    edited_by = seconding.editors(database, edition.id)
    facts = sealing.facts(database, edition, forced=forced, starts_at=starts_at) | {"edited_by": edited_by}
    approval = Approval(
        edition_id=edition.id,
        at=now(),
        actor=actor,
        revision=edition.revision,
        seal=sealing.seal_of(facts),
        facts=facts,
        audience_count=count,
    )
    database.add(approval)
    database.flush()
    return approval


def latest(database: Session, edition_id: int) -> Approval | None:
    """The last one, also when it no longer holds."""
    wanted = select(Approval).where(Approval.edition_id == edition_id)
    return database.scalar(wanted.order_by(Approval.id.desc()).limit(1))


def verified(database: Session, edition: Edition) -> Approval:
    """
    The approval by which an edition may be sent; the caller holds the edition's row, and has all of it.

    Raises:
        Conflict: something that was signed is no longer what it was; says what.
    """
    found = standing(database, edition)
    if found is not None and found.holds:
        return found.approval
    why = broken(found)
    raise Conflict(
        f"The approval of {edition.key} does not hold: {why}. Nothing was sent.",
        remedy=f"Look at it, and approve it again: pulse-mailer edition approval {edition.name}",
    )


def broken(found: Standing | None) -> str:
    """Why an approval does not hold, as it goes on after a colon."""
    if found is None:
        return "there is none"
    if found.approval.voided_at is not None:
        return f"{found.approval.voided_by} made it void ({found.approval.void_reason})"
    return f"{', '.join(found.unlike)} changed since {found.approval.actor} approved it"


def standing(database: Session, edition: Edition) -> Standing | None:
    """How the last approval of an edition, with everything in it, stands; None when there was never one."""
    approval = latest(database, edition.id)
    if approval is None:
        return None
    changes = [
        f"revision {version.revision} by {version.actor}: {version.what}"
        for version in reversed(history.versions(database, edition.id))
        if version.revision > approval.revision
    ]
    return Standing(approval, tuple(_unlike(database, edition, approval)), tuple(changes))


def differences(database: Session, edition: Edition, found: Standing | None) -> list[Difference]:
    """What the edition says now, beside what was approved, item by item; none when that is the same."""
    if found is None or found.approval.revision == edition.revision:
        return []
    return compare(history.content_at(database, edition, found.approval.revision), content_of(edition))


def _unlike(database: Session, edition: Edition, approval: Approval) -> list[str]:
    facts = approval.facts
    if sealing.seal_of(facts) != approval.seal:
        return ["the approval's own record"]
    starts_at = edition.starts_at if facts["starts_at"] else None
    try:
        found = sealing.facts(database, edition, forced=facts["forced"], starts_at=starts_at)
    except (NotFound, CompositionError) as error:
        return [f"its design ({error.what})"]
    return [sealing.SAID[name] for name in sealing.differences(facts, found)]
