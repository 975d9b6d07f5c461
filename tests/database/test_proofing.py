"""Proofs: sent at once, kept with the server's words, counted nowhere; on both databases."""

import email
import email.policy
import threading
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import func, select

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.clock import now
from pulse_mailer.composing.merging import read_back
from pulse_mailer.database import Database
from pulse_mailer.delivery import proofing, quotas, reporting, routes
from pulse_mailer.delivery.dispatch import Way
from pulse_mailer.delivery.limits import Limits
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.approval import Proof
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import Delivery, Fault, Outcome, Stage
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.editions import drafting, founding, reading
from pulse_mailer.errors import BadAddress, Conflict, ConnectionFailed, NotFound, UsageError
from pulse_mailer.keys import Keys
from pulse_mailer.links import FOR_SHOW, Links, Purpose
from pulse_mailer.subscribers.suppressing import suppress
from tests.database.sending_given import draft, freeze
from tests.database.subscribers_given import given_newsletter, joined, public_id

ANN, BOB = "ann@example.org", "bob@example.org"
NO_SUCH = Answer(Outcome.FAILED, Stage.RCPT, 550, "5.1.1", "No such user", Fault.ADDRESS)
CLOSING = Answer(
    Outcome.RETURNED, Stage.MAIL, 421, "", "Closing", Fault.ROUTE, raises=ConnectionFailed("Gone.")
)


@pytest.fixture(autouse=True)
def drafted(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, "reader@example.org")
        draft(session, newsletter)


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


def proof(
    database: Database,
    keys: Keys,
    links: Links,
    *backends: MemoryBackend,
    to: list[str] | None = None,
    **more: Any,
) -> proofing.Proofed:
    way = Way(database, links, backends, limits=more.pop("limits", {}))
    return proofing.send(way, keys, proofing.Wish("2026-03", to or [ANN], **more), actor="cli:ann")


def mail(backend: MemoryBackend) -> EmailMessage:
    parsed = email.message_from_bytes(backend.kept[-1].data, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def kept(database: Database) -> list[tuple[int, str, bool, str]]:
    with database.reading() as session:
        rows = session.scalars(select(Proof).order_by(Proof.id))
        return [(row.number, row.address, row.is_sent, row.reply) for row in rows]


def test_a_proof_goes_to_each_address_once_and_is_kept_with_the_server_s_words(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    made = proof(database, keys, links, backend, to=["ann@example.org, bob@example.org", "ANN@example.org"])
    assert [message.recipient for message in backend.kept] == [ANN, BOB]
    words = "memory:0: 250 2.0.0 Kept in memory"
    assert kept(database) == [(1, ANN, True, words), (1, BOB, True, words)]
    assert list(made.posted) == [ANN, BOB]
    with database.reading() as session:
        record = session.scalars(select(AuditRecord).where(AuditRecord.action == "edition.proofed")).one()
    assert record.actor == "cli:ann"
    assert record.after == {"number": 1, "revision": 1, "sent": 2, "not_sent": 0}


def test_a_proof_stands_in_no_count_and_changes_nothing_of_the_edition(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    proof(database, keys, links, backend)
    with database.reading() as session:
        assert session.scalar(select(func.count(Delivery.id))) == 0
        assert session.scalar(select(func.count(Rendering.id))) == 0
        edition = reading.edition(session, "2026-03")
        report = reporting.report(session, edition)
    assert (edition.status.value, edition.revision, report.audience) == ("draft", 1, 0)


def test_no_link_of_a_proof_is_a_real_person_s(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    proof(database, keys, links, backend, like="reader@example.org")
    data = backend.kept[0].data
    with database.reading() as session:
        theirs = links.token(Purpose.UNSUBSCRIBE, public_id(session, "reader@example.org"))
    seen = read_back(backend.kept[0])
    assert links.way_out(links.token(Purpose.UNSUBSCRIBE, FOR_SHOW)) in seen.html
    assert theirs not in seen.html + seen.text
    assert b"List-Unsubscribe" not in data


def test_as_a_subscriber_it_says_what_theirs_says_and_goes_to_staff(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    proof(database, keys, links, backend, like="reader@example.org")
    assert backend.kept[0].recipient == ANN
    assert mail(backend)["To"] == ANN
    assert "was sent to reader@example.org" in " ".join(read_back(backend.kept[0]).html.split())
    with pytest.raises(NotFound, match="is not a subscriber"):
        proof(database, keys, links, backend, like="nobody@example.org")
    assert len(backend.kept) == 1


def test_the_proof_of_an_edition_under_way_is_made_of_the_mail_that_goes_out(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    with database.transaction() as session:
        freeze(session, links, 1)
    with database.reading() as session:
        going = session.scalars(select(Rendering)).one().fingerprint
        theirs = public_id(session, "reader@example.org")
    made = proof(database, keys, links, backend, like="reader@example.org")
    assert made.rendering.fingerprint == going
    assert links.token(Purpose.UNSUBSCRIBE, theirs) not in read_back(backend.kept[0]).html
    with database.reading() as session:
        delivery = session.scalars(select(Delivery)).one()
    assert (delivery.slots["public_id"], delivery.status.value) == (theirs, "queued")


def test_proofs_are_counted_and_say_what_changed_since_the_last(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    said = [proof(database, keys, links, backend).sentences[-1]]
    said.append(proof(database, keys, links, backend).sentences[-1])
    with database.transaction() as session:
        drafting.change(session, "2026-03", {"subject": "Rents are up"}, actor="bob")
    with database.transaction() as session:
        drafting.change(session, "2026-03", {"closing": "Yours,"}, actor="cleo")
    said.append(proof(database, keys, links, backend).sentences[-1])
    with database.transaction() as session:
        founding.change(session, reading.newsletter(session, "pulse"), {"reason": "Asked."}, actor="ann")
    said.append(proof(database, keys, links, backend).sentences[-1])
    assert said == [
        "It is the first proof of this mail.",
        "Nothing was changed since proof 1.",
        "Since proof 2: subject set (bob); closing set (cleo).",
        "Since proof 3: not the edition, but its newsletter, its design or an address in it.",
    ]
    assert [row[0] for row in kept(database)] == [1, 2, 3, 4]
    assert mail(backend)["Subject"] == "[Proof 4] Rents are up"


def test_who_is_refused_is_named_with_the_server_s_words_and_the_others_get_theirs(
    database: Database, keys: Keys, links: Links
) -> None:
    backend = MemoryBackend(answers={ANN: NO_SUCH})
    made = proof(database, keys, links, backend, to=[ANN, BOB])
    assert [(one.is_sent, one.words) for one in made.posted.values()] == [
        (False, "memory:0: 550 5.1.1 No such user"),
        (True, "memory:0: 250 2.0.0 Kept in memory"),
    ]
    assert kept(database)[0] == (1, ANN, False, "memory:0: 550 5.1.1 No such user")


def test_a_refused_recipient_is_suppressed_by_no_proof(database: Database, keys: Keys, links: Links) -> None:
    proof(database, keys, links, MemoryBackend(answers={ANN: NO_SUCH}))
    made = proof(database, keys, links, MemoryBackend())
    assert made.posted[ANN].is_sent


def test_a_suppressed_address_gets_no_proof(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    with database.transaction() as session:
        suppress(session, keys, Address.parse(ANN), reason=SuppressionReason.COMPLAINED, actor="bob")
    made = proof(database, keys, links, backend, to=[ANN, BOB])
    assert [message.recipient for message in backend.kept] == [BOB]
    assert made.posted[ANN].words == "It is suppressed (complained); nothing was sent."


@pytest.mark.parametrize(
    "first",
    [
        MemoryBackend(name="first", refuses=ConnectionFailed("Nobody answers.")),
        MemoryBackend(name="first", answers={ANN: CLOSING}),
    ],
    ids=["away", "closing"],
)
def test_where_one_way_out_takes_nothing_the_next_is_asked(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend, first: MemoryBackend
) -> None:
    made = proof(database, keys, links, first, backend, to=[ANN, BOB])
    assert all(posted.is_sent for posted in made.posted.values())
    assert sorted(message.recipient for message in first.kept + backend.kept) == [ANN, BOB]


def test_when_nobody_takes_it_the_last_words_are_kept_for_each(
    database: Database, keys: Keys, links: Links
) -> None:
    made = proof(
        database, keys, links, MemoryBackend(refuses=ConnectionFailed("Nobody answers.")), to=[ANN, BOB]
    )
    assert {posted.words for posted in made.posted.values()} == {"memory:0: Nobody answers."}
    assert kept(database) == [
        (1, ANN, False, "memory:0: Nobody answers."),
        (1, BOB, False, "memory:0: Nobody answers."),
    ]


def test_a_way_out_that_rests_is_left_alone(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    with database.transaction() as session:
        routes.rest(session, "memory", "Too fast.", 600)
    made = proof(database, keys, links, backend)
    assert backend.kept == []
    assert made.posted[ANN].words.startswith("memory rests until ")
    assert "Too fast. End that by hand: pulse-mailer backend wake memory" in made.posted[ANN].words


def test_proofs_count_for_the_limits_of_the_way_out_and_wait_for_no_hour(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    limits = {"memory": Limits(per_hour=2)}
    made = proof(database, keys, links, backend, to=[ANN, BOB, "cleo@example.org"], limits=limits)
    assert [posted.is_sent for posted in made.posted.values()] == [True, True, False]
    assert made.posted["cleo@example.org"].words.startswith("The limits let no more go for ")
    with database.reading() as session:
        assert sum(quotas.used(session, "memory", now()).values()) == 2


def test_a_limit_by_the_second_is_waited_for(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    made = proof(database, keys, links, backend, to=[ANN, BOB], limits={"memory": Limits(per_second=4)})
    assert all(posted.is_sent for posted in made.posted.values())


def test_what_was_not_handed_over_gives_its_permit_back(database: Database, keys: Keys, links: Links) -> None:
    first = MemoryBackend(answers={ANN: CLOSING})
    proof(database, keys, links, first, limits={"memory": Limits(per_hour=9)})
    with database.reading() as session:
        assert sum(quotas.used(session, "memory", now()).values()) == 0


@pytest.mark.parametrize(
    ("to", "error", "words"),
    [
        (["ann@example.org, nobody"], BadAddress, "'nobody' is not an e-mail address"),
        ([" , "], UsageError, "needs an address"),
        ([f"staff-{number}@example.org" for number in range(21)], UsageError, "at most 20 addresses"),
    ],
)
def test_wrong_addresses_are_refused_before_anything_is_sent(
    database: Database,
    keys: Keys,
    links: Links,
    backend: MemoryBackend,
    to: list[str],
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        proof(database, keys, links, backend, to=to)
    assert (backend.kept, kept(database)) == ([], [])


def test_findings_are_given_and_stop_no_proof(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    with database.transaction() as session:
        session.scalars(select(Edition)).one().subject = ""
    made = proof(database, keys, links, backend)
    assert "subject-missing" in {finding.code for finding in made.findings}
    assert made.posted[ANN].is_sent


def test_bounces_of_a_proof_go_to_the_sender(database: Database, keys: Keys, backend: MemoryBackend) -> None:
    links = Links("https://news.example.org", keys, bounce_inbox="bounces@example.org")
    proof(database, keys, links, backend)
    assert backend.kept[0].sender == "editor@example.org"


def test_a_program_that_ends_in_between_leaves_a_proof_that_says_so(
    database: Database, keys: Keys, links: Links
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        proof(database, keys, links, MemoryBackend(answers={ANN: Answer(dies=die)}))
    assert kept(database) == [(1, ANN, False, "No answer was noted: the program was ended meanwhile.")]


def test_of_two_who_ask_at_once_and_know_of_the_same_proof_one_sends(
    database: Database, keys: Keys, links: Links, backend: MemoryBackend
) -> None:
    both = threading.Barrier(2)

    def ask(_: int) -> int | str:
        both.wait(10)
        try:
            return proof(database, keys, links, backend, last=0).number
        except Conflict as error:
            return error.what

    with ThreadPoolExecutor(2) as pool:
        answers = set(pool.map(ask, range(2)))
    assert answers == {1, "The latest proof of 2026-03 is 1, not 0; nothing was sent."}
    assert len(backend.kept) == 1
    assert proof(database, keys, links, backend, last=1).number == 2
