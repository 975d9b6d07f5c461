"""Counts in words."""

from pulse_mailer.domain.counting import counted, people


def test_one_is_a_person_and_more_are_people() -> None:
    assert [people(count) for count in (0, 1, 1200)] == ["0 people", "1 person", "1,200 people"]


def test_a_noun_has_its_own_plural_or_an_s() -> None:
    assert (counted(1, "entry", "entries"), counted(2, "entry", "entries")) == ("1 entry", "2 entries")
    assert (counted(1, "item"), counted(0, "item")) == ("1 item", "0 items")
