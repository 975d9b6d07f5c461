"""The inbox: proposals kept once, and what staff do with them."""

import datetime
import threading

import pytest
from sqlalchemy import func, select

from pulse_mailer.database import Database
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.inbox import Candidate, CandidateStatus
from pulse_mailer.editions import collecting, inbox
from pulse_mailer.editions.collecting import Proposal
from pulse_mailer.editions.picking import Place, place
from pulse_mailer.errors import NotFound, Refused, UsageError
from pulse_mailer.pictures import prepare
from tests.database.inbox_given import candidate, programmed, proposed, waiting
from tests.unit.pictures_given import png


@pytest.fixture(autouse=True)
def given(database: Database) -> None:
    with database.transaction() as session:
        programmed(session)


def test_proposal_is_kept_with_its_picture_and_who_added_it(database: Database) -> None:
    day = datetime.date(2026, 3, 14)
    picture = prepare(png(20, 10))
    made = Proposal(source="page", title="T", url="https://a.example/", published_on=day, picture=picture)
    (added,) = proposed(database, made)
    assert added.what == "new"
    with database.reading() as session:
        shown = inbox.as_json(inbox.candidate(session, added.candidate.id))
        assert session.scalars(select(AuditRecord.action)).all()[-1] == "candidate.added"
    assert (shown["published_on"], shown["added_by"], shown["status"]) == (day, "ann", "waiting")
    assert shown["picture"] == f"{picture.content_hash}.png"


@pytest.mark.parametrize(
    "again",
    [
        Proposal(source="page", title="Other words", url="http://www.example.org/report-1/#top"),
        Proposal(source="feed", title="REPORT 1", publisher="INSTITUTE"),
    ],
)
def test_what_is_there_is_not_kept_twice(database: Database, again: Proposal) -> None:
    first = waiting(database)
    (added,) = proposed(database, again)
    assert (added.what, added.candidate.id) == ("known", first)
    assert f"already in the inbox ({first})" in added.words[0]


def test_the_same_page_twice_in_one_transaction_is_kept_once(database: Database) -> None:
    one = Proposal(source="document", title="T", url="https://a.example/x")
    two = Proposal(source="document", title="T, again", url="https://a.example/x?utm_source=y")
    assert [added.what for added in proposed(database, one, two)] == ["new", "known"]


def test_two_who_add_the_same_page_at_once_add_it_once(database: Database) -> None:
    ready = threading.Barrier(2)

    def add() -> None:
        ready.wait(10)
        waiting(database)

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with database.reading() as session:
        assert session.scalar(select(func.count(Candidate.id))) == 1


def test_address_that_no_index_takes_is_left_out_and_said(database: Database) -> None:
    long = "https://a.example/" + "x" * 5000
    (added,) = proposed(database, Proposal(source="feed", title="T", url=long))
    assert (added.what, added.candidate.url) == ("new", "")
    assert "too long" in added.candidate.trouble
    with pytest.raises(UsageError, match="5,018 letters"):
        collecting.web_address(long)


def test_what_an_edition_shows_is_kept_and_said(database: Database) -> None:
    made = Proposal(source="page", title="Anything", url="https://www.example.org/care")
    (added,) = proposed(database, made)
    assert (added.what, added.words) == ("new", ("already in the March 2026 edition, a draft, Reports",))


def test_what_was_dropped_comes_back_for_a_person_and_never_for_a_feed(database: Database) -> None:
    number = waiting(database)
    with database.transaction() as session:
        collecting.drop(session, [number], actor="ann")
    fed = Proposal(source="feed", title="T", url="https://example.org/report-1")
    assert proposed(database, fed)[0].what == "known"
    assert candidate(database, number).status is CandidateStatus.DROPPED
    asked = Proposal(source="page", title="T", url="https://example.org/report-1", wakes=True)
    assert proposed(database, asked)[0].what == "back"
    assert candidate(database, number).status is CandidateStatus.WAITING


def test_inbox_of_another_newsletter_is_another(database: Database) -> None:
    waiting(database)
    with database.transaction() as session:
        programmed(session, "other")
    made = Proposal(
        source="page", title="Report 1", url="https://example.org/report-1", publisher="Institute"
    )
    (added,) = proposed(database, made, slug="other")
    assert (added.what, added.words) == ("new", ())


def test_fields_are_set_as_the_programme_spells_them(database: Database) -> None:
    number = waiting(database)
    values = {
        "section": "housing",
        "category": "BRIEFINGS",
        "published_on": "14 March 2026",
        "url": "example.org/x",
    }
    with database.transaction() as session:
        collecting.change(session, number, values, actor="ann")
    found = candidate(database, number)
    assert (found.section, found.category, found.url) == ("Housing", "Briefings", "https://example.org/x")
    assert found.published_on == datetime.date(2026, 3, 14)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("title", "two\nlines"),
        ("section", "Gardens"),
        ("url", "javascript:alert(1)"),
        ("published_on", "soon"),
        ("summary", "[" * 3000),
    ],
)
def test_wrong_value_changes_nothing(database: Database, field: str, value: str) -> None:
    number = waiting(database)
    with pytest.raises(UsageError), database.transaction() as session:
        collecting.change(session, number, {"publisher": "Somebody", field: value}, actor="ann")
    assert candidate(database, number).publisher == "Institute"


def test_placed_item_is_neither_changed_nor_dropped_here(database: Database) -> None:
    number, other = waiting(database), waiting(database, 2)
    with database.transaction() as session:
        place(session, [number], Place("2026-03"), actor="ann")
    with pytest.raises(Refused, match="is placed"), database.transaction() as session:
        collecting.change(session, number, {"title": "T"}, actor="ann")
    with pytest.raises(Refused, match="In an edition already"), database.transaction() as session:
        collecting.drop(session, [other, number], actor="ann")
    assert candidate(database, other).status is CandidateStatus.WAITING


def test_number_that_nobody_has_is_named(database: Database) -> None:
    with pytest.raises(NotFound, match="77"), database.transaction() as session:
        collecting.drop(session, [77], actor="ann")
