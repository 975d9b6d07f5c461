"""Setting the fields of a draft."""

from sqlalchemy.orm import Session

from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.editions.wording import checked

#: What staff may set on an edition.
FIELDS = ("subject", "preheader", "period", "closing", "signed_by", "signed_role")


def change(
    database: Session, name: str, values: dict[str, str], *, actor: str, expected: int | None = None
) -> Change:
    """
    Set fields of a draft, by their names in FIELDS.

    Args:
        expected: the revision that the person looked at.

    Raises:
        WrongState: its sending has begun.
        Conflict: somebody else changed it since.
        UsageError: a value cannot stand in mail; says which, and nothing is changed.
    """
    after = {field: checked(field, value) for field, value in values.items()}
    named = ", ".join(field.replace("_", " ") for field in values)
    with changing(database, name, actor=actor, what=f"{named} set", expected=expected) as made:
        made.before = {field: getattr(made.edition, field) for field in after}
        made.after = dict(after)
        for field, value in after.items():
            setattr(made.edition, field, value)
        made.edition.to_write = [field for field in made.edition.to_write if field not in after]
    return made
