"""Joining a newsletter; nobody who left or is suppressed comes back this way."""

import enum
from dataclasses import dataclass
from typing import Any

from sqlalchemy import FromClause, Select, and_, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.domain.base import Base
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import (
    EventKind,
    Subscriber,
    Subscription,
    SubscriptionEvent,
    SubscriptionStatus,
    Way,
    search_keys,
)
from pulse_mailer.domain.suppression import Suppression
from pulse_mailer.errors import Refused
from pulse_mailer.keys import Keys
from pulse_mailer.links import new_public_id
from pulse_mailer.subscribers.person import Person
from pulse_mailer.subscribers.reasons import Cause, explained, why

#: Who has one of these is not joined by anybody else. (A pending one is only waited for.)
REFUSING = (Cause.ERASED, Cause.UNSUBSCRIBED, Cause.SUPPRESSED)


class JoinResult(enum.StrEnum):
    JOINED = "joined"
    UPDATED = "updated"  #: was subscribed already; names that were empty are filled in
    UNCHANGED = "unchanged"  #: was subscribed already, or has yet to confirm


@dataclass(frozen=True, slots=True)
class Joined:
    result: JoinResult
    status: SubscriptionStatus
    subscriber_id: int


def join(
    database: Session,
    keys: Keys,
    newsletter: Newsletter,
    person: Person,
    *,
    way: Way,
    actor: str,
    wording: str = "",
) -> Joined:
    """
    Make a person an active subscriber of a newsletter; one who is already stays as they are.

    Raises:
        Refused: they left, asked to be forgotten, or are suppressed.
    """
    address_hash = keys.hash_address(person.address.key)
    asked = select(literal(address_hash).label("address_hash")).subquery("asked")
    row = database.execute(look_up(asked, newsletter.id, Subscription.id, Subscription.status)).one()
    if row.cause in REFUSING:
        raise Refused(
            f"{person.address} was not added: {why(row, newsletter.timezone)}.", remedy=COME_BACK[row.cause]
        )
    subscriber_id, filled = _subscriber(database, person, address_hash)
    if row.status is not None:
        return Joined(JoinResult.UPDATED if filled else JoinResult.UNCHANGED, row.status, subscriber_id)
    moment = now()
    subscription = {
        "newsletter_id": newsletter.id,
        "subscriber_id": subscriber_id,
        "public_id": new_public_id(),
        "status": SubscriptionStatus.ACTIVE,
        "created_at": moment,
        "changed_at": moment,
    }
    new = insert_new(database, Subscription, "newsletter_id", "subscriber_id").values(subscription)
    subscription_id = database.scalar(new.returning(Subscription.id))
    if subscription_id is None:
        # Somebody else joined them between our look and our insert; what they did stands.
        return Joined(JoinResult.UNCHANGED, SubscriptionStatus.ACTIVE, subscriber_id)
    database.add(
        SubscriptionEvent(
            subscription_id=subscription_id,
            kind=EventKind.JOINED,
            at=moment,
            way=way,
            wording=wording,
            actor=actor,
        )
    )
    database.flush()
    return Joined(JoinResult.JOINED, SubscriptionStatus.ACTIVE, subscriber_id)


COME_BACK = {
    Cause.ERASED: "Only they themselves can come back.",
    Cause.UNSUBSCRIBED: "Only they themselves can come back, from the link in a mail they have.",
    Cause.SUPPRESSED: "If they want it and it works, end that first: pulse-mailer suppression remove ADDRESS",
}


def look_up(asked: FromClause, newsletter_id: int, *columns: Any) -> Select[*tuple[Any, ...]]:
    """For each `address_hash` in `asked`: how it stands with a newsletter, known or not; see `why()`."""
    query = (
        select(*asked.c, *columns)
        .select_from(asked)
        .outerjoin(Subscriber, Subscriber.address_hash == asked.c.address_hash)
        .outerjoin(
            Subscription,
            and_(Subscription.subscriber_id == Subscriber.id, Subscription.newsletter_id == newsletter_id),
        )
        .outerjoin(Suppression, Suppression.address_hash == asked.c.address_hash)
    )
    return explained(query)


def insert_new(database: Session, table: type[Base], *unique: str) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that passes over rows which are there already, by the columns that must be unique."""
    if database.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=unique)
    return postgresql.insert(table).on_conflict_do_nothing(index_elements=unique)


def _subscriber(database: Session, person: Person, address_hash: str) -> tuple[int, bool]:
    """The Subscriber's id, made if need be; and whether empty names of one known before were filled in."""
    values = {
        "address": str(person.address),
        "address_hash": address_hash,
        "created_at": now(),
        **person.names(),
        **search_keys(str(person.address), person.first_name, person.last_name),
    }
    made = database.scalar(
        insert_new(database, Subscriber, "address_hash").values(values).returning(Subscriber.id)
    )
    if made is not None:
        return made, False
    held = select(Subscriber).where(Subscriber.address_hash == address_hash).with_for_update()
    known = database.scalars(held, execution_options={"populate_existing": True}).one()
    if known.erased_at is not None:  # since we looked
        raise Refused(
            f"{person.address} was not added: asked to be forgotten.", remedy=COME_BACK[Cause.ERASED]
        )
    filled = {name: text for name, text in person.names().items() if text and not getattr(known, name)}
    for name, text in filled.items():
        setattr(known, name, text)
    for name, text in search_keys(known.address, known.first_name, known.last_name).items():
        setattr(known, name, text)
    database.flush()
    return known.id, bool(filled)
