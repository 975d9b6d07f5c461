"""What was there before, found in the inbox and in every edition; also when there are hundreds of them."""

from time import process_time

import pytest
from sqlalchemy import select, update

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Item, Section
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import inbox, reading
from pulse_mailer.editions.collecting import Proposal
from pulse_mailer.editions.duplicates import repeats, seen
from tests.database.inbox_given import programmed, proposed, waiting


@pytest.fixture(autouse=True)
def given(database: Database) -> None:
    with database.transaction() as session:
        programmed(session)


def written(
    database: Database, key: str, items: list[Item], status: EditionStatus = EditionStatus.DRAFT
) -> None:
    with database.transaction() as session:
        newsletter = session.scalars(select(Newsletter)).one()
        category = Category(position=1, name="", items=items)
        session.add(
            Edition(
                newsletter_id=newsletter.id,
                key=key,
                status=status,
                created_at=now(),
                changed_at=now(),
                sections=[Section(position=1, name="Homes", categories=[category])],
            )
        )


def item(number: int, title: str, url: str = "", publisher: str = "", **more: bool) -> Item:
    return Item(position=number, number=number, title=title, url=url, publisher=publisher, **more)


def found(database: Database, key: str = "2026-05") -> list[tuple[int, str]]:
    with database.reading() as session:
        return repeats(session, reading.edition(session, key))


def test_items_that_another_edition_shows_are_named_with_where(database: Database) -> None:
    written(
        database,
        "2026-05",
        [
            item(1, "By its page", "http://www.example.org/care/#top"),
            item(2, "WHAT GOOD CARE LOOKS LIKE", "https://elsewhere.example/", "Institute for Local Care"),
            item(3, "What good care looks like", "https://elsewhere.example/2"),  # by nobody: says nothing
            item(4, "New", "https://example.org/new"),
        ],
    )
    assert found(database) == [
        (1, "already in the March 2026 edition, a draft, Reports"),
        (
            2,
            "the same title by Institute for Local Care is already in the March 2026 edition, a draft, Reports",
        ),
    ]


def test_edition_that_went_out_is_no_draft_and_goes_by_its_key_without_a_period(database: Database) -> None:
    written(database, "2026-04", [item(1, "A", "https://example.org/a")], EditionStatus.SENT)
    written(database, "2026-05", [item(1, "A", "https://example.org/a")])
    assert found(database) == [(1, "already in the 2026-04 edition, Homes")]


def test_what_is_hidden_was_shown_to_nobody(database: Database) -> None:
    written(database, "2026-04", [item(1, "A", "https://example.org/a", is_hidden=True)])
    written(database, "2026-05", [item(1, "A", "https://example.org/a")])
    written(database, "2026-06", [item(1, "A", "https://example.org/a", is_hidden=True)])
    assert found(database) == []
    assert found(database, "2026-06") == []


def test_other_newsletters_do_not_count(database: Database) -> None:
    with database.transaction() as session:
        programmed(session, "other")
        session.execute(update(Edition).values(period="March"))
    with database.reading() as session:
        assert repeats(session, reading.edition(session, "other/2026-03")) == []


def test_candidate_is_no_repetition_of_itself(database: Database) -> None:
    number = waiting(database)
    proposed(
        database, Proposal(source="page", title="Report 1", url="https://a.example/", publisher="Institute")
    )
    with database.reading() as session:
        shown = inbox.candidates(session, reading.newsletter(session, "pulse").id)
    words = {one.candidate.url: one.words for one in shown}
    assert words["https://example.org/report-1"] != ()
    assert words["https://a.example/"] == (f"the same title by Institute is already in the inbox ({number})",)


def test_two_hundred_editions_are_searched_at_once(database: Database) -> None:
    with database.transaction() as session:
        newsletter = session.scalars(select(Newsletter)).one()
        for key in range(200):
            items = [
                item(
                    number,
                    f"Report {key}, {number}",
                    f"https://example.org/{key}/{number}?utm_source=x",
                    "Institute",
                )
                for number in range(1, 31)
            ]
            section = Section(
                position=1, name="Homes", categories=[Category(position=1, name="Reports", items=items)]
            )
            session.add(
                Edition(
                    newsletter_id=newsletter.id,
                    key=f"k{key}",
                    created_at=now(),
                    changed_at=now(),
                    sections=[section],
                )
            )
        newsletter_id = newsletter.id
    begun = process_time()
    with database.reading() as session:
        known = seen(session, newsletter_id)
    spent = process_time() - begun
    assert known.words("http://example.org/199/30/", "", "") == [
        "already in the k199 edition, a draft, Reports"
    ]
    assert spent < 2  # seconds; about 0.2 where nothing else runs
