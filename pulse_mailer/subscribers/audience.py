"""Who an edition goes to, as one query; and who is left out, and why."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, exists, func, literal, select, union, union_all
from sqlalchemy.orm import Session

from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionStatus
from pulse_mailer.domain.suppression import Suppression
from pulse_mailer.errors import NotFound
from pulse_mailer.subscribers.reasons import CAUSE, Cause, explained, why

#: Why somebody is left out who is not barred.
_CAUSES = {
    SubscriptionStatus.UNSUBSCRIBED: Cause.UNSUBSCRIBED,
    SubscriptionStatus.PENDING: Cause.PENDING,
}


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


@dataclass(frozen=True, slots=True)
class Numbers:
    """
    How many would get an edition that starts now, and how many not.

    Attributes:
        by_choice: the audience by the sections that they chose, as Subscriptions hold it.
        left_out: the others; a cause that holds for nobody is not there.
    """

    by_choice: dict[str, int]
    left_out: dict[Cause, int]

    @property
    def audience(self) -> int:
        return sum(self.by_choice.values())


def numbers(database: Session, newsletter_id: int) -> Numbers:
    """
    Count the audience and who is left out, as `audience()` and `left_out()` find them.

    All subscriptions are counted from an index alone, and those of barred people, who are few, taken off again: to
    look at each person instead takes several times as long.
    """
    state, choice = Subscription.status, Subscription.choice
    everybody = select(state, choice, literal(None, CAUSE.type).label("cause"), func.count().label("count"))
    # The barred are summed up outside: to group them here makes SQLite read all subscriptions in that order.
    counted = union_all(
        everybody.where(Subscription.newsletter_id == newsletter_id).group_by(state, choice),
        *_barred(select(state, choice, CAUSE.label("cause"), literal(1)), newsletter_id),
    ).subquery()
    told = counted.c.status, counted.c.choice, counted.c.cause
    summed = select(*told, func.sum(counted.c.count)).group_by(*told)
    standing, causes = Counter[tuple[SubscriptionStatus, str]](), Counter[Cause]()
    for status, chosen, cause, summed_up in database.execute(summed):
        count = int(summed_up)  # PostgreSQL sums whole numbers up to decimal ones
        if cause is None:
            standing[status, chosen] += count
        else:
            standing[status, chosen] -= count
            causes[Cause(cause)] += count
    by_choice = {}
    for (status, chosen), count in standing.items():
        if status is not SubscriptionStatus.ACTIVE:
            causes[_CAUSES[status]] += count
        elif count:
            by_choice[chosen] = count
    return Numbers(by_choice, {cause: causes[cause] for cause in Cause if causes[cause]})


def anybody_chose(database: Session, newsletter_id: int) -> bool:
    """Whether anybody who is subscribed chose some sections only."""
    its = Subscription.newsletter_id == newsletter_id, Subscription.status == SubscriptionStatus.ACTIVE
    return bool(database.scalar(select(exists().where(*its, Subscription.choice > ""))))


def left_out(database: Session, newsletter_id: int, *, limit: int | None = None) -> list[LeftOut]:
    """
    The newsletter's subscribers who are not in its audience, by address.

    Args:
        limit: give the first of them only.

    Raises:
        NotFound: no newsletter has that id.
    """
    return first_left_out(database, newsletter_id, limit)[0]


def first_left_out(database: Session, newsletter_id: int, limit: int | None) -> tuple[list[LeftOut], int]:
    """The first of them by address, and how many they are altogether. Raises as `left_out()`."""
    key = Subscriber.address_key
    listed = select(Subscription.id, key)
    away = Subscription.newsletter_id == newsletter_id, Subscription.status.in_(_CAUSES)
    found = union(_with_causes(listed).where(*away), *_barred(listed, newsletter_id)).subquery()
    count = func.count().over().label("how_many")
    first = select(found.c.id, count).order_by(found.c.address_key, found.c.id).limit(limit).subquery()
    query = _with_causes(select(Subscription.id, Subscriber.address, first.c.how_many))
    query = query.join(first, first.c.id == Subscription.id).order_by(key, Subscription.id)
    rows = database.execute(explained(query)).all()
    return _told(database, newsletter_id, rows), rows[0].how_many if rows else 0


def why_left_out(database: Session, newsletter_id: int, address_hash: str) -> LeftOut | None:
    """Why somebody is not in the newsletter's audience; None: they are, or are unknown. Raises as `left_out()`."""
    query = _with_causes(select(Subscription.id, Subscriber.address)).where(
        Subscription.newsletter_id == newsletter_id,
        CAUSE.is_not(None),
        Subscriber.address_hash == address_hash,
    )
    return next(iter(_told(database, newsletter_id, database.execute(explained(query)).all())), None)


def _told(database: Session, newsletter_id: int, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[LeftOut]:
    newsletter = database.get(Newsletter, newsletter_id)
    if newsletter is None:
        raise NotFound(f"There is no newsletter {newsletter_id}.")
    return [LeftOut(row.id, row.address, Cause(row.cause), why(row, newsletter.timezone)) for row in rows]


def _barred(
    query: Select[*tuple[Any, ...]], newsletter_id: int
) -> tuple[Select[*tuple[Any, ...]], Select[*tuple[Any, ...]]]:
    """
    Two queries over the subscriptions of those whom nothing is sent to, whatever they subscribed: the suppressed, and
    the erased who are not among them.
    """
    people = (
        query.select_from(Subscriber)
        # The sum keeps SQLite from going through all subscriptions to find those of the few.
        .join(Subscription, Subscription.subscriber_id == Subscriber.id + 0)
        .outerjoin(Suppression, Suppression.address_hash == Subscriber.address_hash)
        .where(Subscription.newsletter_id == newsletter_id)
    )
    suppressed = people.where(Subscriber.address_hash.in_(select(Suppression.address_hash)))
    # The key, which an index knows, is empty wherever the address is.
    erased = people.where(Subscriber.address_key == "", Subscriber.address == "", Suppression.id.is_(None))
    return suppressed, erased


def _with_causes(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """A query over subscriptions with what CAUSE is told from."""
    return (
        query.select_from(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(Suppression, Suppression.address_hash == Subscriber.address_hash)
    )
