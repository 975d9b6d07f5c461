"""`edition correct`, as people type it."""

import json
from pathlib import Path

import pytest

from pulse_mailer.bootstrap import started
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.settings import load
from tests.database.archive_given import SLUG, given_edition, item
from tests.journeys.conftest import Program

NAME = f"{SLUG}/2026-01"


@pytest.fixture(autouse=True)
def sent(program: Program) -> None:
    with started(load()) as mailer:
        given_edition(mailer, "2026-01", [item(1, "Rents fall")])
        given_edition(mailer, "2026-02", [item(1, "Rents fall")], EditionStatus.DRAFT)


def test_a_correction_says_where_to_look_and_is_listed(program: Program) -> None:
    ended = program("edition", "correct", NAME, "1", "title", "Rents rise", "--note", "Rents rose.")
    assert ended.status == 0, ended.err
    assert "The mail is as it was." in ended.out
    assert f"/editions/{SLUG}/2026-01" in ended.out
    listed = program("edition", "corrections", NAME, "--json")
    (found,) = json.loads(listed.out)
    assert found["note"] == "Rents rose."
    assert "Rents rose." in program("edition", "corrections", NAME).out


def test_a_letter_is_corrected_from_a_file(program: Program, tmp_path: Path) -> None:
    (tmp_path / "letter.md").write_text("Dear all,\n\n**welcome**.", encoding="utf-8")
    ended = program("edition", "correct", NAME, "letter", "--file", "letter.md", "--note", "A new letter.")
    assert ended.status == 0, ended.err
    shown = json.loads(program("edition", "show", NAME, "--json").out)
    assert shown["letter"]["text"] == "Dear all,\n\n**welcome**."


def test_what_went_out_is_compared_and_not_offered_to_be_restored(program: Program) -> None:
    for title in ("Rents rise", "Rents stay"):
        program("edition", "correct", NAME, "1", "title", title, "--note", "We were wrong.")
    told = program("edition", "diff", NAME)
    assert "title changed: Rents [-rise-]{+stay+}" in told.out, told.err
    assert "restore" not in told.out
    assert f"pulse-mailer edition corrections {NAME}" in told.out


def test_an_item_is_hidden(program: Program) -> None:
    assert program("edition", "correct", NAME, "1", "--hide", "--note", "Withdrawn.").status == 0
    assert program("edition", "correct", NAME, "1", "--hide", "--note", "Withdrawn.").status == 4


@pytest.mark.parametrize(
    "typed",
    [
        ["1"],
        ["1", "title"],
        ["1", "title", "Two", "values"],
        ["title"],
        ["letter", "--hide"],
        ["1", "title", "--hide"],
        ["letter", "Both", "--file", "letter.md"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_explained(program: Program, tmp_path: Path, typed: list[str]) -> None:
    (tmp_path / "letter.md").write_text("Dear all", encoding="utf-8")
    ended = program("edition", "correct", NAME, *typed, "--note", "A note.")
    assert ended.status == 2, ended.out
    assert "NUMBER FIELD VALUE" in ended.err


def test_a_draft_is_edited_instead(program: Program) -> None:
    ended = program("edition", "correct", f"{SLUG}/2026-02", "1", "title", "x", "--note", "A note.")
    assert ended.status == 4
    assert "Edit it instead" in ended.err


def test_a_note_is_required(program: Program) -> None:
    assert program("edition", "correct", NAME, "1", "title", "x").status == 2
