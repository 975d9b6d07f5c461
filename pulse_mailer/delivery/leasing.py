"""
Who works on a delivery, and for how long that holds without a sign of life.

A lease is renewed by a heartbeat. A worker looks at its own lease before it finishes a mail, by a clock that runs
on while it is frozen: a thawed worker whose lease ran out meanwhile must not finish a mail that somebody else may
have taken over. A lease that ran out is lost for good; the worker begins anew with another.
"""

import contextlib
import datetime
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.errors import DatabaseError

LEASE = datetime.timedelta(seconds=60)
HEARTBEAT_SECONDS = 10.0

# Where there is one, the clock that counts the time in which the machine slept, too.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def running_seconds() -> float:
    """A time that nobody sets and nothing stops."""
    return time.clock_gettime(_CLOCK)


def lease_clock(database: Session) -> datetime.datetime:
    """
    The time that leases go by: the database's own, since machines' clocks differ; SQLite has none but ours.

    In UTC, whatever the zone of the database: in the hour that comes twice in autumn, to add to a local time goes an
    hour wrong, and a lease would be over before it began.
    """
    if database.get_bind().dialect.name == "sqlite":
        return now()
    return database.scalars(select(func.now())).one().astimezone(datetime.UTC)


def new_owner() -> str:
    """A name for this worker: host/boot and container/process/start of the process/random."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{_place()}/{pid}/{_started(pid)}/{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """
    True only when it is certain: a process of this machine that is not there any more.

    Machines and containers of one name are told apart by their boot and their space of process numbers, so a
    worker from before a restart is not known to be dead; its lease ends in time.
    """
    host, place, pid, started, _ = owner.rsplit("/", 4)
    if (host, place) != (socket.gethostname(), _place()):
        return False
    return not _alive(int(pid)) or _started(int(pid)) != started


class Lease:
    """
    A worker's hold on the deliveries that it claimed.

    Attributes:
        owner: the name that every write to the ledger carries.
    """

    def __init__(self, database: Database) -> None:
        self.owner = new_owner()
        self._database = database
        self._deadline = running_seconds() + LEASE.total_seconds()
        self._ended = threading.Event()
        self._writing = threading.Lock()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """
        Keep the heartbeat waiting while the worker writes to what it holds.

        Both change many rows in one transaction, in different orders: PostgreSQL would see them wait in a circle.
        """
        with self._writing:
            yield

    def holds(self) -> bool:
        return running_seconds() < self._deadline

    def renew(self) -> None:
        """
        Put off the end of the lease on everything claimed; one that ran out stays lost.

        Raises:
            DatabaseError: it could not be put off; the old end stands.
        """
        with self._writing, self._database.transaction() as database:
            begun, until = running_seconds(), lease_clock(database) + LEASE
            database.execute(
                update(Delivery).where(Delivery.lease_owner == self.owner).values(lease_until=until)
            )
        if self.holds():  # else others may have taken everything over before this was written
            self._deadline = begun + LEASE.total_seconds()

    @contextlib.contextmanager
    def kept_alive(self, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> Iterator["Lease"]:
        """Renew it in the background until the block ends."""
        heart = threading.Thread(target=self._beat, args=(heartbeat_seconds,), name="heartbeat", daemon=True)
        heart.start()
        try:
            yield self
        finally:
            self._ended.set()
            heart.join()

    def _beat(self, heartbeat_seconds: float) -> None:
        while not self._ended.wait(heartbeat_seconds):
            # A database that is away is no reason to stop beating: it may be back before the lease ends, and
            # if it is not, `holds()` says so to the worker.
            with contextlib.suppress(DatabaseError):
                self.renew()


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""  # not Linux: the process id alone has to do


def _place() -> str:
    """Which boot of which machine this is, and in which space of process numbers, since containers have their own."""
    try:
        numbers = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        numbers = ""
    return f"{_read('/proc/sys/kernel/random/boot_id').strip()[:8]}.{numbers}"


def _started(pid: int) -> str:
    # Field 22 of proc(5) stat, in clock ticks since boot; the name before it may hold spaces and brackets.
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else "unknown"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
