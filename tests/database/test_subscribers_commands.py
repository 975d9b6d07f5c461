"""`pulse-mailer subscriber` and `suppression`, as somebody types them."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from pulse_mailer.cli import application
from pulse_mailer.cli.output import actor
from pulse_mailer.database import Database
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.subscriber import SubscriptionEvent
from pulse_mailer.errors import BadCsv, NotFound, Refused, UsageError
from tests.database.subscribers_given import everything, given_newsletter


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> Path:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", database.url.render_as_string(hide_password=False))
    with database.transaction() as session:
        given_newsletter(session)
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(
        application(str(arguments[0])), [str(one) for one in arguments], catch_exceptions=False
    )


def told(*arguments: str | Path) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code in (0, 3)
    return json.loads(result.stdout)


def given_file(folder: Path, *lines: str) -> Path:
    file = folder / "readers.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_an_import_with_a_bad_row_is_partly_done_and_names_it(folder: Path) -> None:
    file = given_file(folder, "Email,First name", "ann@example.org,Ann", "nonsense,X", "ANN@example.org,")
    result = run("subscriber", "import", file)
    assert result.exit_code == 3
    assert "'nonsense' is not an e-mail address" in " ".join(result.stdout.split())
    assert "3 rows: 1 joined, 0 had names filled in, 0 unchanged, 1 repeated, 1 refused." in result.stdout


def test_a_clean_import_is_done_and_known_by_who_ran_it(folder: Path, database: Database) -> None:
    file = given_file(folder, "Contact;Vorname", "ann@example.org;Ann")
    result = run("subscriber", "import", file, "--map", "email=Contact", "--map", "first-name=Vorname")
    assert result.exit_code == 0
    with database.transaction() as session:
        event = session.scalars(select(SubscriptionEvent)).one()
    assert event.actor == actor()
    assert [line["first_name"] for line in told("subscriber", "list")] == ["Ann"]


def test_a_dry_run_stores_nothing(folder: Path, database: Database) -> None:
    file = given_file(folder, "Email", "ann@example.org")
    run("subscriber", "list")  # the first start keeps the keys' fingerprints
    before = everything(database)
    report = told("subscriber", "import", file, "--dry-run")
    assert (report["joined_count"], report["dry_run"]) == (1, True)
    assert everything(database) == before


def test_what_is_wrong_with_a_file_begins_with_its_name(folder: Path, database: Database) -> None:
    file = given_file(folder, "Email,Name", "ann@example.org,Ann", '"bo@example.org,Bo')
    with pytest.raises(BadCsv, match=r"readers\.csv: The row that begins on line 3 cannot be read"):
        run("subscriber", "import", file)
    assert told("subscriber", "list") == []


@pytest.mark.parametrize("wrong", ["email", "email=", "=Contact", "email=A email=B", "shoe_size=Contact"])
def test_a_wrong_mapping_is_wrong_usage(folder: Path, wrong: str) -> None:
    file = given_file(folder, "Contact", "ann@example.org")
    options = [word for pair in wrong.split(" ") for word in ("--map", pair)]
    with pytest.raises(UsageError):
        run("subscriber", "import", file, *options)


def test_one_who_is_added_twice_is_added_once(folder: Path) -> None:
    assert "is subscribed to Pulse." in run("subscriber", "add", "ann@example.org").stdout
    assert "already; nothing changed" in run("subscriber", "add", "Ann@Example.org").stdout
    assert len(told("subscriber", "list")) == 1


def test_who_was_unsubscribed_is_not_added_again(folder: Path) -> None:
    run("subscriber", "add", "ann@example.org", "--wording", "by telephone")
    assert (
        "is unsubscribed from every newsletter" in run("subscriber", "unsubscribe", "ann@example.org").stdout
    )
    assert "already; nothing changed" in run("subscriber", "unsubscribe", "ann@example.org").stdout
    with pytest.raises(Refused, match="unsubscribed on"):
        run("subscriber", "add", "ann@example.org")
    shown = told("subscriber", "show", "ANN@example.org")
    (subscription,) = shown["subscriptions"]
    assert [(e["kind"], e["way"], e["wording"]) for e in subscription["events"]] == [
        ("joined", "staff", "by telephone"),
        ("left", "staff", ""),
    ]


def test_the_list_can_be_narrowed_to_a_status(folder: Path) -> None:
    for name in ("ann", "bo"):
        run("subscriber", "add", f"{name}@example.org")
    run("subscriber", "unsubscribe", "bo@example.org", "--newsletter", "pulse")
    assert [one["address"] for one in told("subscriber", "list", "--status", "unsubscribed")] == [
        "bo@example.org"
    ]
    assert "1 of them get the next edition" in run("subscriber", "list").stdout
    assert run("subscriber", "list", "--status", "gone").exit_code == 2


def test_an_export_goes_to_a_file_that_spreadsheets_read(folder: Path) -> None:
    run("subscriber", "add", "ann@example.org", "--first-name", "Zoë")
    result = run("subscriber", "export", "-o", folder / "out.csv")
    assert result.exit_code == 0
    data = (folder / "out.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfEmail,First name")
    assert "ann@example.org,Zoë,".encode() in data
    assert run("subscriber", "export").stdout_bytes.startswith(b"Email,First name")


def test_a_suppressed_address_is_left_out_until_it_is_removed(folder: Path) -> None:
    run("subscriber", "add", "ann@example.org")
    run("suppression", "add", "Ann@example.org", "--reason", "bounced", "--note", "550 5.1.1\nno such user")
    (listed,) = told("suppression", "list")
    assert (listed["address"], listed["note"]) == ("ann@example.org", "550 5.1.1 no such user")
    assert "already; nothing changed" in run("suppression", "add", "ann@example.org").stdout
    assert told("subscriber", "list")[0]["cause"] == "suppressed"
    run("suppression", "remove", "ann@example.org")
    assert told("subscriber", "list")[0]["cause"] is None
    assert "No address is suppressed." in run("suppression", "list").stdout


def test_nobody_can_be_suppressed_as_erased_by_hand(folder: Path) -> None:
    assert run("suppression", "add", "ann@example.org", "--reason", "erased").exit_code == 2


def test_an_address_that_nobody_knows_is_not_found(folder: Path) -> None:
    for command in (("subscriber", "show"), ("subscriber", "unsubscribe"), ("suppression", "remove")):
        with pytest.raises(NotFound, match=r"ann@example\.org"):
            run(*command, "ann@example.org")


def test_everything_held_is_written_for_whoever_asks(folder: Path, database: Database) -> None:
    run("subscriber", "add", "ann@example.org", "--first-name", "Ann")
    file = folder / "ann.json"
    assert run("subscriber", "data", "ANN@example.org", "-o", file).exit_code == 0
    assert json.loads(file.read_text("utf-8"))["subscriber"]["first_name"] == "Ann"
    with database.reading() as session:
        noted = session.scalars(select(AuditRecord).where(AuditRecord.action == "subscriber.exported")).one()
    assert noted.actor == actor()
    assert "example.org" not in noted.subject


def test_erasing_wants_the_address_once_more(folder: Path, database: Database) -> None:
    run("subscriber", "add", "ann@example.org", "--first-name", "Ann")
    before = everything(database)
    with pytest.raises(UsageError, match="wants the address once more"):
        run("subscriber", "erase", "ann@example.org")
    with pytest.raises(UsageError, match="another address"):
        run("subscriber", "erase", "ann@example.org", "--confirm", "bob@example.org")
    assert everything(database) == before


def test_who_is_erased_is_shown_as_such(folder: Path) -> None:
    run("subscriber", "add", "ann@example.org", "--first-name", "Ann")
    erased = run("subscriber", "erase", "ann@example.org", "--confirm", "Ann@example.org")
    assert erased.exit_code == 0
    assert "ann@example.org is forgotten: 1 subscription, 0 mails without a name." in erased.stdout
    shown = told("subscriber", "show", "ann@example.org")
    assert shown["erased_at"]
    assert shown["first_name"] == shown["address"] == ""
    assert "only a keyed hash" in run("subscriber", "show", "ann@example.org").stdout
    with pytest.raises(Refused, match="asked to be forgotten"):
        run("subscriber", "add", "ann@example.org")
