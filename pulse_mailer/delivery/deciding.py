"""What a person, or a newsletter's policy, decides: doubts are settled, and who failed is tried once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, exists, func, or_, select, update
from sqlalchemy import cast as as_sql
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.delivery.changing import changed, held
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter, UncertainPolicy
from pulse_mailer.domain.suppression import Suppression
from pulse_mailer.errors import UsageError, WrongState

_NAMED = 20  #: so many wrong ids are named in a refusal
_LOT = 500  #: ids in one statement; no database takes any number of them
_POLICY = "policy"
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
    reason = f"{'taken for sent' if sent else 'to be sent once more'} by {by}: {why.strip()}"
    _put(database, ids, DeliveryStatus.SENT if sent else DeliveryStatus.QUEUED, reason)
    reopened = () if sent else tuple(edition.name for edition in editions if _reopen(edition))
    names = ", ".join(edition.name for edition in editions)
    after = {"as": "sent" if sent else "queued", "why": why.strip(), "ids": ids}
    audit.record(database, by, "deliveries.settled", f"edition {names}", after=after)
    return Settled(len(ids), 0, reopened) if sent else Settled(0, len(ids), reopened)


def retry_failed(database: Session, edition: Edition, *, by: str, codes: Sequence[str] | None = None) -> int:
    """
    Let those wait again who failed; gives how many. Whoever is suppressed by now stays as they are.

    Args:
        codes: only those whose last answer had one of these, such as 550 or 5.7.1; None: all.

    Raises:
        WrongState: its sending has not begun.
    """
    return _retry(database, edition, DeliveryStatus.FAILED, by, codes)


def retry_cancelled(database: Session, edition: Edition, *, by: str) -> int:
    """
    Let those wait again whom stopping the edition kept from it; gives how many.

    Raises:
        WrongState: its sending has not begun.
    """
    return _retry(database, edition, DeliveryStatus.CANCELLED, by, None)


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
        Delivery.edition_id == edition_id, Delivery.status == DeliveryStatus.UNCERTAIN, ~repeated
    )
    ids = list(database.scalars(wanted.order_by(Delivery.id).with_for_update(of=Delivery)))
    if ids:
        _put(database, ids, DeliveryStatus.QUEUED, "to be sent once more: the newsletter prefers a repeat")
        after = {"as": "queued", "ids": ids}
        audit.record(database, _POLICY, "deliveries.settled", f"edition {edition.name}", after=after)
    return len(ids)


def _retry(
    database: Session, edition: Edition, status: DeliveryStatus, by: str, codes: Sequence[str] | None
) -> int:
    database.refresh(edition, ["status", "finished_at"], with_for_update=True)
    if edition.frozen_at is None:
        raise WrongState(
            f"{edition.key} has not been sent.", remedy=f"Send it: pulse-mailer edition send {edition.name}"
        )
    suppressed = exists().where(Suppression.address_hash == Delivery.address_hash)
    wanted = [Delivery.edition_id == edition.id, Delivery.status == status, ~suppressed]
    if codes:
        wanted.append(_answered(codes))
    values = _values(DeliveryStatus.QUEUED)
    count = changed(database, update(Delivery).where(*wanted).values(**values, reason=""))
    if count:
        _reopen(edition)
        after = {"were": status.value, "count": count, "codes": list(codes or [])}
        audit.record(database, by, "deliveries.retried", f"edition {edition.name}", after=after)
    return count


def _answered(codes: Sequence[str]) -> ColumnElement[bool]:
    said = or_(as_sql(Attempt.code, String).in_(codes), Attempt.enhanced_code.in_(codes))
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
    edition.finished_at, edition.changed_at = None, now()
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
