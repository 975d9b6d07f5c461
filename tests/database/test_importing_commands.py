"""`pulse-mailer edition import` and `edition review`, as somebody types them, with an edition that staff work on."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pulse_mailer.cli import application
from pulse_mailer.database import Database
from pulse_mailer.domain.content import content_of
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.editions import history, reading
from pulse_mailer.editions.changing import changing
from pulse_mailer.errors import NotFound
from tests.database.test_editions import DOCUMENT

NAME = "harbour-notes/2026-05"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> Path:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", database.url.render_as_string(hide_password=False))
    found = tmp_path / "may.md"
    found.write_text(DOCUMENT.replace("![Bars that rise](rents.png)", ""), encoding="utf-8")
    return found


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(
        application(str(arguments[0])), [str(one) for one in arguments], catch_exceptions=False
    )


def told(*arguments: str | Path) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0
    return json.loads(result.stdout)


def rewrite(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_a_dry_run_shows_what_would_come_of_it_and_stores_nothing(file: Path, database: Database) -> None:
    result = run("edition", "import", file, "--new-newsletter", "--dry-run")
    assert "Harbour Notes 2026-05 is a new draft of 2 items." in result.stdout
    assert "This was a dry run: nothing was stored." in result.stdout
    with database.reading() as session:
        assert reading.newsletters(session) == []


def test_an_edition_that_was_worked_on_keeps_that_when_its_document_comes_again(
    file: Path, database: Database
) -> None:
    run("edition", "import", file, "--new-newsletter")
    with database.transaction() as session, changing(session, NAME, actor="ann", what="items") as change:
        first, second = change.edition.items()
        first.summary, second.is_hidden = "Ann's words.", True
    rewrite(file, "What people pay.", "What people pay now.")
    rewrite(file, "Three answers", "Four answers")
    result = run("edition", "import", file)
    assert "brought up to date: 1 brought up to date, 1 kept as you changed it." in result.stdout
    assert f"Next: pulse-mailer edition review {NAME}" in result.stdout
    with database.reading() as session:
        edition = reading.edition(session, NAME)
        first, second = edition.items()
        assert (first.summary, second.summary, second.is_hidden) == ("Ann's words.", "Four answers.", True)
        newest, _, oldest = history.versions(session, edition.id)
        assert (newest.revision, newest.what) == (
            3,
            "may.md imported: 1 brought up to date, 1 kept as you changed it",
        )
        assert oldest.what == "may.md imported"
        assert history.content_at(session, edition, 3) == content_of(edition)
    assert told("edition", "import", file)["items"]["unchanged"] == 2


def test_what_was_moved_between_categories_is_stored_so(file: Path, database: Database) -> None:
    run("edition", "import", file, "--new-newsletter")
    rewrite(file, "### Briefings\n\n", "")
    assert told("edition", "import", file)["items"]["updated"] == 1
    with database.reading() as session:
        [section] = reading.edition(session, NAME).sections
        assert [len(category.items) for category in section.categories] == [2, 0]


def test_a_sent_edition_is_not_changed_and_says_so(file: Path, database: Database) -> None:
    run("edition", "import", file, "--new-newsletter")
    with database.transaction() as session:
        edition = reading.edition(session, NAME)
        edition.become(EditionStatus.APPROVED)
        edition.become(EditionStatus.SENDING)
    assert told("edition", "import", file)["import"] == "unchanged"
    rewrite(file, "Three", "Four")
    with database.reading() as session:
        before = content_of(reading.edition(session, NAME))
    with pytest.raises(Exception, match="is being sent"):
        run("edition", "import", file)
    with database.reading() as session:
        assert content_of(reading.edition(session, NAME)) == before


def test_lines_that_want_an_eye_are_listed_whole_and_ticked_off(file: Path) -> None:
    rewrite(file, "[Rents in ten towns.](https://example.org/rents)", "Rents in ten towns.")
    run("edition", "import", file, "--new-newsletter")
    [waiting] = told("edition", "review", NAME)
    assert (waiting["doubt"], waiting["item"], waiting["done"]) == ("no-link", 1, False)
    result = run("edition", "review", NAME)
    assert f"Line {waiting['line']}, item 1: no-link" in result.stdout
    assert "1 waits to be looked at." in result.stdout
    result = run("edition", "review", NAME, "--done", str(waiting["line"]))
    assert "1 ticked off." in result.stdout
    assert "Nothing waits to be looked at." in result.stdout
    assert told("edition", "review", NAME) == []
    assert told("edition", "review", NAME, "--all") == [waiting | {"done": True}]
    with pytest.raises(NotFound, match="for item 1"):
        run("edition", "review", NAME, "--done-item", "1")


def test_how_surely_an_item_was_understood_is_shown(file: Path) -> None:
    rewrite(file, "[Rents in ten towns.](https://example.org/rents)", "Rents in ten towns.")
    run("edition", "import", file, "--new-newsletter")
    shown = " ".join(run("edition", "show", NAME).stdout.replace("│", " ").split())
    assert "Rents in ten towns (no link) (likely, line 21)" in shown
    items = [
        item
        for section in told("edition", "show", NAME)["sections"]
        for category in section["categories"]
        for item in category["items"]
    ]
    assert [(item["confidence"], item["source_line"]) for item in items] == [("likely", 21), ("sure", 29)]


def test_what_the_document_says_of_the_sender_is_listed_where_the_newsletter_says_otherwise(
    file: Path,
) -> None:
    run("edition", "import", file, "--new-newsletter")
    rewrite(file, "May 2026", "June 2026")
    rewrite(file, "1 Quay Street, Milbury, ZZ1 1ZZ", "2 Quay Street, Milbury, ZZ1 1ZZ")
    rewrite(file, "notes@example.org", "new@example.org\n\nYou receive this email because you asked for it.")
    result = run("edition", "import", file)
    assert result.exit_code == 0
    listed = told("edition", "review", "harbour-notes/2026-06")
    found = {line["text"] for line in listed if line["doubt"] == "not-the-newsletters"}
    assert found == {
        "Harbour Trust, 2 Quay Street, Milbury, ZZ1 1ZZ",
        "Email: new@example.org",
        "You receive this email because you asked for it.",
    }
