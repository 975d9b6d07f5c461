"""The program as people start it: a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

COMMAND = [sys.executable, "-W", "error", "-m", "pulse_mailer"]


def environment(settings: Mapping[str, str | int | Path]) -> dict[str, str]:
    """The environment of this process, with our settings by their names; nothing is held, unless they say so."""
    held = {"hold_minutes": 0, **settings}
    ours = {f"PULSE_MAILER_{name.upper()}": str(value) for name, value in held.items()}
    return dict(os.environ) | ours  # noqa: TID251 - it is handed on, not read


def run(
    *arguments: str | Path, settings: Mapping[str, str | int | Path], folder: Path, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, away from any terminal, in a folder of the test's own."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(settings),
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def begin(*arguments: str, settings: Mapping[str, str | int | Path], folder: Path) -> subprocess.Popen[bytes]:
    """Start a command and leave it running."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(settings),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
