"""The drawn pictures of the demo edition."""

import re
from pathlib import Path

import pytest
from PIL import Image

from pulse_mailer.cli.drawing import draw_pictures
from pulse_mailer.pictures import prepare
from pulse_mailer.resources import templates_dir


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw_pictures(tmp_path_factory.mktemp("edition") / "pictures")


def test_draws_the_pictures_that_the_demo_edition_names_and_no_others(drawn: list[Path]) -> None:
    edition = (templates_dir() / "demo" / "edition.md").read_text(encoding="utf-8")
    named = re.findall(r"^!\[.+\]\(pictures/(.+)\)$", edition, re.MULTILINE)
    assert sorted(path.name for path in drawn) == sorted(named)
    assert len(named) == 5


def test_each_is_a_picture_light_enough_for_mail(drawn: list[Path]) -> None:
    for path in drawn:
        assert path.stat().st_size < 60_000
        with Image.open(path) as image:
            assert image.size in {(640, 400), (480, 600)}
            colours = image.getcolors(maxcolors=image.width * image.height)
        assert colours is not None
        assert len(colours) > 100, f"{path.name} is nearly blank, or its edges are not smooth"


def test_each_is_kept_as_a_sharp_drawing_of_the_same_size(drawn: list[Path]) -> None:
    for path in drawn:
        prepared = prepare(path.read_bytes())
        with Image.open(path) as image:
            assert (prepared.media_type, prepared.width, prepared.height) == ("image/png", *image.size)


def test_drawing_again_gives_the_same_bytes(drawn: list[Path], tmp_path: Path) -> None:
    again = draw_pictures(tmp_path)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in drawn]
