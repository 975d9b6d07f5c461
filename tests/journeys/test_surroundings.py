"""The program in odd surroundings: a pipe or terminal of another encoding, a folder with odd letters."""

import json
from pathlib import Path

import pytest

from pulse_mailer.database import Database
from pulse_mailer.editions import reading
from pulse_mailer.keys import load_or_create
from pulse_mailer.links import Links
from tests.database.sending_given import frozen
from tests.journeys import commands

SUBJECT = "Café “Zürich”"


@pytest.fixture
def settings(tmp_path: Path, sqlite_url: str) -> dict[str, str | int | Path]:
    data = tmp_path / "Ümlaut and space" / "data"
    keys = load_or_create(data / "keys")
    database = Database(sqlite_url)
    frozen(database, keys, Links("http://127.0.0.1:8025", keys))
    with database.transaction() as session:
        reading.edition(session, "2026-03").subject = SUBJECT
    database.close()
    return {"data_dir": data, "database_url": sqlite_url}


def test_letters_that_a_terminal_lacks_are_written_another_way(
    settings: dict[str, str | int | Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ended = commands.run("edition", "show", "2026-03", settings=settings, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "\\u201c" in ended.stdout


def test_json_is_whole_in_any_encoding(
    settings: dict[str, str | int | Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ended = commands.run("edition", "show", "2026-03", "--json", settings=settings, folder=tmp_path)
    assert json.loads(ended.stdout)["subject"] == SUBJECT
