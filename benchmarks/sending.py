"""One send of a bench: a copy of a ground, a sink that writes down what it takes, and workers as real processes."""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import func, select, text

from benchmarks.grounds import EDITION, Ground, copied, with_settings
from benchmarks.sinks.faulty import Faults
from benchmarks.sinks.running import faulty_sink
from pulse_mailer.database import Database
from pulse_mailer.domain.delivery import FINAL, Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.errors import DatabaseUnreachable

Seen = TypeVar("Seen")

WORKER = ("worker",)
SEND = ("edition", "send", EDITION)

_LOOK_EVERY_SECONDS = 0.2
_TAKEN_EVERY_SECONDS = 0.002
_LOOK_AT = 100  #: so often does one who waits for mails look at the ledger too
_DRAIN_SECONDS = 30.0
_QUIET_SECONDS = 1.0
_ROUNDS = 10
_UNTIL = 0.7  #: of the audience; by then all kills are over, so that none of them comes too late
_UNDER_WAY = (DeliveryStatus.QUEUED, DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)


class Stuck(Exception):
    """Nothing moves any more; the text says what was waited for."""


class SinkLog:
    """The sink's log as it grows."""

    def __init__(self, file: Path) -> None:
        file.touch()
        self.file = file
        self.taken_at: list[float] = []
        self._reader = file.open("rb")

    def read(self) -> int:
        """Read what is new; how many mails were taken so far."""
        while line := self._reader.readline():
            if not line.endswith(b"\n"):
                self._reader.seek(-len(line), os.SEEK_CUR)
                break
            event = json.loads(line)
            if event["what"] == "accepted":
                self.taken_at.append(event["at"])
        return len(self.taken_at)

    def first_after(self, moment: float) -> float | None:
        return next((at for at in self.taken_at if at > moment), None)

    def close(self) -> None:
        self._reader.close()


@dataclass
class Send:
    """
    Attributes:
        program: what comes before the command's words.
        patience_seconds: how long nothing may move before the send counts as stuck.
        begun_at: of each worker.
        exits: the status of each that was asked to end.
        wrong: what the bench itself saw go wrong.
    """

    ground: Ground
    log: SinkLog
    settings: dict[str, str]
    database: Database
    audience: int
    program: Sequence[str] = ("-m", "pulse_mailer")
    patience_seconds: float = 150
    kills: int = 0
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    begun_at: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    wall_seconds: float = 0
    seen: tuple[Counter[DeliveryStatus], EditionStatus] = (Counter(), EditionStatus.SENDING)

    def start(self, command: Sequence[str] = WORKER, **settings: str) -> subprocess.Popen[bytes]:
        """Start a command of the program in a process of its own."""
        said = (self.ground.folder / f"said-{len(self.workers)}.txt").open("wb")
        with said:
            process = subprocess.Popen(
                [sys.executable, *self.program, *command],
                env=dict(os.environ) | self.settings | settings,  # noqa: TID251 - it is handed on, not read
                cwd=self.ground.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        self.workers.append(process)
        self.begun_at.append(time.time())
        return process

    def freeze(self, process: subprocess.Popen[bytes], *, in_write: bool = False) -> None:
        """
        Stop a worker where it stands: between two writes, or inside one.

        On SQLite a program that is stopped inside a write keeps everybody from writing until it goes on, whatever is
        done; on PostgreSQL it keeps what it has locked until the server ends its transaction, or it goes on.
        """
        for _ in self._moves(self.log.read, every_seconds=_TAKEN_EVERY_SECONDS):
            process.send_signal(signal.SIGSTOP)
            os.waitpid(process.pid, os.WUNTRACED)
            if self._is_writing() is in_write:
                return
            process.send_signal(signal.SIGCONT)

    def _is_writing(self) -> bool:
        """Whether anybody holds the ledger, as far as the bench can see."""
        if self.database.is_sqlite:
            file = sqlite3.connect(str(self.database.url.database), timeout=0.05, isolation_level=None)
            try:
                file.execute("BEGIN IMMEDIATE")
                file.execute("ROLLBACK")
            except sqlite3.OperationalError:
                return True
            finally:
                file.close()
            return False
        with self.database.reading() as session:
            busy = text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND state IN ('active', 'idle in transaction')"
            )
            return bool(session.execute(busy).scalar_one())

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            self.kills += 1

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Ask a worker to end; it is to drain in time, and with status 0."""
        said = self.ground.folder / f"said-{self.workers.index(process)}.txt"
        for size in self._moves(lambda: said.stat().st_size, every_seconds=0.01):
            if size or process.poll() is not None:
                break  # its first words come when it can be asked
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(_DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = -signal.SIGKILL
        if status:
            self.wrong.append(f"A worker that was asked to end did so with status {status}.")

    def wait_taken(self, count: int, process: subprocess.Popen[bytes]) -> bool:
        """Until so many mails were taken in all; False when the process or the whole edition ended first."""
        taken_now = self._moves(self.log.read, every_seconds=_TAKEN_EVERY_SECONDS)
        for looks, taken in enumerate(taken_now, 1):
            if taken >= count:
                return True
            ended = looks % _LOOK_AT == 0 and self._look_gently()[1] is not EditionStatus.SENDING
            if ended or process.poll() is not None:
                return False
        return False

    def look(self) -> tuple[Counter[DeliveryStatus], EditionStatus]:
        """How the ledger stands; the sum must be the audience, whenever one looks."""
        with self.database.reading() as session:
            rows = session.execute(select(Delivery.status, func.count()).group_by(Delivery.status)).all()
            states = Counter({row[0]: row[1] for row in rows})
            edition = session.scalars(select(Edition.status)).one()
        if states.total() != self.audience:
            self.wrong.append(f"The states summed up to {states.total()}, not {self.audience}.")
        return states, edition

    def finish(self) -> None:
        """Let workers go on until the edition is done or paused, and ask them to end."""
        self.wait_done()
        self.end_all()

    def wait_done(self) -> None:
        """Until the edition is done or paused; what was put off is tried again and again."""
        worker = next((process for process in self.workers if process.poll() is None), None) or self.start()
        for _round in range(_ROUNDS):
            for states, edition in self._moves(self._look_gently, every_seconds=_LOOK_EVERY_SECONDS):
                waits = any(states[status] for status in _UNDER_WAY)
                if edition is not EditionStatus.SENDING or not (waits or not states[DeliveryStatus.DEFERRED]):
                    break
                if worker.poll() is not None:
                    raise Stuck(f"A worker ended by itself: {self._words()}")
            self.wall_seconds = time.time() - self.begun_at[0]
            if edition is not EditionStatus.SENDING:
                return
            # By hand, as people do: it tries once more, and at once, what was put off until later.
            self.start(SEND).wait()

    def wait_quiet(self) -> None:
        """Until nothing new was taken for a while."""
        before = -1
        for taken in self._moves(self.log.read, every_seconds=_QUIET_SECONDS):
            if taken == before:
                return
            before = taken

    def wait_still(self, seconds: float) -> int:
        """Until the edition is done, or nothing of it has changed for so long; gives how many are not final."""
        before, since = self._look_gently(), time.monotonic()
        while before[1] is EditionStatus.SENDING and time.monotonic() - since < seconds:
            time.sleep(_LOOK_EVERY_SECONDS)
            if (seen := self._look_gently()) != before:
                before, since = seen, time.monotonic()
        return sum(count for status, count in before[0].items() if status not in FINAL)

    def end_all(self) -> None:
        for process in self.workers:
            if process.poll() is None:
                self.end(process)

    def _look_gently(self) -> tuple[Counter[DeliveryStatus], EditionStatus]:
        with contextlib.suppress(DatabaseUnreachable):  # some runs take it away
            self.seen = self.look()
        return self.seen

    def _moves(self, look: Callable[[], Seen], *, every_seconds: float) -> Iterator[Seen]:
        """Look again and again, as long as what is seen changes within our patience."""
        before, since = look(), time.monotonic()
        while time.monotonic() - since < self.patience_seconds:
            seen = look()
            if seen != before:
                before, since = seen, time.monotonic()
            yield seen
            time.sleep(every_seconds)
        raise Stuck(f"Nothing moved for {self.patience_seconds:.0f} s; {before}; it said: {self._words()}")

    def _words(self) -> str:
        """What the last worker said."""
        file = self.ground.folder / f"said-{len(self.workers) - 1}.txt"
        return file.read_text(errors="replace").strip()[-500:]

    def restarts(self) -> list[float]:
        """Seconds from the start of each worker to the first mail that was taken after it."""
        self.log.read()
        first = (self.log.first_after(begun) for begun in self.begun_at)
        return sorted(
            found - begun for found, begun in zip(first, self.begun_at, strict=True) if found is not None
        )


@contextlib.contextmanager
def sending(
    ground: Ground, folder: Path, audience: int, faults: Faults, **settings: str | float
) -> Iterator[Send]:
    """Copy a ground into a folder, and let a sink listen, until the block ends; nothing of it stays running."""
    with contextlib.ExitStack() as stack:
        here = stack.enter_context(copied(ground, folder))
        sink_log = folder / "sink.jsonl"
        sink = stack.enter_context(faulty_sink(sink_log, faults))
        given: dict[str, str | float] = {
            "backend": "smtp",
            "smtp_port": sink.port,
            "worker_poll_seconds": 0.2,
            "hold_minutes": 0,
        }
        log = SinkLog(sink_log)
        stack.callback(log.close)
        database = Database(here.url)
        stack.callback(database.close)
        send = Send(here, log, with_settings(here, **(given | settings)), database, audience)
        stack.callback(_kill_all, send)
        yield send


def _kill_all(send: Send) -> None:
    for process in send.workers:
        if process.poll() is None:
            process.kill()
            process.wait()


def moments(seed: int, kills: int, recipients: int) -> Iterator[tuple[int, float]]:
    """For each kill: after how many more mails, and how many seconds later still."""
    drawn = random.Random(seed)
    shares = [drawn.random() for _ in range(kills)]
    for share in shares:
        yield 1 + int(share / sum(shares) * recipients * _UNTIL), drawn.random() * 0.03
