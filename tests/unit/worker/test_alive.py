"""A worker's sign of life is as old as its last look for work."""

import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pulse_mailer.cli import application
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.settings import Settings
from pulse_mailer.worker import alive


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_a_worker_that_just_looked_lives(settings: Settings) -> None:
    alive.sign(settings)
    alive.sign(settings)
    assert alive.age_seconds(settings) < alive.FRESH_SECONDS


def test_a_worker_that_never_looked_does_not(settings: Settings) -> None:
    with pytest.raises(PulseMailerError, match="No worker"):
        alive.age_seconds(settings)


def test_a_worker_that_looked_long_ago_does_not(settings: Settings) -> None:
    alive.sign(settings)
    [file] = (settings.data_dir / "workers").iterdir()
    long_ago = time.time() - alive.FRESH_SECONDS - 60
    os.utime(file, (long_ago, long_ago))
    with pytest.raises(PulseMailerError, match="last looked for work 1"):
        alive.age_seconds(settings)


def test_a_sign_that_cannot_be_given_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PulseMailerError, match="cannot be written"):
        alive.sign(Settings(data_dir=tmp_path / "file"))


def test_the_command_tells_by_its_exit_status(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(settings.data_dir))
    assert CliRunner().invoke(application("worker"), ["worker", "--check"]).exit_code == 1
    alive.sign(settings)
    assert CliRunner().invoke(application("worker"), ["worker", "--check"]).exit_code == 0
