"""Handing an edition's mail over: claim, mark, hand over, record, until nothing waits."""

import enum
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from pulse_mailer import audit
from pulse_mailer.backends.base import Backend
from pulse_mailer.clock import now
from pulse_mailer.composing.merging import Merger
from pulse_mailer.database import Database
from pulse_mailer.delivery import ledger
from pulse_mailer.delivery.leasing import Lease
from pulse_mailer.domain.delivery import Delivery, Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus, Rendering
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import DatabaseUnreachable, UnsafeText
from pulse_mailer.links import Links

CHUNK = 100  #: deliveries claimed at a time
_PAUSE_SECONDS = 0.5


class Ending(enum.StrEnum):
    """Why sending came to an end."""

    FINISHED = "finished"  #: every delivery is final, or uncertain and listed
    WAITING = "waiting"  #: the rest was put off by its servers
    UNDER_WAY = "under way"  #: the rest is with other workers, or this one lost its hold on it
    INTERRUPTED = "interrupted"  #: asked to stop; the rest waits


@dataclass(frozen=True, slots=True)
class Way:
    """What sending needs: where the ledger is, how links are signed, and who takes the mail."""

    database: Database
    links: Links
    backend: Backend


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
        stop: set it, and sending ends after the message at hand.
        watch: told of every receipt, after it was recorded.
        early: try those once that are put off until later.

    Raises:
        BackendError: the server does not take our mail; what waits, waits.
        DatabaseError: without the ledger nothing is sent.
    """
    with way.database.transaction() as database:
        ledger.expire(database, edition_id)
        if early:
            ledger.hasten(database, edition_id)
        anything = ledger.anything_due(database, edition_id)
    if anything:
        _Worker(way, edition_id, stop=stop).work(watch)
    return _ending(way.database, edition_id, interrupted=stop.is_set())


class _Worker:
    def __init__(self, way: Way, edition_id: int, *, stop: threading.Event) -> None:
        self._way = way
        self._edition_id = edition_id
        self._stop = stop
        self._lease = Lease(way.database)
        self._mergers: dict[int, Merger] = {}
        self._under_way: dict[int, tuple[Delivery, int]] = {}

    def work(self, watch: Callable[[Receipt], None]) -> None:
        with self._lease.kept_alive():
            try:
                with self._way.backend.session() as session:
                    for receipt in session.exchange(self._messages(), may_finish=self._may_finish):
                        self._record(receipt)
                        watch(receipt)
            finally:
                with self._way.database.transaction() as database:
                    ledger.release(database, self._lease.owner)

    def _may_finish(self, _message: Message) -> bool:
        return self._lease.holds()

    def _messages(self) -> Iterator[Message]:
        """Give what waits, one by one, each durably marked before it is given."""
        while not self._stop.is_set():
            with self._way.database.transaction() as database:
                chunk = ledger.claim(database, self._edition_id, self._lease.owner, CHUNK)
            if not chunk:
                return
            for delivery in chunk:
                if self._stop.is_set() or not self._lease.holds():
                    return
                try:
                    message = self._merger(delivery.rendering_id).merge(delivery, self._way.links)
                except UnsafeText as error:
                    self._fail(delivery, error.what)
                    continue
                with self._way.database.transaction() as database:
                    number = ledger.mark(database, delivery, self._lease.owner, self._way.backend.relay)
                if number is not None:
                    self._under_way[delivery.id] = (delivery, number)
                    yield message

    def _fail(self, delivery: Delivery, why: str) -> None:
        """Keep that no mail can be made for somebody, who would else stand before all the others for ever."""
        owner, relay = self._lease.owner, self._way.backend.relay
        unmade = Message(delivery.id, "", delivery.address, delivery.message_id, b"")
        receipt = Receipt(unmade, Outcome.FAILED, Stage.MARKED, relay, reply=why)
        with self._way.database.transaction() as database:
            number = ledger.mark(database, delivery, owner, relay)
            if number is not None:
                ledger.record(database, delivery, owner, number, receipt)

    def _merger(self, rendering_id: int) -> Merger:
        if rendering_id not in self._mergers:
            with self._way.database.transaction() as database:
                self._mergers[rendering_id] = Merger(database.get_one(Rendering, rendering_id))
        return self._mergers[rendering_id]

    def _record(self, receipt: Receipt) -> None:
        """Keep a result; while the lease holds, a database that is away for a moment is waited for."""
        delivery, number = self._under_way.pop(receipt.message.delivery_id)
        while True:
            try:
                with self._way.database.transaction() as database:
                    ledger.record(database, delivery, self._lease.owner, number, receipt)
            except DatabaseUnreachable:
                if not self._lease.holds():
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return


def _ending(database: Database, edition_id: int, *, interrupted: bool) -> Ending:
    with database.transaction() as session:
        wanted = select(Edition).where(Edition.id == edition_id).options(selectinload(Edition.newsletter))
        edition = session.scalars(wanted.with_for_update()).one()
        if ledger.waiting(session, edition_id):
            if interrupted:
                return Ending.INTERRUPTED
            goes_on = edition.status is EditionStatus.SENDING
            if goes_on and ledger.anything_under_way(session, edition_id):
                return Ending.UNDER_WAY
            return Ending.WAITING
        if edition.status is EditionStatus.SENDING:
            edition.become(EditionStatus.SENT)
            edition.finished_at = edition.changed_at = now()
            audit.record(session, "dispatcher", "edition.finished", f"edition {edition.name}")
    return Ending.FINISHED
