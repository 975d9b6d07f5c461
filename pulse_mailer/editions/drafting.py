"""Changing a draft."""

from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.editions.wording import checked
from pulse_mailer.errors import WrongState

#: What staff may set on an edition.
FIELDS = ("subject", "preheader", "period", "closing", "signed_by", "signed_role")


def change(database: Session, edition: Edition, values: dict[str, str], *, actor: str) -> None:
    """
    Set fields of a draft, by their names in FIELDS.

    Raises:
        WrongState: the edition is no draft any more.
        UsageError: a value cannot stand in mail; says which, and nothing is changed.
    """
    # Sending may begin at the same moment; whoever holds the row goes first, and the other sees what came of it.
    database.refresh(edition, ["status", "revision"], with_for_update=True)
    if edition.status is not EditionStatus.DRAFT:
        raise WrongState(
            f"The edition {edition.key} is {edition.status.value} and cannot be changed any more."
        )
    after = {name: checked(name, value) for name, value in values.items()}
    before = {name: getattr(edition, name) for name in values}
    for name, value in after.items():
        setattr(edition, name, value)
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
