"""
A worker's signs of life, for whoever watches over it.

A file of its machine is as old as its last look for work; a row in the database tells it to all.
"""

import contextlib
import socket
import time
from pathlib import Path

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.delivery import workers
from pulse_mailer.errors import DatabaseError, PulseMailerError
from pulse_mailer.settings import Settings

#: The longest turn of a worker, the end of what it has on the wire, and some time to wait for the next.
FRESH_SECONDS = 120.0


class Pulse:
    """The signs of one process, from its first beat until it ends."""

    def __init__(self) -> None:
        self._started_at = now()
        self._noted_at = 0.0

    def beat(self, mailer: Mailer) -> None:
        """
        Say that this process lives: in the file each time, in the database now and then.

        Raises:
            PulseMailerError: the file cannot be written, or the database not be reached.
        """
        sign(mailer.settings)
        if time.monotonic() - self._noted_at >= workers.BEAT.total_seconds() or not self._noted_at:
            with mailer.database.transaction() as database:
                workers.sign(database, workers.this_worker(), self._started_at)
            self._noted_at = time.monotonic()

    def end(self, mailer: Mailer) -> None:
        """Say that it ended as it was asked to; a database that is away is told nothing."""
        with contextlib.suppress(DatabaseError), mailer.database.transaction() as database:
            workers.leave(database, workers.this_worker())


def sign(settings: Settings) -> None:
    """
    Say that a worker of this machine (or container) lives.

    Raises:
        PulseMailerError: the file cannot be written.
    """
    file = _file(settings)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    except OSError as error:
        raise PulseMailerError(f"The sign of life {file} cannot be written: {error.strerror}.") from error


def age_seconds(settings: Settings) -> float:
    """
    How long ago the last sign was given.

    Raises:
        PulseMailerError: that is too long ago, or there was none.
    """
    file = _file(settings)
    try:
        age = max(0.0, time.time() - file.stat().st_mtime)
    except FileNotFoundError:
        raise PulseMailerError(f"No worker of {socket.gethostname()} has looked for work yet.") from None
    if age > FRESH_SECONDS:
        raise PulseMailerError(
            f"The worker of {socket.gethostname()} last looked for work {age:,.0f} s ago.",
            remedy="Look at its log; start it again.",
        )
    return age


def _file(settings: Settings) -> Path:
    # By machine, since containers share the data folder.
    return settings.data_dir / "workers" / socket.gethostname()
