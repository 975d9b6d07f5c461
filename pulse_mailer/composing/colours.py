"""Colours as people with poor sight meet them: contrast (WCAG 2.2), and the nearest colour that passes."""

import colorsys
import re

from pulse_mailer.errors import UsageError

ENOUGH = 4.5  #: the contrast that WCAG 2.2 asks of text (success criterion 1.4.3)

_STEPS = 100


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours written #RRGGBB, from 1 (the same) to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, grounds: tuple[str, ...], enough: float = ENOUGH) -> str:
    """
    Give the colour itself, or the nearest of its hue that is told from all the grounds.

    The grounds are all light or all dark; on light ones it is darkened, on dark ones lightened.
    """
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(colour))
    goal = 0.0 if _luminance(grounds[0]) > 0.5 else 1.0
    for step in range(_STEPS + 1):
        moved = lightness + (goal - lightness) * step / _STEPS
        found = _written(colorsys.hls_to_rgb(hue, moved, saturation)) if step else colour.upper()
        if all(contrast(found, ground) >= enough for ground in grounds):
            break
    return found


def check_colour(value: str, where: str) -> str:
    """
    Give the colour in capitals.

    Raises:
        UsageError: it is not written #RRGGBB.
    """
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise UsageError(f"{where} is {value!r}, which is no colour.", remedy="Write it as #RRGGBB.")
    return value.upper()


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red / 255, green / 255, blue / 255


def _written(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02X}" for part in parts)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
