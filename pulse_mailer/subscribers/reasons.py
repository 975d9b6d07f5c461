"""Why an address is not written to: the one rule, as a query and as sentences for people."""

import datetime
import enum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, select
from sqlalchemy.orm import aliased

from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.subscriber import (
    EventKind,
    Subscriber,
    Subscription,
    SubscriptionEvent,
    SubscriptionStatus,
    Way,
)
from pulse_mailer.domain.suppression import Suppression, SuppressionReason


class Cause(enum.StrEnum):
    """Why somebody is left out, in a word; where several hold, the first of these is the one we give."""

    ERASED = "erased"  #: asked to be forgotten; the address is gone
    UNSUBSCRIBED = "unsubscribed"  #: left this newsletter
    SUPPRESSED = "suppressed"  #: an address that gets no newsletter at all
    PENDING = "pending"  #: asked to join, has not confirmed


#: The rule itself; none of them holds for those in the audience.
CAUSE: ColumnElement[str | None] = case(
    (Subscriber.address == "", Cause.ERASED.value),
    (Subscription.status == SubscriptionStatus.UNSUBSCRIBED, Cause.UNSUBSCRIBED.value),
    (Suppression.id.is_not(None), Cause.SUPPRESSED.value),
    (Subscription.status == SubscriptionStatus.PENDING, Cause.PENDING.value),
)

_SUPPRESSED_BECAUSE = {
    SuppressionReason.BOUNCED: "bounced",
    SuppressionReason.COMPLAINED: "reported our mail as spam",
    SuppressionReason.ERASED: "asked to be forgotten",
    SuppressionReason.STAFF: "by staff",
}


def explained(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Add to a query over Subscriber, Subscription and Suppression what `why()` needs."""
    earlier = aliased(SubscriptionEvent)
    last_left = (
        select(func.max(earlier.id))
        .where(earlier.subscription_id == Subscription.id, earlier.kind == EventKind.LEFT)
        .correlate(Subscription)
        .scalar_subquery()
    )
    left = and_(
        Subscription.status == SubscriptionStatus.UNSUBSCRIBED,
        SubscriptionEvent.id == last_left,
    )
    return (
        query.add_columns(
            CAUSE.label("cause"),
            Subscriber.erased_at,
            Subscription.changed_at,
            Suppression.reason.label("suppressed_because"),
            Suppression.note.label("suppressed_note"),
            Suppression.created_at.label("suppressed_at"),
            SubscriptionEvent.at.label("left_at"),
            SubscriptionEvent.way.label("left_way"),
            SubscriptionEvent.actor.label("left_actor"),
            Edition.key.label("edition_key"),
            Edition.period.label("edition_period"),
        )
        .outerjoin(SubscriptionEvent, left)
        .outerjoin(Edition, Edition.id == SubscriptionEvent.edition_id)
    )


def why(row: Row[*tuple[Any, ...]], timezone: str) -> str:
    """Say the cause of a row of `explained()`: "unsubscribed on 12 March 2026 from the link in ..."."""
    match row.cause:
        case Cause.ERASED:
            return "asked to be forgotten" + (f" on {day(row.erased_at, timezone)}" if row.erased_at else "")
        case Cause.UNSUBSCRIBED:
            when = day(row.left_at or row.changed_at, timezone)
            return f"unsubscribed on {when}{_way_out(row)}"
        case Cause.SUPPRESSED:
            return suppressed(row.suppressed_because, row.suppressed_note, row.suppressed_at, timezone)
        case Cause.PENDING:
            return "has not confirmed"
    return ""


def suppressed(reason: SuppressionReason, note: str, at: datetime.datetime, timezone: str) -> str:
    """Say it: "suppressed: bounced, 3 May 2026 (550 5.1.1 no such user)"."""
    said = f"suppressed: {_SUPPRESSED_BECAUSE[reason]}, {day(at, timezone)}"
    return f"{said} ({note})" if note else said


def day(at: datetime.datetime, timezone: str) -> str:
    """The date of a moment, as the newsletter's readers live through it: "12 March 2026"."""
    local = at.astimezone(ZoneInfo(timezone))
    return f"{local.day} {local:%B %Y}"


def _way_out(row: Row[*tuple[Any, ...]]) -> str:
    edition = ""
    if row.edition_key:
        name = f"the {row.edition_period} edition" if row.edition_period else f"edition {row.edition_key}"
        edition = f" in {name}"
    match row.left_way:
        case Way.PAGE:
            return f" from the link{edition}" if edition else " from the link in a mail"
        case Way.ONE_CLICK:
            return f" by the mail program's own button{edition}"
        case Way.STAFF:
            return f" by {row.left_actor}"
    return ""
