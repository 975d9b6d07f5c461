"""
One group of claims, marks and results, written in one transaction: the statements that every mail goes through.

They are plain SQL, the same for both databases, and go through the driver's own cursor: building them anew for each
mail would cost more than all else that is done for it. Everything rarer is in `ledger`.

Each carries the owner of the lease and the epoch of the claim, and each may be repeated: when nobody knows whether
a commit arrived, the group is written again.
"""

import datetime
import json
import re
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from pulse_mailer.delivery.leasing import LEASE
from pulse_mailer.delivery.retrying import next_attempt
from pulse_mailer.domain.delivery import DeliveryStatus, Outcome
from pulse_mailer.domain.message import Receipt


class Claimed(NamedTuple):
    """A delivery that a worker holds, with what its mail is made of."""

    id: int
    lease_epoch: int
    attempt_count: int
    rendering_id: int
    address: str
    address_hash: str
    message_id: str
    slots: dict[str, str]
    dated_at: datetime.datetime


class Line(NamedTuple):
    """Over what a mail goes: a backend, whom it asks, and which of this worker's connections."""

    backend: str
    relay: str
    connection: int


class Marked(NamedTuple):
    """A delivery that is being sent: from here on its mail may have left."""

    delivery: Claimed
    line: Line
    at: datetime.datetime

    @property
    def number(self) -> int:
        """Which try this is."""
        return self.delivery.attempt_count + 1


class Result(NamedTuple):
    """
    What came of a marked delivery.

    Attributes:
        receipt: None when its mail was never given to a backend, so that this was no try.
    """

    marked: Marked
    receipt: Receipt | None


#: What a delivery that was being sent becomes.
BECOMES_BY = {
    Outcome.SENT: DeliveryStatus.SENT,
    Outcome.DEFERRED: DeliveryStatus.DEFERRED,
    Outcome.FAILED: DeliveryStatus.FAILED,
    Outcome.RETURNED: DeliveryStatus.QUEUED,
    Outcome.UNCERTAIN: DeliveryStatus.UNCERTAIN,
}


class _Statement:
    """SQL with its values by name (:id), for drivers that take them by place."""

    def __init__(self, text: str, *, locking: str = "") -> None:
        """
        Args:
            locking: what stands for {locking} in it on PostgreSQL; SQLite locks the whole file anyway.
        """
        names = re.findall(r":(\w+)", text)
        self.values: Callable[[dict[str, Any]], tuple[Any, ...]] = itemgetter(*names)
        self.sqlite = re.sub(r":\w+", "?", text).replace("{locking}", "")
        self.postgresql = re.sub(r":\w+", "%s", text).replace("{locking}", locking)


_CLAIM = _Statement(
    """
    UPDATE deliveries
    SET status = 'claimed', next_attempt_at = NULL, lease_owner = :owner, lease_epoch = lease_epoch + 1,
        lease_until = :until, changed_at = :at
    WHERE id IN (
      SELECT id FROM deliveries
      WHERE edition_id = :edition_id AND next_attempt_at <= :at
        AND EXISTS (SELECT 1 FROM editions
                    WHERE editions.id = deliveries.edition_id AND editions.status = 'sending'
                      AND (editions.stage_until_id IS NULL OR deliveries.id <= editions.stage_until_id))
      ORDER BY next_attempt_at, id LIMIT :limit {locking})
    RETURNING id, lease_epoch, attempt_count, rendering_id, address, address_hash, message_id, slots, dated_at
    """,
    locking="FOR UPDATE SKIP LOCKED",
)

# coalesce() keeps PostgreSQL away from the index of what is leased. It was empty when statistics were last taken, so
# that it looks cheap; yet every mark would read all that the worker holds, and all that it ever held (measured at
# 20,000 recipients: 300 rows a mark, and most of the database's time).
_MARK = _Statement("""
    UPDATE deliveries
    SET status = 'sending', attempt_count = :number, backend = :backend, relay = :relay,
        connection = :connection, changed_at = :at
    WHERE id = :id AND coalesce(lease_owner, '') = :owner AND lease_epoch = :epoch
      AND (status = 'claimed' OR status = 'sending' AND attempt_count = :number)
      AND EXISTS (SELECT 1 FROM editions
                  WHERE editions.id = deliveries.edition_id AND editions.status = 'sending'
                    AND (editions.stage_until_id IS NULL OR deliveries.id <= editions.stage_until_id))
      AND EXISTS (SELECT 1 FROM subscriptions
                  WHERE subscriptions.id = deliveries.subscription_id AND subscriptions.status = 'active')
      AND NOT EXISTS (SELECT 1 FROM suppressions WHERE suppressions.address_hash = deliveries.address_hash)
    """)

# A certain answer that comes after the lease ended is evidence: nobody else worked on the delivery meanwhile, or its
# epoch would be another.
_RECORD = _Statement("""
    UPDATE deliveries
    SET status = :status, next_attempt_at = :next_attempt_at, reason = :reason, changed_at = :at,
        lease_owner = NULL, lease_until = NULL
    WHERE id = :id AND lease_epoch = :epoch AND attempt_count = :number
      AND (status = 'sending' AND lease_owner = :owner OR status = 'uncertain' AND :certain)
    """)

_KEEP_ATTEMPT = _Statement("""
    INSERT INTO attempts (delivery_id, number, worker, backend, relay, connection, started_at, ended_at, stage,
                          outcome, fault, code, enhanced_code, reply, provider_id)
    VALUES (:id, :number, :owner, :backend, :relay, :connection, :started_at, :at, :stage,
            :outcome, :fault, :code, :enhanced_code, :reply, :provider_id)
    ON CONFLICT (delivery_id, number) DO UPDATE
    SET ended_at = excluded.ended_at, stage = excluded.stage, outcome = excluded.outcome, fault = excluded.fault,
        code = excluded.code, enhanced_code = excluded.enhanced_code, reply = excluded.reply,
        provider_id = excluded.provider_id
    WHERE attempts.outcome = 'uncertain'
    """)

_UNMARK = _Statement("""
    UPDATE deliveries
    SET status = 'queued', attempt_count = attempt_count - 1, next_attempt_at = :at, changed_at = :at,
        lease_owner = NULL, lease_until = NULL
    WHERE id = :id AND coalesce(lease_owner, '') = :owner AND lease_epoch = :epoch AND status = 'sending'
      AND attempt_count = :number
    """)


class Group:
    """Writes on one connection, inside the transaction that the caller began there."""

    def __init__(
        self, connection: Connection, owner: str, gives_up_at: datetime.datetime, at: datetime.datetime
    ) -> None:
        """
        Args:
            gives_up_at: the end of the edition's lifetime.
            at: the present, for all that is written.
        """
        driver: Any = connection.connection.driver_connection
        self._cursor = driver.cursor()
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._owner = owner
        self._gives_up_at = gives_up_at
        self._at = at
        self._written_at = self._written(at)

    def claim(self, edition_id: int, limit: int) -> list[Claimed]:
        """
        Take up to `limit` deliveries that are due, those that wait longest first; none when others hold them all.

        Of an edition whose first stage goes out, only those of that stage.
        """
        values = {
            "edition_id": edition_id,
            "owner": self._owner,
            "at": self._written_at,
            "until": self._lease_end(),
            "limit": limit,
        }
        statement = _CLAIM.sqlite if self._is_sqlite else _CLAIM.postgresql
        rows = self._cursor.execute(statement, _CLAIM.values(values)).fetchall()
        return sorted(self._claimed(*row) for row in rows)

    def _lease_end(self) -> Any:
        if self._is_sqlite:
            return self._written(self._at + LEASE)
        (there,) = self._cursor.execute("SELECT now()").fetchone()  # see `leasing.lease_clock()`
        return there + LEASE

    def mark(self, claimed: Sequence[Claimed], line: Line) -> tuple[list[Marked], list[Claimed]]:
        """
        Mark deliveries as being sent; gives those, and the ones that must not be sent.

        The lease was lost, the edition or this stage of it is not being sent any more, or the person left or was
        suppressed meanwhile: all of that is read in the marking statement itself.
        """
        rows = [
            {
                "id": one.id,
                "epoch": one.lease_epoch,
                "number": one.attempt_count + 1,
                "owner": self._owner,
                "at": self._written_at,
                "backend": line.backend,
                "relay": line.relay,
                "connection": line.connection,
            }
            for one in claimed
        ]
        marked, refused = [], []
        for one, changed in zip(claimed, self._each(_MARK, rows), strict=True):
            if changed:
                marked.append(Marked(one, line, self._at))
            else:
                refused.append(one)
        return marked, refused

    def record(self, results: Iterable[Result]) -> None:
        """Keep what came of attempts, and give back what was never begun."""
        tried, unmarked = [], []
        for marked, receipt in results:
            if receipt is None:
                unmarked.append(self._whose(marked))
            else:
                tried.append(self._whose(marked) | self._answered(marked, receipt))
        self._all(_KEEP_ATTEMPT, tried)
        self._all(_RECORD, tried)
        self._all(_UNMARK, unmarked)

    def _whose(self, marked: Marked) -> dict[str, Any]:
        return {
            "id": marked.delivery.id,
            "epoch": marked.delivery.lease_epoch,
            "number": marked.delivery.attempt_count + 1,
            "owner": self._owner,
            "at": self._written_at,
        }

    def _answered(self, marked: Marked, receipt: Receipt) -> dict[str, Any]:
        outcome, status, next_at = receipt.outcome, BECOMES_BY[receipt.outcome], None
        if outcome is Outcome.DEFERRED or outcome is Outcome.RETURNED:
            next_at = next_attempt(receipt, marked.number, self._at, self._gives_up_at)
            status = status if next_at else DeliveryStatus.FAILED
        return {
            "status": str(status),
            "next_attempt_at": next_at and self._written(next_at),
            "reason": "" if outcome is Outcome.SENT else words(receipt),
            "certain": outcome is not Outcome.UNCERTAIN,
            "backend": marked.line.backend,
            "relay": receipt.relay,
            "connection": marked.line.connection,
            "started_at": self._written(marked.at),
            "stage": str(receipt.stage),
            "outcome": str(outcome),
            "fault": receipt.fault and str(receipt.fault),
            "code": receipt.code,
            "enhanced_code": receipt.enhanced_code,
            "reply": receipt.reply,
            "provider_id": receipt.provider_id,
        }

    def _each(self, statement: _Statement, rows: Sequence[dict[str, Any]]) -> list[int]:
        """Run a statement for each row; gives how many deliveries each one changed."""
        cursor, values = self._cursor, statement.values
        if self._is_sqlite:
            return [cursor.execute(statement.sqlite, values(row)).rowcount for row in rows]
        if not rows:
            return []
        cursor.executemany(statement.postgresql, [values(row) for row in rows], returning=True)
        counts = [cursor.rowcount]
        while cursor.nextset():
            counts.append(cursor.rowcount)
        return counts

    def _all(self, statement: _Statement, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            text = statement.sqlite if self._is_sqlite else statement.postgresql
            self._cursor.executemany(text, [statement.values(row) for row in rows])

    def _written(self, moment: datetime.datetime) -> Any:
        """A time as the driver wants it; on SQLite the text that `UtcDateTime` makes of it."""
        return moment.isoformat(" ", "microseconds")[:26] if self._is_sqlite else moment

    def _claimed(self, *row: Any) -> Claimed:
        if self._is_sqlite:
            *plain, slots, dated_at = row
            row = (*plain, json.loads(slots), datetime.datetime.fromisoformat(f"{dated_at}+00:00"))
        return Claimed(*row)


def words(receipt: Receipt) -> str:
    """The other side's answer, as the reason of a delivery's state."""
    said = " ".join(str(part) for part in (receipt.code, receipt.enhanced_code, receipt.reply) if part)
    return f"{receipt.relay}: {said}" if said else f"{receipt.relay} gave no answer ({receipt.stage.value})."
