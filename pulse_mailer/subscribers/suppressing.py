"""
The addresses we never write to.

Only their keyed hashes are kept, here and in the audit record, so that somebody who asked to be forgotten is
both forgotten and left in peace.
"""

import datetime
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.subscriber import Subscriber
from pulse_mailer.domain.suppression import Suppression, SuppressionReason
from pulse_mailer.errors import NotFound, Refused
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.joining import insert_new


@dataclass(frozen=True, slots=True)
class Suppressed:
    """
    Attributes:
        address: empty when it is nobody's whom we know.
    """

    id: int
    address: str
    address_hash: str
    reason: SuppressionReason
    note: str
    since: datetime.datetime
    actor: str


def suppress(
    database: Session, keys: Keys, address: Address, *, reason: SuppressionReason, actor: str, note: str = ""
) -> bool:
    """Never write to an address again, from any newsletter; False when it was suppressed already."""
    return suppress_hash(database, keys.hash_address(address.key), reason=reason, actor=actor, note=note)


def suppress_hash(
    database: Session, address_hash: str, *, reason: SuppressionReason, actor: str, note: str = ""
) -> bool:
    """The same, of an address that is known by its keyed hash."""
    values = {
        "address_hash": address_hash,
        "reason": reason,
        "note": note,
        "created_at": now(),
        "actor": actor,
    }
    made = database.scalar(
        insert_new(database, Suppression, "address_hash").values(values).returning(Suppression.id)
    )
    if made is not None:
        # Not the note: a server's words often hold the address, and no audit record can be changed.
        after = {"reason": reason.value}
        audit.record(database, actor, "suppression.added", audit.about(address_hash), after=after)
        database.flush()
    return made is not None


def lift(database: Session, keys: Keys, address: Address, *, actor: str) -> None:
    """
    Allow an address to be written to again.

    Raises:
        NotFound: it is not suppressed.
        Refused: its owner asked to be forgotten.
    """
    address_hash = keys.hash_address(address.key)
    found = database.scalar(select(Suppression).where(Suppression.address_hash == address_hash))
    if found is None:
        raise NotFound(f"{address} is not suppressed.")
    if found.reason is SuppressionReason.ERASED:
        raise Refused(
            f"The owner of {address} asked to be forgotten.", remedy="Only they themselves can come back."
        )
    before = {"reason": found.reason.value, "created_at": found.created_at.isoformat()}
    database.execute(delete(Suppression).where(Suppression.id == found.id))
    audit.record(database, actor, "suppression.removed", audit.about(address_hash), before=before)
    database.flush()


def suppressions(
    database: Session,
    *,
    address_hash: str | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> list[Suppressed]:
    """
    All of them, the newest first; or the one of an address.

    Args:
        after: only those older than the one of this number.
    """
    query = (
        select(Suppression, Subscriber.address)
        .outerjoin(Subscriber, Subscriber.address_hash == Suppression.address_hash)
        .order_by(Suppression.id.desc())
        .limit(limit)
    )
    if address_hash is not None:
        query = query.where(Suppression.address_hash == address_hash)
    if after is not None:
        query = query.where(Suppression.id < after)
    return [
        Suppressed(row.id, address or "", row.address_hash, row.reason, row.note, row.created_at, row.actor)
        for row, address in database.execute(query)
    ]
