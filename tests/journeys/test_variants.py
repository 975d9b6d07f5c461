"""Three parts of one edition and readers' own names, from the commands through real SMTP to the mailbox."""

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.resources import templates_dir
from tests.journeys.conftest import Program

CARE, CHILDREN, SAFER = "Adult Social Care and Health", "Children and Young People", "Safer Communities"
GOT = {
    "ann@example.org": ("Ann, here is November", {CARE, CHILDREN, SAFER}),
    "bob@example.org": ("Reader, here is November", {SAFER}),
    "zoe@example.org": ("Zoë, here is November", {CARE, CHILDREN}),
}


@pytest.fixture
def mailbox(program: Program) -> Iterator[Mailbox]:
    found = Mailbox(program.folder / "data" / "mailbox")
    with Catcher(found, port=0) as catcher:
        program.set("SMTP_PORT", catcher.port)
        yield found


@pytest.fixture
def ready(program: Program) -> Program:
    document = Path(program.folder / "edition.md")
    document.write_bytes((templates_dir() / "demo" / "edition.md").read_bytes())
    readers = program.folder / "readers.csv"
    readers.write_text(
        "Email,First name\nann@example.org,Ann\nbob@example.org,\nzoe@example.org,Zoë\n", "utf-8"
    )
    for arguments in (
        ("edition", "import", document, "--new-newsletter"),
        ("edition", "set", "2026-11", "subject", "{first_name|Reader}, here is November"),
        ("subscriber", "import", readers),
        ("subscriber", "choose", "bob@example.org", SAFER),
        ("subscriber", "choose", "zoe@example.org", CARE.lower(), CHILDREN),
    ):
        ended = program(*arguments)
        assert ended.status == 0, ended.err
    return program


def read(mailbox: Mailbox) -> dict[str, EmailMessage]:
    """Recipient to mail."""
    found = {}
    for caught in mailbox.list():
        source = (mailbox.folder / f"{caught.id}.eml").read_bytes()
        message = email.message_from_bytes(source, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        found[caught.recipients[0]] = message
    return found


def test_each_reader_gets_their_part_and_their_name(ready: Program, mailbox: Mailbox) -> None:
    shown = ready("edition", "send", "2026-11", "--dry-run")
    assert "goes to 3 people" in shown.out
    assert "2 of them chose sections, and get 2 variants of it" in shown.out
    assert "Everybody's mail was made once in rehearsal, 3 of them" in shown.out

    sent = ready("edition", "send", "2026-11", "--confirm-count", "3")
    assert sent.status == 0, sent.err

    mails = read(mailbox)
    assert mails.keys() == GOT.keys()
    for address, (subject, sections) in GOT.items():
        body = mails[address].get_body(("plain",))
        assert body is not None
        lines = body.get_content().splitlines()
        assert mails[address]["Subject"] == subject
        assert {name for name in (CARE, CHILDREN, SAFER) if name.upper() in lines} == sections


def test_a_section_that_is_none_changes_nothing(ready: Program) -> None:
    refused = ready("subscriber", "choose", "bob@example.org", "Sport")

    assert refused.status == 2
    assert SAFER in refused.err
    assert f"gets only: {SAFER}" in ready("subscriber", "show", "bob@example.org").out
