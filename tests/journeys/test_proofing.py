"""`edition proof` and `edition proofs` as people use them, over real SMTP."""

import json
from collections.abc import Iterator

import dkim
import pytest

from pulse_mailer.database import Database
from pulse_mailer.dkim_keys import DkimKeys
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from tests.contract.faulty import FaultyServer
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter
from tests.journeys.conftest import Program


@pytest.fixture(autouse=True)
def drafted(program: Program, sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.transaction() as session:
        draft(session, given_newsletter(session))
    database.close()


@pytest.fixture
def caught(program: Program) -> Iterator[Mailbox]:
    mailbox = Mailbox(program.folder / "caught")
    with Catcher(mailbox, port=0) as running:
        program.set("SMTP_PORT", running.port)
        yield mailbox


def test_a_proof_arrives_and_is_listed(program: Program, caught: Mailbox) -> None:
    ended = program("edition", "proof", "2026-03", "--to", "ann@example.org", "--to", "bob@example.org")
    assert (ended.status, ended.err) == (0, "")
    assert "Proof 1 went to 2 of 2." in ended.out
    assert "ann@example.org: 127.0.0.1:" in ended.out
    arrived = [mail.recipients for mail in caught.list(limit=9, offset=0)]
    assert sorted(arrived) == [("ann@example.org",), ("bob@example.org",)]
    assert {mail.subject for mail in caught.list(limit=9, offset=0)} == {"[Proof 1] Pulse, March 2026"}
    listed = json.loads(program("edition", "proofs", "2026-03", "--json").out)
    assert [(one["number"], one["address"], one["revision"], one["sent"]) for one in listed] == [
        (1, "ann@example.org", 1, True),
        (1, "bob@example.org", 1, True),
    ]


def test_the_list_says_when_nobody_was_shown_what_it_is_now(program: Program, caught: Mailbox) -> None:
    assert "There is no proof of 2026-03 yet." in program("edition", "proofs", "2026-03").out
    program("edition", "proof", "2026-03", "--to", "ann@example.org")
    program("edition", "set", "2026-03", "subject", "Another")
    assert "nobody was shown it as it is" in program("edition", "proofs", "2026-03").out


def test_partly_done_is_3_with_the_server_s_words_and_not_at_all_is_1(program: Program) -> None:
    with FaultyServer(faults={("bob", "RCPT"): b"550 5.1.1 No such user here"}) as server:
        program.set("SMTP_PORT", server.port)
        partly = program("edition", "proof", "2026-03", "--to", "ann@example.org,bob@example.org")
        nobody = program("edition", "proof", "2026-03", "--to", "bob@example.org")
    assert (partly.status, nobody.status) == (3, 1)
    assert "NOT SENT to bob@example.org: 127.0.0.1:" in partly.out
    assert "550 5.1.1 No such user here" in partly.out
    assert "Proof 2 went to nobody." in nobody.out


def test_a_server_that_is_away_is_named(program: Program) -> None:
    program.set("SMTP_PORT", 9)
    ended = program("edition", "proof", "2026-03", "--to", "ann@example.org")
    assert ended.status == 1
    assert "NOT SENT to ann@example.org: 127.0.0.1:9" in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_a_proof_is_signed_as_the_edition_will_be(program: Program, caught: Mailbox) -> None:
    program("dkim", "create", "example.org")
    program.set("DKIM", "true")
    assert program("edition", "proof", "2026-03", "--to", "ann@example.org").status == 0
    (mail,) = caught.folder.glob("*.eml")
    (key,) = DkimKeys(program.folder / "data" / "keys").of("example.org")
    assert dkim.verify(mail.read_bytes(), dnsfunc=lambda _name, timeout: key.record.encode())


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["2026-03"], 2, "--to"),
        (["2026-03", "--to", "nobody"], 2, "is not an e-mail address"),
        (["2027-01", "--to", "ann@example.org"], 1, "There is no edition"),
        (["2026-03", "--to", "ann@example.org", "--as", "cleo@example.org"], 1, "is not a subscriber"),
    ],
)
def test_wrong_input_is_refused_and_nothing_is_kept(
    program: Program, caught: Mailbox, arguments: list[str], status: int, words: str
) -> None:
    ended = program("edition", "proof", *arguments)
    assert ended.status == status
    assert words in ended.err
    assert caught.count() == 0
    assert json.loads(program("edition", "proofs", "2026-03", "--json").out) == []
