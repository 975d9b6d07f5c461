"""Changing a draft; what was to be sent and is changed, or taken back, is a draft again."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.edition import Edition, EditionStatus, Rendering
from pulse_mailer.editions.wording import checked
from pulse_mailer.errors import WrongState

#: What staff may set on an edition.
FIELDS = ("subject", "preheader", "period", "closing", "signed_by", "signed_role")
_AGREED = (EditionStatus.APPROVED, EditionStatus.SCHEDULED)


def change(database: Session, edition: Edition, values: dict[str, str], *, actor: str) -> bool:
    """
    Set fields of a draft, by their names in FIELDS; gives whether it was to be sent, and is a draft again.

    Raises:
        WrongState: its sending has begun.
        UsageError: a value cannot stand in mail; says which, and nothing is changed.
    """
    # Sending may begin at the same moment; whoever holds the row goes first, and the other sees what came of it.
    database.refresh(edition, ["status", "revision", "starts_at", "agreed"], with_for_update=True)
    if edition.status not in (EditionStatus.DRAFT, *_AGREED):
        raise WrongState(
            f"The edition {edition.key} is {edition.status.words} and cannot be changed any more."
        )
    after = {name: checked(name, value) for name, value in values.items()}
    before = {name: getattr(edition, name) for name in values}
    for name, value in after.items():
        setattr(edition, name, value)
    reopened = reopen(database, edition, actor=actor, why=f"{', '.join(values)} changed")
    edition.revision += 1
    edition.changed_at = now()
    audit.record(
        database,
        actor,
        "edition.changed",
        f"edition {edition.newsletter.slug}/{edition.key}",
        before=before,
        after=after,
    )
    return reopened


def reopen(database: Session, edition: Edition, *, actor: str, why: str) -> bool:
    """
    Make an edition that was approved or scheduled a draft again, as nobody agreed to what it is now.

    Gives False when it was neither. The caller holds the edition's row.
    """
    if edition.status not in _AGREED:
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
    audit.record(
        database,
        actor,
        "edition.taken-back",
        f"edition {edition.newsletter.slug}/{edition.key}",
        before=before,
        after={"why": why},
    )
    return True
