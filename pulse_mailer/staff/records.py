"""Looking back: who did what, when, and what was so before and after."""

import datetime
from collections.abc import Sequence
from typing import Any

from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Session

from pulse_mailer.domain.auditing import AuditRecord

PER_PAGE = 50


def records(
    database: Session,
    *,
    actor: str = "",
    text: str = "",
    since: datetime.datetime | None = None,
    before: int | None = None,
    limit: int = PER_PAGE,
) -> Sequence[AuditRecord]:
    """
    The newest first.

    Args:
        actor: a piece of who did it.
        text: a piece of what was done, to what, or of a value before or after.
        before: the number of a record; only those older than it.
    """
    wanted = select(AuditRecord).order_by(AuditRecord.id.desc()).limit(limit)
    if actor:
        wanted = wanted.where(AuditRecord.actor.icontains(actor, autoescape=True))
    if text:
        places = (
            AuditRecord.action,
            AuditRecord.subject,
            cast(AuditRecord.before, String),
            cast(AuditRecord.after, String),
        )
        wanted = wanted.where(or_(*(place.icontains(text, autoescape=True) for place in places)))
    if since:
        wanted = wanted.where(AuditRecord.at >= since)
    if before:
        wanted = wanted.where(AuditRecord.id < before)
    return database.scalars(wanted).all()


def as_json(one: AuditRecord) -> dict[str, Any]:
    """What `audit --json` and the API tell of a record; kept stable."""
    return {
        "id": one.id,
        "at": one.at.isoformat(timespec="seconds"),
        "actor": one.actor,
        "action": one.action,
        "subject": one.subject,
        "before": one.before,
        "after": one.after,
    }
