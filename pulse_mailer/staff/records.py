"""Looking back: who did what, when, and what was so before and after."""

import datetime
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.subscriber import Subscriber, Subscription
from pulse_mailer.errors import BadAddress
from pulse_mailer.keys import Keys

PER_PAGE = 50
#: What `said()` gives, by which records are found, too.
_SAID = func.replace(
    func.replace(func.replace(AuditRecord.action, ".", ": "), "-", " "), "_", " ", type_=String
)


def records(
    database: Session,
    keys: Keys,
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
        text: a piece of what was done, to what, or of a value before or after; or the address of a reader, whom no
            record names, for what was done about them.
        before: the number of a record; only those older than it.
    """
    wanted = select(AuditRecord).order_by(AuditRecord.id.desc()).limit(limit)
    if actor:
        wanted = wanted.where(AuditRecord.actor.icontains(actor, autoescape=True))
    if text:
        places = (
            AuditRecord.action,
            _SAID,
            AuditRecord.subject,
            cast(AuditRecord.before, String),
            cast(AuditRecord.after, String),
        )
        contains = (place.icontains(text, autoescape=True) for place in places)
        wanted = wanted.where(or_(*contains, *_about(keys, text)))
    if since:
        wanted = wanted.where(AuditRecord.at >= since)
    if before:
        wanted = wanted.where(AuditRecord.id < before)
    return database.scalars(wanted).all()


def said(action: str) -> str:
    """An action as people read it: "edition: sending began"."""
    return action.replace(".", ": ").replace("-", " ").replace("_", " ")


def _about(keys: Keys, text: str) -> list[ColumnElement[bool]]:
    """What records say that are about a reader, if the text is an address."""
    try:
        address_hash = keys.hash_address(Address.parse(text).key)
    except BadAddress:
        return []
    theirs = select(literal("subscription ") + Subscription.public_id).join(Subscriber)
    return [
        AuditRecord.subject == audit.about(address_hash),
        AuditRecord.subject.in_(theirs.where(Subscriber.address_hash == address_hash)),
    ]


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
