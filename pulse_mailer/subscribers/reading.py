"""Subscribers as pages and commands show them."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from pulse_mailer.domain.address import Address
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import (
    EventKind,
    Subscriber,
    Subscription,
    SubscriptionEvent,
    SubscriptionStatus,
    Way,
)
from pulse_mailer.domain.suppression import Suppression
from pulse_mailer.errors import NotFound
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.choosing import names_of, programme
from pulse_mailer.subscribers.reasons import Cause, explained, why
from pulse_mailer.subscribers.suppressing import Suppressed, suppressions


@dataclass(frozen=True, slots=True)
class SubscriberLine:
    """
    One subscriber of a newsletter, in a list.

    Attributes:
        id: of the subscription.
        address: empty once erased.
        since: when the status became what it is.
        cause, reason: why they are not in the audience; None and empty for those who are.
        choice: of sections, as Subscriptions hold it; empty: all.
    """

    id: int
    address: str
    first_name: str
    last_name: str
    organisation: str
    status: SubscriptionStatus
    joined_at: datetime.datetime
    since: datetime.datetime
    cause: Cause | None
    reason: str
    choice: str


@dataclass(frozen=True, slots=True)
class EventShown:
    """
    Attributes:
        edition: the key of the edition whose link they used, or empty.
    """

    kind: EventKind
    at: datetime.datetime
    way: Way
    wording: str
    actor: str
    edition: str


@dataclass(frozen=True, slots=True)
class SubscriptionShown:
    """
    Attributes:
        reason: why they are not in its audience, for people; empty for those who are.
        choosable: the names of the sections that there are to choose among.
        sections: the names of those that the person chose; empty: they get all of them.
    """

    newsletter: str
    newsletter_name: str
    timezone: str
    status: SubscriptionStatus
    since: datetime.datetime
    reason: str
    choosable: tuple[str, ...]
    sections: tuple[str, ...]
    events: list[EventShown]


@dataclass(frozen=True, slots=True)
class SubscriberShown:
    """
    Everything that is kept of an address, save its deliveries.

    Attributes:
        id: None when we know of its suppression only.
        known_since: None when we know of its suppression only.
        erased_at: when they were forgotten; None: they were not.
    """

    id: int | None
    address: str
    address_hash: str
    first_name: str
    last_name: str
    organisation: str
    known_since: datetime.datetime | None
    erased_at: datetime.datetime | None
    subscriptions: list[SubscriptionShown]
    suppression: Suppressed | None


def subscribers(
    database: Session,
    newsletter: Newsletter,
    *,
    status: SubscriptionStatus | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> Iterator[SubscriberLine]:
    """
    All who are or were subscribed, by address; read a thousand at a time.

    Args:
        limit: only so many, the latest to join first; a page costs the same wherever it begins.
        before: of those only whose ids are smaller.
    """
    # A page without a state is found by its numbers: the sum keeps SQLite from sorting the whole newsletter for it.
    is_walked = limit is not None and status is None
    its = Subscription.newsletter_id + 0 if is_walked else Subscription.newsletter_id
    query = _with_reason(
        select(Subscriber, Subscription.id, Subscription.status, Subscription.created_at, Subscription.choice)
        .select_from(Subscription)
        .where(its == newsletter.id)
    )
    if status is not None:
        query = query.where(Subscription.status == status)
    if before is not None:
        query = query.where(Subscription.id < before)
    if limit is None:
        query = query.order_by(Subscriber.address, Subscriber.id)
    else:
        query = query.order_by(Subscription.id.desc()).limit(limit)
    for row in database.execute(query, execution_options={"yield_per": 1000}):
        person = row.Subscriber
        yield SubscriberLine(
            id=row.id,
            address=person.address,
            first_name=person.first_name,
            last_name=person.last_name,
            organisation=person.organisation,
            status=row.status,
            joined_at=row.created_at,
            since=row.changed_at,
            cause=Cause(row.cause) if row.cause else None,
            reason=why(row, newsletter.timezone),
            choice=row.choice,
        )


def subscriber(database: Session, keys: Keys, address: Address) -> SubscriberShown:
    """
    Raises:
        NotFound: nothing is kept of this address.
    """
    address_hash = keys.hash_address(address.key)
    person = database.scalar(select(Subscriber).where(Subscriber.address_hash == address_hash))
    suppression = _suppression(database, address_hash)
    if person is None and suppression is None:
        raise NotFound(
            f"Nobody is known by the address {address}.", remedy="See who is: pulse-mailer subscriber list"
        )
    return _shown(database, person, address_hash, suppression)


def subscriber_by_id(database: Session, subscriber_id: int) -> SubscriberShown:
    """
    Raises:
        NotFound: there is none.
    """
    # Neither database can be asked about a larger number.
    person = database.get(Subscriber, subscriber_id) if subscriber_id < 2**63 else None
    if person is None:
        raise NotFound("There is no such subscriber.", remedy="Search for the address.")
    return _shown(database, person, person.address_hash, _suppression(database, person.address_hash))


def _suppression(database: Session, address_hash: str) -> Suppressed | None:
    return next(iter(suppressions(database, address_hash=address_hash)), None)


def _shown(
    database: Session, person: Subscriber | None, address_hash: str, suppression: Suppressed | None
) -> SubscriberShown:
    return SubscriberShown(
        id=person.id if person else None,
        address=person.address if person else "",
        address_hash=address_hash,
        first_name=person.first_name if person else "",
        last_name=person.last_name if person else "",
        organisation=person.organisation if person else "",
        known_since=person.created_at if person else None,
        erased_at=person.erased_at if person else None,
        subscriptions=_subscriptions(database, person.id) if person else [],
        suppression=suppression,
    )


def _subscriptions(database: Session, subscriber_id: int) -> list[SubscriptionShown]:
    query = _with_reason(
        select(
            Subscription.id,
            Subscription.newsletter_id,
            Subscription.status,
            Subscription.choice,
            Newsletter.slug,
            Newsletter.name,
            Newsletter.timezone,
        )
        .select_from(Subscription)
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.subscriber_id == subscriber_id)
        .order_by(Newsletter.name)
    )
    return [
        SubscriptionShown(
            newsletter=row.slug,
            newsletter_name=row.name,
            timezone=row.timezone,
            status=row.status,
            since=row.changed_at,
            reason=why(row, row.timezone),
            choosable=tuple(one.name for one in programme(database, row.newsletter_id).choosable),
            sections=names_of(database, row.choice),
            events=_events(database, row.id),
        )
        for row in database.execute(query).all()
    ]


def _events(database: Session, subscription_id: int) -> list[EventShown]:
    query = (
        select(SubscriptionEvent, Edition.key)
        .outerjoin(Edition, Edition.id == SubscriptionEvent.edition_id)
        .where(SubscriptionEvent.subscription_id == subscription_id)
        .order_by(SubscriptionEvent.at, SubscriptionEvent.id)
    )
    return [
        EventShown(event.kind, event.at, event.way, event.wording, event.actor, key or "")
        for event, key in database.execute(query)
    ]


def _with_reason(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    joined = query.join(Subscriber, Subscriber.id == Subscription.subscriber_id)
    return explained(joined.outerjoin(Suppression, Suppression.address_hash == Subscriber.address_hash))
