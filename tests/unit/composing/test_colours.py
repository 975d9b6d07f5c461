"""Contrast, and moving a colour until it passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.composing.colours import ENOUGH, check_colour, contrast, readable
from pulse_mailer.errors import UsageError

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06X}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#FFFFFF", 21.0),
        ("#FFFFFF", "#FFFFFF", 1.0),
        ("#777777", "#FFFFFF", 4.48),  # the grey that just fails, as WCAG's own examples have it
        ("#FFFFFF", "#0000FF", 8.59),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


@given(COLOURS, st.sampled_from([("#FFFFFF", "#F2F4F5"), ("#14171A", "#1A1E22")]))
def test_every_colour_becomes_readable_on_all_its_grounds(colour: str, grounds: tuple[str, ...]) -> None:
    assert min(contrast(readable(colour, grounds), ground) for ground in grounds) >= ENOUGH


def test_a_colour_that_passes_is_left_alone() -> None:
    assert readable("#0b5563", ("#FFFFFF",)) == "#0B5563"


@pytest.mark.parametrize(
    "value", ["red", "#FFF", "#GGGGGG", "#1234567", "", "#123456;background:url(x)", "#12345\n"]
)
def test_what_is_no_colour_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="The brand"):
        check_colour(value, "The brand")
