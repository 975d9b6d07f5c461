"""
One group of claims, marks and results, written in one transaction.

Every statement carries the owner of the lease and the epoch of the claim, and may be repeated: when nobody knows
whether a commit arrived, the group is written again. What is rarer is in `ledger`.
"""

import datetime
import json
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from pulse_mailer.delivery import statements
from pulse_mailer.delivery.leasing import LEASE
from pulse_mailer.delivery.retrying import next_attempt
from pulse_mailer.delivery.statements import Statement, together
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
        rows = self._execute(statements.CLAIM, values).fetchall()
        return sorted(self._claimed(*row) for row in rows)

    def _lease_end(self) -> Any:
        if self._is_sqlite:
            return self._written(self._at + LEASE)
        (there,) = self._cursor.execute("SELECT now()").fetchone()  # see `leasing.lease_clock()`
        return there.astimezone(datetime.UTC) + LEASE

    def mark(self, wanted: Sequence[tuple[Claimed, Line]]) -> list[Marked | None]:
        """
        Mark deliveries as being sent, each over its line; None for one that must not be sent.

        The lease was lost, the edition or this stage of it is not being sent any more, or the person left or was
        suppressed meanwhile: all of that is read in the marking statement itself.
        """
        rows = [
            {
                "id": one.id,
                "epoch": one.lease_epoch,
                "number": one.attempt_count + 1,
                "backend": line.backend,
                "relay": line.relay,
                "connection": line.connection,
            }
            for one, line in wanted
        ]
        # The statement itself says which. Asked once more, it might refuse on PostgreSQL what it has just marked,
        # for who left or paused the edition meanwhile; and a mark would stay behind that nobody knows of.
        done = {id_ for (id_,) in self._change([statements.MARK], rows)}
        return [Marked(one, line, self._at) if one.id in done else None for one, line in wanted]

    def record(self, results: Iterable[Result]) -> None:
        """Keep what came of attempts, and give back what was never begun."""
        tried, unmarked = [], []
        for marked, receipt in results:
            if receipt is None:
                unmarked.append(self._whose(marked))
            else:
                tried.append(self._whose(marked) | self._answered(marked, receipt))
        # The delivery first, as `ledger.expire()` does: in another order each could wait for the other.
        self._change([statements.RECORD, statements.KEEP_ATTEMPT], tried)
        self._change([statements.UNMARK], unmarked)

    def _whose(self, marked: Marked) -> dict[str, Any]:
        return {
            "id": marked.delivery.id,
            "epoch": marked.delivery.lease_epoch,
            "number": marked.number,
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

    def _change(self, changes: Iterable[Statement], rows: Sequence[dict[str, Any]]) -> list[Any]:
        """Run statements with these rows; what the last one returns."""
        returned: list[Any] = []
        if rows:
            rows = sorted(rows, key=itemgetter("id"))  # in the order in which others lock them
            values = {**together(rows), "owner": self._owner, "at": self._written_at}
            for statement in changes:
                cursor = self._execute(statement, values)
                returned = cursor.fetchall() if cursor.description else []
        return returned

    def _execute(self, statement: Statement, values: dict[str, Any]) -> Any:
        return self._cursor.execute(statement.sqlite if self._is_sqlite else statement.postgresql, values)

    def _written(self, moment: datetime.datetime) -> str:
        """A time as text; on SQLite as `UtcDateTime` writes it, without the zone."""
        text = moment.isoformat(" ", "microseconds")
        return text[:26] if self._is_sqlite else text

    def _claimed(self, *row: Any) -> Claimed:
        if self._is_sqlite:
            *plain, slots, dated_at = row
            row = (*plain, json.loads(slots), datetime.datetime.fromisoformat(f"{dated_at}+00:00"))
        return Claimed(*row)


def words(receipt: Receipt) -> str:
    """The other side's answer, as the reason of a delivery's state."""
    said = " ".join(str(part) for part in (receipt.code, receipt.enhanced_code, receipt.reply) if part)
    return f"{receipt.relay}: {said}" if said else f"{receipt.relay} gave no answer ({receipt.stage.value})."
