"""Designs and themes."""

import pytest

from pulse_mailer.composing import designs
from pulse_mailer.composing.colours import ENOUGH, contrast
from pulse_mailer.errors import NotFound, UsageError

TEXT_COLOURS = ["ink", "muted", "link", "brand"]


@pytest.mark.parametrize("name", TEXT_COLOURS)
def test_text_reads_well_in_light_and_dark(name: str) -> None:
    theme = designs.theme(designs.load("digest"), {})

    assert contrast(theme.light[name], theme.light["paper"]) >= ENOUGH
    assert contrast(theme.dark[name], theme.dark["paper"]) >= ENOUGH


def test_a_newsletter_s_own_colour_is_taken_and_made_readable() -> None:
    theme = designs.theme(designs.load("digest"), {"brand": "#ffd000"})

    assert theme.light["brand"] != designs.load("digest").light["brand"]
    assert contrast(theme.light["brand"], theme.light["paper"]) >= ENOUGH
    assert theme.dark["brand"] == "#FFD000"


def test_a_dark_ground_of_one_s_own_is_not_taken_for_a_light_one() -> None:
    theme = designs.theme(designs.load("digest"), {"paper": "#101010", "ground": "#000000"})

    assert contrast(theme.light["ink"], "#101010") >= ENOUGH


def test_sections_beyond_the_palette_begin_it_again() -> None:
    theme = designs.theme(designs.load("digest"), {})
    count = len(theme.design.palette)

    assert theme.section_colours("", 0) == theme.section_colours("", count) != theme.section_colours("", 1)


@pytest.mark.parametrize("position", range(6))
def test_every_colour_of_the_palette_reads_well(position: int) -> None:
    theme = designs.theme(designs.load("digest"), {})
    light, dark = theme.section_colours("", position)

    assert contrast(light, theme.light["paper"]) >= ENOUGH
    assert contrast(dark, theme.dark["paper"]) >= ENOUGH


def test_a_section_s_own_colour_comes_before_the_palette() -> None:
    theme = designs.theme(designs.load("digest"), {})

    assert theme.section_colours("#00458b", 3)[0] == "#00458B"


def test_a_token_that_the_design_does_not_know_is_named() -> None:
    with pytest.raises(UsageError, match=r"'brnad'.*It knows: brand, "):
        designs.theme(designs.load("digest"), {"brnad": "#000000"})


def test_a_theme_s_bad_colour_is_named() -> None:
    with pytest.raises(UsageError, match="The theme's link is 'blue'"):
        designs.theme(designs.load("digest"), {"link": "blue"})


@pytest.mark.parametrize("name", ["none-such", "../digest", "", "Digest"])
def test_an_unknown_design_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(NotFound, match="digest"):
        designs.load(name)
