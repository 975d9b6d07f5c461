"""Themes: a newsletter's own colours, size and kind of letters in a design, each made readable."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulse_mailer.composing.colours import check_colour, contrast, readable
from pulse_mailer.composing.designs import FONTS, Design, Step
from pulse_mailer.errors import UsageError

#: What the sizes of a design are multiplied with.
SCALES = {"small": 0.94, "regular": 1.0, "large": 1.125}
SMALLEST = 14  #: pixels; no letters in mail are smaller
STACKS = {
    "sans": "'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
    "serif": "Georgia, 'Times New Roman', serif",
}
#: What a newsletter may choose besides colours: the name, and what may be chosen.
CHOICES: dict[str, tuple[str, ...]] = {
    "headings": FONTS,
    "body": FONTS,
    "scale": tuple(SCALES),
    "masthead": ("both", "logo"),
}
#: The colours of words, which must be told from what they stand on.
WORDS = ("brand", "link", "ink", "muted")


@dataclass(frozen=True, slots=True)
class Shade:
    """
    A colour as it was asked for, and as it is used on the light and the dark ground.

    Attributes:
        name: a token's, or a section's.
        is_own: whether the newsletter asked for it, or the design has it.
        light_contrast, dark_contrast: with the ground that it is hardest to tell from, from 1 to 21.
    """

    name: str
    asked: str
    is_own: bool
    light: str
    dark: str
    light_contrast: float
    dark_contrast: float

    @property
    def was_moved(self) -> bool:
        """Whether the light one is another than was asked for, since that could not be read."""
        return self.light != self.asked


@dataclass(frozen=True, slots=True)
class Theme:
    """
    A design's colours with a newsletter's own in their places, each readable on its ground.

    Attributes:
        fonts: font stacks by their use: headings, body.
        type: sizes by the names in designs.STEPS, scaled.
        masthead: both, logo and name; or logo, which stands in the name's place.
    """

    design: Design
    light: dict[str, str]
    dark: dict[str, str]
    fonts: dict[str, str]
    type: dict[str, Step]
    masthead: str
    shades: tuple[Shade, ...]

    def section_colours(self, chosen: str, position: int) -> tuple[str, str]:
        """A section's colour, light and dark: its own, or else the palette's for its position, from 0."""
        shade = self.section_shade("", chosen, position)
        return shade.light, shade.dark

    def section_shade(self, name: str, chosen: str, position: int) -> Shade:
        palette = self.design.palette
        colour = check_colour(chosen, "A section's colour") if chosen else palette[position % len(palette)]
        return _shade(name, colour, colour, self.light, self.dark, is_own=bool(chosen))


def theme(design: Design, own: Mapping[str, str]) -> Theme:
    """
    Put a newsletter's own theme into a design.

    Raises:
        UsageError: a token that the design does not know, or a value that it cannot have.
    """
    known = [*sorted(design.light), *CHOICES]
    unknown = sorted(own.keys() - set(known))
    if unknown:
        raise UsageError(
            f"The theme sets {unknown[0]!r}, which the design {design.name} does not know.",
            remedy=f"It knows: {', '.join(known)}.",
        )
    chosen = {name: _choice(name, own[name]) for name in CHOICES if name in own}
    colours = {
        name: check_colour(value, f"The theme's {name}") for name, value in own.items() if name not in CHOICES
    }
    light, dark = design.light | colours, dict(design.dark)
    shades = tuple(
        _shade(name, light[name], colours.get(name, dark[name]), light, dark, is_own=name in colours)
        for name in WORDS
    )
    return Theme(
        design=design,
        light=light | {shade.name: shade.light for shade in shades},
        dark=dark | {shade.name: shade.dark for shade in shades},
        fonts={use: STACKS[chosen.get(use, font)] for use, font in design.fonts.items()},
        type=_scaled(design.type, SCALES[chosen.get("scale", "regular")]),
        masthead=chosen.get("masthead", "both"),
        shades=shades,
    )


def _choice(name: str, value: str) -> str:
    if value not in CHOICES[name]:
        raise UsageError(
            f"The theme's {name} is {value!r}, which it cannot be.",
            remedy=f"Use one of {', '.join(CHOICES[name])}.",
        )
    return value


def _scaled(steps: Mapping[str, Step], by: float) -> dict[str, Step]:
    return {
        name: Step(max(SMALLEST, round(step.size * by)), max(SMALLEST + 6, round(step.line * by)))
        for name, step in steps.items()
    }


def _shade(
    name: str, asked: str, asked_dark: str, light: Mapping[str, str], dark: Mapping[str, str], *, is_own: bool
) -> Shade:
    on_light, on_dark = (light["paper"], light["ground"]), (dark["paper"], dark["ground"])
    used, used_dark = readable(asked, on_light), readable(asked_dark, on_dark)
    return Shade(
        name=name,
        asked=asked,
        is_own=is_own,
        light=used,
        dark=used_dark,
        light_contrast=min(contrast(used, ground) for ground in on_light),
        dark_contrast=min(contrast(used_dark, ground) for ground in on_dark),
    )
