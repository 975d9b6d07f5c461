"""
The program with a fault planted in it, for the verifier to find; the fault is here, and never in the program.

    python -m benchmarks.planted [--lease SECONDS] FAULT WORDS OF THE COMMAND ...

Each fault is one that real senders have had: see FAULTS. `none` plants nothing: with --lease it is the program as it
is, with a lease short enough to wait for.
"""

import argparse
import datetime
import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pulse_mailer.cli import main as program
from pulse_mailer.delivery import leasing, ledger, statements
from pulse_mailer.delivery.groups import Claimed, Group, Line, Marked, Result
from pulse_mailer.delivery.statements import Statement
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus


def _replace(owner: Any, name: str, new: Any) -> None:
    """Put another thing in place of one that is there; a name that is gone means that the fault is none any more."""
    if not hasattr(owner, name):
        raise AttributeError(f"There is no {name} in {owner} any more: plant this fault where that went.")
    setattr(owner, name, new)


def requeue_on_restart() -> None:
    """What was being sent when a worker died waits again, as if it had certainly not gone."""

    def requeue(database: Session, ended: tuple[Any, ...]) -> int:
        being_sent = Delivery.status == DeliveryStatus.SENDING
        database.execute(update(Delivery).where(*ended, being_sent).values(**ledger._queued()))  # noqa: SLF001 - what the program does itself
        return 0

    _replace(ledger, "_make_uncertain", requeue)


def result_before_mark() -> None:
    """A mail is on the wire before its mark is durable: the mark is written with the result."""
    mark, record = Group.mark, Group.record

    def do_not_mark(self: Group, wanted: Sequence[tuple[Claimed, Line]]) -> list[Marked | None]:
        return [Marked(one, line, self._at) for one, line in wanted]

    def mark_and_record(self: Group, results: Iterable[Result]) -> None:
        kept = list(results)
        mark(self, [(result.marked.delivery, result.marked.line) for result in kept])
        record(self, kept)

    _replace(Group, "mark", do_not_mark)
    _replace(Group, "record", mark_and_record)


def no_fencing() -> None:
    """A worker never asks whether it still holds what it claimed, and writes to whatever is there."""
    _replace(leasing.Lease, "holds", lambda _self: True)
    mark = Statement(
        """
        UPDATE deliveries
        SET status = 'sending', attempt_count = given.number, next_attempt_at = NULL, backend = given.backend,
            relay = given.relay, connection = given.connection, changed_at = :at, lease_owner = :owner,
            lease_until = :at
        FROM {given} WHERE deliveries.id = given.id
        RETURNING deliveries.id
        """,
        given="id bigint, number integer, backend text, relay text, connection integer",
    )
    record = Statement(
        """
        UPDATE deliveries
        SET status = given.status, next_attempt_at = given.next_attempt_at, reason = given.reason,
            changed_at = :at, lease_owner = NULL, lease_until = NULL
        FROM {given} WHERE deliveries.id = given.id
        """,
        given="id bigint, status text, next_attempt_at timestamptz, reason text",
    )
    _replace(statements, "MARK", mark)
    _replace(statements, "RECORD", record)


def checkpoint_at_fetch() -> None:
    """What a worker had fetched counts as done when it died."""

    def forget(database: Session, edition_id: int) -> int:
        its = Delivery.edition_id == edition_id
        owners = set(database.scalars(select(Delivery.lease_owner).where(its).distinct())) - {None}
        dead = [owner for owner in owners if owner is not None and leasing.is_dead(owner)]
        database.execute(
            update(Delivery)
            .where(its, Delivery.lease_owner.in_(dead))
            .values(status=DeliveryStatus.SENT, lease_owner=None, lease_until=None)
        )
        return 0

    _replace(ledger, "expire", forget)


FAULTS: dict[str, Callable[[], None]] = {
    "requeue-on-restart": requeue_on_restart,
    "result-before-mark": result_before_mark,
    "no-fencing": no_fencing,
    "checkpoint-at-fetch": checkpoint_at_fetch,
}


def _shorten(seconds: float) -> None:
    """Make every lease so short, wherever its length is read."""
    lease, now = leasing.LEASE, datetime.timedelta(seconds=seconds)
    for name, module in sys.modules.items():
        if name.startswith("pulse_mailer.") and getattr(module, "LEASE", None) is lease:
            _replace(module, "LEASE", now)
    kept_alive = leasing.Lease.kept_alive
    _replace(leasing.Lease, "kept_alive", functools.partialmethod(kept_alive, seconds / 6))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("fault", choices=["none", *FAULTS])
    parser.add_argument("--lease", type=float)
    parser.add_argument("words", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if given.lease is not None:
        _shorten(given.lease)
    if given.fault != "none":
        FAULTS[given.fault]()
    sys.argv = ["pulse-mailer", *given.words]
    program()


if __name__ == "__main__":
    main()
