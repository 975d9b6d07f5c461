"""`pulse-mailer doctor` and `pulse-mailer db`, from the first start to a working installation."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pulse_mailer.cli import application
from pulse_mailer.database import Database
from pulse_mailer.delivery import routes
from pulse_mailer.errors import BadSetting, DatabaseBehind
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def catcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catcher]:
    with Catcher(Mailbox(tmp_path / "caught"), port=0) as running:
        monkeypatch.setenv("PULSE_MAILER_SMTP_PORT", str(running.port))
        yield running


def doctor(*options: str) -> tuple[int, dict[str, Any]]:
    """Exit status and what it found, checks by their names."""
    result = CliRunner().invoke(application("doctor"), ["doctor", "--json", *options], catch_exceptions=False)
    found = json.loads(result.stdout)
    return result.exit_code, {check["name"]: check for check in found["checks"]}


def upgrade() -> None:
    assert CliRunner().invoke(application("db"), ["db", "upgrade"], catch_exceptions=False).exit_code == 0


def test_all_is_well_after_the_upgrade(catcher: Catcher) -> None:
    upgrade()
    status, checks = doctor()
    assert status == 0
    assert {check["state"] for check in checks.values()} == {"good"}
    assert f"127.0.0.1:{catcher.port} answers" in checks["backend smtp"]["what"]


def test_missing_database_is_not_made_and_its_command_is_named(data_dir: Path) -> None:
    status, checks = doctor("--offline")
    assert status == 1
    assert checks["database"]["state"] == "failed"
    assert "pulse-mailer db upgrade" in checks["database"]["remedy"]
    assert not (data_dir / "pulse-mailer.db").exists()


def test_database_behind_names_the_command(data_dir: Path) -> None:
    data_dir.mkdir()
    sqlite3.connect(data_dir / "pulse-mailer.db").close()
    (data_dir / "pulse-mailer.db").touch()
    status, checks = doctor("--offline")
    assert status == 1
    assert "pulse-mailer db upgrade" in checks["database"]["remedy"]


def test_keys_of_another_database_are_found_out(data_dir: Path) -> None:
    upgrade()
    for file in (data_dir / "keys").iterdir():
        file.unlink()
    status, checks = doctor("--offline")
    assert status == 1
    assert checks["database"]["state"] == "failed"
    assert "key" in checks["database"]["what"]


def test_keys_that_others_may_read_are_a_warning(data_dir: Path) -> None:
    upgrade()
    (data_dir / "keys" / "link.keys").chmod(0o644)
    status, checks = doctor("--offline")
    assert status == 0
    assert checks["keys"]["state"] == "warning"
    assert "chmod 600" in checks["keys"]["remedy"]


def test_networks_that_are_fetched_beside_the_public_ones_are_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upgrade()
    assert "public addresses only" in doctor("--offline")[1]["fetching"]["what"]
    monkeypatch.setenv("PULSE_MAILER_FETCH_ALSO", "10.20.0.0/16")
    checks = doctor("--offline")[1]
    assert checks["fetching"]["state"] == "warning"
    assert "10.20.0.0/16" in checks["fetching"]["what"]


def test_catcher_that_does_not_run_is_a_warning(catcher: Catcher) -> None:
    upgrade()
    catcher.stop()
    status, checks = doctor()
    assert status == 0
    assert checks["backend smtp"]["state"] == "warning"
    assert "pulse-mailer serve" in checks["backend smtp"]["remedy"]


def test_real_mail_server_that_does_not_answer_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade()
    values = {
        "PULSE_MAILER_SMTP_HOST": "127.0.0.2",  # this machine, though not by a name that we call so
        "PULSE_MAILER_SMTP_PORT": "9",
        "PULSE_MAILER_SMTP_SECURITY": "tls",
        "PULSE_MAILER_BASE_URL": "https://news.example.org",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    status, checks = doctor()
    assert status == 1
    assert checks["backend smtp"]["state"] == "failed"


def test_offline_asks_nobody(catcher: Catcher) -> None:
    upgrade()
    catcher.stop()
    assert doctor("--offline")[1]["backend smtp"]["state"] == "good"


def test_each_backend_in_use_is_asked_and_its_limits_are_said(
    catcher: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade()
    monkeypatch.setenv("PULSE_MAILER_BACKEND", "smtp,memory")
    monkeypatch.setenv("PULSE_MAILER_RATES", "smtp=30/minute")
    status, checks = doctor()
    assert status == 0
    assert checks["backend smtp"]["what"].endswith("Limits: 30/minute.")
    assert checks["backend memory"]["what"] == "memory:0 answers: memory at your service. No limits."


def test_a_backend_that_lacks_a_setting_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade()
    monkeypatch.setenv("PULSE_MAILER_BACKEND", "postmark")
    monkeypatch.setenv("PULSE_MAILER_BASE_URL", "https://news.example.org")
    status, checks = doctor()
    assert status == 1
    assert checks["backend postmark"]["state"] == "failed"
    assert "PULSE_MAILER_POSTMARK_SERVER_TOKEN" in checks["backend postmark"]["what"]


def test_a_backend_that_rests_is_a_warning_with_its_words(catcher: Catcher, data_dir: Path) -> None:
    upgrade()
    database = Database(f"sqlite:///{data_dir / 'pulse-mailer.db'}")
    with database.transaction() as session:
        routes.rest(session, "smtp", "432 4.3.2 Too many connections.", 600)
    database.close()
    status, checks = doctor()
    assert status == 0
    assert checks["backend smtp rests"]["state"] == "warning"
    assert "432 4.3.2 Too many connections." in checks["backend smtp rests"]["what"]
    assert checks["backend smtp rests"]["remedy"] == "pulse-mailer backend wake smtp"


def test_limits_that_cannot_be_read_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade()
    monkeypatch.setenv("PULSE_MAILER_RATES", "smtp=lots")
    status, checks = doctor("--offline")
    assert status == 1
    assert "PULSE_MAILER_RATES: “smtp”: “lots” is neither a limit nor a preset." in checks["start"]["what"]


def test_base_url_that_serve_does_not_answer_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_WEB_PORT", "9999")
    assert doctor("--offline")[1]["base URL"]["state"] == "warning"


def test_data_folder_that_cannot_be_written_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(tmp_path / "file" / "data"))
    status, checks = doctor("--offline")
    assert status == 1
    assert checks["data folder"]["state"] == "failed"


def test_each_setting_is_shown_with_its_source_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade()
    monkeypatch.setenv("PULSE_MAILER_SMTP_USERNAME", "me")
    monkeypatch.setenv("PULSE_MAILER_SMTP_PASSWORD", "hunter2")
    result = CliRunner().invoke(application("doctor"), ["doctor", "--offline"], catch_exceptions=False)
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert lines["smtp_password"].split() == ["smtp_password", "**********", "environment"]
    assert lines["smtp_port"].split() == ["smtp_port", "1025", "default"]
    assert "hunter2" not in result.stdout


def test_password_of_the_database_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:9/pulse")
    result = CliRunner().invoke(application("doctor"), ["doctor", "--offline"], catch_exceptions=False)
    assert result.exit_code == 1
    assert "hunter2" not in result.stdout


def test_unknown_setting_ends_doctor_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_SMPT_HOST", "x")
    with pytest.raises(BadSetting, match="PULSE_MAILER_SMPT_HOST"):
        CliRunner().invoke(application("doctor"), ["doctor"], catch_exceptions=False)


def test_upgrade_says_from_where_to_where() -> None:
    first = CliRunner().invoke(application("db"), ["db", "upgrade"])
    second = CliRunner().invoke(application("db"), ["db", "upgrade"])
    newest = re.search(r"from nothing to (\d{4})\.", first.stdout)
    assert newest
    assert f"at migration {newest[1]}, the newest" in second.stdout


def test_current_tells_by_its_exit_status() -> None:
    assert CliRunner().invoke(application("db"), ["db", "current"]).exit_code == 1
    upgrade()
    result = CliRunner().invoke(application("db"), ["db", "current", "--json"])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["current"] == found["head"]


def test_command_on_a_database_that_is_behind_names_the_command() -> None:
    with pytest.raises(DatabaseBehind, match="pulse-mailer db upgrade"):
        CliRunner().invoke(application("newsletter"), ["newsletter", "list"], catch_exceptions=False)


def test_templates_of_one_s_own_are_counted_and_a_broken_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_MAILER_TEMPLATES_DIR", str(tmp_path / "ours"))
    assert doctor("--offline")[1]["templates"]["state"] == "failed"

    (tmp_path / "ours" / "editions" / "digest").mkdir(parents=True)
    footer = tmp_path / "ours" / "editions" / "digest" / "footer.mjml.j2"
    footer.write_text("ours")
    assert f"{tmp_path / 'ours'} has 1 file of your own." in doctor("--offline")[1]["templates"]["what"]

    footer.write_text("one\n{{ broken")
    assert f"{footer}, line 2" in doctor("--offline")[1]["templates"]["what"]
