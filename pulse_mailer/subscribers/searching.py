"""
Finding people among very many: by their whole address, or by how their address or name begins.

Every question is answered from an index, and a list goes on from the last one shown, so that a page costs the same
among two hundred people and two hundred thousand.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from pulse_mailer.domain.address import Address
from pulse_mailer.domain.names import fold
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionStatus
from pulse_mailer.domain.suppression import Suppression, SuppressionReason
from pulse_mailer.errors import BadAddress
from pulse_mailer.keys import Keys

MOST_LETTERS = 400
_LAST = "\U0010ffff"  #: stands after every text that begins as what is before it


@dataclass(frozen=True, slots=True)
class Tie:
    """How a person stands with one newsletter."""

    newsletter: str
    status: SubscriptionStatus


@dataclass(frozen=True, slots=True)
class PersonLine:
    """
    A person in a list.

    Attributes:
        address: empty once erased.
        suppressed: why nothing is sent to them; None: they are not suppressed.
        since: when their state with the listed newsletter began; in a search, since when they are known.
    """

    id: int
    address: str
    name: str
    organisation: str
    suppressed: SuppressionReason | None
    since: datetime.datetime
    ties: tuple[Tie, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """
    Attributes:
        after: what the next page is asked for with; 0: this is the last.
    """

    people: tuple[PersonLine, ...]
    after: int = 0


def search(database: Session, keys: Keys, typed: str, *, after: int = 0, limit: int = 50) -> Found:
    """
    Who has exactly this address; or else whose address or name begins so, by address.

    Args:
        typed: an address, or the beginning of an address, a first or a last name, in any case.
        after: of the page before.
    """
    if whole := _whole(keys, typed):
        known = database.scalars(select(Subscriber.id).where(Subscriber.address_hash == whole)).all()
        if known:
            return Found(_lines(database, known))
    wanted = _beginning(typed)
    if wanted is None:
        return Found(())
    query = select(Subscriber.id).where(wanted).order_by(Subscriber.address_key, Subscriber.id)
    if after:
        last = select(Subscriber.address_key, Subscriber.id).where(Subscriber.id == after)
        if (place := database.execute(last).one_or_none()) is not None:
            query = query.where(tuple_(Subscriber.address_key, Subscriber.id) > tuple_(*place))
    return _page(database, database.scalars(query.limit(limit + 1)).all(), limit)


def members(
    database: Session,
    newsletter_id: int,
    status: SubscriptionStatus,
    *,
    after: int = 0,
    limit: int = 50,
) -> Found:
    """Whose subscription to a newsletter is in a state, the latest to join first."""
    query = (
        select(Subscription.id, Subscription.subscriber_id, Subscription.changed_at)
        .where(Subscription.newsletter_id == newsletter_id, Subscription.status == status)
        .order_by(Subscription.id.desc())
        .limit(limit + 1)
    )
    if after:
        query = query.where(Subscription.id < after)
    rows = database.execute(query).all()
    shown = rows[:limit]
    lines = _lines(database, [row.subscriber_id for row in shown], [row.changed_at for row in shown])
    return Found(lines, shown[-1].id if len(rows) > limit else 0)


def counts(database: Session, newsletter_id: int) -> dict[SubscriptionStatus, int]:
    """How many subscriptions of a newsletter are in each state."""
    query = select(Subscription.status, func.count()).where(Subscription.newsletter_id == newsletter_id)
    found = {row[0]: row[1] for row in database.execute(query.group_by(Subscription.status))}
    return {status: found.get(status, 0) for status in SubscriptionStatus}


def _whole(keys: Keys, typed: str) -> str:
    try:
        return keys.hash_address(Address.parse(typed).key)
    except BadAddress:
        return ""


def _beginning(typed: str) -> ColumnElement[bool] | None:
    words, name = typed.strip().lower(), fold(typed)
    ranges = [(Subscriber.address_key, words), (Subscriber.name_key, name), (Subscriber.surname_key, name)]
    asked = [and_(column >= start, column < start + _LAST) for column, start in ranges if start]
    return or_(*asked) if asked else None


def _page(database: Session, ids: Sequence[int], limit: int) -> Found:
    shown = ids[:limit]
    return Found(_lines(database, shown), shown[-1] if len(ids) > limit else 0)


def _lines(
    database: Session, ids: Sequence[int], since: Sequence[datetime.datetime] = ()
) -> tuple[PersonLine, ...]:
    """People in the order of their ids as given."""
    known = {
        person.id: (person, reason)
        for person, reason in database.execute(
            select(Subscriber, Suppression.reason)
            .outerjoin(Suppression, Suppression.address_hash == Subscriber.address_hash)
            .where(Subscriber.id.in_(ids))
        )
    }
    ties: dict[int, list[Tie]] = {}
    asked = (
        select(Subscription.subscriber_id, Newsletter.name, Subscription.status)
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.subscriber_id.in_(ids))
        .order_by(Newsletter.name)
    )
    for subscriber_id, newsletter, status in database.execute(asked):
        ties.setdefault(subscriber_id, []).append(Tie(newsletter, status))
    return tuple(
        PersonLine(
            id=person.id,
            address=person.address,
            name=f"{person.first_name} {person.last_name}".strip(),
            organisation=person.organisation,
            suppressed=reason,
            since=since[place] if since else person.created_at,
            ties=tuple(ties.get(person.id, ())),
        )
        for place, (person, reason) in enumerate(known[one] for one in ids)
    )
