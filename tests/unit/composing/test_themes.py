"""Themes: a newsletter's own colours and letters in a design."""

import pytest

from pulse_mailer.composing import designs, themes
from pulse_mailer.composing.colours import ENOUGH, contrast
from pulse_mailer.composing.designs import Step
from pulse_mailer.composing.themes import SCALES, SMALLEST, WORDS
from pulse_mailer.errors import UsageError


@pytest.mark.parametrize("design", designs.names())
@pytest.mark.parametrize("name", WORDS)
def test_text_reads_well_in_light_and_dark(design: str, name: str) -> None:
    theme = themes.theme(designs.load(design), {})

    for colours in (theme.light, theme.dark):
        for ground in ("paper", "ground"):
            assert contrast(colours[name], colours[ground]) >= ENOUGH


@pytest.mark.parametrize("design", designs.names())
def test_no_colour_of_a_design_itself_had_to_be_moved(design: str) -> None:
    theme = themes.theme(designs.load(design), {})

    assert [shade.name for shade in theme.shades if shade.was_moved] == []
    for position in range(len(theme.design.palette)):
        assert not theme.section_shade("", "", position).was_moved


def test_a_newsletter_s_own_colour_is_taken_and_made_readable() -> None:
    theme = themes.theme(designs.load("digest"), {"brand": "#ffd000"})

    assert theme.light["brand"] != designs.load("digest").light["brand"]
    assert contrast(theme.light["brand"], theme.light["paper"]) >= ENOUGH
    assert theme.dark["brand"] == "#FFD000"


def test_what_was_asked_for_and_what_it_became_is_said() -> None:
    theme = themes.theme(designs.load("digest"), {"brand": "#ffd000"})
    brand, link = theme.shades[:2]

    assert (brand.asked, brand.is_own, brand.was_moved) == ("#FFD000", True, True)
    assert brand.light == theme.light["brand"]
    assert brand.light_contrast >= ENOUGH
    assert brand.dark_contrast >= ENOUGH
    assert not link.is_own


def test_a_dark_ground_of_one_s_own_is_not_taken_for_a_light_one() -> None:
    theme = themes.theme(designs.load("digest"), {"paper": "#101010", "ground": "#000000"})

    assert contrast(theme.light["ink"], "#101010") >= ENOUGH


def test_sections_beyond_the_palette_begin_it_again() -> None:
    theme = themes.theme(designs.load("digest"), {})
    count = len(theme.design.palette)

    assert theme.section_colours("", 0) == theme.section_colours("", count) != theme.section_colours("", 1)


@pytest.mark.parametrize("design", designs.names())
@pytest.mark.parametrize("position", range(6))
def test_every_colour_of_the_palette_reads_well(design: str, position: int) -> None:
    theme = themes.theme(designs.load(design), {})
    light, dark = theme.section_colours("", position)

    assert contrast(light, theme.light["paper"]) >= ENOUGH
    assert contrast(dark, theme.dark["paper"]) >= ENOUGH


def test_a_section_s_own_colour_comes_before_the_palette() -> None:
    theme = themes.theme(designs.load("digest"), {})

    assert theme.section_colours("#00458b", 3)[0] == "#00458B"


def test_a_token_that_the_design_does_not_know_is_named() -> None:
    with pytest.raises(UsageError, match=r"'brnad'.*It knows: brand, ground, .* scale"):
        themes.theme(designs.load("digest"), {"brnad": "#000000"})


def test_a_theme_s_bad_colour_is_named() -> None:
    with pytest.raises(UsageError, match="The theme's link is 'blue'"):
        themes.theme(designs.load("digest"), {"link": "blue"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("scale", "huge"), ("headings", "Comic Sans"), ("body", ""), ("masthead", "name")],
)
def test_a_choice_that_there_is_not_is_refused_with_those_there_are(name: str, value: str) -> None:
    with pytest.raises(
        UsageError, match=f"The theme's {name} is '{value}'.*Use one of {themes.CHOICES[name][0]}"
    ):
        themes.theme(designs.load("digest"), {name: value})


@pytest.mark.parametrize("design", designs.names())
@pytest.mark.parametrize("scale", SCALES)
def test_no_scale_makes_letters_too_small(design: str, scale: str) -> None:
    sizes = themes.theme(designs.load(design), {"scale": scale}).type

    assert all(step.size >= SMALLEST and step.line > 1.1 * step.size for step in sizes.values())
    if scale != "small":
        assert sizes["body"].size >= 16


def test_a_large_scale_is_larger_everywhere_but_in_the_same_order() -> None:
    regular, large = (
        themes.theme(designs.load("digest"), {"scale": scale}).type for scale in ("regular", "large")
    )

    assert regular["body"] == Step(16, 26)
    assert large["body"] == Step(18, 29)
    assert all(large[name].size > step.size for name, step in regular.items())


def test_fonts_are_those_of_the_readers_own_machine() -> None:
    theme = themes.theme(designs.load("digest"), {"headings": "sans", "body": "serif"})

    assert theme.fonts == {"headings": themes.STACKS["sans"], "body": themes.STACKS["serif"]}
