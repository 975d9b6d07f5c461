"""
Pause, resume and stop: what a person, or the program itself, does with an edition that is being sent.

The marking statement reads the edition's state, so whatever is decided here holds from the next mark on; what is
being handed over at that moment is finished, and its result recorded.
"""

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.delivery import reporting, telling
from pulse_mailer.delivery.changing import changed, held
from pulse_mailer.delivery.planning import stage_end
from pulse_mailer.delivery.reporting import PROGRAM
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Fault
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.notice import NoticeKind
from pulse_mailer.errors import WrongState

_STEERED = ("status", "halt_reason", "halted_by", "brake_on", "stage_until_id")
_NO_LEASE = {"lease_owner": None, "lease_until": None}
_IN_HAND = (DeliveryStatus.QUEUED, DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)
_WAITING = (DeliveryStatus.QUEUED, DeliveryStatus.DEFERRED)


def pause(database: Session, edition_id: int, *, by: str, why: str, requeue_policy: bool = False) -> bool:
    """
    Halt an edition that is being sent; when the program does it, the staff concerned are told.

    Args:
        requeue_policy: let those wait anew whose last try was refused for what the mail is, since that is no
            fault of theirs.

    Gives False when the program comes second, or too late.

    Raises:
        WrongState: a person asked, and it is not being sent.
    """
    (edition,) = held(database, [edition_id])
    if edition.status is not EditionStatus.SENDING:
        if by == PROGRAM:
            return False
        raise _not_sending(edition)
    _halt(database, edition, by, why)
    if requeue_policy:
        requeue_policy_refusals(database, edition_id)
    if by == PROGRAM:
        report = reporting.report(database, edition)
        subject = f"{edition.newsletter.name}: {report.sentence}"
        body = telling.told_of(report, report.sentence, *report.remarks)
        telling.tell(database, edition_id, NoticeKind.PAUSED, subject, body)
    return True


def end_stage(database: Session, edition_id: int) -> bool:
    """
    Pause an edition whose first stage is out, and tell the staff concerned; False while it is not, or has none.

    Who was put off does not hold the stage up: they are tried again when the edition goes on.
    """
    (edition,) = held(database, [edition_id])
    last = edition.stage_until_id
    if edition.status is not EditionStatus.SENDING or last is None:
        return False
    in_hand = exists().where(
        Delivery.edition_id == edition_id, Delivery.id <= last, Delivery.status.in_(_IN_HAND)
    )
    if database.scalar(select(in_hand)):
        return False
    rest = select(func.count()).where(
        Delivery.edition_id == edition_id, Delivery.id > last, Delivery.status.in_(_WAITING)
    )
    why = f"The first stage is out; the other {database.scalar(rest):,} wait for your word."
    _halt(database, edition, PROGRAM, why)
    report = reporting.report(database, edition)
    subject = f"{edition.newsletter.name}: the first stage of {edition.period or edition.key} is out"
    body = telling.told_of(report, why, report.sentence)
    telling.tell(database, edition_id, NoticeKind.STAGE_SENT, subject, body)
    return True


def resume(
    database: Session, edition: Edition, *, by: str, first: int | None = None, brake_on: bool | None = None
) -> None:
    """
    Let a paused edition go on.

    Args:
        first: only with so many of those that wait; then it pauses again. None: with all.
        brake_on: whether a share of failures pauses it again; None: as before.

    Raises:
        WrongState: it is not paused.
    """
    database.refresh(edition, _STEERED, with_for_update=True)
    if edition.status is not EditionStatus.PAUSED:
        raise WrongState(
            f"{edition.key} is {edition.status.words}, not paused.",
            remedy=f"See how it stands: pulse-mailer edition report {edition.name}",
        )
    before = {"halted_by": edition.halted_by, "why": edition.halt_reason}
    edition.become(EditionStatus.SENDING)
    edition.halt_reason = edition.halted_by = ""
    edition.stage_until_id = stage_end(database, edition.id, first)
    if brake_on is not None:
        edition.brake_on = brake_on
    edition.changed_at = now()
    after = {"first": first, "brake_on": edition.brake_on}
    audit.record(database, by, "edition.resumed", f"edition {edition.name}", before=before, after=after)


def stop(database: Session, edition: Edition, *, by: str, why: str) -> int:
    """
    End the sending of an edition for good: nobody who waits gets it; gives how many those are.

    What is being handed over at this moment is finished; `sweep()` cancels what comes back from there.

    Raises:
        WrongState: it is neither being sent nor paused.
    """
    database.refresh(edition, _STEERED, with_for_update=True)
    refuse_to_stop(edition)
    edition.become(EditionStatus.STOPPED)
    edition.halt_reason, edition.halted_by = why, by
    edition.stage_until_id = None
    edition.finished_at = edition.changed_at = now()
    count = sweep(database, edition.id)
    after = {"why": why, "cancelled": count}
    audit.record(database, by, "edition.stopped", f"edition {edition.name}", after=after)
    return count


def refuse_to_stop(edition: Edition) -> None:
    """
    Refuse to stop what does not go on.

    Raises:
        WrongState: it is neither being sent nor paused.
    """
    if edition.status not in (EditionStatus.SENDING, EditionStatus.PAUSED):
        raise _not_sending(edition)


def sweep(database: Session, edition_id: int) -> int:
    """Cancel what waits of a stopped edition, but for what a worker writes at this moment; gives how many."""
    stopped = exists().where(Edition.id == edition_id, Edition.status == EditionStatus.STOPPED)
    # A worker changes many rows in one transaction, in an order of its own: to wait for it could be to wait for ever.
    waiting = (
        select(Delivery.id)
        .where(
            Delivery.edition_id == edition_id,
            Delivery.status.in_((*_WAITING, DeliveryStatus.CLAIMED)),
            stopped,
        )
        .with_for_update(skip_locked=True, of=Delivery)
    )
    return changed(
        database,
        update(Delivery)
        .where(Delivery.id.in_(waiting))
        .values(
            status=DeliveryStatus.CANCELLED,
            reason="the edition was stopped",
            next_attempt_at=None,
            changed_at=now(),
            **_NO_LEASE,
        ),
    )


def _halt(database: Session, edition: Edition, by: str, why: str) -> None:
    edition.become(EditionStatus.PAUSED)
    edition.halt_reason, edition.halted_by, edition.changed_at = why, by, now()
    audit.record(database, by, "edition.paused", f"edition {edition.name}", after={"why": why})


def requeue_policy_refusals(database: Session, edition_id: int) -> None:
    """Let those wait anew whose last try was refused for what the mail is: that is no fault of theirs."""
    refused = exists().where(
        Attempt.delivery_id == Delivery.id,
        Attempt.number == Delivery.attempt_count,
        Attempt.fault == Fault.MESSAGE,
    )
    database.execute(
        update(Delivery)
        .where(Delivery.edition_id == edition_id, Delivery.status == DeliveryStatus.DEFERRED, refused)
        .values(status=DeliveryStatus.QUEUED, next_attempt_at=now(), changed_at=now()),
        execution_options={"synchronize_session": False},
    )


def _not_sending(edition: Edition) -> WrongState:
    if edition.status is EditionStatus.SCHEDULED:
        return WrongState(
            f"{edition.key} has not begun yet.",
            remedy=f"Take it back: pulse-mailer edition take-back {edition.name}",
        )
    return WrongState(
        f"{edition.key} is {edition.status.words}, not being sent.",
        remedy=f"See how it stands: pulse-mailer edition report {edition.name}",
    )
