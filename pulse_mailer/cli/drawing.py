"""
The pictures of the demo edition, drawn by the program itself: charts and covers of reports that do not exist.

Everything is drawn three times as large and reduced, which makes edges smooth. The same installation always draws
the same bytes.
"""

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_FINENESS = 3

_PAPER, _INK, _MUTED, _RULE = "#F7F3EB", "#1F2A36", "#5B6672", "#DDD5C7"
_TEAL, _CORAL, _GOLD, _PLUM, _SAGE = "#0B5563", "#D9654A", "#E9B44C", "#5F4B66", "#9DBFA8"

_Point = tuple[float, float]


class _Canvas:
    """A sheet with its origin at the top left; lengths in pixels of the finished picture."""

    def __init__(self, width: int, height: int, ground: str = _PAPER) -> None:
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * _FINENESS, height * _FINENESS), ground)
        # "RGBA" on an RGB image: fills with an alpha value are laid over what is there.
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def shade(self, top: str, bottom: str) -> None:
        """Let the ground pass from one colour to another."""
        below = Image.new("RGB", self._image.size, bottom)
        above = Image.new("RGB", self._image.size, top)
        fading = Image.linear_gradient("L").resize(self._image.size)
        self._image.paste(Image.composite(below, above, fading))

    def polygon(self, points: Sequence[_Point], fill: str) -> None:
        self._draw.polygon([_fine(point) for point in points], fill=fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: str, radius: float = 0) -> None:
        self._draw.rounded_rectangle(
            (_fine((left, top)), _fine((right, bottom))), radius * _FINENESS, fill=fill
        )

    def disc(self, centre: _Point, radius: float, fill: str) -> None:
        self._draw.circle(_fine(centre), radius * _FINENESS, fill=fill)

    def line(self, points: Sequence[_Point], fill: str, width: float) -> None:
        self._draw.line([_fine(point) for point in points], fill, round(width * _FINENESS), joint="curve")

    def text(
        self, at: _Point, words: str, size: float, fill: str, *, anchor: str = "ls", bold: float = 0
    ) -> None:
        """Write on a base line; `bold` is how much thicker its strokes are, in pixels."""
        font = ImageFont.load_default(size * _FINENESS)
        stroke = bold * _FINENESS / 2
        self._draw.text(_fine(at), words, fill, font, anchor, stroke_width=stroke, stroke_fill=fill)

    def save(self, path: Path) -> None:
        self._image.reduce(_FINENESS).save(path, "PNG", optimize=True)


def _fine(point: _Point) -> _Point:
    return point[0] * _FINENESS, point[1] * _FINENESS


def _home_care_hours() -> _Canvas:
    """A line that falls: minutes of contact in each paid hour of home care."""
    minutes = {2020: 51, 2021: 50, 2022: 48, 2023: 46, 2024: 44, 2025: 42}
    sheet = _Canvas(640, 400)
    left, right, top, bottom = 64, 536, 152, 334
    sheet.text((40, 58), "Minutes with the person", 32, _INK, bold=1)
    sheet.text((40, 90), "of each paid hour of home care", 22, _MUTED)
    points = [
        (left + (right - left) * place / 5, top + (bottom - top) * (52 - value) / 14)
        for place, value in enumerate(minutes.values())
    ]
    for level in (40, 44, 48, 52):
        height = top + (bottom - top) * (52 - level) / 14
        sheet.line([(left - 24, height), (right + 24, height)], _RULE, 1.5)
    sheet.polygon([*points, (right, bottom), (left, bottom)], _TEAL + "22")
    sheet.line(points, _TEAL, 6)
    for point in points:
        sheet.disc(point, 8, _PAPER)
        sheet.disc(point, 5.5, _TEAL)
    for year, (across, _) in zip(minutes, points, strict=True):
        sheet.text((across, 368), str(year), 21, _MUTED, anchor="ms")
    sheet.text((points[0][0] - 12, points[0][1] - 20), "51", 32, _TEAL, anchor="ls", bold=1.4)
    sheet.disc(points[-1], 10, _CORAL)
    sheet.text((points[-1][0] + 20, points[-1][1] + 16), "42", 46, _CORAL, anchor="ls", bold=1.8)
    return sheet


def _warm_homes() -> _Canvas:
    """Bars like a row of houses: admissions in five towns, before and after insulation."""
    before, after = (62, 48, 55, 41, 37), (50, 44, 47, 36, 37)
    sheet = _Canvas(640, 400)
    ground, unit, width = 346, 3.1, 44
    sheet.text((40, 58), "Asthma admissions", 32, _INK, bold=1)
    sheet.text((40, 90), "before and after insulation, by town", 22, _MUTED)
    for place, pair in enumerate(zip(before, after, strict=True)):
        middle = 92 + place * 114
        for value, left, wall, roof, words in zip(
            pair,
            (middle - width - 3, middle + 3),
            (_SAGE, _CORAL),
            ("#7DA58B", "#B9492F"),
            (_INK, "#FFFFFF"),
            strict=True,
        ):
            top = ground - value * unit
            sheet.box(left, top, left + width, ground, wall)
            sheet.polygon([(left - 3, top), (left + width / 2, top - 24), (left + width + 3, top)], roof)
            sheet.text((left + width / 2, top + 32), str(value), 21, words, anchor="ms", bold=0.8)
        sheet.text((middle, ground + 34), "ABCDE"[place], 22, _MUTED, anchor="ms")
    sheet.line([(40, ground), (600, ground)], _INK, 3)
    return sheet


def _family_first() -> _Canvas:
    """A cover: circles of several sizes that overlap, as households do."""
    sheet = _Canvas(480, 600, "#FBEBD9")
    circles = [
        ((196, 214), 150, _CORAL),
        ((322, 176), 104, _GOLD),
        ((300, 306), 88, _PLUM),
        ((136, 346), 58, _TEAL),
    ]
    for centre, radius, colour in circles:
        sheet.disc(centre, radius, colour + "C8")
    for centre, radius, _ in circles:
        sheet.disc(centre, radius * 0.12, "#FFF8EEE6")
    sheet.line([(40, 434), (104, 434)], _CORAL, 6)
    sheet.text((40, 488), "Family first,", 44, _INK, bold=1.6)
    sheet.text((40, 534), "and then what?", 44, _INK, bold=1.6)
    sheet.text((40, 572), "Kinship Evidence Network", 20, _MUTED)
    return sheet


def _placement_planner() -> _Canvas:
    """A map of dots: many children in the north of a county, most foster homes in its south."""
    sheet = _Canvas(640, 400, "#EEF3EE")
    chance = random.Random(11)  # noqa: S311 - a drawing, which must come out the same every time
    county = [_outline(step / 180) for step in range(180)]
    sheet.polygon([(across + 5, down + 7) for across, down in county], "#1F2A3618")
    sheet.polygon(county, "#FFFFFF")
    sheet.line([(60, 240), (150, 214), (236, 236), (318, 206), (418, 226)], "#C9DDE3", 7)
    children = _scattered(chance, 150, lambda down: down < 190 or chance.random() < 0.28, 11)
    homes = _scattered(chance, 26, lambda down: down > 236 or chance.random() < 0.07, 26)
    for at in children:
        sheet.disc(at, 3.6, _PLUM + "B0")
    for at in homes:
        sheet.disc(at, 13, _CORAL + "30")
        sheet.disc(at, 6.5, _CORAL)
    sheet.text((448, 150), "Who needs", 30, _INK, bold=1)
    sheet.text((448, 186), "a home, and", 30, _INK, bold=1)
    sheet.text((448, 222), "where", 30, _INK, bold=1)
    sheet.disc((456, 262), 5, _PLUM)
    sheet.text((474, 270), "children", 22, _MUTED)
    sheet.disc((456, 296), 7, _CORAL)
    sheet.text((474, 304), "foster homes", 22, _MUTED)
    return sheet


def _outline(turn: float) -> _Point:
    """The border of the county, at a share of the way round."""
    angle = 2 * math.pi * turn
    waves = 1 + 0.08 * math.sin(3 * angle + 1) + 0.05 * math.sin(7 * angle) + 0.025 * math.sin(13 * angle + 2)
    return 226 + 178 * waves * math.cos(angle), 202 + 164 * waves * math.sin(angle)


def _scattered(
    chance: random.Random, count: int, wanted: Callable[[float], bool], apart: float
) -> list[_Point]:
    """Places within the county, at wanted heights, none closer to another than `apart`."""
    found: list[_Point] = []
    while len(found) < count:
        at = chance.uniform(40, 420), chance.uniform(30, 380)
        turn = math.atan2((at[1] - 202) / 164, (at[0] - 226) / 178) / (2 * math.pi)
        inside = math.dist(at, (226, 202)) < math.dist(_outline(turn), (226, 202)) - 14
        if inside and wanted(at[1]) and all(math.dist(at, other) > apart for other in found):
            found.append(at)
    return found


def _lights_on() -> _Canvas:
    """A cover: street lamps at night, whose light overlaps."""
    sheet = _Canvas(480, 600)
    sheet.shade("#10202E", "#3C3354")
    street = 452
    skyline = (
        (0, 96, 310),
        (96, 150, 352),
        (150, 236, 290),
        (236, 300, 340),
        (300, 398, 304),
        (398, 480, 332),
    )
    for left, right, roof in skyline:
        sheet.polygon(
            [(left, street), (left, roof), ((left + right) / 2, roof - 26), (right, roof), (right, street)],
            "#0C1823",
        )
    for left, top in ((26, 340), (176, 330), (200, 380), (330, 340), (356, 390), (430, 366)):
        sheet.box(left, top, left + 14, top + 20, _GOLD + "90", radius=2)
    for foot in (84, 240, 396):
        lamp = (foot + 26, 236)
        for spread in (96, 70, 44):
            sheet.polygon([lamp, (lamp[0] - spread, street), (lamp[0] + spread, street)], _GOLD + "38")
        sheet.line([(foot, street), (foot, 226), (foot + 8, 216), (foot + 26, 216)], "#C9D2DA", 5)
        sheet.disc(lamp, 26, _GOLD + "40")
        sheet.disc(lamp, 11, "#FFF3CF")
    sheet.box(0, street, 480, 600, "#0A141D")
    sheet.text((36, 108), "Lights on", 72, "#FFF8E7", bold=2.4)
    sheet.text((40, 150), "Street lighting, fear and crime", 24, "#C9D2DA")
    sheet.text((40, 180), "in nine towns", 24, "#C9D2DA")
    sheet.text((40, 552), "Wexmoor Policing Laboratory", 22, "#C9D2DA")
    return sheet


_PICTURES: dict[str, Callable[[], _Canvas]] = {
    "family-first.png": _family_first,
    "home-care-hours.png": _home_care_hours,
    "lights-on.png": _lights_on,
    "placement-planner.png": _placement_planner,
    "warm-homes.png": _warm_homes,
}


def draw_pictures(folder: Path) -> list[Path]:
    """Draw the pictures that templates/demo/edition.md names into a folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, draw in _PICTURES.items():
        draw().save(folder / name)
        drawn.append(folder / name)
    return drawn
