"""Items, categories and sections moved by steps; News: 1. Care: Reports 2, 3, 4; Briefings 5. Housing: Reports 6."""

import pytest

from pulse_mailer.database import Database
from pulse_mailer.editions import reading, stepping
from pulse_mailer.editions.stepping import DOWN, UP
from pulse_mailer.errors import NotFound, Refused
from tests.database.editing_given import KEY, given_digest, shape


@pytest.fixture
def edited(database: Database) -> Database:
    with database.transaction() as session:
        given_digest(session)
    return database


def items_in(database: Database, category: str) -> list[int]:
    with database.reading() as session:
        return shape(session)[category]


@pytest.mark.parametrize(
    ("number", "way", "category", "there"),
    [
        (3, UP, "Care/Reports", [3, 2, 4]),
        (3, DOWN, "Care/Reports", [2, 4, 3]),
        (2, UP, "News/", [1, 2]),  # over the beginning: to the end of the one before
        (4, DOWN, "Care/Briefings", [4, 5]),  # over the end: to the beginning of the next
        (5, DOWN, "Housing/Reports", [5, 6]),  # of the next section as well
    ],
)
def test_a_step_goes_on_into_the_next_category(
    edited: Database, number: int, way: int, category: str, there: list[int]
) -> None:
    with edited.transaction() as session:
        stepping.step(session, KEY, number, way, actor="ann")
    assert items_in(edited, category) == there


@pytest.mark.parametrize(("number", "way"), [(1, UP), (6, DOWN)])
def test_beyond_the_ends_there_is_nothing(edited: Database, number: int, way: int) -> None:
    with edited.transaction() as session, pytest.raises(Refused, match="of all already"):
        stepping.step(session, KEY, number, way, actor="ann")


@pytest.mark.parametrize(("place", "there"), [(1, [4, 2, 3]), (2, [2, 4, 3]), (3, [2, 3, 4]), (9, [2, 3, 4])])
def test_an_item_goes_to_a_place_by_its_number(edited: Database, place: int, there: list[int]) -> None:
    with edited.transaction() as session:
        stepping.put_at(session, KEY, 4, place, actor="ann")
    assert items_in(edited, "Care/Reports") == there


def test_where_an_item_stands_is_told(edited: Database) -> None:
    with edited.reading() as session:
        assert stepping.where(reading.edition(session, KEY), 3) == "position 2 of 3 in Care/Reports"


def test_a_category_steps_within_its_section(edited: Database) -> None:
    with edited.transaction() as session:
        stepping.step_category(session, KEY, "Briefings", UP, actor="ann")
    with edited.reading() as session:
        assert list(shape(session))[1:3] == ["Care/Briefings", "Care/Reports"]
    with edited.transaction() as session, pytest.raises(Refused, match="first already"):
        stepping.step_category(session, KEY, "Briefings", UP, actor="ann")


def test_a_section_steps_with_all_that_is_in_it(edited: Database) -> None:
    with edited.transaction() as session:
        stepping.step_section(session, KEY, "Care", DOWN, actor="ann")
    with edited.reading() as session:
        assert list(shape(session)) == ["News/", "Housing/Reports", "Care/Reports", "Care/Briefings"]
    with edited.transaction() as session, pytest.raises(Refused, match="last already"):
        stepping.step_section(session, KEY, "Care", DOWN, actor="ann")


def test_what_is_not_there_is_named(edited: Database) -> None:
    with edited.transaction() as session, pytest.raises(NotFound, match="no item 99"):
        stepping.step(session, KEY, 99, UP, actor="ann")
