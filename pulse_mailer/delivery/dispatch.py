"""Handing an edition's mail over: claim, mark, hand over, record, over several connections, until nothing waits."""

import contextlib
import enum
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from pulse_mailer import audit
from pulse_mailer.backends.base import Backend
from pulse_mailer.clock import now
from pulse_mailer.composing.merging import Merger
from pulse_mailer.composing.signing import Signer
from pulse_mailer.database import Database
from pulse_mailer.delivery import deciding, ledger, routes, standstill, steering, telling
from pulse_mailer.delivery.brake import Brake, remembering
from pulse_mailer.delivery.crew import PATIENCE_SECONDS, Gear, Hand, Routing
from pulse_mailer.delivery.groups import Line
from pulse_mailer.delivery.leasing import Lease
from pulse_mailer.delivery.limits import Limits
from pulse_mailer.delivery.pacing import Pace
from pulse_mailer.delivery.reporting import PROGRAM
from pulse_mailer.delivery.writing import Writer
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import Outcome
from pulse_mailer.domain.edition import Edition, EditionStatus, Rendering
from pulse_mailer.domain.message import Receipt
from pulse_mailer.errors import Conflict, DatabaseUnreachable, PulseMailerError
from pulse_mailer.links import Links

#: Asked to stop, a worker waits so long for the answers to the mails at hand; then they are uncertain.
DRAIN_SECONDS = 20.0
_LOOK_SECONDS = 0.2


class Ending(enum.StrEnum):
    """Why sending came to an end."""

    FINISHED = "finished"  #: every delivery is final, or uncertain and listed
    WAITING = "waiting"  #: the rest was put off by its servers, or waits for a backend's limits
    UNDER_WAY = "under way"  #: the rest is with other workers, or this one lost its hold on it
    STILL = "standing still"  #: all workers do, by a person's word
    PAUSED = "paused"  #: by a person, the brake, or the end of the first stage; or stopped
    INTERRUPTED = "interrupted"  #: asked to stop; the rest waits


def _unsigned(_domain: str) -> Signer | None:
    return None


@dataclass(frozen=True, slots=True)
class Way:
    """
    What sending needs: where the ledger is, how links are signed, and who takes the mail.

    Attributes:
        backends: in the order they are tried.
        connections: over how many at once; a backend's limits may allow fewer.
        limits: of each backend that has some, by name.
        signer_for: what signs mail from a domain.
    """

    database: Database
    links: Links
    backends: Sequence[Backend]
    connections: int = 4
    limits: Mapping[str, Limits] = field(default_factory=dict)
    signer_for: Callable[[str], Signer | None] = _unsigned


def dispatch(
    way: Way,
    edition_id: int,
    *,
    stop: threading.Event,
    watch: Callable[[Receipt], None] = lambda _receipt: None,
    early: bool = False,
) -> Ending:
    """
    Send what waits of an edition that is being sent.

    Args:
        stop: set it, and sending ends after the messages at hand.
        watch: told of every receipt, after it was recorded.
        early: try those once that are put off until later, and backends that rest.

    Raises:
        BackendError: nobody takes our mail now; what waits, waits. Where only a person can help, it is paused.
        DatabaseError: without the ledger nothing is sent.
    """
    with way.database.transaction() as database:
        ledger.expire(database, edition_id)
        deciding.apply_policy(database, edition_id)
        if early:
            ledger.hasten(database, edition_id)
            routes.hasten(database, [backend.name for backend in way.backends])
        anything = ledger.anything_due(database, edition_id) and not standstill.still(database)
        edition = database.get_one(Edition, edition_id)
    held_back = False
    if anything and edition.status is EditionStatus.SENDING:
        held_back = _Worker(way, edition_id, stop, watch).work()
    return _ending(way.database, edition_id, interrupted=stop.is_set(), held_back=held_back)


class _Worker:
    def __init__(
        self, way: Way, edition_id: int, stop: threading.Event, watch: Callable[[Receipt], None]
    ) -> None:
        self._way = way
        self._stop = stop
        self._watch = watch
        with way.database.reading() as database:
            wanted = select(Edition).where(Edition.id == edition_id).options(selectinload(Edition.newsletter))
            self._edition = database.scalars(wanted).one()
            renderings = list(database.scalars(select(Rendering).where(Rendering.edition_id == edition_id)))
            self._waiting = ledger.waiting(database, edition_id)
            self._at_once = way.connections * max(backend.window for backend in way.backends)
            self._brake = remembering(database, self._edition, self._at_once)
        signer = way.signer_for(Address.parse(self._edition.newsletter.from_address).domain)
        self._mergers = {rendering.id: Merger(rendering, signer) for rendering in renderings}
        self._policy_pause = False
        self._recovered: set[str] = set()

    def work(self) -> bool:
        """Send until nothing is due for this worker; whether that is because of a backend's limits."""
        way, edition = self._way, self._edition
        paces = {
            name: Pace(way.database, name, limits) for name, limits in way.limits.items() if limits.counts
        }
        usable = [backend for backend in way.backends if not _used_up(paces.get(backend.name))]
        if not usable:
            return True
        lease = Lease(way.database)
        routing = Routing(way.database, usable, way.limits)
        count = min(way.connections, self._waiting)
        writer = Writer(way.database, lease, edition, paces=paces, told=self._told)
        gear = Gear(writer, lease, self._mergers, way.links, routing, self._stop)
        hands = [Hand(number + 1, gear) for number in range(count)]
        with lease.kept_alive():
            writer.start()
            try:
                for hand in hands:
                    hand.thread.start()
                self._wait(hands)
            finally:
                for hand in hands:
                    hand.abandon()  # only those that did not end by themselves have something to give up
                writer.close()
        self._conclude(routing, [hand.fault for hand in hands if hand.fault], writer.failed)
        return routing.held_back and all(_used_up(paces.get(backend.name)) for backend in way.backends)

    def _wait(self, hands: Sequence[Hand]) -> None:
        """Until all connections have ended; when asked to stop, not for ever."""
        until: float | None = None
        for hand in hands:
            while hand.thread.is_alive():
                hand.thread.join(_LOOK_SECONDS)
                if self._stop.is_set():
                    until = until or time.monotonic() + DRAIN_SECONDS
                    if time.monotonic() > until:
                        return

    def _told(self, line: Line, receipt: Receipt) -> None:
        """In the writer's thread, after a receipt is durable."""
        if receipt.outcome is Outcome.SENT and line.backend not in self._recovered:
            self._trouble_is_over(line.backend)
        why = self._brake.feel(receipt) if self._edition.brake_on else ""
        if why:
            self._pause(why)
        self._watch(receipt)

    def _pause(self, why: str) -> None:
        policy = self._brake.policy_share
        # A database that is away now lets nothing be marked either, and the next refusal pulls the brake again.
        with contextlib.suppress(DatabaseUnreachable), self._way.database.transaction() as database:
            steering.pause(database, self._edition.id, by=PROGRAM, why=why, requeue_policy=policy)
            self._brake = Brake(self._at_once)
            self._policy_pause = self._policy_pause or policy

    def _trouble_is_over(self, name: str) -> None:
        with contextlib.suppress(DatabaseUnreachable), self._way.database.transaction() as database:
            routes.recovered(database, name)
            self._recovered.add(name)  # else the next mail that is taken says so

    def _conclude(
        self, routing: Routing, faults: Sequence[BaseException], failed: PulseMailerError | None
    ) -> None:
        """Tidy up after a pause, and raise what ended the work before its time."""
        if self._policy_pause:  # those that were in hand when the brake was pulled
            with self._way.database.transaction() as database:
                steering.requeue_policy_refusals(database, self._edition.id)
        if failed is not None and not isinstance(failed, Conflict):  # who lost their hold may take another
            raise failed
        if faults:
            raise faults[0]
        if (refused := routing.refused) is not None:
            with self._way.database.transaction() as database:
                steering.pause(database, self._edition.id, by=PROGRAM, why=str(refused))
            raise refused
        if (trouble := routing.trouble) is not None:
            with self._way.database.reading() as database:
                stuck = ledger.anything_due(database, self._edition.id)
            if stuck and not self._stop.is_set():
                raise trouble


def _used_up(pace: Pace | None) -> bool:
    """Whether a backend's limits let nothing go for longer than a connection would wait."""
    return pace is not None and pace.opens_in() > PATIENCE_SECONDS


def _ending(database: Database, edition_id: int, *, interrupted: bool, held_back: bool) -> Ending:
    with database.transaction() as session:
        deciding.apply_policy(session, edition_id)  # before it is over: whoever is repeated belongs to it
        if steering.end_stage(session, edition_id):
            return Ending.PAUSED
        wanted = select(Edition).where(Edition.id == edition_id).options(selectinload(Edition.newsletter))
        edition = session.scalars(wanted.with_for_update()).one()
        if ledger.waiting(session, edition_id):
            if edition.status is EditionStatus.SENT:
                # A worker that was frozen, and thawed after the others had finished, knows that some did not go.
                edition.become(EditionStatus.SENDING)
                edition.finished_at, edition.changed_at, edition.counted_at = None, now(), None
                audit.record(session, PROGRAM, "edition.sending-again", f"edition {edition.name}")
            if edition.status is EditionStatus.STOPPED:
                steering.sweep(session, edition_id)  # what was at hand when it was stopped
            if edition.status is not EditionStatus.SENDING:
                return Ending.PAUSED
            if interrupted:
                return Ending.INTERRUPTED
            if standstill.still(session) and not ledger.anything_held(session, edition_id):
                return Ending.STILL
            due = ledger.anything_due(session, edition_id) and not held_back
            return Ending.UNDER_WAY if due or ledger.anything_held(session, edition_id) else Ending.WAITING
        if edition.status is EditionStatus.SENDING:
            edition.become(EditionStatus.SENT)
            edition.finished_at = edition.changed_at = now()
            audit.record(session, PROGRAM, "edition.finished", f"edition {edition.name}")
            telling.finished(session, edition)
    return Ending.FINISHED
