"""Words as a search compares them, and where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.editions.folding import MOST_WORDS, excerpt, fold, marked, wanted


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Élan", "elan"),
        ("ﬁrst", "first"),  # one character that is two letters
        ("STRASSE Straße", "strasse strasse"),
        ("e\u0301te\u0301", "ete"),  # accents that are characters of their own
        ("İstanbul", "istanbul"),
        ("two\n\tlines", "two lines"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("住宅", "住宅"),
    ],
)
def test_capitals_accents_and_ligatures_make_no_difference(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_search_is_its_words_each_once_and_not_too_many() -> None:
    assert wanted("  Rent, rent & COVID-19 ") == ["rent", "covid", "19"]
    assert len(wanted(" ".join(f"w{number}" for number in range(20)))) == MOST_WORDS


@pytest.mark.parametrize("query", ["", "   ", "%_\\", "“…”"])
def test_a_search_without_a_letter_looks_for_nothing(query: str) -> None:
    assert wanted(query) == []


def found(text: str, *words: str) -> list[str]:
    return [piece.text for piece in marked(text, words) if piece.found]


def test_a_word_is_marked_as_it_is_written() -> None:
    assert found("Élan et ÉLAN", "elan") == ["Élan", "ÉLAN"]
    assert found("Cafe\u0301 first", "cafe") == ["Cafe\u0301"]
    assert found("the ﬁrst", "fi") == ["ﬁ"]


def test_a_letter_that_folds_into_two_is_marked_once() -> None:
    assert found("Straße", "s") == ["S", "ß"]


def test_the_longest_of_words_that_begin_alike_is_marked() -> None:
    assert found("housing", "house", "hous", "housing") == ["housing"]


@given(st.text(), st.lists(st.text(min_size=1, max_size=3), max_size=4))
def test_marking_loses_no_letter(text: str, words: list[str]) -> None:
    pieces = marked(text, wanted(" ".join(words)))
    assert "".join(piece.text for piece in pieces) == text


@given(st.text(), st.text(max_size=30))
def test_whatever_is_folded_twice_is_folded(text: str, query: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert all(fold(word) == word for word in wanted(query))


def test_an_excerpt_stands_around_what_was_found() -> None:
    text = f"{'before ' * 60}needle {'after ' * 100}"
    shown = excerpt(text, ["needle"])
    assert "needle" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert len(shown) < 420


def test_a_short_text_is_its_own_excerpt() -> None:
    assert excerpt("A short text.", ["nothing"]) == "A short text."
