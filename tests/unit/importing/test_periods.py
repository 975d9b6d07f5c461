import pytest

from pulse_mailer.importing.periods import find


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("April 2022", "2022-04"),
        ("apr. 2022", "2022-04"),
        ("Sept 2022", "2022-09"),
        ("1 April 2022", "2022-04-01"),
        ("21st March, 2022", "2022-03-21"),
        ("April 1, 2022", "2022-04-01"),
        ("April/May 2022", "2022-04"),
        ("April – May 2022", "2022-04"),
        ("December 2021/January 2022", "2021-12"),
        ("2022-04", "2022-04"),
        ("2022-04-15", "2022-04-15"),
        ("04/2022", "2022-04"),
        ("Spring 2022", "2022-spring"),
        ("Winter 2022/23", "2022-winter"),
        ("Q2 2022", "2022-q2"),
        ("Week 7, 2022", "2022-w07"),
        ("Issue 12", "issue-12"),
        ("Issue 12 | April 2022", "2022-04"),  # the month says more than the number
        ("2022", "2022"),
    ],
)
def test_period_has_a_key(text: str, key: str) -> None:
    found = find(text)
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize(
    "text", ["CordisPulse", "Mayor of London", "Welcome to April's edition", "Room 12", ""]
)
def test_what_names_no_period_has_none(text: str) -> None:
    assert find(text) is None


def test_text_around_the_period_is_kept() -> None:
    found = find("Civic Pulse – April 2022")
    assert found is not None
    assert (found.text, found.rest) == ("April 2022", "Civic Pulse")
