"""The programme of a newsletter changes; what follows it by name keeps up, and what was sent stays."""

import pytest
from sqlalchemy import select, update

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.inbox import Feed
from pulse_mailer.domain.newsletter import ProgrammeSection
from pulse_mailer.domain.subscriber import Subscription
from pulse_mailer.editions import programme, reading
from pulse_mailer.editions.programme import Kind
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import NotFound, Refused, UsageError
from pulse_mailer.keys import Keys
from tests.database.editing_given import KEY, given_digest, shape
from tests.database.subscribers_given import joined

SECTION, CATEGORY = Kind.SECTION, Kind.CATEGORY


@pytest.fixture(autouse=True)
def digest(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session)


def names(database: Database) -> tuple[list[str], list[str]]:
    with database.transaction() as session:
        found = reading.newsletter(session, None)
        assert [one.position for one in found.sections] == list(range(1, len(found.sections) + 1))
        return [one.name for one in found.sections], [one.name for one in found.categories]


def test_parts_are_added_moved_and_removed(database: Database) -> None:
    with database.transaction() as session:
        programme.add(session, None, SECTION, "Events", Spot(before="care"), news=True, actor="ann")
        programme.add(session, None, CATEGORY, "Blogs", Spot(), actor="ann")
        programme.move(session, None, SECTION, "Justice", Spot(first=True), actor="ann")
        programme.remove(session, None, CATEGORY, "Briefings", actor="ann")
    assert names(database) == (
        ["Justice", "News", "Events", "Care", "Housing"],
        ["Reports", "Tools and Guidance", "Blogs"],
    )


def test_a_new_name_keeps_the_id_and_goes_where_the_old_one_was_meant(database: Database) -> None:
    with database.transaction() as session:
        before = session.scalars(select(ProgrammeSection.id).where(ProgrammeSection.name == "Care")).one()
        newsletter = reading.newsletter(session, None)
        session.add(
            Feed(newsletter_id=newsletter.id, url="https://example.org/f", section="Care", created_at=now())
        )
    with database.transaction() as session:
        _, changes = programme.rename(session, None, SECTION, "care", "Care and Health", actor="ann")
        assert [change.edition.key for change in changes] == [KEY]
    with database.transaction() as session:
        found = session.get_one(ProgrammeSection, before)
        assert found.name == "Care and Health"
        assert session.scalars(select(Feed.section)).one() == "Care and Health"
        assert "Care and Health/Reports" in shape(session)
        assert reading.edition(session, KEY).revision == 2


def test_a_category_is_renamed_in_every_section(database: Database) -> None:
    with database.transaction() as session:
        programme.rename(session, None, CATEGORY, "Reports", "Studies", actor="ann")
    with database.transaction() as session:
        assert list(shape(session)) == ["News/", "Care/Studies", "Care/Briefings", "Housing/Studies"]


def test_what_was_sent_keeps_its_names(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(Edition).values(status=EditionStatus.SENT))
        _, changes = programme.rename(session, None, SECTION, "Care", "Health", actor="ann")
        assert changes == []
    with database.transaction() as session:
        assert "Care/Reports" in shape(session)


def test_a_section_that_subscribers_chose_is_removed_only_on_purpose(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = reading.newsletter(session, None)
        care = newsletter.sections[1].id
        joined(session, keys, newsletter, "reader@example.org")
        session.execute(update(Subscription).values(choice=f"{care}"))
    with (
        pytest.raises(Refused, match="1 subscriber chose the section Care"),
        database.transaction() as session,
    ):
        programme.remove(session, None, SECTION, "Care", actor="ann")
    with database.transaction() as session:
        programme.remove(session, None, SECTION, "Housing", actor="ann")
        programme.remove(session, None, SECTION, "Care", chosen=True, actor="ann")
    assert names(database)[0] == ["News", "Justice"]


def test_a_colour_is_checked(database: Database) -> None:
    with database.transaction() as session:
        programme.colour(session, None, "Care", "#aa0000", actor="ann")
        with pytest.raises(UsageError, match="is no colour"):
            programme.colour(session, None, "Care", "red", actor="ann")
    with database.transaction() as session:
        assert reading.newsletter(session, None).sections[1].colour == "#AA0000"


def test_what_is_not_possible_is_said(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(NotFound, match=r"has no section 'Sport'\. It has: News; Care"):
            programme.move(session, None, SECTION, "Sport", Spot(), actor="ann")
        with pytest.raises(Refused, match="has a category 'reports' already"):
            programme.add(session, None, CATEGORY, "reports", Spot(), actor="ann")
        with pytest.raises(UsageError, match="beside itself"):
            programme.move(session, None, SECTION, "Care", Spot(after="Care"), actor="ann")
        with pytest.raises(UsageError, match="our own news"):
            programme.add(session, None, CATEGORY, "Ours", Spot(), news=True, actor="ann")
