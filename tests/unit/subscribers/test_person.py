"""Names are kept as people write them, less what no line of a mail may hold."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.errors import BadAddress, UsageError
from pulse_mailer.subscribers.exporting import FORMULA, guarded, unguarded
from pulse_mailer.subscribers.person import Person, clean_name


@given(st.text(max_size=60))
def test_a_clean_name_is_one_line_and_stays_as_it_is(text: str) -> None:
    try:
        name = clean_name(text)
    except UsageError:
        assert any(unicodedata.category(letter) == "Cs" for letter in text)
        return
    assert len(name.splitlines()) <= 1
    assert name == name.strip()
    assert not any(unicodedata.category(letter) == "Cc" for letter in name)
    assert clean_name(name) == name


@pytest.mark.parametrize("name", ["Ann", "O'Hara-Śmith", "Ngũgĩ wa Thiong'o", "李", "می‌خواهم"])
def test_ordinary_names_are_left_alone(name: str) -> None:
    assert clean_name(name) == name


def test_two_spellings_of_a_letter_become_one() -> None:
    assert clean_name("Zoe\u0308") == "Zo\u00eb"


def test_text_cannot_turn_its_direction() -> None:
    assert clean_name("Ann\u202egro.elpmaxe@") == "Anngro.elpmaxe@"


def test_a_person_with_a_bad_address_is_none() -> None:
    with pytest.raises(BadAddress):
        Person.parse("ann at example.org")


@given(st.text(max_size=20) | st.text("'=+\uff1dab", max_size=4))
def test_a_guarded_cell_is_no_formula_and_comes_back(cell: str) -> None:
    assert not guarded(cell).startswith(FORMULA)
    assert unguarded(guarded(cell)) == cell
