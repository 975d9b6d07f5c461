"""Items shown short, as somebody types it: advised, done, undone."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner, Result

from pulse_mailer.cli import application
from pulse_mailer.database import Database
from pulse_mailer.domain.edition import Category, Item
from pulse_mailer.errors import NotFound, UsageError
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter

LONG = (
    "A first paragraph.\n\n"
    + "- what was found, and what follows from it for people who plan services\n" * 60
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> Path:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", database.url.render_as_string(hide_password=False))
    with database.transaction() as session:
        edition = draft(session, given_newsletter(session))
        category: Category = edition.sections[0].categories[0]
        category.items += [
            Item(
                position=number,
                number=number,
                title=f"Report {number}",
                summary=LONG,
                url="https://example.org/",
            )
            for number in range(2, 22)
        ]
        edition.last_number = 21
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application("edition"), ["edition", *arguments], catch_exceptions=False)


def told(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def short(database: Database) -> list[int]:
    with database.transaction() as session:
        return list(session.scalars(select(Item.number).where(Item.is_short).order_by(Item.number)))


def test_the_size_is_told_with_the_costliest_items_and_what_to_do() -> None:
    said = " ".join(run("size", "2026-03").stdout.split())

    assert "Around the items" in said
    assert "Report 10" in said
    assert "Under 90,000 is safe." in said
    assert "Do it: pulse-mailer edition shorten pulse/2026-03 --as-advised" in said


def test_what_is_advised_is_done_and_then_nothing_more_is(database: Database) -> None:
    advice = told("size", "2026-03")["advice"]
    assert advice["enough"]
    assert "shown short in the mail" in run("shorten", "2026-03", "--as-advised").stdout
    assert short(database) == sorted(advice["items"])
    assert told("size", "2026-03")["html_bytes"] == advice["html_bytes"]
    assert "No item need be shortened" in run("shorten", "2026-03", "--as-advised").stdout


def test_chosen_items_are_shortened_and_shown_whole_again(database: Database) -> None:
    run("shorten", "2026-03", "2", "5", "7")
    assert short(database) == [2, 5, 7]
    run("shorten", "2026-03", "5", "--undo")
    assert short(database) == [2, 7]
    run("shorten", "2026-03", "--undo")
    assert short(database) == []


def test_an_item_that_is_short_as_it_is_makes_no_revision(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(Item).where(Item.number == 3).values(summary="One paragraph."))
    assert "nothing to change" in run("shorten", "2026-03", "3").stdout
    assert "item 2 shown short" in run("shorten", "2026-03", "2", "3").stdout
    assert short(database) == [2]


def test_an_item_that_is_not_there_changes_nothing(database: Database) -> None:
    with pytest.raises(NotFound, match="no item 99"):
        run("shorten", "2026-03", "2", "99")
    assert short(database) == []


@pytest.mark.parametrize("options", [[], ["2", "--as-advised"], ["--undo", "--as-advised"]])
def test_what_to_shorten_must_be_said(options: list[str]) -> None:
    with pytest.raises(UsageError, match="by their numbers"):
        run("shorten", "2026-03", *options)
