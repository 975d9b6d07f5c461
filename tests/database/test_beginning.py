"""A new edition: the parts that stay, no items, and marks on what must be written, which block sending."""

import datetime

import pytest
from sqlalchemy import select

from pulse_mailer.composing.finding import Code, Severity
from pulse_mailer.database import Database
from pulse_mailer.delivery import approving
from pulse_mailer.domain.content import content_of
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import beginning, drafting, history, items, reading
from pulse_mailer.editions.items import Said
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import Refused, UsageError
from pulse_mailer.links import Links
from tests.database.editing_given import CATEGORIES, KEY, given_digest, given_programme
from tests.database.subscribers_given import given_newsletter
from tests.database.test_subscribers_at_once import at_once

NEW = "2026-12"


def begun(database: Database, source: str = "", **said: str) -> Edition:
    with database.transaction() as session:
        newsletter = reading.newsletter(session, "pulse")
        earlier = reading.edition(session, source) if source else None
        beginning.begin(session, newsletter, said.pop("key", NEW), actor="ann", source=earlier, **said)
    with database.transaction() as session:
        return reading.edition(session, NEW)


def test_a_first_edition_has_the_parts_of_the_programme_and_no_items(database: Database) -> None:
    with database.transaction() as session:
        given_programme(session)
    made = begun(database)
    assert [section.name for section in made.sections] == ["News", "Care", "Housing", "Justice"]
    assert [category.name for category in made.sections[0].categories] == [""]  # our own news needs no groups
    assert [category.name for category in made.sections[1].categories] == list(CATEGORIES)
    assert made.sections[3].colour == "#0B5563"
    assert list(made.items()) == []
    assert (made.period, made.to_write) == ("December 2026", ["subject", "preheader", "letter"])


def test_without_an_earlier_one_only_the_signature_is_carried_over(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session)
    made = begun(database)
    assert (made.closing, made.signed_by, made.signed_role) == ("Best wishes,", "Ann Marlowe", "Editor")
    assert (made.letter, made.subject, made.begun_from) == ("", "", "")


def test_from_an_earlier_edition_come_its_parts_and_its_words_to_be_changed(database: Database) -> None:
    with database.transaction() as session:
        edition = given_digest(session)
        edition.sections[2].is_hidden = True
    made = begun(database, KEY)
    assert [section.name for section in made.sections] == ["News", "Care", "Housing"]
    assert not any(section.is_hidden for section in made.sections)
    assert [category.name for category in made.sections[1].categories] == ["Reports", "Briefings"]
    assert list(made.items()) == []
    assert (made.letter, made.subject) == ("Welcome to March.", "Pulse, March 2026: six things to read")
    assert (made.begun_from, made.to_write) == (KEY, ["subject", "preheader", "letter"])
    with database.transaction() as session:
        (version,) = history.versions(session, made.id)
        assert (version.revision, version.what) == (1, f"begun from {KEY}")
        assert history.content_at(session, made, 1) == content_of(made)
        assert len(list(reading.edition(session, KEY).items())) == 6


@pytest.mark.parametrize(
    ("key", "language", "period"),
    [
        ("2026-12", "en-GB", "December 2026"),
        ("2026-12", "en", "December 2026"),
        ("2026-02-07", "en-GB", "7 February 2026"),
        ("2026-spring", "en-GB", "Spring 2026"),
        ("2026-q3", "en-GB", "Q3 2026"),
        ("2026-13", "en-GB", ""),  # no month
        ("issue-12", "en-GB", ""),
        ("2026-12", "cy", ""),  # the words of another language are a person's
    ],
)
def test_a_key_says_the_time_in_english(key: str, language: str, period: str) -> None:
    assert beginning.period_of(key, language) == period


@pytest.mark.parametrize(
    ("typed", "key", "period"),
    [
        ("2027-03", "2027-03", ""),
        (" march 2027 ", "2027-03", ""),
        ("Summer special", "Summer-special", "Summer special"),
        ("May", "May", ""),  # of no year
        ("May 27", "May-27", "May 27"),
    ],
)
def test_an_edition_is_named_as_people_do(typed: str, key: str, period: str) -> None:
    assert beginning.named(typed) == (key, period)


@pytest.mark.parametrize(
    ("known", "key"),
    [
        ((), "2026-11"),
        (("2026-12", "2026-11"), "2027-01"),
        (("2026-08",), "2026-09"),  # after a pause of some months, too
        (("summer-special", "2026-10"), "2026-11"),
        (("summer-special", "2026-11", "2026-12"), "2027-01"),  # those are there already
        (("2026-11-07",), "2026-11"),
    ],
)
def test_the_next_key_is_one_that_is_free(known: tuple[str, ...], key: str) -> None:
    assert beginning.next_key(known, datetime.date(2026, 11, 29)) == key


def test_a_period_that_nobody_named_is_to_be_written(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session).newsletter.language = "cy"
    made = begun(database, KEY)
    assert (made.period, made.to_write[0]) == ("March 2026", "period")


def test_a_period_that_was_named_is_not(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session).newsletter.language = "cy"
    made = begun(database, KEY, period="Rhagfyr 2026")
    assert (made.period, "period" in made.to_write) == ("Rhagfyr 2026", False)


@pytest.mark.parametrize("key", ["", "a b", "2026/12", "../x", "a" * 41, "-2026"])
def test_what_cannot_be_a_key_is_refused(database: Database, key: str) -> None:
    with database.transaction() as session:
        given_programme(session)
    with pytest.raises(UsageError, match="cannot be an edition's key"):
        begun(database, key=key)


def test_there_is_one_edition_of_a_key(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session)
    begun(database)
    with pytest.raises(Refused, match="There is an edition pulse/2026-12 already"):
        begun(database)


def test_two_who_begin_it_at_once_make_one(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session)

    def begin(_number: int) -> str:
        try:
            begun(database)
        except Refused:
            return "refused"
        return "begun"

    assert sorted(at_once(3, begin)) == ["begun", "refused", "refused"]
    with database.transaction() as session:
        assert len(list(session.scalars(select(Edition.id).where(Edition.key == NEW)))) == 1


def test_another_newsletters_edition_is_no_beginning(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session)
        other = given_newsletter(session, "other")
        with pytest.raises(UsageError, match="another newsletter"):
            beginning.begin(session, other, NEW, actor="ann", source=reading.edition(session, KEY))


def test_sending_waits_until_all_is_written_or_kept_on_purpose(database: Database, links: Links) -> None:
    with database.transaction() as session:
        given_digest(session)
    begun(database, KEY)

    def blocking() -> list[str]:
        with database.transaction() as session:
            checked = approving.check(reading.edition(session, NEW), links)
            return [one.at.field for one in checked.errors if one.code is Code.TO_WRITE]

    with database.transaction() as session:
        said = Said({"title": "A", "publisher": "B", "url": "https://example.org/a", "summary": "C."})
        items.add(session, NEW, said, Spot("Care/Reports"), actor="ann")
    assert blocking() == ["subject", "preheader", "letter"]
    with database.transaction() as session:
        drafting.change(session, NEW, {"subject": "Pulse, December 2026", "letter": "New."}, actor="ann")
    assert blocking() == ["preheader"]
    with database.transaction() as session:
        change = drafting.keep(session, NEW, ["preheader"], actor="ann")
        assert change.what == "preheader kept as 2026-03 had it"
    assert blocking() == []


def test_empty_parts_are_not_shown_and_do_not_block(database: Database, links: Links) -> None:
    with database.transaction() as session:
        given_digest(session)
    begun(database)
    with database.transaction() as session:
        said = Said({"title": "A", "publisher": "B", "url": "https://example.org/a", "summary": "C."})
        items.add(session, NEW, said, Spot("Housing/Briefings"), actor="ann")
    with database.transaction() as session:
        checked = approving.check(reading.edition(session, NEW), links)
    empty = [one for one in checked.findings if one.code in (Code.SECTION_EMPTY, Code.CATEGORY_EMPTY)]
    assert {one.severity for one in empty} == {Severity.WARNING}
    assert [one.at.section for one in empty] == ["News", "Care", "Housing", "Justice"]
    assert "Reports, Tools and Guidance" in empty[2].what
    for made in (checked.rendering.html, checked.rendering.text):
        assert "Housing" in made or "HOUSING" in made
        assert "Justice" not in made
        assert "JUSTICE" not in made


def test_same_words_written_on_purpose_count_as_written(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session)
    begun(database, KEY)
    with database.transaction() as session:
        drafting.change(session, NEW, {"letter": "Welcome to March."}, actor="ann")
    with database.transaction() as session:
        assert reading.edition(session, NEW).to_write == ["subject", "preheader"]


def test_nothing_is_not_kept(database: Database) -> None:
    with database.transaction() as session:
        given_programme(session)
    begun(database)
    with pytest.raises(UsageError, match="The letter is empty"), database.transaction() as session:
        drafting.keep(session, NEW, ["letter"], actor="ann")
