"""
How the mail looks, as pictures: each design at a desk and on a phone, light and dark, and with pictures off.

`pytest tests/browser/test_mail_pictures.py --update-golden` takes tests/golden/pictures/ anew; look at each of them.
They are compared at half their size and with some tolerance, since each Chromium draws letters a little otherwise;
on a machine with other fonts than the pictures were taken with, the comparison would say nothing and is left out.
"""

import io
import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from PIL import Image
from pixelmatch.contrib.PIL import pixelmatch
from playwright.sync_api import Browser, Page

from tests.browser.test_mail_look import opened
from tests.mail.specimens import DESIGNS
from tests.needs import missing
from tests.unit.composing import editions

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]

GOLDEN = Path(__file__).parents[1] / "golden" / "pictures"
#: Of all points, how many may differ, and how much taller or shorter the whole may be.
POINTS, HEIGHT = 0.01, 0.01


class View(NamedTuple):
    name: str
    width: int
    scheme: Literal["light", "dark"] = "light"
    pictures: bool = True


VIEWS = [
    View("desk", 640),
    View("phone", 375),
    View("phone-dark", 375, scheme="dark"),
    View("phone-no-pictures", 375, pictures=False),
]
_FONTS = """() => ["Georgia, serif", "Helvetica, Arial, sans-serif"].map((font) => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "40px " + font;
  return Math.round(pen.measureText("Quick wafting zephyrs vex bold Jim 0123456789").width);
})"""


def fonts(page: Page) -> list[int]:
    """How wide the fonts here draw a sentence: the same fonts, the same widths."""
    found: list[int] = page.evaluate(_FONTS)
    return found


def small(png: bytes | Path) -> Image.Image:
    with Image.open(io.BytesIO(png) if isinstance(png, bytes) else png) as picture:
        return picture.convert("RGB").resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX)


@pytest.mark.parametrize("view", VIEWS, ids=[view.name for view in VIEWS])
@pytest.mark.parametrize("design", DESIGNS)
def test_the_mail_looks_as_it_was_agreed_to(
    browser: Browser, design: str, view: View, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    edition = editions.specimen()
    look: dict[str, Any] = {"viewport": {"width": view.width, "height": 900}, "color_scheme": view.scheme}
    with opened(browser, edition, design=design, pictures=view.pictures, **look) as page:
        drawn_by, taken = fonts(page), page.screenshot(full_page=True)
    path, known = GOLDEN / f"{design}-{view.name}.png", GOLDEN / "fonts.json"
    if pytestconfig.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        known.write_text(json.dumps(drawn_by) + "\n", encoding="utf-8")
        with Image.open(io.BytesIO(taken)) as picture:
            picture.convert("RGB").quantize(64).save(path, optimize=True)
    if json.loads(known.read_text(encoding="utf-8")) != drawn_by:
        missing(pytestconfig, "How mail looks", "the pictures in tests/golden were taken with other fonts")

    found, agreed = small(taken), small(path)

    assert abs(found.height - agreed.height) <= HEIGHT * agreed.height
    height = min(found.height, agreed.height)
    shape = (0, 0, found.width, height)
    difference = Image.new("RGBA", (found.width, height))
    points = pixelmatch(found.crop(shape), agreed.crop(shape), difference, threshold=0.15)
    if points > POINTS * found.width * height:
        for name, drawn in (("found", found), ("difference", difference)):
            drawn.save(tmp_path / f"{design}-{view.name}-{name}.png")
    assert points <= POINTS * found.width * height, f"{points} points differ; see {tmp_path}"


def test_the_comparison_sees_a_section_in_another_colour(browser: Browser) -> None:
    taken = []
    for colour in ("#0A6B74", "#A63D1E"):
        edition = editions.specimen()
        edition.sections[0].colour = colour
        with opened(browser, edition, viewport={"width": 375, "height": 900}) as page:
            taken.append(small(page.screenshot(full_page=True)))
    one, other = taken
    assert pixelmatch(one, other, threshold=0.15) > 0.0005 * one.width * one.height
