"""Items, categories and sections are moved, hidden and taken out; the programme and the inbox keep up."""

import pytest
from sqlalchemy import select

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.edition import Edition, Section
from pulse_mailer.domain.inbox import Candidate, CandidateStatus
from pulse_mailer.editions import arranging, hiding, reading, removing, sections
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import NotFound, Refused, UsageError
from tests.database.editing_given import KEY, given_digest, shape

BEFORE = {"News/": [1], "Care/Reports": [2, 3, 4], "Care/Briefings": [5], "Housing/Reports": [6]}


@pytest.fixture(autouse=True)
def digest(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session)


def moved(database: Database, *numbers: int, spot: Spot) -> dict[str, list[int]]:
    with database.transaction() as session:
        arranging.move_items(session, KEY, numbers, spot, actor="ann")
    with database.transaction() as session:
        return shape(session)


@pytest.mark.parametrize(
    ("numbers", "spot", "after"),
    [
        ((4,), Spot(first=True), {"Care/Reports": [4, 2, 3]}),  # within its own
        ((2,), Spot(), {"Care/Reports": [3, 4, 2]}),  # nothing said: last
        ((4,), Spot(before="3"), {"Care/Reports": [2, 4, 3]}),
        ((2,), Spot(after="3"), {"Care/Reports": [3, 2, 4]}),
        (
            (6, 2),
            Spot(after="5"),
            {"Care/Reports": [3, 4], "Care/Briefings": [5, 6, 2], "Housing/Reports": []},
        ),
        ((5,), Spot("housing / REPORTS"), {"Care/Briefings": [], "Housing/Reports": [6, 5]}),
        ((5,), Spot("#3/#1", first=True), {"Care/Briefings": [], "Housing/Reports": [5, 6]}),
        (
            (5,),
            Spot("news"),
            {"Care/Briefings": [], "News/": [1, 5]},
        ),  # a category without a name is its section
        (
            (3, 3),
            Spot("briefings"),
            {"Care/Reports": [2, 4], "Care/Briefings": [5, 3]},
        ),  # named twice, moved once
    ],
)
def test_items_move(
    database: Database, numbers: tuple[int, ...], spot: Spot, after: dict[str, list[int]]
) -> None:
    assert moved(database, *numbers, spot=spot) == BEFORE | after


def test_a_category_that_only_the_programme_has_is_made_where_the_programme_has_it(
    database: Database,
) -> None:
    found = moved(database, 3, spot=Spot("Housing/Tools and guidance"))
    assert found["Housing/Tools and Guidance"] == [3]
    found = moved(database, 4, spot=Spot("Housing/Briefings"))
    assert list(found)[-3:] == ["Housing/Reports", "Housing/Briefings", "Housing/Tools and Guidance"]


def test_a_section_that_only_the_programme_has_comes_with_its_colour(database: Database) -> None:
    assert moved(database, 3, spot=Spot("Justice/Reports"))["Justice/Reports"] == [3]
    with database.transaction() as session:
        made = session.scalars(select(Section).where(Section.name == "Justice")).one()
        assert (made.colour, made.position) == ("#0B5563", 4)


@pytest.mark.parametrize(
    ("numbers", "spot", "says"),
    [
        ((9,), Spot(first=True), "no item 9"),
        ((2,), Spot("Reports"), "could be several in 2026-03: #2/#1 Care/Reports; #3/#1 Housing/Reports"),
        ((2,), Spot("Nowhere"), "no category 'Nowhere'. It has: #1/#1 News; #2/#1 Care/Reports"),
        ((6,), Spot("Care"), "Care is a section. Say which category of it: Care/Reports; Care/Briefings"),
        ((2, 3), Spot(before="2"), "beside itself"),
        ((2, 6), Spot(first=True), "several categories"),
        ((2,), Spot(before="two"), "'two' is no item's number"),
    ],
)
def test_what_cannot_be_moved_says_why_and_stays(
    database: Database, numbers: tuple[int, ...], spot: Spot, says: str
) -> None:
    with pytest.raises((NotFound, UsageError), match=says), database.transaction() as session:
        arranging.move_items(session, KEY, numbers, spot, actor="ann")
    with database.transaction() as session:
        assert shape(session) == BEFORE


def test_a_place_says_one_thing() -> None:
    with pytest.raises(UsageError, match="three different places"):
        Spot(before="2", first=True)
    with pytest.raises(UsageError, match="says where it goes already"):
        Spot("Care", after="2")


def test_places_count_from_one_without_gaps(database: Database) -> None:
    moved(database, 2, 4, spot=Spot("Housing/Reports", first=True))
    with database.transaction() as session:
        edition = reading.edition(session, KEY)
        for section in edition.sections:
            for category in section.categories:
                assert [item.position for item in category.items] == list(range(1, len(category.items) + 1))


def test_a_name_with_a_slash_can_be_reached(database: Database) -> None:
    with database.transaction() as session:
        sections.add_category(session, KEY, "Care/Reports", Spot("News"), actor="ann")
    with pytest.raises(UsageError, match=r"#1/#2 News/Care/Reports; #2/#1 Care/Reports"):
        moved(database, 6, spot=Spot("Care/Reports"))
    assert moved(database, 6, spot=Spot("News/Care/Reports"))["News/Care/Reports"] == [6]
    assert moved(database, 6, spot=Spot("#2/#1"))["Care/Reports"] == [2, 3, 4, 6]


def test_curly_and_straight_quotation_marks_are_one(database: Database) -> None:
    with database.transaction() as session:
        sections.add_category(session, KEY, "Children’s  Rights", Spot("Care"), actor="ann")
    assert moved(database, 2, spot=Spot("care/children's rights"))["Care/Children’s Rights"] == [2]


def test_categories_move_within_their_section_and_into_another(database: Database) -> None:
    with database.transaction() as session:
        arranging.move_category(session, KEY, "Briefings", Spot(before="Care/Reports"), actor="ann")
        assert list(shape(session))[1:3] == ["Care/Briefings", "Care/Reports"]
        arranging.move_category(session, KEY, "Briefings", Spot("Housing", first=True), actor="ann")
    with database.transaction() as session:
        assert list(shape(session))[2:] == ["Housing/Briefings", "Housing/Reports"]
        assert shape(session)["Housing/Briefings"] == [5]


def test_a_category_does_not_move_beside_its_like(database: Database) -> None:
    with (
        pytest.raises(Refused, match=r"has a category 'Reports' already\. Merge them"),
        database.transaction() as session,
    ):
        arranging.move_category(session, KEY, "Care/Reports", Spot("Housing"), actor="ann")


def test_sections_move(database: Database) -> None:
    with database.transaction() as session:
        arranging.move_section(session, KEY, "housing", Spot(first=True), actor="ann")
        arranging.move_section(session, KEY, "#2", Spot(after="Care"), actor="ann")
    with database.transaction() as session:
        assert list(shape(session)) == ["Housing/Reports", "Care/Reports", "Care/Briefings", "News/"]


def test_the_programme_and_back_editions_stay_as_they_are(database: Database) -> None:
    with database.transaction() as session:
        arranging.move_section(session, KEY, "Housing", Spot(first=True), actor="ann")
    with database.transaction() as session:
        newsletter = reading.newsletter(session, "pulse")
        assert [section.name for section in newsletter.sections] == ["News", "Care", "Housing", "Justice"]


def test_what_is_hidden_stays_in_its_place_and_is_shown_again(database: Database) -> None:
    with database.transaction() as session:
        hiding.hide_items(session, KEY, [2, 3], actor="ann")
        hiding.hide_category(session, KEY, "Briefings", actor="ann")
        change = hiding.hide_section(session, KEY, "Housing", actor="ann")
        assert change.what == "Housing hidden"
    with database.transaction() as session:
        edition = reading.edition(session, KEY)
        assert [item.number for item in edition.items() if item.is_hidden] == [2, 3]
        assert edition.sections[1].categories[1].is_hidden
        assert edition.sections[2].is_hidden
        assert shape(session) == BEFORE
        hiding.hide_items(session, KEY, [2, 3], hidden=False, actor="ann")
    with database.transaction() as session:
        assert not any(item.is_hidden for item in reading.edition(session, KEY).items())


def test_to_hide_what_is_hidden_is_no_change(database: Database) -> None:
    with database.transaction() as session:
        assert hiding.hide_items(session, KEY, [2], actor="ann").made
        assert not hiding.hide_items(session, KEY, [2], actor="ann").made
    with database.transaction() as session:
        assert reading.edition(session, KEY).revision == 2


def candidate(database: Database, number: int) -> int:
    """One of the inbox that became the item of that number."""
    with database.transaction() as session:
        edition = session.scalars(select(Edition)).one()
        made = Candidate(
            newsletter_id=edition.newsletter_id,
            status=CandidateStatus.PLACED,
            title=f"Title {number}",
            added_by="ann",
            added_at=now(),
            edition_id=edition.id,
            item_number=number,
        )
        session.add(made)
        session.flush()
        return made.id


def test_what_came_from_the_inbox_waits_there_again(database: Database) -> None:
    gone, kept = candidate(database, 3), candidate(database, 5)
    with database.transaction() as session:
        removing.remove_items(session, KEY, [3], actor="ann")
    with database.transaction() as session:
        assert shape(session)["Care/Reports"] == [2, 4]
        back = session.get_one(Candidate, gone)
        assert (back.status, back.edition_id, back.item_number) == (CandidateStatus.WAITING, None, None)
        assert session.get_one(Candidate, kept).status is CandidateStatus.PLACED


def test_what_holds_items_is_removed_only_on_purpose(database: Database) -> None:
    with pytest.raises(Refused, match="Care/Reports holds 3 items"), database.transaction() as session:
        removing.remove_category(session, KEY, "Care/Reports", actor="ann")
    with pytest.raises(Refused, match="Housing holds 1 item"), database.transaction() as session:
        removing.remove_section(session, KEY, "Housing", actor="ann")
    with database.transaction() as session:
        change = removing.remove_section(session, KEY, "Care", with_items=True, actor="ann")
        assert change.numbers == (2, 3, 4, 5)
    with database.transaction() as session:
        assert shape(session) == {"News/": [1], "Housing/Reports": [6]}


def test_a_number_is_never_given_twice(database: Database) -> None:
    with database.transaction() as session:
        removing.remove_items(session, KEY, [6], actor="ann")
        assert reading.edition(session, KEY).next_number() == 7


def test_sections_and_categories_are_added_and_renamed(database: Database) -> None:
    with database.transaction() as session:
        sections.add_section(session, KEY, "Justice", Spot(), actor="ann")
        sections.add_section(session, KEY, "Events", Spot(before="Care"), actor="ann")
        sections.add_category(session, KEY, "Talks", Spot("Events"), actor="ann")
        sections.rename_category(session, KEY, "Talks", "Lectures", actor="ann")
        sections.change_section(session, KEY, "Events", {"name": "Diary", "colour": "#aabbcc"}, actor="ann")
    with database.transaction() as session:
        edition = reading.edition(session, KEY)
        assert [section.name for section in edition.sections] == [
            "News",
            "Diary",
            "Care",
            "Housing",
            "Justice",
        ]
        assert (edition.sections[1].colour, edition.sections[4].colour) == ("#AABBCC", "#0B5563")
        assert [category.name for category in edition.sections[1].categories] == ["Lectures"]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"name": "care"}, "has a section 'care' already"),  # another's, without case
        ({"name": "  "}, "must not be empty"),
        ({"name": "a\nb"}, "one line"),
        ({"colour": "red"}, "'red' is no colour"),
        ({"is_news": "perhaps"}, "yes or no"),
    ],
)
def test_a_wrong_value_of_a_section_is_refused(database: Database, values: dict[str, str], says: str) -> None:
    with pytest.raises((Refused, UsageError), match=says), database.transaction() as session:
        sections.change_section(session, KEY, "Housing", values, actor="ann")


def test_two_of_one_name_are_refused(database: Database) -> None:
    with pytest.raises(Refused, match="a section 'CARE' already"), database.transaction() as session:
        sections.add_section(session, KEY, "CARE", Spot(), actor="ann")
    with pytest.raises(Refused, match="a category 'reports' already"), database.transaction() as session:
        sections.add_category(session, KEY, "reports", Spot("Care"), actor="ann")
    with pytest.raises(Refused, match="a category 'Reports' already"), database.transaction() as session:
        sections.rename_category(session, KEY, "Briefings", "Reports", actor="ann")
