"""
The connections of one worker at one edition, a thread each: take what is marked, hand it over, say what came of it.

None of them writes to the ledger: that is the writer's. A connection never holds more marked deliveries than the
backend's window says, so that no more can be uncertain when it dies.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

from pulse_mailer.backends.base import Backend, Session
from pulse_mailer.composing.merging import Merger
from pulse_mailer.database import Database
from pulse_mailer.delivery import routes
from pulse_mailer.delivery.groups import Line, Marked, Result
from pulse_mailer.delivery.leasing import Lease
from pulse_mailer.delivery.limits import Limits
from pulse_mailer.delivery.writing import Given, Step, Writer
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import BackendError, CompositionError, PulseMailerError, Throttled
from pulse_mailer.links import Links

#: A connection that found the server full comes back after so long.
REJOIN_SECONDS = 10.0
#: A password that was refused is not tried again and again while another backend does the work.
REFUSED_SECONDS: float | None = 3600.0
_LOOK_SECONDS = 0.2
#: Who must wait longer than this for a backend's limits closes the connection meanwhile.
PATIENCE_SECONDS = 15.0
_ABANDONED = "The worker was asked to stop, and the server had not answered; it may or may not have gone."


@dataclass(frozen=True, slots=True)
class Gear:
    """What every connection of a crew works with."""

    writer: Writer
    lease: Lease
    mergers: Mapping[int, Merger]
    links: Links
    routing: "Routing"
    stop: threading.Event
    dry: threading.Event = field(default_factory=threading.Event)  #: nothing more is due


class Routing:
    """Which backend a connection should use now, and what is wrong with the others."""

    def __init__(self, database: Database, backends: Sequence[Backend], limits: Mapping[str, Limits]) -> None:
        self._database = database
        self._backends = backends
        self._limits = limits
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._refused: dict[str, PulseMailerError] = {}
        self._resting: dict[str, PulseMailerError] = {}
        self.held_back = False  #: by limits, for longer than a connection waits

    @property
    def refused(self) -> PulseMailerError | None:
        """Why no backend takes our mail, which only a person can mend; None when one may."""
        with self._lock:
            everywhere = all(backend.name in self._refused for backend in self._backends)
            return next(iter(self._refused.values()), None) if everywhere else None

    @property
    def trouble(self) -> PulseMailerError | None:
        """What the first of the backends that are left alone for a while has said."""
        with self._lock:
            return next(iter(self._resting.values()), None)

    def may_go_on(self, name: str) -> bool:
        return name not in self._resting and name not in self._refused

    def enter(self) -> Backend | None:
        """The first backend that does not rest, for one more connection; None: there is none, or it has enough."""
        with self._database.reading() as database:
            resting = routes.resting(database, [backend.name for backend in self._backends])
        with self._lock:
            for backend in self._backends:
                if backend.name in resting and backend.name not in self._resting:
                    self._resting[backend.name] = BackendError(resting[backend.name][1])
                if not self.may_go_on(backend.name):
                    continue
                limits = self._limits.get(backend.name)
                most = limits.connections if limits else None
                if most is not None and self._open[backend.name] >= most:
                    return None
                self._open[backend.name] += 1
                return backend
        return None

    def leave(self, backend: Backend) -> None:
        """Note that a connection ended, and that it was not the backend's doing."""
        with self._lock:
            self._open[backend.name] -= 1

    def failed(self, backend: Backend, error: PulseMailerError) -> bool:
        """Note what ended a connection; whether it should give way to the others, which go on."""
        with self._lock:
            self._open[backend.name] -= 1  # at once: of all that fail in one moment, the last has no others
            if not error.again:
                self._refused[backend.name] = error
                seconds = REFUSED_SECONDS
                if len(self._backends) == 1:
                    return False  # the edition pauses, and when it goes on somebody mended it
            elif not isinstance(error, Throttled) and self._open[backend.name] > 0:
                return True  # the others are served: this is one connection too many
            else:
                self._resting[backend.name] = error
                seconds = error.retry_after_seconds if isinstance(error, Throttled) else None
        with self._database.transaction() as database:
            routes.rest(database, backend.name, error.what, seconds)
        return False


class Hand:
    """One connection; `run()` is its thread."""

    def __init__(self, number: int, gear: Gear) -> None:
        self._number = number
        self._gear = gear
        self._lock = threading.Lock()  # receipts here, `abandon()` from elsewhere
        self._line = Line("", "", number)
        self._window = 1
        self._reply: SimpleQueue[Given] = SimpleQueue()
        self._asked = False
        self._fetching = False
        self._over = False
        self._pause_seconds = 0.0  # by the backend's limits
        self._abandoned = False
        self._ready: deque[Marked] = deque()  # marked, and not given to the backend yet
        self._out: deque[Marked] = deque()  # given to the backend, and not answered for yet
        self._results: list[Result] = []  # not given to the writer yet
        self.fault: BaseException | None = None  #: what ended it that should not have
        self.thread = threading.Thread(target=self.run, name=f"connection {number}", daemon=True)

    def run(self) -> None:
        """Hand mail over until nothing is due, nobody takes it, or it is asked to stop."""
        try:
            while not (self._over or self._gear.stop.is_set()):
                backend = self._gear.routing.enter()
                if backend is None:
                    return
                if self._work(backend):
                    self._stand_aside()
        except BaseException as error:  # noqa: BLE001 - whoever waits for this thread raises it
            self.fault = error

    def abandon(self) -> None:
        """Give up what was not answered for in time: it is uncertain, and this connection finishes no other mail."""
        with self._lock:
            first, self._abandoned = (
                not self._abandoned,
                True,
            )  # before anything is given back: no dot may follow
            if first and not self._fetching:
                self._settle(_ABANDONED)
        if self._fetching:  # it waits for the writer, not for a server, and settles by itself
            self.thread.join()

    def _stand_aside(self) -> None:
        until = time.monotonic() + REJOIN_SECONDS
        while not (self._ends() or self._over) and time.monotonic() < until:
            self._over = self._gear.dry.wait(_LOOK_SECONDS)

    def _work(self, backend: Backend) -> bool:
        """Hand over through one session; whether this connection should give way."""
        self._line, self._window = Line(backend.name, backend.relay, self._number), backend.window
        try:
            with backend.session() as session:
                self._exchange(session)
        except PulseMailerError as error:
            return self._gear.routing.failed(backend, error)
        except BaseException:
            self._gear.routing.leave(backend)
            raise
        finally:
            with self._lock:
                if not self._abandoned:
                    self._settle("The program failed while this was being handed over.")
        self._gear.routing.leave(backend)
        return False

    def _exchange(self, session: Session) -> None:
        """Hand over what may go, and wait for the backend's limits with nothing at hand."""
        while True:
            self._pause_seconds = 0.0
            for receipt in session.exchange(self._messages(), may_finish=self._may_finish):
                self._receive(receipt)
            if not self._pause_seconds or self._over or self._ends():
                return
            self._gear.stop.wait(self._pause_seconds)

    def _messages(self) -> Iterator[Message]:
        """Give what may be sent, one by one, each durably marked before it is given."""
        while not self._ends() and self._gear.routing.may_go_on(self._line.backend):
            if not self._ready and not self._fetch():
                return
            if self._ends():  # asked to while it waited: what was marked for it is given back
                return
            if (marked := self._first_ready()) is None:
                return
            try:
                merger = self._gear.mergers[marked.delivery.rendering_id]
                message = merger.merge(marked.delivery, self._gear.links)
            except CompositionError as error:
                # Nobody can get this one; left alone it would stand before all the others for ever.
                receipt = Receipt(
                    _bare(marked),
                    Outcome.FAILED,
                    Stage.MARKED,
                    self._line.relay,
                    reply=error.what,
                    fault=Fault.RECIPIENT,
                )
                with self._lock:
                    if not self._abandoned:
                        self._results.append(Result(self._ready.popleft(), receipt))
                continue
            with self._lock:
                if self._abandoned:  # while it was being written; it was given back
                    return
                self._out.append(self._ready.popleft())
            yield message

    def _first_ready(self) -> Marked | None:
        with self._lock:
            return self._ready[0] if self._ready and not self._abandoned else None

    def _ends(self) -> bool:
        return self._abandoned or self._gear.stop.is_set()

    def _fetch(self) -> bool:
        """Wait until the writer has something marked for this connection; False: it has nothing now, or never."""
        given = self._given()
        while given is not None and given.nothing and not self._ends():
            given = self._given()
        if given is None or given.failed is not None or given.over:
            self._over = True
            self._gear.dry.set()
            return False
        if given.wait_seconds > PATIENCE_SECONDS:
            self._over = self._gear.routing.held_back = True
        self._pause_seconds = given.wait_seconds
        return bool(given.marked)

    def _given(self) -> Given | None:
        """What the writer gives this connection; None when it was given up meanwhile."""
        with self._lock:
            if self._abandoned:
                return None
            if not self._asked:
                self._ask()
            self._fetching = True
        given = self._reply.get()
        with self._lock:
            self._asked = self._fetching = False
            self._ready.extend(given.marked)
            if self._abandoned:
                self._settle(_ABANDONED)
                return None
        return given

    def _receive(self, receipt: Receipt) -> None:
        with self._lock:
            if self._abandoned:
                return
            marked = self._out.popleft()
            assert marked.delivery.id == receipt.message.delivery_id, "receipts come in the messages' order"
            self._results.append(Result(marked, receipt))
            if self._asked:
                return
            if self._pause_seconds or self._gear.stop.is_set():
                self._tell()  # the next is asked for later, or never
            else:
                self._ask()

    def _ask(self) -> None:
        """Say what came of the last mails, and have the next ones marked."""
        wants = self._window - len(self._out) - len(self._ready)
        self._gear.writer.submit(Step(self._results, wants, self._line, self._reply))
        self._results = []
        self._asked = True

    def _settle(self, words: str) -> None:
        """Leave nothing open: what was marked and not begun is given back, what was not answered for is uncertain."""
        if self._asked:
            self._ready.extend(self._reply.get().marked)
            self._asked = False
        self._results += [Result(marked, None) for marked in self._ready]
        for marked in self._out:
            receipt = Receipt(_bare(marked), Outcome.UNCERTAIN, Stage.MARKED, self._line.relay, reply=words)
            self._results.append(Result(marked, receipt))
        self._ready.clear()
        self._out.clear()
        if self._results:
            self._tell()

    def _tell(self) -> None:
        """Say what came of the last mails, and wait for nothing."""
        self._gear.writer.submit(Step(self._results, 0, self._line))
        self._results = []

    def _may_finish(self, _message: Message) -> bool:
        return not self._abandoned and self._gear.lease.holds()


def _bare(marked: Marked) -> Message:
    """Whose mail it is, for a receipt of one that is not at hand."""
    return Message(marked.delivery.id, "", marked.delivery.address, marked.delivery.message_id, ())
