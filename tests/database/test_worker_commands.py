"""`pulse-mailer worker list`, `pause` and `resume`, as somebody types them."""

import json

import pytest
from typer.testing import CliRunner

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import application
from pulse_mailer.errors import UsageError, WrongState
from pulse_mailer.worker import alive


@pytest.fixture(autouse=True)
def _installed(mailer: Mailer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(mailer.settings.data_dir))
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", mailer.settings.database)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(application("worker"), ["worker", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_all_workers_are_listed_paused_and_resumed(mailer: Mailer) -> None:
    assert "No worker runs." in run("list")
    alive.Pulse().beat(mailer)
    assert "lives; seen 1 s ago" in run("list")
    assert "worker resume" in run("pause", "--why", "the relay is moved")
    assert "paused by cli:" in run("list")
    told = json.loads(run("list", "--json"))
    assert told["paused"]["why"] == "the relay is moved"
    assert len(told["workers"]) == 1
    assert "Sending goes on." in run("resume")


def test_a_pause_without_a_reason_and_a_resume_of_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="wants a reason"):
        run("pause")
    with pytest.raises(WrongState, match="not paused"):
        run("resume")
