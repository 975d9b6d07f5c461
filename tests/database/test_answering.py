"""The sentences that answer "did this reader get it?", and the report that adds up."""

import datetime

import pytest
from sqlalchemy import select, update

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import answering, browsing, deciding, ledger, reading, reporting, steering
from pulse_mailer.delivery.browsing import Wanted
from pulse_mailer.delivery.leasing import LEASE
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.subscriber import Way
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.errors import NotFound
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from pulse_mailer.subscribers.leaving import leave
from pulse_mailer.subscribers.suppressing import suppress
from tests.database.sending_given import claim, draft, freeze, frozen, mark, run
from tests.database.subscribers_given import given_newsletter, joined, public_id


def answer(database: Database, keys: Keys, address: str) -> str:
    with database.transaction() as session:
        (found,) = answering.find(session, keys, Address.parse(address))
    return found.sentence


def test_yes_names_when_by_whom_and_the_servers_words(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links)
    run(database, links, edition_id, MemoryBackend())
    with database.transaction() as session:
        at = datetime.datetime(2026, 4, 1, 8, 2, tzinfo=datetime.UTC)
        session.execute(update(Delivery).values(changed_at=at))
    assert answer(database, keys, "READER-1@example.org") == (
        "Yes: March 2026 went to READER-1@example.org on 1 Apr 2026 09:02 BST, "
        "accepted by memory:0 (250 2.0.0 Kept in memory)."
    )


@pytest.mark.parametrize(
    ("said", "begins", "holds"),
    [
        (
            Answer(Outcome.FAILED, Stage.RCPT, 550, "5.1.1", "No such user"),
            "No: memory:0 refused",
            "550 5.1.1",
        ),
        (
            Answer(Outcome.DEFERRED, Stage.RCPT, 450, "4.2.0", "Later"),
            "Not yet:",
            "450 4.2.0 Later). The next try is due on ",
        ),
        (Answer(Outcome.UNCERTAIN, Stage.DOT, None, "", ""), "Uncertain:", "Message-ID <e"),
    ],
)
def test_every_outcome_has_its_sentence(
    database: Database, keys: Keys, links: Links, said: Answer, begins: str, holds: str
) -> None:
    edition_id = frozen(database, keys, links, people=1)
    run(database, links, edition_id, MemoryBackend({"reader-1@example.org": said}))
    found = answer(database, keys, "reader-1@example.org")
    assert found.startswith(begins)
    assert holds in found


def test_what_a_person_took_for_sent_says_who_and_why(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links, people=1)
    lost = Answer(Outcome.UNCERTAIN, Stage.DOT, None, "", "")
    run(database, links, edition_id, MemoryBackend({"reader-1@example.org": lost}))
    with database.transaction() as session:
        ids = list(session.scalars(select(Delivery.id)))
        deciding.settle(session, ids, sent=True, by="cli:ann", why="It is in its log.")
    found = answer(database, keys, "reader-1@example.org")
    assert found.startswith("Yes: March 2026 went to reader-1@example.org on ")
    assert found.endswith(", taken for sent by cli:ann: It is in its log.")


def test_who_waits_in_a_paused_edition_is_told_so(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links, people=1)
    with database.transaction() as session:
        steering.pause(session, edition_id, by="cli:ann", why="")
    assert answer(database, keys, "reader-1@example.org") == (
        "Not yet: March 2026 is paused, and reader-1@example.org waits for its turn."
    )


def test_what_is_being_handed_over_is_not_said_to_wait(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links, people=1)
    with database.transaction() as session:
        (claimed,) = claim(session, edition_id, "elsewhere/boot/1/1/abcd", 1)
        mark(session, claimed, "elsewhere/boot/1/1/abcd")
    found = answer(database, keys, "reader-1@example.org")
    assert found.startswith("Not known yet: March 2026 is being handed to relay:25 for reader-1@example.org")


def test_what_no_server_was_asked_for_is_not_said_to_be_refused(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links, people=1)
    unfit = Answer(Outcome.FAILED, Stage.MARKED, None, "", "The address cannot be written on an envelope.")
    run(database, links, edition_id, MemoryBackend({"reader-1@example.org": unfit}))
    found = answer(database, keys, "reader-1@example.org")
    assert "No: no mail could be made for reader-1@example.org" in found
    assert "refused" not in found


def test_who_waits_is_told_so(database: Database, keys: Keys, links: Links) -> None:
    frozen(database, keys, links, people=1)
    assert answer(database, keys, "reader-1@example.org").startswith("Not yet: March 2026 is being sent")


def test_no_names_the_day_and_the_way_of_leaving(database: Database, keys: Keys, links: Links) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, "stays@example.org")
        joined(session, keys, newsletter, "left@example.org")
        earlier = draft(session, newsletter, key="2026-02")
        earlier.period = "February 2026"
        leave(session, public_id(session, "left@example.org"), way=Way.PAGE, actor="x", edition_id=earlier.id)
        draft(session, newsletter)
    with database.transaction() as session:
        freeze(session, links, 1)
    today = now()
    assert answer(database, keys, "left@example.org") == (
        f"No: left@example.org was left out of March 2026, unsubscribed on {today.day} {today:%B %Y} "
        "from the link in the February 2026 edition."
    )


def test_who_left_after_it_went_still_got_it(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links)
    run(database, links, edition_id, MemoryBackend())
    with database.transaction() as session:
        leave(session, public_id(session, "reader-1@example.org"), way=Way.PAGE, actor="x")
    assert answer(database, keys, "reader-1@example.org").startswith("Yes: March 2026 went to")


def test_no_names_the_suppression(database: Database, keys: Keys, links: Links) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, "stays@example.org")
        joined(session, keys, newsletter, "gone@example.org")
        gone = Address.parse("gone@example.org")
        suppress(session, keys, gone, reason=SuppressionReason.BOUNCED, actor="ann")
        draft(session, newsletter)
    with database.transaction() as session:
        freeze(session, links, 1)
    assert "suppressed: bounced" in answer(database, keys, "gone@example.org")


def test_who_joined_later_is_told_so(database: Database, keys: Keys, links: Links) -> None:
    frozen(database, keys, links)
    with database.transaction() as session:
        from pulse_mailer.editions.reading import newsletter

        joined(session, keys, newsletter(session, None), "late@example.org")
    assert "joined Pulse after March 2026 was sent" in answer(database, keys, "late@example.org")


def test_a_stranger_is_told_so(database: Database, keys: Keys, links: Links) -> None:
    frozen(database, keys, links)
    stranger = Address.parse("stranger@example.org")
    with database.transaction() as session:
        assert answering.find(session, keys, stranger) == []
        assert answering.standing(session, keys, stranger) == (
            "No: stranger@example.org is not among the subscribers."
        )


def test_the_report_adds_up_and_lists_the_uncertain(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links, people=4)
    answers = {
        "reader-1@example.org": Answer(Outcome.FAILED, Stage.RCPT, 550, "5.1.1", "No such user"),
        "reader-2@example.org": Answer(Outcome.UNCERTAIN, Stage.DOT, None, "", ""),
    }
    run(database, links, edition_id, MemoryBackend(answers))
    with database.transaction() as session:
        report = reporting.report(session, session.get_one(Edition, edition_id))
    assert report.audience == 4
    assert report.adds_up
    assert {state: count for state, count in report.by_state.items() if count} == {
        DeliveryStatus.SENT: 2,
        DeliveryStatus.FAILED: 1,
        DeliveryStatus.UNCERTAIN: 1,
    }
    assert [line.address for line in report.uncertain] == ["reader-2@example.org"]
    assert [(reply.code, reply.count) for reply in report.replies if reply.code] == [(550, 1)]
    assert report.sentence == "Finished, 1 uncertain: March 2026 went to 2 of 4; 1 failed."


def test_a_delivery_shows_every_attempt(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links, people=1)
    later = Answer(Outcome.DEFERRED, Stage.RCPT, 450, "4.2.0", "Later")
    run(database, links, edition_id, MemoryBackend({"reader-1@example.org": later}))
    with database.transaction() as session:
        session.execute(update(Delivery).values(next_attempt_at=now() - LEASE))
    run(database, links, edition_id, MemoryBackend())
    with database.transaction() as session:
        (line,) = browsing.page(session, Wanted(session.get_one(Edition, edition_id))).lines
        detail = reading.delivery(session, line.id)
    assert [attempt.number for attempt in detail.attempts] == [1, 2]
    assert [attempt.outcome for attempt in detail.attempts] == [Outcome.DEFERRED, Outcome.SENT]
    assert detail.line.status is DeliveryStatus.SENT


def test_a_delivery_that_is_not_there_is_not_found(database: Database) -> None:
    with database.transaction() as session, pytest.raises(NotFound, match="delivery 7"):
        reading.delivery(session, 7)


def test_waiting_counts_what_other_workers_hold(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links)
    with database.transaction() as session:
        claim(session, edition_id, "elsewhere/boot/1/1/abcd", 2)
        assert ledger.waiting(session, edition_id) == 3
