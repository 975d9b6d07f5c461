"""The runs of the fault bench, by letter: what is done to a send, and what must hold all the same."""

import contextlib
import json
import random
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.grounds import POSTGRESQL, Ground, Size, prepared
from benchmarks.leaving import leave_by_one_click
from benchmarks.sending import SEND, WORKER, Send, moments, sending
from benchmarks.sinks.cutting import cutting
from benchmarks.sinks.faulty import Faults
from benchmarks.sinks.providers import provider
from benchmarks.sinks.running import free_port
from benchmarks.verifying import Found, Told, verify
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.domain.edition import EditionStatus

CONNECTIONS = 4
WINDOW = 2  #: mails that one chained connection may leave in doubt
_LEASE_AND_MORE_SECONDS = 75  #: nothing changes while a lease that is no longer renewed runs out
REFUSING = "refusing.example"


@dataclass
class Bench:
    """
    Attributes:
        recipients: of a run; the slow ones take a tenth.
        sends: how many sends are killed again and again, on each database, and `kills` how often each.
        quick: whether what takes minutes by nature is left out or made short.
    """

    folder: Path
    recipients: int = 20_000
    seed: int = 7
    sends: int = 5
    kills: int = 10
    quick: bool = False
    server: str = POSTGRESQL
    grounds: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _ready: dict[tuple[str, str], Ground] = field(default_factory=dict)
    _count: int = 0

    @property
    def few(self) -> int:
        return max(100, self.recipients // 10)

    def ground(self, kind: str, size: Size) -> Ground:
        """A ground of that size, made once."""
        key = (kind, f"{size.recipients} {size.address.__name__}")
        if key not in self._ready:
            where = self.folder / f"ground-{len(self._ready)}"
            self._ready[key] = self.grounds.enter_context(prepared(kind, where, size, server=self.server))
        return self._ready[key]

    @contextlib.contextmanager
    def send(
        self, kind: str, faults: Faults, size: Size | None = None, **settings: str | float
    ) -> Iterator[Send]:
        size = size or Size(self.recipients)
        self._count += 1
        given = {"connections": CONNECTIONS} | settings
        folder = self.folder / f"send-{self._count}"
        with sending(
            self.ground(kind, size), folder, size.recipients, replace(faults, seed=self.seed), **given
        ) as send:
            yield send


@dataclass
class Result:
    run: str
    kind: str
    send: Send
    found: Found
    restarts: list[float]
    notes: str = ""

    @property
    def wrong(self) -> list[str]:
        return [*self.send.wrong, *self.found.wrong]

    def expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.found.wrong.append(otherwise)


Run = Callable[[Bench, str], Iterator[Result]]


def concluded(
    run: str, send: Send, *, paused: bool = False, answers: Path | None = None, each: int = WINDOW
) -> Result:
    """What the verifier says of a send that is over."""
    told = Told(send.audience, CONNECTIONS * each, answers, paused=paused)
    return Result(run, send.ground.kind, send, verify(send.log.file, send.ground.url, told), send.restarts())


def clean(bench: Bench, kind: str) -> Iterator[Result]:
    """A: nothing goes wrong."""
    with bench.send(kind, Faults()) as send:
        send.finish()
        result = concluded("A clean", send)
        result.expect(result.found.states[DeliveryStatus.SENT] == send.audience, "not everybody got it")
        yield result


def killed(send: Send, seed: int, kills: int, commands: Sequence[Sequence[str]] = (WORKER, SEND)) -> None:
    """Kill worker after worker at moments that the seed chooses, and let the last one finish."""
    for number, (more, later) in enumerate(moments(seed, kills, send.audience)):
        worker = send.start(commands[number % len(commands)])
        if send.wait_taken(send.log.read() + more, worker):
            time.sleep(later)
        send.kill(worker)
    send.finish()


def kill(bench: Bench, kind: str) -> Iterator[Result]:
    """B: SIGKILL, again and again; one of two workers; SIGSTOP past the lease."""
    for number in range(bench.sends):
        with bench.send(kind, Faults(seconds=0.001)) as send:
            killed(send, bench.seed + number, bench.kills)
            yield concluded(f"B kill {number + 1}", send)
    with bench.send(kind, Faults(seconds=0.001)) as send:
        kill_one_of_two(send, bench.seed, bench.kills // 2)
        yield concluded("B one of two", send)
    with bench.send(kind, Faults(seconds=0.001)) as send:
        if bench.quick:
            send.program = short_lease()
        freeze(send)
        yield concluded("B frozen", send)
    if kind == "PostgreSQL" and not bench.quick:
        with bench.send(kind, Faults(seconds=0.001)) as send:
            send.patience_seconds = (
                600  # the server ends a transaction that nobody goes on with after 5 minutes
            )
            freeze(send, in_write=True)
            yield concluded("B frozen in a write", send)


def short_lease(fault: str = "none", seconds: float = 3) -> Sequence[str]:
    """The program, with a fault planted in it or with none, and a lease that one can wait for."""
    return ("-m", "benchmarks.planted", "--lease", str(seconds), fault)


def kill_one_of_two(send: Send, seed: int, kills: int) -> None:
    """Two work side by side; one of them is killed and replaced, again and again."""
    pair = [send.start(), send.start()]
    drawn = random.Random(seed)
    for more, later in moments(seed, kills, send.audience):
        if send.wait_taken(send.log.read() + more, pair[0]):
            time.sleep(later)
        place = drawn.randrange(2)
        send.kill(pair[place])
        pair[place] = send.start()
    send.finish()


def freeze(send: Send, *, in_write: bool = False) -> int:
    """
    A worker is stopped in the middle of its work, loses its lease to another, and thaws when all is over.

    Gives how many were not final then: those that it held locked.
    """
    frozen = send.start()
    send.wait_taken(send.audience // 5, frozen)
    send.freeze(frozen, in_write=in_write)
    send.start()
    held = send.wait_still(_LEASE_AND_MORE_SECONDS)
    frozen.send_signal(signal.SIGCONT)
    send.wait_quiet()
    send.wait_done()
    send.end_all()
    return held


def wire(bench: Bench, kind: str) -> Iterator[Result]:
    """C: the sink fails in all its ways, and the worker is killed besides."""
    faults = Faults(
        cut_before=0.002, cut_after=0.002, later=0.02, unknown=0.005, full=0.005, closing=0.005, dribble=0.01,
        seconds=0.001,
    )  # fmt: skip
    with bench.send(kind, faults) as send:
        killed(send, bench.seed, 2 * bench.kills)
        yield concluded("C wire", send)


def slow(bench: Bench, kind: str) -> Iterator[Result]:
    """D: answers that take their time, one of them nearly the ten minutes that it may."""
    most, once = (2.0, 15.0) if bench.quick else (30.0, 599.0)
    faults = Faults(seconds=0.01, slow=0.01, slow_seconds=most, once_seconds=once)
    with bench.send(kind, faults, Size(bench.few)) as send:
        send.patience_seconds = once + 120
        send.finish()
        result = concluded("D slow", send)
        result.expect(result.found.uncertain == 0, "slow answers were taken for lost ones")
        before = [at for at in send.log.taken_at if at < send.begun_at[0] + once]
        result.expect(len(before) > send.audience * 0.9, "one slow answer held the other connections up")
        yield result


def database(bench: Bench, kind: str) -> Iterator[Result]:
    """E: the database is cut off, held by others, full, restarted."""
    trouble = _trouble_sqlite if kind == "SQLite" else _trouble_postgresql
    # So slow that the send outlasts the trouble.
    seconds = CONNECTIONS * (20 if bench.quick else 60) / bench.recipients
    with bench.send(kind, Faults(seconds=seconds)) as send, trouble(bench, send) as over:
        send.start()
        over.wait()
        send.finish()
        result = concluded("E database", send)
        result.expect(result.found.lost == 0, "somebody was lost with the database")
        yield result


@contextlib.contextmanager
def _in_background(work: Callable[[], None]) -> Iterator[threading.Event]:
    """Give an event that is set when the work is done."""
    over = threading.Event()

    def run() -> None:
        try:
            work()
        finally:
            over.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield over
    finally:
        thread.join()


@contextlib.contextmanager
def _trouble_postgresql(bench: Bench, send: Send) -> Iterator[threading.Event]:
    """Every 2 s all connections are cut; twice nobody answers for 4 s, as while a server restarts."""
    host_and_port = send.ground.url.rpartition("@")[2].partition("/")[0]
    with cutting(host_and_port) as proxy:
        through = send.ground.url.replace(host_and_port, f"127.0.0.1:{proxy.port}")
        send.settings["PULSE_MAILER_DATABASE_URL"] = through

        def trouble() -> None:
            for number in range(2 if bench.quick else 8):
                time.sleep(2)
                proxy.cut(down_seconds=4 if number % 4 == 1 else 0)

        with _in_background(trouble) as over:
            yield over


@contextlib.contextmanager
def _trouble_sqlite(bench: Bench, send: Send) -> Iterator[threading.Event]:
    """Others hold the file, once for longer than anybody waits; and for a while nothing more fits on the disk."""
    file = send.ground.url.removeprefix("sqlite:///")

    def trouble() -> None:
        for seconds in (1, 2) if bench.quick else (1, 2, 2, 35):
            time.sleep(1.5)
            connection = sqlite3.connect(file, timeout=30, isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")
            connection.close()
        time.sleep(1)
        worker = send.workers[0]
        # As a full disk to this process alone: no file may grow beyond two pages, nor be written there.
        before = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (8192, before[1]))
        time.sleep(2)
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, before)

    with _in_background(trouble) as over:
        yield over


def batches(bench: Bench, kind: str) -> Iterator[Result]:
    """F: an API of batches that hangs up, breaks and throttles; then one that knows repeated requests."""
    for name, batch in (("postmark", 50), ("resend", 50)):
        with bench.send(kind, Faults(), backend=name, batch_size=batch) as send:
            with provider(name, send.log.file, bench.seed, 1 if bench.quick else 0.3) as port:
                send.settings |= {
                    f"PULSE_MAILER_{name.upper()}_ENDPOINT": f"http://127.0.0.1:{port}",
                    "PULSE_MAILER_POSTMARK_SERVER_TOKEN": "bench",
                    "PULSE_MAILER_RESEND_API_KEY": "bench",
                }
                send.finish()
            result = concluded(f"F {name}", send, each=batch)
            if name == "resend":
                result.expect(result.found.uncertain == 0, "a repeated request left doubts")
            yield result


def storm(bench: Bench, kind: str) -> Iterator[Result]:
    """G: readers leave by one click while their mail goes out, all in the one process of `serve`."""
    port, count = free_port(), min(500, bench.recipients // 10)
    with bench.send(kind, Faults(seconds=0.001), web_port=port, mailbox_port=0) as send:
        answers = send.ground.folder / "answers.jsonl"
        send.start(("serve",))
        leave_by_one_click(send, port, count, bench.seed, answers)
        send.finish()
        result = concluded("G leaving", send, answers=answers)
        times = sorted(json.loads(line)["seconds"] for line in answers.read_text().splitlines())
        result.notes = (
            f"p50 {times[len(times) // 2] * 1e3:.0f} ms, p99 {times[len(times) * 99 // 100] * 1e3:.0f} ms"
        )
        result.expect(len(times) == count, f"only {len(times)} of {count} were unsubscribed")
        result.expect(times[len(times) * 99 // 100] < 1, "one click took a second or more")
        yield result


def reader_or_refused(number: int) -> str:
    return f"reader-{number}@{REFUSING if number % 3 == 0 else 'example.org'}"


def policy(bench: Bench, kind: str) -> Iterator[Result]:
    """H: a domain refuses us for our reputation: that is no recipient's fault, and a person must look."""
    size = Size(bench.few, address=reader_or_refused)
    with bench.send(kind, Faults(policy_domain=REFUSING), size) as send:
        send.finish()
        result = concluded("H policy", send, paused=True)
        result.expect(send.seen[1] is EditionStatus.PAUSED, "the edition was not paused")
        result.expect(result.found.states[DeliveryStatus.FAILED] == 0, "recipients were blamed")
        yield result


RUNS: dict[str, Run] = {
    "A": clean, "B": kill, "C": wire, "D": slow, "E": database, "F": batches, "G": storm, "H": policy,
}  # fmt: skip


def planted(bench: Bench, kind: str, fault: str, *, frozen: bool | None = None) -> Result:
    """
    A send by a program with a fault planted in it, under the very kills and freezes that the true one stands.

    Args:
        frozen: freeze a worker instead of killing some; by default for the fault that only this shows.
    """
    with bench.send(kind, Faults(seconds=0.01), Size(bench.few)) as send:
        send.program = short_lease(fault)
        if fault == "no-fencing" if frozen is None else frozen:
            freeze(send)
        else:
            killed(send, bench.seed, 2, (WORKER,))
        return concluded(f"planted: {fault}", send)
