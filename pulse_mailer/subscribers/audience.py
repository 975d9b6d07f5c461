"""Who an edition goes to, as one query; and who is left out, and why."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionStatus
from pulse_mailer.domain.suppression import Suppression
from pulse_mailer.errors import NotFound
from pulse_mailer.subscribers.reasons import CAUSE, Cause, explained, why


@dataclass(frozen=True, slots=True)
class LeftOut:
    """
    Attributes:
        address: empty once erased.
        reason: how it goes on after "left out: ", for people.
    """

    subscription_id: int
    address: str
    cause: Cause
    reason: str


def audience(newsletter_id: int) -> Select[int, str, str, str, str, str, str, str]:
    """
    The one query of who gets an edition that starts now, in no order.

    Its columns: subscription_id, public_id, address, address_hash, first_name, last_name, organisation,
    choice.
    """
    suppressed = select(Suppression.id).where(Suppression.address_hash == Subscriber.address_hash)
    return (
        select(
            Subscription.id.label("subscription_id"),
            Subscription.public_id,
            Subscriber.address,
            Subscriber.address_hash,
            Subscriber.first_name,
            Subscriber.last_name,
            Subscriber.organisation,
            Subscription.choice,
        )
        .select_from(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscription.newsletter_id == newsletter_id,
            Subscription.status == SubscriptionStatus.ACTIVE,
            Subscriber.address != "",
            ~suppressed.exists(),
        )
    )


def rule(newsletter: Newsletter) -> dict[str, str]:
    """Who an edition goes to, as a rule that can be compared: whoever joins or leaves does not change it."""
    return {
        "newsletter": newsletter.slug,
        "who": "active subscriptions whose address is known and not suppressed, each the sections they chose",
        "query": hashlib.sha256(str(audience(newsletter.id).whereclause).encode()).hexdigest(),
    }


def audience_count(database: Session, newsletter_id: int) -> int:
    return database.scalars(select(func.count()).select_from(audience(newsletter_id).subquery())).one()


def left_out(database: Session, newsletter_id: int, *, address_hash: str | None = None) -> list[LeftOut]:
    """
    The newsletter's subscribers who are not in its audience, by address.

    Args:
        address_hash: ask about this one only.

    Raises:
        NotFound: no newsletter has that id.
    """
    newsletter = database.get(Newsletter, newsletter_id)
    if newsletter is None:
        raise NotFound(f"There is no newsletter {newsletter_id}.")
    query = _outside(select(Subscription.id, Subscriber.address), newsletter_id).order_by(Subscriber.address)
    if address_hash is not None:
        query = query.where(Subscriber.address_hash == address_hash)
    return [
        LeftOut(row.id, row.address, Cause(row.cause), why(row, newsletter.timezone))
        for row in database.execute(explained(query))
    ]


def left_out_counts(database: Session, newsletter_id: int) -> dict[Cause, int]:
    """How many are left out for each cause; a cause that holds for nobody is not there."""
    query = _outside(select(CAUSE, func.count()), newsletter_id).group_by(CAUSE)
    counts = {Cause(cause): count for cause, count in database.execute(query)}
    return {cause: counts[cause] for cause in Cause if cause in counts}


def _outside(query: Select[*tuple[Any, ...]], newsletter_id: int) -> Select[*tuple[Any, ...]]:
    return (
        query.select_from(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(Suppression, Suppression.address_hash == Subscriber.address_hash)
        .where(Subscription.newsletter_id == newsletter_id, CAUSE.is_not(None))
    )
