"""From a draft to five inboxes with two people: proof, approval, a comma, approval again; over real SMTP."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from pulse_mailer.composing.merging import Merger
from pulse_mailer.database import Database
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Rendering
from pulse_mailer.keys import load_or_create
from pulse_mailer.links import Links
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter, joined
from tests.journeys.conftest import Ended, Program

PEOPLE = 5


@pytest.fixture
def database(program: Program, sqlite_url: str) -> Iterator[Database]:
    """A draft for five people."""
    keys = load_or_create(program.folder / "data" / "keys")
    opened = Database(sqlite_url)
    with opened.transaction() as session:
        newsletter = given_newsletter(session)
        for number in range(1, PEOPLE + 1):
            joined(session, keys, newsletter, f"reader-{number}@example.org")
        draft(session, newsletter)
    yield opened
    opened.close()


@pytest.fixture
def caught(program: Program) -> Iterator[Mailbox]:
    mailbox = Mailbox(program.folder / "caught")
    with Catcher(mailbox, port=0) as running:
        program.set("SMTP_PORT", running.port)
        yield mailbox


def as_(program: Program, who: str, *arguments: str) -> Ended:
    program.set("ACTOR", who)
    return program(*arguments)


@pytest.fixture
def two(program: Program, database: Database) -> None:
    assert program("newsletter", "set", "needs-second", "yes").status == 0
    assert as_(program, "ann", "edition", "set", "2026-03", "subject", "A study of March").status == 0


@pytest.mark.usefixtures("two")
def test_two_people_bring_an_edition_to_five_inboxes(
    program: Program, database: Database, caught: Mailbox
) -> None:
    proofed = as_(program, "ann", "edition", "proof", "2026-03", "--to", "ann@example.org")
    assert proofed.status == 0
    assert "made by cli:ann (" in proofed.out

    alone = as_(program, "ann", "edition", "send", "2026-03", "--confirm-count", "5")
    assert alone.status == 4
    assert "needs a second person" in alone.err
    own = as_(program, "ann", "edition", "approve", "2026-03", "--confirm-count", "5")
    assert own.status == 4
    assert "cannot be the second person" in own.err
    approved = as_(program, "bob", "edition", "approve", "2026-03", "--confirm-count", "5")
    assert (approved.status, approved.err) == (0, "")
    assert "Approved by cli:bob (" in approved.out

    comma = as_(program, "ann", "edition", "set", "2026-03", "subject", "A study, of March")
    assert "nobody agreed to what it is now" in comma.out
    shown = program("edition", "approval", "2026-03")
    assert "It does not hold: cli:ann (" in shown.out
    assert "subject set" in shown.out
    assert "The subject\n" in shown.out
    assert as_(program, "ann", "edition", "send", "2026-03", "--confirm-count", "5").status == 4

    assert as_(program, "bob", "edition", "approve", "2026-03", "--confirm-count", "5").status == 0
    with database.reading() as session:
        kept = session.scalars(select(Rendering)).one()
    sent = as_(program, "ann", "edition", "send", "2026-03")
    assert (sent.status, sent.err) == (0, "")
    assert "cli:bob (" in sent.out
    assert "went to 5 of 5" in sent.out

    with database.reading() as session:
        rows = {row.message_id: row for row in session.scalars(select(Delivery))}
    links = Links("http://127.0.0.1:8025", load_or_create(program.folder / "data" / "keys"))
    mails = [file.read_bytes() for file in caught.folder.glob("*.eml")]
    expected = [Merger(kept).merge(row, links).data for row in rows.values()]
    assert len(mails) == PEOPLE + 1
    assert all(any(mail.endswith(one) for mail in mails) for one in expected)


@pytest.mark.usefixtures("two")
def test_the_approval_as_json_has_its_facts_and_who_may_not_approve(program: Program) -> None:
    before = json.loads(program("edition", "approval", "2026-03", "--json").out)
    assert (before["approval"], before["needs_second"], before["audience"]) == (None, True, 5)
    assert [name.partition(" ")[0] for name in before["edited_by"]] == ["cli:ann"]
    program("edition", "approve", "2026-03", "--confirm-count", "5", "--by", "bob")
    after = json.loads(program("edition", "approval", "2026-03", "--json").out)
    assert after["status"] == "approved"
    assert after["approval"]["holds"]
    assert len(after["approval"]["seal"]) == 64
    assert after["approval"]["actor"].startswith("cli:bob (")


@pytest.mark.usefixtures("two")
def test_taken_back_by_name(program: Program) -> None:
    assert program("edition", "unapprove", "2026-03").status == 4
    program("edition", "approve", "2026-03", "--confirm-count", "5", "--by", "bob")
    ended = program("edition", "unapprove", "2026-03", "--why", "A typo.", "--by", "bob")
    assert (ended.status, ended.err) == (0, "")
    assert "made it void (A typo.)" in program("edition", "approval", "2026-03").out


@pytest.mark.usefixtures("database")
def test_without_a_number_nobody_approves_away_from_a_terminal(program: Program) -> None:
    ended = program("edition", "approve", "2026-03")
    assert ended.status == 2
    assert "--confirm-count 5" in ended.err


@pytest.mark.usefixtures("database", "caught")
def test_an_approved_edition_can_be_held_and_left_to_a_worker(program: Program) -> None:
    program("edition", "approve", "2026-03", "--confirm-count", "5")
    assert program("edition", "send", "2026-03", "--force", "subject-long").status == 2
    dry = program("edition", "send", "2026-03", "--dry-run")
    assert "Nothing was sent" in dry.out
    held = program("edition", "send", "2026-03", "--no-wait", "--hold", "5")
    assert (held.status, held.err) == (0, "")
    assert "is scheduled" in held.out
    back = program("edition", "take-back", "2026-03")
    assert back.status == 0
    assert "made it void (taken back)" in program("edition", "approval", "2026-03").out


@pytest.mark.parametrize("name", ["ann (root)", "cli:ann", "x" * 81, "a\u202eb"])
def test_a_name_that_no_record_can_hold_is_refused(program: Program, database: Database, name: str) -> None:
    ended = program("edition", "approve", "2026-03", "--confirm-count", "5", "--by", name)
    assert ended.status == 2
    assert "cannot name a person" in ended.err
    program.set("ACTOR", name)
    assert program("edition", "list").status == 2
