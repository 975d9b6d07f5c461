"""`pulse-mailer item` and `pulse-mailer feed`, as somebody types them, against pages of a real server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from pulse_mailer.cli import application
from pulse_mailer.database import Database
from pulse_mailer.domain.inbox import Candidate
from pulse_mailer.editions import calling
from pulse_mailer.errors import NotFound, PageUnreadable, PulseMailerError, Refused, UsageError
from tests.database.inbox_given import programmed
from tests.unit.pictures_given import png
from tests.unit.strangers import HOST, Stranger, html, page, pages, stranger

ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>Local Care</title>'
    '<entry><title>From a feed</title><link href="/fed"/></entry></feed>'
)
DOCUMENT = """# Pulse

March 2026

## Housing

### Reports

#### Office for Homes. [Who waits?](https://www.example.org/waits)

It found a lot.

#### Institute for Local Care. [What good care looks like](https://example.org/care)

A study.
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> Path:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("PULSE_MAILER_FETCH_ALSO", f"{HOST}/32")
    with database.transaction() as session:
        programmed(session)
    return tmp_path


@pytest.fixture
def server() -> Iterator[Stranger]:
    found = {
        "/1": html("One"),
        "/2": html("Two"),
        "/feed": page(ATOM.encode()),
        "/broken": html("Not a feed"),
    }
    with stranger(pages(found)) as running:
        yield running


def at(server: Stranger, path: str) -> str:
    return f"http://{HOST}:{server.port}{path}"


def run(*arguments: str | Path | int) -> Result:
    return CliRunner().invoke(
        application(str(arguments[0])), [str(one) for one in arguments], catch_exceptions=False
    )


def told(*arguments: str | Path | int) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count(Candidate.id))) or 0


@pytest.mark.usefixtures("folder")
def test_pages_go_from_their_addresses_into_an_edition(server: Stranger) -> None:
    added = run(
        "item", "add", at(server, "/1"), at(server, "/2"), at(server, "/1#again"), "--section", "housing"
    )
    assert added.exit_code == 0
    assert "2 added, 1 named twice." in added.stdout
    ids = [line["id"] for line in told("item", "list")]
    assert run("item", "set", ids[0], "category", "reports").exit_code == 0
    assert run("item", "drop", ids[1]).exit_code == 0
    placed = run("item", "place", ids[0], "--edition", "2026-03")
    assert "1 item placed in pulse/2026-03, which is at revision 2 now." in placed.stdout
    shown = told("item", "show", ids[0])
    assert (shown["status"], shown["edition"], shown["item_number"], shown["seen"]) == (
        "placed",
        "2026-03",
        2,
        [],
    )
    assert [line["status"] for line in told("item", "list", "--state", "all")] == ["dropped", "placed"]
    assert "1 item dropped in the inbox of Pulse." in run("item", "list", "--state", "dropped").stdout


@pytest.mark.usefixtures("folder")
def test_all_that_wait_and_name_a_section_are_placed_at_once(server: Stranger) -> None:
    run("item", "add", at(server, "/1"), "--section", "Health", "--category", "Reports")
    run("item", "add", at(server, "/2"))
    placed = told("item", "place", "--all", "--edition", "2026-03")
    assert [pair["item"] for pair in placed["placed"]] == [2]
    with pytest.raises(UsageError, match="Nothing waits that names a section"):
        run("item", "place", "--all", "--edition", "2026-03")


@pytest.mark.usefixtures("folder")
def test_what_cannot_be_read_is_refused_alone_and_the_rest_is_kept(
    server: Stranger, database: Database
) -> None:
    both = run("item", "add", at(server, "/gone"), at(server, "/1"))
    assert both.exit_code == 3
    assert "1 added, 1 not added." in both.stdout
    with pytest.raises(PageUnreadable, match="answers 404"):
        run("item", "add", at(server, "/gone"))
    titled = told("item", "add", at(server, "/gone"), "--title", "Found by hand")
    assert "404" in titled["items"][0]["trouble"]
    assert count(database) == 2


@pytest.mark.usefixtures("folder")
def test_nothing_is_fetched_when_one_address_or_name_is_wrong(server: Stranger) -> None:
    for wrong in (["nonsense"], ["--section", "Gardens"], ["--title", "T", at(server, "/2")]):
        with pytest.raises(UsageError):
            run("item", "add", at(server, "/1"), *wrong)
    assert server.asked == []


def test_machine_itself_is_not_fetched_unless_the_settings_name_it(
    folder: Path, server: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULSE_MAILER_FETCH_ALSO")
    with pytest.raises(PageUnreadable, match="no public address"):
        run("item", "add", at(server, "/1"))
    assert server.asked == []


@pytest.mark.usefixtures("folder")
def test_what_was_stored_before_an_interruption_stays(
    server: Stranger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = calling.called

    def interrupted(*arguments: Any, **named: Any) -> Iterator[Any]:
        yield next(whole(*arguments, **named))
        raise KeyboardInterrupt

    monkeypatch.setattr(calling, "called", interrupted)
    assert run("item", "add", at(server, "/1"), at(server, "/2")).exit_code == 130
    assert count(database) == 1


def test_document_goes_into_the_inbox_with_its_repetitions_named(folder: Path, database: Database) -> None:
    file = folder / "march.md"
    file.write_text(DOCUMENT, encoding="utf-8")
    first = run("item", "import", file)
    assert "2 added." in first.stdout
    assert "doubtful" not in first.stdout
    assert "already in the March 2026 edition" in first.stdout
    assert "0 added, 2 there already." in run("item", "import", file).stdout
    lines = told("item", "list")
    assert {(line["section"], line["category"], line["source"]) for line in lines} == {
        ("Housing", "Reports", "document")
    }
    with pytest.raises(Refused, match="Nothing was placed"):
        run("item", "place", "--all", "--edition", "2026-03")
    assert run("item", "place", "--all", "--edition", "2026-03", "--again").exit_code == 0


def test_one_doubtful_line_of_a_document_is_counted_as_one(folder: Path) -> None:
    file = folder / "march.md"
    file.write_text(DOCUMENT.replace("(https://example.org/care)", "(#)"), encoding="utf-8")
    words = " ".join(run("item", "import", file).stdout.split())
    assert "1 line of the document is doubtful, or no part of an item. See it: pulse-mailer edition" in words


def test_picture_that_nobody_described_is_told_until_it_is(folder: Path) -> None:
    (folder / "bars.png").write_bytes(png(600, 300))
    file = folder / "march.md"
    file.write_text(DOCUMENT.replace("A study.", "A study.\n\n![](bars.png)"), encoding="utf-8")
    words = " ".join(run("item", "import", file).stdout.split())
    (number,) = [line["id"] for line in told("item", "list") if line["picture"]]
    assert f'pulse-mailer item set {number} picture-alt "..."' in words
    assert run("item", "list").stdout.count("picture to") == 1
    run("item", "set", number, "picture-alt", "Two bars")
    assert "picture to" not in run("item", "list").stdout


@pytest.mark.usefixtures("folder")
def test_one_broken_feed_does_not_stop_the_others(server: Stranger) -> None:
    assert run("feed", "add", at(server, "/feed"), "--section", "care").exit_code == 0
    (feed,) = told("feed", "list")
    assert (feed["title"], feed["section"], feed["fetched_at"]) == ("Local Care", "Care", None)
    assert "1 new from 1 feed." in run("feed", "fetch").stdout
    other = {"/feed": page(ATOM.encode())}
    with stranger(pages(other)) as second:
        run("feed", "add", at(second, "/feed"))
    fetched = run("feed", "fetch")
    assert fetched.exit_code == 3
    assert "0 new from 2 feeds, 1 in trouble." in fetched.stdout
    assert "Nobody answers" in run("feed", "list").stdout
    assert run("feed", "remove", feed["id"]).exit_code == 0
    assert [line["section"] for line in told("item", "list")] == ["Care"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("command", "error"),
    [
        (["item", "show", "7"], NotFound),
        (["item", "drop", "7"], NotFound),
        (["item", "set", "7", "colour", "x"], UsageError),
        (["item", "list", "--state", "lost"], UsageError),
        (["item", "place", "7"], UsageError),
        (["item", "place", "--edition", "2026-03"], UsageError),
        (["item", "place", "7", "--all", "--edition", "2026-03"], UsageError),
        (["item", "place", "7", "--edition", "2020-01"], NotFound),
        (["feed", "fetch", "7"], NotFound),
        (["feed", "remove", "7"], NotFound),
        (["feed", "add", "mailto:ann@example.org"], UsageError),
    ],
)
def test_wrong_usage_is_explained(command: list[str], error: type[PulseMailerError]) -> None:
    with pytest.raises(error):
        run(*command)
