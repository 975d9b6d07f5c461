"""
Who may work on which delivery: claims, and what becomes of them when a worker ends.

What a worker writes for every single mail is in `groups`, what a person decides in `deciding`; nothing else changes
the state of a delivery. A delivery is marked `sending`, durably, before the wire is touched; a mark whose answer was
never recorded becomes `uncertain`, and is never sent again by the program alone.
"""

from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Select,
    Update,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.delivery.groups import Claimed
from pulse_mailer.delivery.leasing import is_dead, lease_clock
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.subscriber import Subscription, SubscriptionStatus
from pulse_mailer.domain.suppression import Suppression

_NO_LEASE = {"lease_owner": None, "lease_until": None}
_LOST = "The worker ended while this was being handed over; it may or may not have gone."


def hasten(database: Session, edition_id: int) -> None:
    """Make what was put off due now: once, so that nobody's server is asked again and again."""
    database.execute(
        update(Delivery)
        .where(Delivery.edition_id == edition_id, Delivery.next_attempt_at > now())
        .values(next_attempt_at=now())
    )


def skip(database: Connection | Session, claimed: Claimed, owner: str) -> None:
    """Leave out whoever left or was suppressed after the audience was fixed; anybody else stays as they are."""
    mine = update(Delivery).where(
        Delivery.id == claimed.id,
        Delivery.lease_owner == owner,
        Delivery.lease_epoch == claimed.lease_epoch,
        Delivery.status == DeliveryStatus.CLAIMED,
    )
    stays = exists().where(
        Subscription.id == Delivery.subscription_id, Subscription.status == SubscriptionStatus.ACTIVE
    )
    suppressed = exists().where(Suppression.address_hash == Delivery.address_hash)
    for cause, reason in (
        (~stays, "unsubscribed after the audience was fixed"),
        (suppressed, "suppressed after the audience was fixed"),
    ):
        values = {"status": DeliveryStatus.SKIPPED, "reason": reason, "changed_at": now(), **_NO_LEASE}
        if _changed(database, mine.where(cause).values(**values)):
            return


def release(database: Connection | Session, owner: str) -> None:
    """Give back what was claimed and not begun."""
    mine = (Delivery.lease_owner == owner, Delivery.status == DeliveryStatus.CLAIMED)
    database.execute(update(Delivery).where(*mine).values(**_queued()))


def expire(database: Session, edition_id: int) -> int:
    """
    End the leases that ran out, and at once those of workers that are surely dead.

    What was only claimed waits again; what was being sent is uncertain, and its number is given.
    """
    its = Delivery.edition_id == edition_id
    over = (its, lease_is_over(database, its))
    # A worker that is frozen may hold some locked; they are left to it, and ended once its transaction is.
    claimed = _unlocked(*over, Delivery.status == DeliveryStatus.CLAIMED)
    database.execute(update(Delivery).where(Delivery.id.in_(claimed)).values(**_queued()))
    return _make_uncertain(database, over)


def lease_is_over(database: Session, *such: ColumnElement[bool]) -> ColumnElement[bool]:
    """What holds for a delivery whose lease ran out, or whose worker is surely dead; `such`: among which ones."""
    leased = select(Delivery.lease_owner).where(Delivery.lease_owner.is_not(None), *such)
    owners = {owner for owner in database.scalars(leased.distinct()) if owner is not None}
    dead = [owner for owner in owners if is_dead(owner)]
    ended = or_(Delivery.lease_until < lease_clock(database), Delivery.lease_owner.in_(dead))
    return Delivery.lease_owner.is_not(None) & ended


def _unlocked(*such: ColumnElement[bool]) -> Select[int]:
    return select(Delivery.id).where(*such).with_for_update(skip_locked=True)


def _make_uncertain(database: Session, over: tuple[ColumnElement[bool], ...]) -> int:
    wanted = select(Delivery).where(*over, Delivery.status == DeliveryStatus.SENDING)
    wanted = wanted.with_for_update(skip_locked=True)
    lost = list(database.scalars(wanted, execution_options={"populate_existing": True}))
    at = now()
    for delivery in lost:
        database.execute(
            insert(Attempt).values(
                delivery_id=delivery.id,
                number=delivery.attempt_count,
                worker=delivery.lease_owner,
                backend=delivery.backend,
                relay=delivery.relay,
                connection=delivery.connection,
                started_at=delivery.changed_at,
                ended_at=at,
                stage=Stage.MARKED,
                outcome=Outcome.UNCERTAIN,
                reply=_LOST,
            )
        )
        delivery.status, delivery.reason = DeliveryStatus.UNCERTAIN, _LOST
        delivery.lease_owner = delivery.lease_until = None
        delivery.changed_at = at
    database.flush()
    return len(lost)


def waiting(database: Session, edition_id: int) -> int:
    """How many are still to be sent, those of other workers included."""
    return database.scalar(select(func.count()).where(_open(edition_id))) or 0


def anything_due(database: Session, edition_id: int) -> bool:
    """Whether a worker would find something to claim."""
    return _any(database, Delivery.edition_id == edition_id, _due(), _in_stage(edition_id))


def anything_held(database: Session, edition_id: int) -> bool:
    """Whether something is with a worker."""
    return _any(database, Delivery.edition_id == edition_id, Delivery.lease_owner.is_not(None))


def _open(edition_id: int) -> ColumnElement[bool]:
    return (Delivery.edition_id == edition_id) & or_(
        Delivery.next_attempt_at.is_not(None), Delivery.lease_owner.is_not(None)
    )


def _any(database: Session, *such: ColumnElement[bool]) -> bool:
    return database.scalar(select(exists().where(*such))) or False


def _changed(database: Connection | Session, statement: Update) -> int:
    # Session.execute() is typed for reading; an UPDATE gives a cursor's result, with its count.
    return cast("CursorResult[Any]", database.execute(statement)).rowcount


def _queued() -> dict[str, Any]:
    at = now()
    return {"status": DeliveryStatus.QUEUED, "next_attempt_at": at, "changed_at": at, **_NO_LEASE}


def _due() -> ColumnElement[bool]:
    return Delivery.next_attempt_at <= now()


def _in_stage(edition_id: int) -> ColumnElement[bool]:
    until = select(Edition.stage_until_id).where(Edition.id == edition_id).scalar_subquery()
    return or_(until.is_(None), Delivery.id <= until)
