"""The program as people run it, in a folder of its own, in this process."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pulse_mailer import cli


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


class Program:
    def __init__(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.folder = folder
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        monkeypatch.chdir(folder)
        self.set("DATA_DIR", folder / "data")
        self.set("HOLD_MINUTES", 0)

    def set(self, name: str, value: object) -> None:
        self._monkeypatch.setenv(f"PULSE_MAILER_{name}", str(value))

    def __call__(self, *arguments: str | Path) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["pulse-mailer", *map(str, arguments)])
        status = 0
        self._capsys.readouterr()
        try:
            cli.main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        out, err = self._capsys.readouterr()
        return Ended(status, out, err)


@pytest.fixture
def program(
    tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Program:
    made = Program(tmp_path, capsys, monkeypatch)
    made.set("DATABASE_URL", sqlite_url)
    return made
