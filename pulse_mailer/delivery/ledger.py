"""
The only writer of the states of deliveries.

Every write of a worker carries the name of its lease and the epoch that the claim gave it: whoever lost the
lease changes nothing. A delivery is marked `sending`, durably, before the wire is touched; a mark whose answer was
never recorded becomes `uncertain`, and is never sent again by the program alone.
"""

import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Update, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.delivery.leasing import LEASE, is_dead
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.message import Receipt
from pulse_mailer.domain.subscriber import Subscription, SubscriptionStatus
from pulse_mailer.domain.suppression import Suppression

#: A recipient whose server said "later" is tried again after this time.
RETRY_AFTER = datetime.timedelta(minutes=15)

_UNDER_WAY = (DeliveryStatus.QUEUED, DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)
_NO_LEASE = {"lease_owner": None, "lease_until": None}
#: What a delivery that was being sent becomes.
BECOMES_BY = {
    Outcome.SENT: DeliveryStatus.SENT,
    Outcome.DEFERRED: DeliveryStatus.DEFERRED,
    Outcome.FAILED: DeliveryStatus.FAILED,
    Outcome.RETURNED: DeliveryStatus.QUEUED,
    Outcome.UNCERTAIN: DeliveryStatus.UNCERTAIN,
}
_LOST = "The worker ended while this was being handed over; it may or may not have gone."


def due() -> ColumnElement[bool]:
    """What a worker may claim now."""
    put_off = (Delivery.status == DeliveryStatus.DEFERRED) & (Delivery.next_attempt_at <= now())
    return or_(Delivery.status == DeliveryStatus.QUEUED, put_off)


def hasten(database: Session, edition_id: int) -> None:
    """Make what was put off due now: once, so that nobody's server is asked again and again."""
    database.execute(
        update(Delivery)
        .where(Delivery.edition_id == edition_id, Delivery.status == DeliveryStatus.DEFERRED)
        .values(next_attempt_at=now())
    )


def claim(database: Session, edition_id: int, owner: str, limit: int) -> list[Delivery]:
    """Take up to `limit` waiting deliveries of an edition that is being sent; none when others hold them all."""
    waiting = (
        select(Delivery.id)
        .where(Delivery.edition_id == edition_id, due(), _edition_is_sending(edition_id))
        .order_by(Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Delivery)
    )
    ids = list(database.scalars(waiting))
    if not ids:
        return []
    taken = database.scalars(
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(
            status=DeliveryStatus.CLAIMED,
            lease_owner=owner,
            lease_epoch=Delivery.lease_epoch + 1,
            lease_until=now() + LEASE,
            changed_at=now(),
        )
        .returning(Delivery),
        execution_options={"synchronize_session": False},
    )
    return sorted(taken, key=lambda delivery: delivery.id)


def mark(database: Session, delivery: Delivery, owner: str, relay: str) -> int | None:
    """
    Mark a claimed delivery as being sent, and begin its Attempt; gives the attempt's number.

    None when it must not be sent: the lease was lost, the edition is no longer being sent, or the person left
    or was suppressed meanwhile (then it is skipped). All of that is read in the marking statement itself.
    """
    number: int | None = database.scalar(
        _mine(delivery, owner, DeliveryStatus.CLAIMED)
        .where(_edition_is_sending(delivery.edition_id), _wanted(delivery), ~_suppressed(delivery))
        .values(status=DeliveryStatus.SENDING, attempt_count=Delivery.attempt_count + 1, changed_at=now())
        .returning(Delivery.attempt_count)
    )
    if number is None:
        _skip(database, delivery, owner)
        return None
    begun = insert(Attempt).values(
        delivery_id=delivery.id, number=number, worker=owner, relay=relay, started_at=now()
    )
    database.execute(begun)
    return number


def record(database: Session, delivery: Delivery, owner: str, number: int, receipt: Receipt) -> bool:
    """
    Keep what came of an attempt; False when the lease was lost, and the delivery stays as others left it.

    The attempt keeps the answer in any case: it is evidence for whoever settles an uncertain delivery.
    """
    ended = now()
    database.execute(
        update(Attempt)
        .where(Attempt.delivery_id == delivery.id, Attempt.number == number)
        .values(
            ended_at=ended,
            relay=receipt.relay,
            stage=receipt.stage,
            outcome=receipt.outcome,
            code=receipt.code,
            enhanced_code=receipt.enhanced_code,
            reply=receipt.reply,
        )
    )
    deferred = receipt.outcome is Outcome.DEFERRED
    changed = _changed(
        database,
        _mine(delivery, owner, DeliveryStatus.SENDING).values(
            status=BECOMES_BY[receipt.outcome],
            next_attempt_at=ended + RETRY_AFTER if deferred else None,
            reason="" if receipt.outcome is Outcome.SENT else _words(receipt),
            changed_at=ended,
            **_NO_LEASE,
        ),
    )
    return changed == 1


def release(database: Session, owner: str) -> None:
    """Give back what was claimed and not begun."""
    database.execute(
        update(Delivery)
        .where(Delivery.lease_owner == owner, Delivery.status == DeliveryStatus.CLAIMED)
        .values(status=DeliveryStatus.QUEUED, changed_at=now(), **_NO_LEASE)
    )


def expire(database: Session, edition_id: int) -> int:
    """
    End the leases that ran out, and at once those of workers that are surely dead.

    What was only claimed waits again; what was being sent is uncertain, and its number is given.
    """
    leased = select(Delivery.lease_owner).where(
        Delivery.edition_id == edition_id, Delivery.lease_owner.is_not(None)
    )
    owners = {owner for owner in database.scalars(leased.distinct()) if owner is not None}
    dead = [owner for owner in owners if is_dead(owner)]
    ended = (
        Delivery.edition_id == edition_id,
        or_(Delivery.lease_until < now(), Delivery.lease_owner.in_(dead)),
    )
    database.execute(
        update(Delivery)
        .where(*ended, Delivery.status == DeliveryStatus.CLAIMED)
        .values(status=DeliveryStatus.QUEUED, changed_at=now(), **_NO_LEASE)
    )
    return _changed(
        database,
        update(Delivery)
        .where(*ended, Delivery.status == DeliveryStatus.SENDING)
        .values(status=DeliveryStatus.UNCERTAIN, reason=_LOST, changed_at=now(), **_NO_LEASE),
    )


def waiting(database: Session, edition_id: int) -> int:
    """How many are still to be sent, those of other workers included."""
    states = (*_UNDER_WAY, DeliveryStatus.DEFERRED)
    counted = select(func.count()).where(Delivery.edition_id == edition_id, Delivery.status.in_(states))
    return database.scalar(counted) or 0


def anything_due(database: Session, edition_id: int) -> bool:
    """Whether a worker would find something to claim."""
    return _any(database, edition_id, due())


def anything_under_way(database: Session, edition_id: int) -> bool:
    """Whether something waits for a worker, or is with one; what was put off until later is neither."""
    return _any(database, edition_id, Delivery.status.in_(_UNDER_WAY))


def _any(database: Session, edition_id: int, such: ColumnElement[bool]) -> bool:
    return database.scalar(select(exists().where(Delivery.edition_id == edition_id, such))) or False


def _changed(database: Session, statement: Update) -> int:
    # Session.execute() is typed for reading; an UPDATE gives a cursor's result, with its count.
    return cast("CursorResult[Any]", database.execute(statement)).rowcount


def _mine(delivery: Delivery, owner: str, status: DeliveryStatus) -> Update:
    return update(Delivery).where(
        Delivery.id == delivery.id,
        Delivery.lease_owner == owner,
        Delivery.lease_epoch == delivery.lease_epoch,
        Delivery.status == status,
    )


def _edition_is_sending(edition_id: int) -> ColumnElement[bool]:
    return exists().where(Edition.id == edition_id, Edition.status == EditionStatus.SENDING)


def _wanted(delivery: Delivery) -> ColumnElement[bool]:
    return exists().where(
        Subscription.id == delivery.subscription_id, Subscription.status == SubscriptionStatus.ACTIVE
    )


def _suppressed(delivery: Delivery) -> ColumnElement[bool]:
    return exists().where(Suppression.address_hash == delivery.address_hash)


def _skip(database: Session, delivery: Delivery, owner: str) -> None:
    mine = _mine(delivery, owner, DeliveryStatus.CLAIMED)
    for cause, reason in (
        (~_wanted(delivery), "unsubscribed after the audience was fixed"),
        (_suppressed(delivery), "suppressed after the audience was fixed"),
    ):
        values = {"status": DeliveryStatus.SKIPPED, "reason": reason, "changed_at": now(), **_NO_LEASE}
        if _changed(database, mine.where(cause).values(**values)):
            return


def _words(receipt: Receipt) -> str:
    said = " ".join(str(part) for part in (receipt.code, receipt.enhanced_code, receipt.reply) if part)
    return f"{receipt.relay}: {said}" if said else f"{receipt.relay} gave no answer ({receipt.stage.value})."
