"""Somebody is forgotten: nothing of them is left in the database, and all that they had to do with still works."""

import email
import email.policy
import sqlite3
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text

from pulse_mailer import audit
from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.clock import now
from pulse_mailer.composing.merging import Merger
from pulse_mailer.database import Database
from pulse_mailer.delivery import answering, approving, deciding, planning
from pulse_mailer.delivery.dispatch import Way as Sending
from pulse_mailer.delivery.dispatch import dispatch
from pulse_mailer.delivery.groups import Group, Line, Result
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.approval import Proof
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import Category, Edition, Item, Rendering, Section
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.domain.newsletter import ProgrammeSection
from pulse_mailer.domain.notice import Notice, NoticeKind
from pulse_mailer.domain.subscriber import Subscriber, Subscription
from pulse_mailer.domain.suppression import Suppression, SuppressionReason
from pulse_mailer.editions import reading as editions
from pulse_mailer.errors import NotFound, Refused
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links, Purpose
from pulse_mailer.subscribers import choosing, disclosing, joining, suppressing
from pulse_mailer.subscribers.erasing import Erased, erase
from pulse_mailer.subscribers.importing import import_csv
from pulse_mailer.subscribers.standing import standing
from tests.database.sending_given import draft
from tests.database.subscribers_given import everything, given_newsletter, joined, public_id

HER = "Margaret.Okonkwo@reader.example.org"
REFUSAL = f"<{HER}>: margaret.okonkwo over quota"
NAMES = {"first_name": "Margaret", "last_name": "Okonkwo", "organisation": "Quillfeather Trust"}
WORDS = ("okonkwo", "margaret", "quillfeather")
OTHER = "bob@example.org"


@pytest.fixture
def sent(database: Database, keys: Keys, links: Links) -> Database:
    """An edition that she was refused, with words of the server wherever words are kept; another went to Bob."""
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for place, name in enumerate(("Care", "Housing"), 1):
            session.add(ProgrammeSection(newsletter_id=newsletter.id, position=place, name=name))
        newsletter.told = ["staff@example.org"]
        joined(session, keys, newsletter, HER, **NAMES)
        joined(session, keys, newsletter, OTHER)
        edition = draft(session, newsletter)
        edition.letter = "Dear {first_name|colleague} of {organisation|your place},"
        edition.sections.append(_housing())
        session.flush()
        newsletter = choosing.programme(session, newsletter.id)
        choosing.choose(session, keys, newsletter, Address.parse(HER), ["Care"], actor="ann")
    with database.transaction() as session:
        edition = editions.edition(session, "2026-03")
        checked = approving.approve(edition, links, forced=())
        planning.freeze(session, edition, checked, links, planning.Approval("ann", 2))
        edition_id = edition.id
    answer = Answer(Outcome.FAILED, Stage.RCPT, 552, "5.2.2", REFUSAL)
    backend = MemoryBackend(answers={HER: answer})
    dispatch(Sending(database, links, [backend], connections=1), edition_id, stop=threading.Event(),
             watch=lambda _receipt: None)  # fmt: skip
    with database.transaction() as session:
        edition = session.get_one(Edition, edition_id)
        edition.halt_reason = f"mx1 says: {REFUSAL}"
        session.add(_proof(edition_id, HER))
        session.add(_proof(edition_id, "staff@example.org"))
        note = f"2026-03: 552 {REFUSAL}"
        suppressing.suppress(
            session, keys, Address.parse(HER), reason=SuppressionReason.BOUNCED, actor="dispatcher", note=note
        )
        session.execute(
            text("INSERT INTO routes (backend, trouble_count, words) VALUES ('smtp', 0, :w)"), {"w": REFUSAL}
        )
        session.add(
            Notice(edition_id=edition_id, kind=NoticeKind.FINISHED, address="staff@example.org",
                   subject=f"1 uncertain: {HER}", body=f"12 {HER} <m@x>\nmx1: 552 {REFUSAL}\n", created_at=now())
        )  # fmt: skip
    return database


def _proof(edition_id: int, address: str) -> Proof:
    return Proof(edition_id=edition_id, number=1, at=now(), actor="ann", address=address, revision=1,
                 fingerprint="f", message_id="p", is_sent=False, reply=f"552 {address}")  # fmt: skip


def _housing() -> Section:
    item = Item(
        position=1,
        number=2,
        publisher="Homes",
        title="On homes",
        url="https://example.org/homes",
        summary="Homes.",
    )
    return Section(
        position=2, name="Housing", categories=[Category(position=1, name="Reports", items=[item])]
    )


def forget(database: Database, keys: Keys, address: str = HER) -> Erased:
    with database.transaction() as session:
        return erase(session, keys, Address.parse(address), actor="ann")


def dumped(database: Database) -> str:
    """Every row of every table, also of those that the models do not know."""
    if database.is_sqlite:
        with sqlite3.connect(str(database.url.database)) as connection:
            return "\n".join(connection.iterdump()).lower()
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = [
            connection.execute(f'SELECT t::text FROM "{name}" t'.encode()).fetchall() for (name,) in names
        ]
    return str(rows).lower()


def test_nothing_of_her_is_left_in_any_table(sent: Database, keys: Keys) -> None:
    before = dumped(sent)
    assert all(word in before for word in WORDS)
    gone = forget(sent, keys)
    after = dumped(sent)
    assert [word for word in WORDS if word in after] == []
    assert gone == Erased(subscription_count=1, delivery_count=1, proof_count=1, audit_count=0)
    assert OTHER in after
    assert "staff@example.org" in after


# PostgreSQL keeps rows that are gone until VACUUM, as docs/erasure.md says.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_of_her_is_left_in_the_bytes_of_the_file(sent: Database, keys: Keys) -> None:
    forget(sent, keys)
    sent.close()
    file = Path(str(sent.url.database))
    found = b"".join(part.read_bytes().lower() for part in file.parent.glob(f"{file.name}*"))
    assert [word for word in WORDS if word.encode() in found] == []


def test_states_codes_and_times_stay_for_the_sums(sent: Database, keys: Keys) -> None:
    def shape() -> list[tuple[object, ...]]:
        with sent.reading() as session:
            columns = (Delivery.id, Delivery.status, Delivery.message_id, Delivery.address_hash)
            rows = select(*columns).order_by(Delivery.id)
            tries = select(
                Attempt.delivery_id, Attempt.code, Attempt.enhanced_code, Attempt.outcome
            ).order_by(Attempt.id)
            return [tuple(row) for row in (*session.execute(rows), *session.execute(tries))]

    before = shape()
    forget(sent, keys)
    assert shape() == before


def test_which_sections_she_chose_is_gone(sent: Database, keys: Keys) -> None:
    forget(sent, keys)
    with sent.reading() as session:
        wanted = select(Subscription.choice).join(Subscriber).where(Subscriber.erased_at.is_not(None))
        assert session.scalars(wanted).one() == ""
        variants = select(Rendering.variant).join(Delivery, Delivery.rendering_id == Rendering.id)
        assert set(session.scalars(variants)) == {""}


def test_others_keep_all_that_is_theirs(sent: Database, keys: Keys) -> None:
    forget(sent, keys)
    with sent.reading() as session:
        bobs = session.scalars(select(Delivery).where(Delivery.address == OTHER)).one()
        assert bobs.status is DeliveryStatus.SENT
        assert bobs.slots["organisation"] == ""


def test_her_row_makes_a_mail_still_with_nothing_of_hers_in_it(
    sent: Database, keys: Keys, links: Links
) -> None:
    forget(sent, keys)
    with sent.reading() as session:
        delivery = session.scalars(select(Delivery).where(Delivery.address == "")).one()
        message = Merger(session.get_one(Rendering, delivery.rendering_id)).merge(delivery, links)
    text_part = email.message_from_bytes(message.data, policy=email.policy.default).get_body(["plain"])
    assert text_part is not None
    assert "Dear colleague of your place" in text_part.get_content()
    assert message.message_id == delivery.message_id


def test_she_gets_nothing_that_is_sent_again(sent: Database, keys: Keys, links: Links) -> None:
    forget(sent, keys)
    backend = MemoryBackend()
    with sent.transaction() as session:
        edition = editions.edition(session, "2026-03")
        assert deciding.retry(session, edition, deciding.ALL_FAILED, by="ann") == 0
        # As if an operator had it sent once more by hand.
        session.execute(text("UPDATE deliveries SET status = 'uncertain' WHERE address = ''"))
        ids = list(session.scalars(select(Delivery.id).where(Delivery.address == "")))
        deciding.settle(session, ids, sent=False, by="ann", why="asked for it")
    dispatch(Sending(sent, links, [backend], connections=1), edition.id, stop=threading.Event(),
             watch=lambda _receipt: None)  # fmt: skip
    assert backend.kept == []
    with sent.reading() as session:
        assert session.scalars(select(Delivery.status).where(Delivery.address == "")).one() == "skipped"


def test_an_answer_that_comes_after_it_leaves_no_words(database: Database, keys: Keys, links: Links) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, HER, **NAMES)
        draft(session, newsletter)
    with database.transaction() as session:
        edition = editions.edition(session, "2026-03")
        planning.freeze(session, edition, approving.approve(edition, links, forced=()), links,
                        planning.Approval("ann", 1))  # fmt: skip
    with database.engine.begin() as connection:
        group = Group(connection, "w1", now(), now())
        (claimed,) = group.claim(edition.id, 10)
        (marked,) = group.mark([(claimed, Line("memory", "mx1:25", 1))])
    assert marked is not None
    forget(database, keys)
    receipt = Receipt(Message(claimed.id, "", HER, "m", ()), Outcome.FAILED, Stage.RCPT, "mx1:25", 550, "5.1.1",
                      REFUSAL, provider_id="for-okonkwo")  # fmt: skip
    with database.engine.begin() as connection:
        Group(connection, "w1", now(), now()).record([Result(marked, receipt)])
    assert [word for word in WORDS if word in dumped(database)] == []
    with database.reading() as session:
        assert session.scalars(select(Delivery.status)).one() is DeliveryStatus.FAILED
        assert session.scalars(select(Attempt.code)).one() == 550


def test_her_old_link_is_answered_and_changes_nothing(sent: Database, keys: Keys, links: Links) -> None:
    with sent.reading() as session:
        token = links.token(Purpose.UNSUBSCRIBE, public_id(session, HER))
    forget(sent, keys)
    with sent.reading() as session:
        who = standing(session, links.read(Purpose.UNSUBSCRIBE, token))
    assert who.is_unsubscribed
    assert not who.may_come_back
    assert who.masked_address == ""


def test_nobody_brings_her_back(sent: Database, keys: Keys) -> None:
    forget(sent, keys)
    with sent.transaction() as session:
        newsletter = editions.newsletter(session, "pulse")
        with pytest.raises(Refused, match="asked to be forgotten"):
            joined(session, keys, newsletter, HER)
        with pytest.raises(Refused):
            suppressing.lift(session, keys, Address.parse(HER), actor="ann")
        data = f"Email,First name\n{HER.upper()},Margaret\n".encode()
        report = import_csv(session, keys, newsletter, data, mapping={}, dry_run=False, actor="ann")
    assert report.joined_count == 0
    assert "asked to be forgotten" in report.refused[0].reason
    assert "margaret" not in dumped(sent)


def test_once_more_takes_what_came_since_and_no_more(sent: Database, keys: Keys) -> None:
    forget(sent, keys)
    with sent.transaction() as session:
        edition_id = editions.edition(session, "2026-03").id
        at = session.scalars(select(Subscriber.erased_at).where(Subscriber.address == "")).one()
        again = _proof(edition_id, HER)
        again.number = 2
        session.add(again)
    assert forget(sent, keys).proof_count == 1
    with sent.reading() as session:
        assert session.scalars(select(Subscriber.erased_at).where(Subscriber.address == "")).one() == at
        assert session.scalars(select(Suppression.reason)).one() is SuppressionReason.ERASED


def test_two_of_one_proof_are_both_forgotten(sent: Database, keys: Keys) -> None:
    forget(sent, keys)
    forget(sent, keys, "staff@example.org")
    with sent.reading() as session:
        assert all(address.startswith("(erased") for address in session.scalars(select(Proof.address)))


def test_a_stranger_is_said_to_be_one(sent: Database, keys: Keys) -> None:
    before = everything(sent)
    with pytest.raises(NotFound, match="Nothing is kept"):
        forget(sent, keys, "nobody@example.org")
    assert everything(sent) == before


def test_it_is_on_record_by_hash_and_actor(sent: Database, keys: Keys) -> None:
    forget(sent, keys)
    with sent.reading() as session:
        record = session.scalars(select(AuditRecord).where(AuditRecord.action == "subscriber.erased")).one()
    assert record.actor == "ann"
    assert record.subject == f"address {keys.hash_address(HER.lower())[:16]}"
    assert record.after == {"subscriptions": 1, "deliveries": 1, "proofs": 1}


def test_what_staff_typed_into_the_audit_trail_is_counted_and_said(sent: Database, keys: Keys) -> None:
    with sent.transaction() as session:
        audit.record(session, "ann", "x.y", "z", after={"why": "Margaret Okonkwo rang us"})
    assert forget(sent, keys).audit_count == 1


def test_reasons_reach_the_audit_trail_without_addresses(sent: Database) -> None:
    with sent.transaction() as session:
        audit.record(
            session, "ann", "edition.paused", "z", after={"why": f"552 <{HER}>: full, as bob@x.org."}
        )
        record = session.scalars(select(AuditRecord).where(AuditRecord.action == "edition.paused")).one()
    assert record.after == {"why": "552 <(address)>: full, as (address)"}


def test_asked_whether_she_got_it_the_answer_is_that_she_is_forgotten(sent: Database, keys: Keys) -> None:
    forget(sent, keys)
    with sent.reading() as session:
        assert answering.find(session, keys, Address.parse(HER)) == []
        assert "asked to be forgotten" in answering.standing(session, keys, Address.parse(HER))


def test_all_that_is_held_is_told_before_and_nearly_nothing_after(sent: Database, keys: Keys) -> None:
    with sent.reading() as session:
        held = disclosing.everything(session, keys, Address.parse(HER))
    assert held["subscriber"]["organisation"] == "Quillfeather Trust"
    assert held["subscriptions"][0]["sections"] == ["Care"]
    assert held["subscriptions"][0]["events"][0]["wording"] == "asked by telephone"
    assert held["deliveries"][0]["attempts"][0]["reply"] == REFUSAL
    assert held["proofs"][0]["address"] == HER
    assert {"subscription.sections-chosen", "suppression.added"} == {one["action"] for one in held["audit"]}
    forget(sent, keys)
    with sent.reading() as session:
        told = disclosing.everything(session, keys, Address.parse(HER))
    del told["address"]  # as it was asked for
    assert [word for word in WORDS if word in str(told).lower()] == []


def test_a_join_that_looked_before_it_is_refused(
    sent: Database, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its look and its write somebody was forgotten."""
    forget(sent, keys)
    monkeypatch.setattr(joining, "REFUSING", ())
    with sent.transaction() as session, pytest.raises(Refused, match="asked to be forgotten"):
        joined(session, keys, editions.newsletter(session, "pulse"), HER, first_name="Margaret")
