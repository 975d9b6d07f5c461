"""Setting the fields of a draft."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.editions.wording import checked, checked_text, refuse_unknown
from pulse_mailer.errors import UsageError

#: What staff may set on an edition.
FIELDS = ("subject", "preheader", "period", "letter", "closing", "signed_by", "signed_role")


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
        UsageError: there is no such field, or a value cannot stand in mail; says which, and nothing is changed.
    """
    refuse_unknown(values, FIELDS, "An edition")
    after = {field: right_value(field, value) for field, value in values.items()}
    named = ", ".join(field.replace("_", " ") for field in values)
    with changing(database, name, actor=actor, what=f"{named} set", expected=expected) as made:
        made.before = {field: getattr(made.edition, field) for field in after}
        made.after = dict(after)
        for field, value in after.items():
            setattr(made.edition, field, value)
        made.edition.to_write = [field for field in made.edition.to_write if field not in after]
    return made


def keep(
    database: Session, name: str, fields: Sequence[str], *, actor: str, expected: int | None = None
) -> Change:
    """
    Say that fields are to stay as an earlier edition had them, so that sending does not wait for them any more.

    Raises:
        UsageError: there is no such field, or nothing in one of them.
        WrongState, Conflict: as `change()`.
    """
    refuse_unknown(fields, FIELDS, "An edition")
    with changing(database, name, actor=actor, expected=expected) as made:
        if empty := [field for field in fields if not getattr(made.edition, field).strip()]:
            raise UsageError(f"The {empty[0].replace('_', ' ')} is empty.", remedy="Write it.")
        made.what = f"{', '.join(fields)} kept as {made.edition.begun_from or 'it'} had it"
        made.edition.to_write = [field for field in made.edition.to_write if field not in fields]
    return made


def right_value(field: str, value: str) -> str:
    """
    Raises:
        UsageError: the value cannot stand in that field.
    """
    return checked_text(field, value) if field == "letter" else checked(field, value)
