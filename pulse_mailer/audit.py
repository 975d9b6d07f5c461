"""
Who did what, kept in the same transaction as the change itself.

No record can ever be changed, so that none may hold what a reader could ask to have erased: their address stands in
no record, and is taken out of the words that say why.
"""

from typing import Any

from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.domain.address import without_addresses
from pulse_mailer.domain.auditing import AuditRecord


def record(
    database: Session,
    actor: str,
    action: str,
    subject: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """
    Note an action, such as "edition.sent", done by somebody to a subject, such as "edition 2022-04".

    Args:
        before, after: of which "why" is what a person typed or a server said.
    """
    values = {"before": _nameless(before), "after": _nameless(after)}
    database.add(AuditRecord(at=now(), actor=actor, action=action, subject=subject, **values))


def taken_out(database: Session, actor: str, what: str, subject: str, *, rows: int, **asked: object) -> None:
    """
    Note that somebody takes out a list as a file, before its first row leaves: who breaks off has had some of it.

    Args:
        what: what it lists, such as "subscribers".
        subject: whose they are, such as "newsletter pulse".
        rows: how many there are at this moment.
        asked: what the list is narrowed down by, if by anything.
    """
    record(database, actor, f"{what}.exported", subject, after={"rows": rows, **asked})


def handed_out(database: Session, actor: str, what: str, address_hash: str, **asked: object) -> None:
    """
    Note that somebody takes out something of one person as a file, before it leaves.

    Args:
        what: "subscriber", which is everything that is held of them; "delivery", the mail that one was; "mail", one
            as they would get it.
        asked: which of theirs.
    """
    record(database, actor, f"{what}.exported", about(address_hash), after=asked or None)


def about(address_hash: str) -> str:
    """How a record names a person: by the beginning of the keyed hash of their address."""
    return f"address {address_hash[:16]}"


def _nameless(values: dict[str, Any] | None) -> dict[str, Any] | None:
    if values is None or not isinstance(why := values.get("why"), str):
        return values
    return values | {"why": without_addresses(why)}
