"""The header of a file: columns are known by the names people give them."""

from collections.abc import Mapping

import pytest

from pulse_mailer.errors import BadCsv, UsageError
from pulse_mailer.subscribers.columns import Columns, find_columns
from pulse_mailer.subscribers.decoding import opened


def columns(text: str, mapping: Mapping[str, str] | None = None) -> Columns:
    return find_columns(opened(text.encode(), "utf-8"), mapping or {})


@pytest.mark.parametrize(
    "name",
    ["Email", "E-mail", "e-mail address", "EMAIL_ADDRESS", "Email Address", "E-mail 1 - Value", " mail "],
)
def test_the_address_is_known_by_many_names(name: str) -> None:
    assert columns(f"Id,{name}\n").positions == {"email": 1}


def test_names_and_organisation_are_known_too_and_the_rest_is_ignored() -> None:
    found = columns("Given Name,Surname,E-mail,Organization,Notes\n")
    assert found.positions == {"first_name": 0, "last_name": 1, "email": 2, "organisation": 3}
    assert found.ignored == ["Notes"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_by_what_makes_sense_of_the_header(delimiter: str) -> None:
    found = columns(delimiter.join(['"Name, or; what"', "Email", "Company"]))
    assert found.delimiter == delimiter
    assert found.positions["email"] == 1


def test_a_single_column_is_enough() -> None:
    assert columns("email\nann@example.org\n").positions == {"email": 0}


def test_what_excel_says_of_the_delimiter_is_obeyed_and_counted_as_a_line() -> None:
    found = columns("sep=;\r\nEmail;Name\r\n")
    assert (found.delimiter, found.lines) == (";", 2)


def test_a_whole_name_gives_way_to_first_and_last() -> None:
    found = columns("Name,First name,Email\n")
    assert "name" not in found.positions
    assert found.ignored == ["Name"]


@pytest.mark.parametrize(
    ("text", "mapping", "message"),
    [
        ("ann@example.org,Ann\n", {}, "no header"),
        ("Who,What\n", {}, "No column of the file is known to hold addresses; it has 'Who', 'What'"),
        ("Email,E-mail\n", {}, "Two columns may hold the address: 'Email' and 'E-mail'"),
        ("Who\n", {"email": "Whom"}, "no column 'Whom'"),
        ("Who,who\n", {"email": "WHO"}, "several columns 'WHO'"),
        ("\n\n \n", {}, "empty"),
    ],
)
def test_a_header_that_does_not_do_says_what_is_wrong(
    text: str, mapping: dict[str, str], message: str
) -> None:
    with pytest.raises(BadCsv, match=message):
        columns(text, mapping)


def test_a_column_named_by_hand_settles_which_of_two_it_is() -> None:
    assert columns("Email,E-mail\n", {"email": "E-mail"}).positions == {"email": 1}


def test_a_field_that_subscribers_do_not_have_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no 'shoe_size'"):
        columns("Email\n", {"shoe_size": "Email"})
