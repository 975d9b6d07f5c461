"""Changing a draft."""

from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.errors import UsageError, WrongState

#: What staff may set on an edition.
FIELDS = ("subject", "preheader", "period", "closing", "signed_by", "signed_role")


def change(database: Session, edition: Edition, values: dict[str, str], *, actor: str) -> None:
    """
    Set fields of a draft, by their names in FIELDS.

    Raises:
        WrongState: the edition is no draft any more.
        UsageError: a value spans several lines.
    """
    if edition.status is not EditionStatus.DRAFT:
        raise WrongState(
            f"The edition {edition.key} is {edition.status.value} and cannot be changed any more."
        )
    for name, value in values.items():
        if any(ord(letter) < 32 for letter in value):
            raise UsageError(f"The {name.replace('_', ' ')} must be one line of text.")
    before = {name: getattr(edition, name) for name in values}
    for name, value in values.items():
        setattr(edition, name, value.strip())
    edition.revision += 1
    edition.changed_at = now()
    audit.record(
        database,
        actor,
        "edition.changed",
        f"edition {edition.newsletter.slug}/{edition.key}",
        before=before,
        after=dict(values),
    )
