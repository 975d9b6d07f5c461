"""Who did what, kept in the same transaction as the change itself."""

from typing import Any

from sqlalchemy.orm import Session

from pulse_mailer.clock import now
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
    """Note an action, such as "edition.sent", done by somebody to a subject, such as "edition 2022-04"."""
    database.add(
        AuditRecord(at=now(), actor=actor, action=action, subject=subject, before=before, after=after)
    )
