"""Every command with wrong input ends with one clear line and its exit status."""

import contextlib
import errno
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulse_mailer.database import Database
from pulse_mailer.keys import load_or_create
from pulse_mailer.links import Links
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from tests.database.sending_given import draft, frozen
from tests.database.subscribers_given import given_newsletter, joined
from tests.journeys.conftest import Ended, Program


@pytest.fixture
def sent(program: Program, sqlite_url: str) -> Program:
    """The program with one edition on its way to three people."""
    keys = load_or_create(program.folder / "data" / "keys")
    database = Database(sqlite_url)
    frozen(database, keys, Links("http://127.0.0.1:8025", keys))
    database.close()
    return program


@contextlib.contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def refused(ended: Ended, status: int, *words: str) -> None:
    assert ended.status == status, ended
    assert "Traceback" not in ended.err + ended.out
    # On a slow machine what takes longer than a second says how far it is, too.
    lines = [line for line in ended.err.strip().splitlines() if not line.startswith("Sending: ")]
    assert len(lines) == 1, ended.err
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["edition", "show", "1999-01"], 1, ["1999-01", "edition list"]),
        (["edition", "check", "1999-01"], 1, ["1999-01"]),
        (["edition", "send", "1999-01"], 1, ["1999-01"]),
        (["edition", "report", "nowhere/1999-01"], 1, ["nowhere/1999-01"]),
        (["edition", "render", "1999-01"], 1, ["1999-01"]),
        (["edition", "set", "2026-03", "colour", "red"], 2, ["colour", "subject"]),
        (["edition", "import", "missing.md"], 1, ["missing.md", "no such file"]),
        (["edition", "import", "."], 1, ["folder"]),
        (["newsletter", "show", "nowhere"], 1, ["nowhere"]),
        (
            ["newsletter", "add", "Bad Name", "--name", "x", "--from-address", "a@example.org"],
            2,
            ["Bad Name"],
        ),
        (["newsletter", "add", "good", "--name", "x", "--from-address", "nobody"], 2, ["nobody"]),
        (["newsletter", "set", "colour", "red"], 2, ["colour"]),
        (["delivery", "find", "not-an-address"], 2, ["not-an-address"]),
        (["delivery", "find", "a@example.org", "--edition", "1999-01"], 1, ["1999-01"]),
        (["delivery", "show", "99"], 1, ["99", "delivery find"]),
        (["delivery", "list", "--state", "lost"], 2, ["lost", "queued"]),
        (["subscriber", "import", "missing.csv"], 1, ["missing.csv"]),
        (["subscriber", "add", "not-an-address"], 2, ["not-an-address"]),
        (["subscriber", "show", "nobody@example.org"], 1, ["nobody@example.org"]),
        (["subscriber", "unsubscribe", "nobody@example.org"], 1, ["nobody@example.org"]),
        (["suppression", "remove", "nobody@example.org"], 1, ["nobody@example.org"]),
        (["delivery", "show", "99999999999999999999999"], 1, ["delivery find"]),
        (["subscriber", "add", "a@example.org", "--wording", "caf\udce9"], 2, ["encoding"]),
        (["suppression", "add", "a@example.org", "--note", "caf\udce9"], 2, ["encoding"]),
        (["edition", "show", "caf\udce9"], 2, ["encoding"]),
        (["edition", "import", "caf\udce9.md"], 2, ["encoding"]),
        (["demo", "--edition", "missing.md"], 1, ["missing.md"]),
    ],
)
def test_what_is_not_there_is_named(
    program: Program, arguments: list[str], status: int, words: list[str]
) -> None:
    if arguments[0] == "subscriber" or arguments[:2] == ["newsletter", "set"]:
        program("newsletter", "add", "pulse", "--name", "Pulse", "--from-address", "editor@example.org")
    refused(program(*arguments), status, *words)


@pytest.mark.parametrize(
    ("name", "content", "status", "word"),
    [
        ("empty.md", b"", 1, "empty"),
        ("huge.md", b" " * (20 * 1024 * 1024 + 1), 1, "20 MB"),
        ("noise.md", bytes(range(256)) * 40, 1, "noise.md"),
        ("old.doc", bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, 1, "old.doc"),
        ("broken.docx", b"PK\x03\x04 and no more", 1, "broken.docx"),
        ("prose.md", b"Just a line of prose.\n", 1, "prose.md"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused(
    program: Program, name: str, content: bytes, status: int, word: str
) -> None:
    (program.folder / name).write_bytes(content)
    refused(program("edition", "import", name, "--new-newsletter"), status, word)
    assert program("edition", "list").out.startswith("There is no edition yet.")


def test_an_unknown_setting_is_named(program: Program) -> None:
    program.set("SMTP_HOTS", "mail.example.org")
    refused(program("edition", "list"), 2, "PULSE_MAILER_SMTP_HOTS")


def test_a_bad_setting_is_named(program: Program) -> None:
    program.set("WEB_PORT", "eighty")
    refused(program("edition", "list"), 2, "PULSE_MAILER_WEB_PORT")


def test_mail_that_leaves_the_machine_needs_an_https_base_url(program: Program) -> None:
    program.set("SMTP_HOST", "mail.example.org")
    refused(program("edition", "list"), 2, "PULSE_MAILER_BASE_URL", "https")


def test_a_database_that_is_behind_names_the_command(program: Program) -> None:
    program.set("DATABASE_URL", f"sqlite:///{program.folder / 'empty.db'}")
    refused(program("edition", "list"), 1, "pulse-mailer db upgrade")


def test_a_database_that_is_away_is_named_without_its_password(program: Program) -> None:
    program.set("DATABASE_URL", "postgresql://pulse:hush@127.0.0.1:1/pulse")
    ended = program("edition", "list")
    refused(ended, 1, "127.0.0.1:1")
    assert "hush" not in ended.err


def test_keys_of_another_database_are_refused(sent: Program) -> None:
    sent("edition", "list")
    sent.set("DATA_DIR", sent.folder / "other")
    refused(sent("edition", "list"), 1, "key")


def test_sending_again_what_was_sent_is_refused(sent: Program) -> None:

    with Catcher(Mailbox(sent.folder / "mailbox"), port=0) as catcher:
        sent.set("SMTP_PORT", catcher.port)
        assert sent("edition", "send", "2026-03").status == 0
        refused(sent("edition", "send", "2026-03"), 4, "2026-03", "is not sent again")


def test_a_mail_server_that_is_away_is_named_and_nobody_is_lost(sent: Program) -> None:
    with taken_port() as port:
        pass
    sent.set("SMTP_PORT", port)
    refused(sent("edition", "send", "2026-03"), 1, f"127.0.0.1:{port}")
    assert "3  waiting" in sent("edition", "report", "2026-03").out


def test_a_port_in_use_is_named(program: Program) -> None:
    with taken_port() as port:
        refused(program("serve", "--port", str(port), "--no-mailbox", "--no-worker"), 2, str(port))
        refused(program("mailbox", "--port", str(port)), 2, str(port))
        program.set("MAILBOX_PORT", port)
        refused(program("serve"), 2, str(port))


def test_a_form_that_does_not_exist_is_refused(sent: Program) -> None:
    refused(sent("edition", "render", "2026-03", "--format", "pdf"), 2, "pdf", "html, text, mjml, eml")


def test_a_place_that_cannot_be_written_is_named(sent: Program) -> None:
    refused(sent("edition", "render", "2026-03", "-o", "no/such/place.html"), 2, "no/such/place.html")


def test_rendering_as_a_stranger_is_refused(sent: Program) -> None:
    refused(sent("edition", "render", "2026-03", "--as", "stranger@example.org"), 1, "stranger@example.org")


def test_the_demo_leaves_a_folder_alone_that_it_did_not_make(program: Program) -> None:
    (program.folder / "mine").mkdir()
    (program.folder / "mine" / "thesis.txt").write_text("Years of work.")
    refused(program("demo", "--dir", "mine"), 2, "mine", "--dir")
    assert (program.folder / "mine" / "thesis.txt").exists()


def test_a_folder_that_the_demo_cannot_delete_is_named(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(_folder: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    (program.folder / "mine").mkdir()
    monkeypatch.setattr(shutil, "rmtree", read_only)
    refused(program("demo", "--dir", "mine"), 2, "mine", "read-only file system")


def test_a_command_that_does_not_exist_is_a_usage_error(program: Program) -> None:
    assert program("edition", "explode").status == 2


def test_a_changed_audience_is_not_sent_to(program: Program, sqlite_url: str) -> None:

    keys = load_or_create(program.folder / "data" / "keys")
    database = Database(sqlite_url)
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, "reader@example.org")
        draft(session, newsletter)
    database.close()

    with Catcher(Mailbox(program.folder / "mailbox"), port=0) as catcher:
        program.set("SMTP_PORT", catcher.port)
        refused(program("edition", "send", "2026-03", "--confirm-count", "7"), 4, "is 1, not 7")
        refused(program("edition", "send", "2026-03"), 2, "--confirm-count 1")


def test_what_is_advised_works_where_two_newsletters_have_an_edition_of_one_key(
    program: Program, sqlite_url: str
) -> None:
    database = Database(sqlite_url)
    with database.transaction() as session:
        for slug in ("pulse", "other"):
            draft(session, given_newsletter(session, slug))
    database.close()
    refused(program("edition", "send", "2026-03"), 2, "other/2026-03", "pulse/2026-03")
    assert "edition send other/2026-03" in program("edition", "report", "other/2026-03").out
    assert "edition send other/2026-03" in program("edition", "check", "other/2026-03").out
