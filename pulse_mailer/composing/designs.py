"""Designs: the named looks under templates/editions/, and a newsletter's own colours in them."""

import functools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pulse_mailer.composing.colours import check_colour, readable
from pulse_mailer.errors import BrokenTemplate, NotFound, UsageError
from pulse_mailer.resources import templates_dir


@dataclass(frozen=True, slots=True)
class Design:
    """
    Attributes:
        folder: where its templates are: mail.mjml.j2, text.j2, item.css.
        light, dark: colours by their names, as #RRGGBB.
        palette: the colours of sections by position; the first follows the last.
    """

    name: str
    folder: Path
    light: dict[str, str]
    dark: dict[str, str]
    palette: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Theme:
    """A design's colours with a newsletter's own in their places, each readable on its ground."""

    design: Design
    light: dict[str, str]
    dark: dict[str, str]

    def section_colours(self, chosen: str, position: int) -> tuple[str, str]:
        """A section's colour, light and dark: its own, or else the palette's for its position, from 0."""
        palette = self.design.palette
        colour = check_colour(chosen, "A section's colour") if chosen else palette[position % len(palette)]
        return _on(self.light, colour), _on(self.dark, colour)


@functools.cache
def load(name: str) -> Design:
    """
    Raises:
        NotFound: there is no such design.
        BrokenTemplate: its design.toml cannot be used.
    """
    designs = templates_dir() / "editions"
    folder = designs / name
    if not re.fullmatch(r"[a-z0-9-]+", name) or not (folder / "design.toml").is_file():
        known = ", ".join(sorted(path.parent.name for path in designs.glob("*/design.toml")))
        raise NotFound(f"There is no design {name!r}.", remedy=f"These are there: {known}.")
    try:
        found = tomllib.loads((folder / "design.toml").read_text(encoding="utf-8"))
        return Design(
            name=name,
            folder=folder,
            light={key: check_colour(value, key) for key, value in found["light"].items()},
            dark={key: check_colour(value, key) for key, value in found["dark"].items()},
            palette=tuple(check_colour(value, "a palette colour") for value in found["palette"]),
        )
    except (tomllib.TOMLDecodeError, KeyError, UsageError) as error:
        raise BrokenTemplate(f"The design {name} has a design.toml that cannot be used: {error}") from error


def theme(design: Design, own: dict[str, str]) -> Theme:
    """
    Put a newsletter's own colours into a design.

    Raises:
        UsageError: a token that the design does not know, or a value that is no colour.
    """
    unknown = sorted(own.keys() - design.light.keys())
    if unknown:
        raise UsageError(
            f"The theme sets {unknown[0]!r}, which the design {design.name} does not know.",
            remedy=f"It knows: {', '.join(sorted(design.light))}.",
        )
    own = {key: check_colour(value, f"The theme's {key}") for key, value in own.items()}
    made = Theme(design, design.light | own, dict(design.dark))
    for key in ("brand", "link", "ink", "muted"):
        made.light[key] = _on(made.light, made.light[key])
        made.dark[key] = _on(made.dark, own.get(key, made.dark[key]))
    return made


def _on(colours: dict[str, str], colour: str) -> str:
    return readable(colour, (colours["paper"], colours["ground"]))
