"""What a person, or a newsletter's policy, decides: doubts are settled, and who failed is tried once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, exists, func, or_, select, update
from sqlalchemy import cast as as_sql
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.delivery import doubts, indexed, totals
from pulse_mailer.delivery.changing import changed, held
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter, UncertainPolicy
from pulse_mailer.domain.suppression import Suppression
from pulse_mailer.errors import NotFound, UsageError, WrongState

_NAMED = 20  #: so many wrong ids are named in a refusal
_LOT = 500  #: ids in one statement; no database takes any number of them
_POLICY = "policy"
_PERMANENT = 500  #: from this reply code on a server means that it should not be tried again
_LAST_TRY = (Attempt.delivery_id == Delivery.id) & (Attempt.number == Delivery.attempt_count)


@dataclass(frozen=True, slots=True)
class Settled:
    """
    Attributes:
        sent: how many are taken for sent now.
        queued: how many wait to be sent once more.
        reopened: names of editions that were over and are being sent again.
    """

    sent: int = 0
    queued: int = 0
    reopened: tuple[str, ...] = ()


def settle(database: Session, delivery_ids: Sequence[int], *, sent: bool, by: str, why: str) -> Settled:
    """
    End the doubt about deliveries: take them for sent, or have them sent once more.

    Raises:
        UsageError: no reason is given.
        WrongState: some are not uncertain; names them, and nothing is changed.
    """
    if not why.strip():
        raise UsageError(
            "Settling wants a reason, which is kept with the delivery.", remedy="Give one: --why TEXT"
        )
    ids = sorted(set(delivery_ids))
    editions = held(database, sorted(_editions_of(database, ids)))
    _refuse_certain(database, ids)
    totals.outdate(database, [edition.id for edition in editions])
    reason = f"{'taken for sent' if sent else 'to be sent once more'} by {by}: {why.strip()}"
    _put(database, ids, DeliveryStatus.SENT if sent else DeliveryStatus.QUEUED, reason)
    reopened = () if sent else tuple(edition.name for edition in editions if _reopen(edition))
    names = ", ".join(edition.name for edition in editions)
    after = {"as": "sent" if sent else "queued", "why": why.strip(), "ids": ids}
    audit.record(database, by, "deliveries.settled", f"edition {names}", after=after)
    return Settled(len(ids), 0, reopened) if sent else Settled(0, len(ids), reopened)


def settle_all(database: Session, edition: Edition, *, sent: bool, by: str, why: str) -> Settled:
    """
    End the doubt about all deliveries of an edition that are uncertain now, as `settle()` does.

    Raises:
        UsageError: no reason is given.
        WrongState: none is uncertain.
    """
    ids = [doubt.id for doubt in doubts.uncertain(database, edition.id)]
    if not ids:
        raise WrongState(f"No delivery of {edition.key} is uncertain; there is nothing to settle.")
    return settle(database, ids, sent=sent, by=by, why=why)


@dataclass(frozen=True, slots=True)
class Selection:
    """
    Some of those who did not get an edition.

    Attributes:
        cancelled: those whom stopping it kept from it, instead of those who failed.
        codes: whose last answer had one of these, such as 550 or 5.7.1; None: any.
        domain: of this receiving domain; empty: of any.
        permanent: also who was refused for good (5xx); else only those of whom the server said, or may have meant,
            that it could be tried again.
    """

    codes: Sequence[str] | None = None
    domain: str = ""
    permanent: bool = True
    cancelled: bool = False

    @property
    def status(self) -> DeliveryStatus:
        return DeliveryStatus.CANCELLED if self.cancelled else DeliveryStatus.FAILED


ALL_FAILED = Selection()
ALL_CANCELLED = Selection(cancelled=True)


def retry(database: Session, edition: Edition, which: Selection, *, by: str) -> int:
    """
    Let those wait again; gives how many. Whoever is suppressed by now stays as they are.

    Raises:
        WrongState: its sending has not begun.
    """
    database.refresh(edition, ["status", "finished_at"], with_for_update=True)
    if edition.frozen_at is None:
        raise WrongState(
            f"{edition.key} has not been sent.", remedy=f"Send it: pulse-mailer edition send {edition.name}"
        )
    values = _values(DeliveryStatus.QUEUED)
    wanted = _such(database, edition, which)
    count = changed(database, update(Delivery).where(*wanted).values(**values, reason=""))
    if count:
        _reopen(edition)
        after = {"were": which.status.value, "count": count, "codes": list(which.codes or [])}
        after |= {"domain": which.domain} if which.domain else {}
        audit.record(database, by, "deliveries.retried", f"edition {edition.name}", after=after)
    return count


def retryable(database: Session, edition: Edition, which: Selection) -> int:
    """How many `retry()` would let wait again."""
    such = _such(database, edition, which)
    return database.scalar(select(func.count(Delivery.id)).where(*such)) or 0


def retry_one(database: Session, delivery_id: int, *, by: str) -> str:
    """
    Let one delivery wait again that failed or was stopped; gives the name of its edition.

    Raises:
        NotFound: there is no such delivery.
        WrongState: it did not fail, or its address is suppressed.
    """
    editions = held(database, sorted(_editions_of(database, [delivery_id])))
    delivery = database.get(Delivery, delivery_id, with_for_update=True) if editions else None
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    if delivery.status not in (DeliveryStatus.FAILED, DeliveryStatus.CANCELLED):
        raise WrongState(
            f"This delivery is {delivery.status.value}; only one that failed, or that a stop left out, is retried."
        )
    if database.scalar(select(exists().where(Suppression.address_hash == delivery.address_hash))):
        raise WrongState(
            "Its address is suppressed, and gets no mail.", remedy="First allow it to be written to again."
        )
    before = {"status": delivery.status.value, "reason": delivery.reason}
    _put(database, [delivery_id], DeliveryStatus.QUEUED, "")
    (edition,) = editions
    _reopen(edition)
    subject, after = f"edition {edition.name}", {"count": 1, "ids": [delivery_id]}
    audit.record(database, by, "deliveries.retried", subject, before=before, after=after)
    return edition.name


def apply_policy(database: Session, edition_id: int) -> int:
    """
    Do with uncertain deliveries of an edition that is being sent what its newsletter wants; gives how many wait now.

    Only where a repeat is preferred is anybody sent it again without being asked about, and each of them once:
    who was uncertain twice waits for a person.
    """
    policy = select(Newsletter.uncertain_policy).join(Edition, Edition.newsletter_id == Newsletter.id)
    if database.scalar(policy.where(Edition.id == edition_id)) is not UncertainPolicy.REPEAT:
        return 0
    (edition,) = held(database, [edition_id])
    if edition.status is not EditionStatus.SENDING:
        return 0
    doubts = select(func.count()).where(
        Attempt.delivery_id == Delivery.id, Attempt.outcome == Outcome.UNCERTAIN
    )
    repeated = doubts.scalar_subquery() > 1
    wanted = select(Delivery.id).where(
        Delivery.edition_id == edition_id, indexed.in_state(DeliveryStatus.UNCERTAIN), ~repeated
    )
    ids = list(database.scalars(wanted.order_by(Delivery.id).with_for_update(of=Delivery)))
    if ids:
        _put(database, ids, DeliveryStatus.QUEUED, "to be sent once more: the newsletter prefers a repeat")
        after = {"as": "queued", "ids": ids}
        audit.record(database, _POLICY, "deliveries.settled", f"edition {edition.name}", after=after)
    return len(ids)


def _such(database: Session, edition: Edition, which: Selection) -> list[ColumnElement[bool]]:
    suppressed = exists().where(Suppression.address_hash == Delivery.address_hash)
    wanted = [totals.belongs(edition), indexed.in_state(which.status), ~suppressed]
    if which.codes:
        wanted.append(_answered(which.codes))
    if which.domain:
        wanted.append(totals.in_domain(database, which.domain))
    if not which.permanent:
        wanted.append(~exists().where(_LAST_TRY, Attempt.code >= _PERMANENT))
    return wanted


def _answered(codes: Sequence[str]) -> ColumnElement[bool]:
    whole = totals.reply_code().in_(codes)
    said = or_(whole, as_sql(Attempt.code, String).in_(codes), Attempt.enhanced_code.in_(codes))
    return exists().where(_LAST_TRY, said)


def _put(database: Session, ids: Sequence[int], status: DeliveryStatus, reason: str) -> None:
    for lot in _lots(ids):
        values = _values(status)
        changed(database, update(Delivery).where(Delivery.id.in_(lot)).values(**values, reason=reason))


def _values(status: DeliveryStatus) -> dict[str, Any]:
    at = now()
    waits = status is DeliveryStatus.QUEUED
    return {"status": status, "next_attempt_at": at if waits else None, "changed_at": at}


def _reopen(edition: Edition) -> bool:
    """When somebody waits again, an edition that was over is being sent again."""
    if edition.status not in (EditionStatus.SENT, EditionStatus.STOPPED):
        return False
    edition.become(EditionStatus.SENDING)
    edition.halt_reason = edition.halted_by = ""
    edition.finished_at, edition.changed_at, edition.counted_at = None, now(), None
    return True


def _editions_of(database: Session, ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for lot in _lots(ids):
        found.update(database.scalars(select(Delivery.edition_id).where(Delivery.id.in_(lot)).distinct()))
    return found


def _refuse_certain(database: Session, ids: Sequence[int]) -> None:
    known: dict[int, DeliveryStatus] = {}
    for lot in _lots(ids):
        rows = select(Delivery.id, Delivery.status).where(Delivery.id.in_(lot)).order_by(Delivery.id)
        known.update((row[0], row[1]) for row in database.execute(rows.with_for_update()))
    wrong = [
        f"{each} ({known[each].value if each in known else 'not there'})"
        for each in ids
        if known.get(each) is not DeliveryStatus.UNCERTAIN
    ]
    if not ids or wrong:
        more = f" and {len(wrong) - _NAMED:,} more" if len(wrong) > _NAMED else ""
        which = f"These are not: {', '.join(wrong[:_NAMED])}{more}." if wrong else "None was named."
        raise WrongState(
            f"Only uncertain deliveries can be settled. {which} Nothing was changed.",
            remedy="See which are: pulse-mailer delivery list --state uncertain",
        )


def _lots(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + _LOT] for start in range(0, len(ids), _LOT)]
