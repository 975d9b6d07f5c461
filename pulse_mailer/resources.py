"""
Where the shipped files are: in a wheel inside the package, in a checkout (also an editable one) one level up.

Nothing else builds such a path. A folder of an organisation's own templates (PULSE_MAILER_TEMPLATES_DIR) is looked
into before the shipped ones, file by file.
"""

from pathlib import Path

from pulse_mailer.errors import PulseMailerError

_PACKAGE = Path(__file__).resolve().parent
_own: list[Path] = []  # none or one; the same for all that this process composes and shows


def templates_dir() -> Path:
    """The shipped templates."""
    return _shipped("templates")


def templates_dirs() -> tuple[Path, ...]:
    """Every folder of templates, the first to be looked into first; the last is the shipped one."""
    return (*_own, templates_dir())


def prefer_templates(folder: Path | None) -> None:
    """Look into this folder before the shipped templates from now on; None: into no other."""
    _own[:] = [] if folder is None else [folder]


def migrations_dir() -> Path:
    return _shipped("migrations")


def bundle_dir() -> Path:
    """
    The scripts of staff's pages, as the build made them (see hatch_build.py).

    Raises:
        PulseMailerError: they are not there, as in a checkout that was never installed.
    """
    folder = _PACKAGE / "web" / "static"
    if not (folder / "stamp").is_file():
        raise PulseMailerError(
            f"The scripts of staff's pages are not in {folder}.",
            remedy="They are made when Pulse Mailer is installed: make install, or pip install again.",
        )
    return folder


def _shipped(name: str) -> Path:
    for folder in (_PACKAGE / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise PulseMailerError(
        f"The folder {name}/ that belongs to Pulse Mailer is not beside {_PACKAGE}.",
        remedy="The installation is incomplete: install it again.",
    )
