"""A newsletter's own look: kept, said, and never changed under an edition that somebody agreed to."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from typer.testing import CliRunner, Result

from pulse_mailer.cli import application
from pulse_mailer.database import Database
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeSection
from pulse_mailer.editions import founding, reading, theming
from pulse_mailer.errors import PictureRefused, UsageError
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter
from tests.unit.pictures_given import png


@pytest.fixture(autouse=True)
def approved(database: Database) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        session.add_all(
            [
                ProgrammeSection(newsletter_id=newsletter.id, position=1, name="Care", colour="#FFE000"),
                ProgrammeSection(newsletter_id=newsletter.id, position=2, name="Crime"),
            ]
        )
        edition = draft(session, newsletter)
        edition.become(EditionStatus.APPROVED)


def found(session: Session) -> Newsletter:
    return reading.newsletter(session, "pulse")


def status(database: Database) -> EditionStatus:
    with database.transaction() as session:
        return session.scalars(select(Edition)).one().status


def test_a_colour_is_kept_and_reopens_what_was_approved(database: Database) -> None:
    with database.transaction() as session:
        reopened = theming.change(session, found(session), {"brand": "7a0019", "scale": "large"}, actor="ann")
    with database.transaction() as session:
        assert found(session).theme == {"brand": "#7A0019", "scale": "large"}
        record = session.scalars(select(AuditRecord).where(AuditRecord.action == "newsletter.changed")).one()
        assert record.after == {"theme": {"brand": "#7A0019", "scale": "large"}}
    assert reopened == ["2026-03"]
    assert status(database) is EditionStatus.DRAFT


def test_what_is_as_it_was_reopens_nothing(database: Database) -> None:
    with database.transaction() as session:
        assert theming.change(session, found(session), {"brand": ""}, actor="ann") == []
    assert status(database) is EditionStatus.APPROVED


def test_an_empty_value_gives_a_token_back_and_anew_gives_back_all(database: Database) -> None:
    with database.transaction() as session:
        theming.change(session, found(session), {"brand": "#7A0019", "link": "#00458B"}, actor="ann")
        theming.change(session, found(session), {"brand": ""}, actor="ann")
        assert found(session).theme == {"link": "#00458B"}
        theming.change(session, found(session), {"ink": "#222222"}, anew=True, actor="ann")
        assert found(session).theme == {"ink": "#222222"}


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ({"brnad": "#7A0019"}, "brnad"),
        ({"brnad": ""}, "brnad"),
        ({"brand": "red"}, "no colour"),
        ({"scale": "huge"}, "small, regular, large"),
        ({"body": "Lobster"}, "sans, serif"),
    ],
)
def test_a_wrong_token_is_named_and_changes_nothing(
    database: Database, tokens: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said), database.transaction() as session:
        theming.change(session, found(session), {"ink": "#222222"} | tokens, actor="ann")
    with database.transaction() as session:
        assert found(session).theme == {}


def test_the_colours_of_sections_are_said_with_those_of_the_theme(database: Database) -> None:
    with database.transaction() as session:
        shades = {shade.name: shade for shade in theming.shades(found(session))}

    assert list(shades) == ["brand", "link", "ink", "muted", "Care", "Crime"]
    assert (shades["Care"].is_own, shades["Care"].was_moved) == (True, True)
    assert (shades["Crime"].is_own, shades["Crime"].was_moved) == (False, False)


def test_a_logo_is_kept_replaced_and_taken_out(database: Database) -> None:
    for width in (300, 200):
        with database.transaction() as session:
            theming.set_logo(session, found(session), png(width, 100), actor="ann")
        with database.transaction() as session:
            logo = found(session).logo
            assert logo is not None
            assert logo.picture.width == width
    assert status(database) is EditionStatus.DRAFT
    with database.transaction() as session:
        theming.remove_logo(session, found(session), actor="ann")
    with database.transaction() as session:
        assert found(session).logo is None


def test_the_same_logo_again_reopens_nothing(database: Database) -> None:
    with database.transaction() as session:
        theming.set_logo(session, found(session), png(300, 100), actor="ann")
        session.scalars(select(Edition)).one().become(EditionStatus.APPROVED)
    with database.transaction() as session:
        assert theming.set_logo(session, found(session), png(300, 100), actor="ann") == []
    assert status(database) is EditionStatus.APPROVED


def test_what_is_no_picture_is_no_logo(database: Database) -> None:
    with pytest.raises(PictureRefused), database.transaction() as session:
        theming.set_logo(session, found(session), b"<svg></svg>", actor="ann")


def test_a_design_is_checked_and_reopens_what_was_approved(database: Database) -> None:
    said = r"no design 'nonesuch'.*compact, digest, letter"
    with pytest.raises(UsageError, match=said), database.transaction() as session:
        founding.change(session, found(session), {"design": "nonesuch"}, actor="ann")
    with database.transaction() as session:
        assert founding.change(session, found(session), {"design": "letter"}, actor="ann") == ["2026-03"]
    with database.transaction() as session:
        assert found(session).design == "letter"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> Path:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", database.url.render_as_string(hide_password=False))
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(
        application(str(arguments[0])), [str(one) for one in arguments], catch_exceptions=False
    )


def test_the_command_says_which_colour_had_to_be_moved(folder: Path) -> None:
    result = run("newsletter", "theme", "brand=#FFD000", "headings=sans")

    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert "brand: #FFD000 cannot be read on the page; the mail uses #" in said
    assert "headings sans, body sans, scale regular" in said
    assert "2026-03 was to be sent, and was taken back" in said


def test_the_command_as_json(folder: Path) -> None:
    told = json.loads(run("newsletter", "theme", "pulse", "--json").stdout)

    assert (told["theme"], told["chosen"]["design"], told["reopened"]) == ({}, "digest", [])
    assert {colour["name"] for colour in told["colours"]} >= {"brand", "Care"}
    assert all(colour["light_contrast"] >= 4.5 <= colour["dark_contrast"] for colour in told["colours"])


def test_the_logo_s_command(folder: Path) -> None:
    file = folder / "logo.png"
    file.write_bytes(png(300, 100))

    assert "has a logo now" in run("newsletter", "logo", file).stdout
    assert json.loads(run("newsletter", "theme", "--json").stdout)["chosen"]["logo"] == "yes"
    assert "has no logo now" in run("newsletter", "logo", "--remove").stdout
    with pytest.raises(UsageError, match="or say --remove"):
        run("newsletter", "logo")


def test_a_word_that_sets_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="'brand' sets nothing"):
        run("newsletter", "theme", "pulse", "brand")
