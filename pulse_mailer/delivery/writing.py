"""
The one writer of a worker: it commits the marks and results of all its connections in groups.

A connection says what came of its mails and how many it can take next, and waits until both are durable. While one
group is being written to the disk the next one gathers, so that a commit is shared by all who wait for it.
"""

import contextlib
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import ledger
from pulse_mailer.delivery.groups import Claimed, Group, Line, Marked, Result, words
from pulse_mailer.delivery.leasing import Lease
from pulse_mailer.delivery.pacing import Pace
from pulse_mailer.domain.delivery import Fault
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.message import Receipt
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.errors import Conflict, DatabaseError, DatabaseUnreachable, PulseMailerError
from pulse_mailer.subscribers.suppressing import suppress_hash

CHUNK = 200  #: deliveries claimed at a time
#: After a group the writer rests so long for each step that was in it. Where most connections wait for the writer,
#: more of them come together in the next group, and a commit costs each less; where they wait for far servers, it is
#: soon back. On SQLite, where one writes at a time, an unsubscribing reader gets their turn meanwhile.
REST_SECONDS = 0.00025
LONGEST_REST_SECONDS = 0.003
_AWAY_SECONDS = 0.5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Given:
    """
    What a connection gets back.

    Attributes:
        marked: to be sent now, durably marked.
        wait_seconds: nothing may go before so long, by the backend's limits.
        over: nothing is due for it any more.
        failed: the ledger cannot be written; nothing more may be sent.
    """

    marked: Sequence[Marked] = ()
    wait_seconds: float = 0.0
    over: bool = False
    failed: PulseMailerError | None = None

    @property
    def nothing(self) -> bool:
        """Whether it is worth asking again at once: who was to get it has left, or others had the permits."""
        return not (self.marked or self.wait_seconds or self.over or self.failed)


@dataclass(frozen=True, slots=True)
class Step:
    """
    What one connection did, and what it wants.

    Attributes:
        results: of the mails it had.
        wants: how many more it can take.
        reply: where it waits for what it is given.
    """

    results: Sequence[Result]
    wants: int
    line: Line
    reply: "SimpleQueue[Given]" = field(default_factory=SimpleQueue, compare=False)


_Group = list[Step | None]  # None, at its end, is the end of all
_Permits = tuple[
    dict[str, int], dict[str, float]
]  # mails, and seconds to wait, of each backend that has limits


class Writer:
    """Runs in a thread of its own from `start()` to `close()`."""

    def __init__(
        self,
        database: Database,
        lease: Lease,
        edition: Edition,
        *,
        paces: Mapping[str, Pace],
        told: Callable[[Line, Receipt], None],
    ) -> None:
        """
        Args:
            paces: how fast each backend may go, by name; one that is not there has no limit.
            told: hears of every receipt, and over what it came, in this thread, after it is durable.
        """
        self._database = database
        self._lease = lease
        self._edition = edition
        self._paces = paces
        self._told = told
        self._inbox: SimpleQueue[Step | None] = SimpleQueue()
        self._group: _Group = []  # at hand, not durable yet
        self._ended = False
        self._held: deque[Claimed] = deque()
        self._permits: _Permits | None = None  # for the group at hand
        self._failed: PulseMailerError | None = None
        self._trouble: DatabaseUnreachable | None = None  # since the last group that was written
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    @property
    def failed(self) -> PulseMailerError | None:
        """Why the ledger could not be written to the end; what was being sent then becomes uncertain."""
        return self._failed

    def start(self) -> None:
        self._thread.start()

    def submit(self, step: Step) -> None:
        self._inbox.put(step)

    def close(self) -> None:
        """Write what was submitted, give back what was claimed and not begun, and end."""
        self._inbox.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ended:
                self._write_on_one_connection()
        except PulseMailerError as error:
            self._failed = error
        except Exception as error:
            log.exception("A fault of the program")
            self._failed = PulseMailerError(f"A fault of the program, described in its log: {error!r}.")
        while not self._ended:  # nobody may wait for ever for an answer that will not come
            for step in self._group:
                if step is not None:
                    step.reply.put(Given(failed=self._failed))
            self._ended = _is_end(self._group)
            self._group = [] if self._ended else self._gathered()

    def _write_on_one_connection(self) -> None:
        """
        Write group after group, beginning with one that failed before.

        Raises:
            DatabaseUnreachable: it stayed away until the lease ended.
        """
        try:
            with self._database.line() as connection:
                while not self._ended:
                    self._group = self._group or self._gathered()
                    given = self._write(connection, self._group)
                    self._answer(self._group, given)
                    self._trouble = None
                    rest_seconds = min(REST_SECONDS * len(self._group), LONGEST_REST_SECONDS)
                    self._ended, self._group = _is_end(self._group), []
                    time.sleep(rest_seconds)
        except DatabaseUnreachable as error:
            # Away for a moment: what is at hand is kept, and written again when it is back.
            if not self._lease.holds():
                raise
            self._trouble = error
            time.sleep(_AWAY_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - only to spread workers

    def _gathered(self) -> _Group:
        """All that waits, at least one."""
        group: _Group = [self._inbox.get()]
        while not _is_end(group):
            try:
                group.append(self._inbox.get_nowait())
            except Empty:
                break
        return group

    def _write(self, connection: Connection, group: _Group) -> list[Given]:
        """One group, durably; gives what each of its steps is given."""
        steps = [step for step in group if step is not None]
        # Who lost the lease marks nothing more, but what they heard is kept: the statements see to whose it is.
        marks = self._lease.holds() and not _is_end(group)
        permits: _Permits = {}, {}
        if (
            marks
        ):  # those of before, when it is written again: with fewer, what is marked already might be forgotten
            permits = self._permits = self._permits or self._allowed(steps)
        allowed, waits = permits
        dry = marks and self._replenish(connection, steps, allowed)
        held = self._held.copy()
        with self._lease.writing(), connection.begin():
            turn = _Turn(connection, self._edition, self._lease.owner, held, dry=dry)
            turn.record([result for step in steps for result in step.results])
            given = turn.give(steps, allowed, waits) if marks else [self._nothing()] * len(steps)
            if _is_end(group):
                ledger.release(connection, self._lease.owner)
        self._held, self._permits = held, None
        with contextlib.suppress(
            DatabaseError
        ):  # they stay used; the group is durable, and must not be repeated
            self._give_back(steps, allowed, given)
        return given

    def _replenish(self, connection: Connection, steps: Sequence[Step], allowed: Mapping[str, int]) -> bool:
        """
        Claim more when too few are held for what is wanted; whether nothing is due any more.

        In a transaction of its own, before the marks: when nobody knows whether a commit arrived, the group is
        written again, and what was only claimed by it is free in the end. A mark would stay behind.
        """
        short = sum(_may_have(steps, allowed)) - len(self._held)
        if short <= 0:
            return False
        with self._lease.writing(), connection.begin():
            turn = _Turn(connection, self._edition, self._lease.owner, self._held)
            turn.record([result for step in steps for result in step.results])  # who is given back is due now
            claimed = turn.claim(max(CHUNK, short))
        self._held.extend(claimed)
        return not claimed

    def _nothing(self) -> Given:
        if not self._lease.holds():
            self._failed = (
                self._failed
                or self._trouble
                or Conflict(
                    f"This worker lost its hold on {self._edition.key} before it could renew it; others go on."
                )
            )
        return Given(over=True, failed=self._failed)

    def _answer(self, group: _Group, given: Sequence[Given]) -> None:
        """Tell of what is durable now, then let the connections go on: who hears of it may ask them to stop."""
        steps = [step for step in group if step is not None]
        for step in steps:
            for result in step.results:
                if result.receipt is not None:
                    self._told(result.marked.line, result.receipt)
        for step, one in zip(steps, given, strict=True):
            step.reply.put(one)

    def _allowed(self, steps: Sequence[Step]) -> _Permits:
        """How many mails each backend with limits may send now, and how long the others must wait."""
        allowed, waits = {}, {}
        for name, pace in self._paces.items():
            wanted = sum(step.wants for step in steps if step.line.backend == name)
            if wanted:
                grant = pace.take(wanted)
                allowed[name], waits[name] = grant.count, grant.wait_seconds
        return allowed, waits

    def _give_back(self, steps: Sequence[Step], allowed: Mapping[str, int], given: Sequence[Given]) -> None:
        for name, count in allowed.items():
            used = sum(
                len(one.marked) for step, one in zip(steps, given, strict=True) if step.line.backend == name
            )
            if used < count:
                self._paces[name].give_back(count - used)


class _Turn:
    """One group, inside its transaction."""

    def __init__(
        self, connection: Connection, edition: Edition, owner: str, held: deque[Claimed], *, dry: bool = False
    ) -> None:
        self._connection = connection
        self._edition = edition
        self._owner = owner
        self._held = held
        self._group = Group(connection, owner, edition.gives_up_at, now())
        self._dry = dry  # nothing is due any more but what is held

    def record(self, results: Sequence[Result]) -> None:
        self._group.record(results)
        gone = [result for result in results if result.receipt and result.receipt.fault is Fault.ADDRESS]
        if gone:
            with Session(self._connection) as session:
                for result in gone:
                    assert result.receipt is not None
                    suppress_hash(
                        session,
                        result.marked.delivery.address_hash,
                        reason=SuppressionReason.BOUNCED,
                        actor="dispatcher",
                        note=f"{self._edition.key}: {words(result.receipt)}",
                    )
                session.commit()  # the connection's own transaction stays open

    def give(
        self, steps: Sequence[Step], allowed: Mapping[str, int], waits: Mapping[str, float]
    ) -> list[Given]:
        """Mark as many for each as it wants, and may have."""
        wants = _may_have(steps, allowed)
        given = []
        for step, count, marked in zip(steps, wants, self._marked(steps, wants), strict=True):
            held_back = step.wants > 0 and count == 0
            wait_seconds = waits.get(step.line.backend, 0.0) if held_back else 0.0
            given.append(Given(marked, wait_seconds, over=self._dry and not marked))
        return given

    def _marked(self, steps: Sequence[Step], wants: Sequence[int]) -> list[list[Marked]]:
        """What each step gets: all of them marked at once, and others in place of those that must not be sent."""
        found: list[list[Marked]] = [[] for _ in steps]
        while True:
            places = [place for place, count in enumerate(wants) for _ in range(count - len(found[place]))]
            taken = [(place, self._held.popleft()) for place in places[: len(self._held)]]
            if not taken:
                return found
            marks = self._group.mark([(claimed, steps[place].line) for place, claimed in taken])
            for (place, claimed), marked in zip(taken, marks, strict=True):
                if marked is not None:
                    found[place].append(marked)
                else:
                    ledger.skip(self._connection, claimed, self._owner)

    def claim(self, count: int) -> list[Claimed]:
        return self._group.claim(self._edition.id, count)


def _may_have(steps: Sequence[Step], allowed: Mapping[str, int]) -> list[int]:
    """How many each wants, as far as its backend's limits go."""
    counts = []
    left = dict(allowed)
    for step in steps:
        name = step.line.backend
        counts.append(min(step.wants, left.get(name, step.wants)))
        if name in left:
            left[name] -= counts[-1]
    return counts


def _is_end(group: _Group) -> bool:
    return bool(group) and group[-1] is None
