"""Texts are compared word by word, and nothing of either is lost in the telling."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.editions.rewording import reworded

MARKS = {"kept": "{}", "removed": "[-{}-]", "inserted": "{{+{}+}}"}
TEXTS = st.lists(st.sampled_from(["care ", "homes, ", "rent\n", "\n", "the ", "a", " "]), max_size=30).map(
    "".join
)


def shown(before: str, after: str) -> str:
    return "".join(MARKS[piece.mark].format(piece.text) for piece in reworded(before, after))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("Pulse, March 2026", "Pulse, April 2026", "Pulse, [-March-]{+April+} 2026"),
        ("", "New", "{+New+}"),
        ("Old", "", "[-Old-]"),
        ("Same", "Same", "Same"),
        (
            "a warm home costs",
            "a cold house costs",
            "a [-warm home-]{+cold house+} costs",
        ),  # one change, not two
        ("One.\n\nTwo.\n", "One.\n\nThree.\n", "One.\n\n[-Two-]{+Three+}.\n"),
        ("a b", "a", "a[- b-]"),
    ],
)
def test_words_are_told_apart(before: str, after: str, words: str) -> None:
    assert shown(before, after) == words


@given(TEXTS, TEXTS)
def test_the_pieces_are_both_texts(before: str, after: str) -> None:
    pieces = reworded(before, after)
    assert "".join(piece.text for piece in pieces if piece.mark != "inserted") == before
    assert "".join(piece.text for piece in pieces if piece.mark != "removed") == after
    assert all(piece.text for piece in pieces)


def test_long_texts_are_compared_in_good_time() -> None:
    before = "".join(f"word {number} of it. " for number in range(20_000))
    began = time.process_time()
    assert reworded(before, before.upper())[0].mark == "removed"
    assert time.process_time() - began < 5
