"""Rehearsals: nobody's mail is made twice while nothing changes, and none stays for ever; on both databases."""

import datetime

import pytest
from sqlalchemy import select, update

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import readying, rehearsals, rehearsing
from pulse_mailer.delivery.readying import Ready
from pulse_mailer.delivery.rehearsing import Proven
from pulse_mailer.domain.rehearsal import SILENT_AFTER, Rehearsal
from pulse_mailer.domain.subscriber import Subscriber
from pulse_mailer.editions import reading
from pulse_mailer.errors import Refused
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter, joined

#: What no mail has: where it comes back, nothing was made.
KEPT = 7


@pytest.fixture(autouse=True)
def given(database: Database, keys: Keys) -> None:
    """A draft and five readers."""
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        draft(session, newsletter)
        for number in range(5):
            joined(session, keys, newsletter, f"reader-{number}@example.org")


def made(database: Database, links: Links) -> Ready:
    with database.reading() as session:
        return readying.ready(session, reading.edition(session, "2026-03"), links)


def row(database: Database) -> Rehearsal:
    with database.reading() as session:
        return session.scalars(select(Rehearsal)).one()


def known(database: Database) -> list[Proven]:
    """What was proven, marked."""
    return [Proven(last_id, digest, KEPT) for last_id, digest, _ in row(database).pages]


def test_a_rehearsal_tells_how_far_it_is_and_that_it_is_over(database: Database, links: Links) -> None:
    rehearsals.begin(database, made(database, links), links)
    begun = row(database)
    assert (begun.goes_on, begun.done_count, begun.total_count, begun.left) == (True, 0, 5, None)
    found = rehearsals.rehearse(database, made(database, links), links)
    over = row(database)
    assert (over.goes_on, over.done_count, over.failed_count, over.halted) == (False, 5, 0, "")
    assert over.ended_since(begun.begun_at)
    assert [page[2] for page in over.pages] == [found.largest_bytes]


def test_who_and_what_stays_as_it_was_is_not_made_again(database: Database, links: Links) -> None:
    rehearsals.rehearse(database, made(database, links), links)
    again = list(rehearsing.pages(database, made(database, links), links, known(database)))
    assert [(page.mail_count, page.proven.largest_bytes) for page in again] == [(5, KEPT)]


def test_who_is_new_is_made_and_the_others_are_not(database: Database, links: Links, keys: Keys) -> None:
    rehearsals.rehearse(database, made(database, links), links)
    with database.transaction() as session:
        joined(session, keys, reading.newsletter(session, None), "new@example.org")
    old, new = rehearsing.pages(database, made(database, links), links, known(database))
    assert (old.mail_count, old.proven.largest_bytes) == (5, KEPT)
    assert new.mail_count == 1
    assert new.proven.largest_bytes > KEPT


@pytest.mark.parametrize("what", ["a name", "the mail", "somebody left"])
def test_what_changed_is_made_again(database: Database, links: Links, what: str) -> None:
    rehearsals.rehearse(database, made(database, links), links)
    with database.transaction() as session:
        if what == "the mail":
            reading.edition(session, "2026-03").subject = "Another subject"
        else:
            changed = {"first_name": "Ann"} if what == "a name" else {"address": "", "erased_at": now()}
            session.execute(
                update(Subscriber).where(Subscriber.address == "reader-2@example.org").values(changed)
            )
    (page,) = rehearsing.pages(database, made(database, links), links, known(database))
    assert page.proven.largest_bytes > KEPT


def test_pages_are_split_where_people_came_between(
    database: Database, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsing, "AT_ONCE", 2)
    rehearsals.rehearse(database, made(database, links), links)
    kept = known(database)
    assert len(kept) == 3
    one_page = [kept[-1]]  # as if it had been larger then: five people up to the last
    found = list(rehearsing.pages(database, made(database, links), links, one_page))
    assert [page.mail_count for page in found] == [2, 2, 1]
    assert [page.proven.last_id for page in found] == [page.last_id for page in kept]


def test_a_mail_that_cannot_be_made_is_tried_again_each_time(database: Database, links: Links) -> None:
    with database.transaction() as session:
        session.execute(
            update(Subscriber)
            .where(Subscriber.address == "reader-2@example.org")
            .values(address="reader-2\r\nbcc: x@example.org")
        )
    assert rehearsals.rehearse(database, made(database, links), links).failed == 1
    assert row(database).failed_count == 1
    assert [page[1] for page in row(database).pages] == [""]
    assert "bcc" not in str(row(database).pages)
    ready = made(database, links)
    found = rehearsals.failed(database, ready, links, row(database))
    assert found is not None
    with pytest.raises(Refused, match="cannot stand in a mail header"):
        found.refuse(ready.edition)


def test_one_that_was_stopped_ends_and_begins_again_by_a_persons_word(
    database: Database, links: Links
) -> None:
    run = rehearsals.begin(database, made(database, links), links)
    with database.transaction() as session:
        rehearsals.halt(session, run.edition.id, "Ann stopped it.")
    with pytest.raises(Refused, match="Ann stopped it"):
        rehearsals.go(database, run, links)
    assert rehearsals.rehearse(database, made(database, links), links).count == 5
    assert row(database).halted == ""


def test_one_whose_program_is_gone_stands_in_nobodys_way(database: Database, links: Links) -> None:
    rehearsals.begin(database, made(database, links), links)
    with database.transaction() as session:
        long_ago = now() - SILENT_AFTER - datetime.timedelta(seconds=1)
        session.execute(update(Rehearsal).values(seen_at=long_ago))
    assert not row(database).goes_on
    assert rehearsals.rehearse(database, made(database, links), links).count == 5


def test_of_two_at_once_both_end_and_the_later_is_kept(database: Database, links: Links) -> None:
    first = rehearsals.begin(database, made(database, links), links)
    second = rehearsals.begin(database, made(database, links), links)
    assert rehearsals.go(database, first, links).count == 5
    assert row(database).goes_on
    assert rehearsals.go(database, second, links).count == 5
    assert row(database).run == second.name
    assert not row(database).goes_on
