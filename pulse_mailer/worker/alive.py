"""A worker's sign of life, for whoever watches over it: a file of its machine, as old as its last look for work."""

import socket
import time
from pathlib import Path

from pulse_mailer.errors import PulseMailerError
from pulse_mailer.settings import Settings

#: The longest turn of a worker, the end of what it has on the wire, and some time to wait for the next.
FRESH_SECONDS = 120.0


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
