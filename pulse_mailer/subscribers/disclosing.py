"""Everything that is held of a person, for whoever asks what we know of them (Article 15 of the GDPR)."""

import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.approval import Proof
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.base import Base
from pulse_mailer.domain.delivery import Attempt, Delivery
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionEvent
from pulse_mailer.domain.suppression import Suppression
from pulse_mailer.errors import NotFound
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.choosing import names_of

Values = dict[str, Any]


def disclose(database: Database, keys: Keys, address: Address, *, actor: str) -> Values:
    """
    Give `everything()` to be handed out; who took it out is on record before.

    Raises:
        NotFound: nothing is held of it.
    """
    with database.reading() as session:
        found = everything(session, keys, address)
    with database.transaction() as session:
        audit.handed_out(session, actor, "subscriber", keys.hash_address(address.key))
    return found


def everything(database: Session, keys: Keys, address: Address) -> Values:
    """
    All rows that are about an address, as plain values for JSON; times in UTC.

    Raises:
        NotFound: nothing is held of it.
    """
    address_hash = keys.hash_address(address.key)
    person = database.scalar(select(Subscriber).where(Subscriber.address_hash == address_hash))
    suppression = database.scalar(select(Suppression).where(Suppression.address_hash == address_hash))
    subscriptions = _subscriptions(database, person.id) if person else []
    deliveries = _deliveries(database, address_hash)
    proofs = database.scalars(
        select(Proof).where(func.lower(Proof.address) == address.key).order_by(Proof.id)
    )
    found: Values = {
        "subscriber": _plain(person) if person else None,
        "subscriptions": subscriptions,
        "suppression": _plain(suppression) if suppression else None,
        "deliveries": deliveries,
        "proofs": [_plain(proof) for proof in proofs],
    }
    if not any(found.values()):
        raise NotFound(f"Nothing is held of {address}.")
    about = [audit.about(address_hash), *(f"subscription {one['public_id']}" for one in subscriptions)]
    audited = select(AuditRecord).where(or_(*(AuditRecord.subject == one for one in about)))
    records = [_plain(record) for record in database.scalars(audited.order_by(AuditRecord.id))]
    return {"address": str(address), "as_of": now().isoformat(), **found, "audit": records}


def _subscriptions(database: Session, subscriber_id: int) -> list[Values]:
    rows = database.execute(
        select(Subscription, Newsletter)
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.subscriber_id == subscriber_id)
        .order_by(Subscription.id)
    ).all()
    return [
        {
            "newsletter": newsletter.name,
            **_plain(subscription),
            "sections": list(names_of(database, subscription.choice)) or "all",
            "events": [_plain(event) for event in database.scalars(_events(subscription.id))],
        }
        for subscription, newsletter in rows
    ]


def _events(subscription_id: int) -> Any:
    its = SubscriptionEvent.subscription_id == subscription_id
    return select(SubscriptionEvent).where(its).order_by(SubscriptionEvent.id)


def _deliveries(database: Session, address_hash: str) -> list[Values]:
    rows = database.execute(
        select(Delivery, Edition.key, Edition.subject, Newsletter.name)
        .join(Edition, Edition.id == Delivery.edition_id)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .where(Delivery.address_hash == address_hash)
        .order_by(Delivery.id)
    ).all()
    tries: dict[int, list[Values]] = {}
    asked = select(Attempt).join(Delivery, Delivery.id == Attempt.delivery_id)
    for attempt in database.scalars(asked.where(Delivery.address_hash == address_hash).order_by(Attempt.id)):
        tries.setdefault(attempt.delivery_id, []).append(_plain(attempt))
    return [
        {
            "newsletter": name,
            "edition": key,
            "subject": subject,
            **_plain(delivery),
            "attempts": tries.get(delivery.id, []),
        }
        for delivery, key, subject, name in rows
    ]


def _plain(row: Base) -> Values:
    """A row's columns, save the numbers that only tie tables together."""
    return {
        column.key: _written(getattr(row, column.key))
        for column in row.__table__.columns
        if (column.key != "id" and not column.key.endswith("_id"))
        or column.key in ("public_id", "message_id")
    }


def _written(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime.datetime) else value
