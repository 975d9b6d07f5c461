"""
Where the shipped files are: in a wheel inside the package, in a checkout (also an editable one) one level up.

Nothing else builds such a path.
"""

from pathlib import Path

from pulse_mailer.errors import PulseMailerError

_PACKAGE = Path(__file__).resolve().parent


def templates_dir() -> Path:
    return _shipped("templates")


def migrations_dir() -> Path:
    return _shipped("migrations")


def _shipped(name: str) -> Path:
    for folder in (_PACKAGE / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise PulseMailerError(
        f"The folder {name}/ that belongs to Pulse Mailer is not beside {_PACKAGE}.",
        remedy="The installation is incomplete: install it again.",
    )
