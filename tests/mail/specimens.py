"""The mails that are judged: each edition in each design, as one reader gets it."""

import functools
from pathlib import Path
from typing import NamedTuple

from pulse_mailer.composing import designs
from pulse_mailer.composing.merging import preview
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.importing import read_document
from pulse_mailer.importing.draft import Programme
from pulse_mailer.resources import templates_dir
from tests.unit.composing import editions
from tests.unit.importing.test_demo_edition import made_of

DESIGNS = designs.names()


class Specimen(NamedTuple):
    """Attributes: html, text: as one reader's mail program decodes them."""

    rendering: Rendering
    html: str
    text: str


def demo() -> Edition:
    document = (templates_dir() / "demo" / "edition.md").read_bytes()
    return made_of(read_document("edition.md", document, Programme(), lambda _path: None))


def real(path: Path) -> Edition:
    return made_of(read_document(path.name, path.read_bytes(), Programme(), lambda _path: None))


EDITIONS = {"harbour": editions.edition, "demo": demo}
NAMES = [f"{design}/{name}" for design in DESIGNS for name in EDITIONS]


@functools.cache
def specimen(name: str) -> Specimen:
    design, _, edition = name.partition("/")
    return composed(EDITIONS[edition](), design)


def composed(edition: Edition, design: str) -> Specimen:
    edition.newsletter.design = design
    made = render(edition, editions.LINKS)
    read = preview(made, editions.delivery(), editions.LINKS)
    return Specimen(made, read.html, read.text)
