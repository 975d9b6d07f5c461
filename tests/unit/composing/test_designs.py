"""Designs: those there are, what they are made of, and what a broken one says."""

from pathlib import Path

import pytest

from pulse_mailer.composing import designs
from pulse_mailer.composing.environment import fill
from pulse_mailer.composing.rendering import render
from pulse_mailer.errors import BrokenTemplate, NotFound
from pulse_mailer.resources import prefer_templates
from tests.unit.composing import editions


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder editions/ of a templates folder of one's own."""
    (tmp_path / "editions").mkdir()
    prefer_templates(tmp_path)
    return tmp_path / "editions"


def put(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def html(design: str) -> str:
    edition = editions.small()
    edition.newsletter.design = design
    return render(edition, editions.LINKS).html


def test_three_designs_are_shipped_each_with_words_for_who_chooses() -> None:
    found = [designs.load(name) for name in designs.names()]

    assert [design.name for design in found] == ["compact", "digest", "letter"]
    assert all(design.title and design.about.endswith(".") for design in found)
    assert [design.has_pictures for design in found] == [False, True, False]


def test_all_designs_know_the_same_colours_so_that_a_theme_suits_each() -> None:
    for name in designs.names():
        design = designs.load(name)
        assert design.light.keys() == design.dark.keys() == designs.load("digest").light.keys()


@pytest.mark.parametrize("name", ["none-such", "../digest", "", "Digest", "_shared"])
def test_an_unknown_design_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(NotFound, match="digest"):
        designs.load(name)


def test_one_file_of_one_s_own_replaces_a_shipped_one(own: Path) -> None:
    put(own / "digest", item__mjml__j2='<div class="item">Ours: {{ entry.title }}</div>')

    assert "Ours: A title" in html("digest")
    assert "Ours: A title" not in html("letter")


def test_a_shared_file_of_one_s_own_is_used_by_every_design(own: Path) -> None:
    put(own / "_shared", footer__mjml__j2='{% extends "shipped/footer.mjml.j2" %}')
    before = {name: html(name) for name in designs.names()}
    shipped = Path(designs.load("digest").shelves.shipped[-1] / "footer.mjml.j2").read_text(encoding="utf-8")
    put(own / "_shared", footer__mjml__j2=shipped.replace("Read on the web", "See it on the web"))

    for name in designs.names():
        assert "See it on the web" in html(name)
        assert "See it on the web" not in before[name]


def test_a_design_of_one_s_own_needs_only_what_differs(own: Path) -> None:
    put(
        own / "house",
        design__toml='based_on = "letter"\ntitle = "House"\n[light]\nbrand = "#7A0019"\n',
        masthead__mjml__j2='{% extends "_shared/masthead.mjml.j2" %}{% block name %}<h1>Our house</h1>{% endblock %}',
    )
    design = designs.load("house")

    assert "house" in designs.names()
    assert (design.title, design.about) == ("House", designs.load("letter").about)
    assert design.light == designs.load("letter").light | {"brand": "#7A0019"}
    assert "Our house" in html("house")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("title = ", "design.toml"),
        ('based_on = "letter"\n[light]\nink = "black"', "ink is 'black', which is no colour"),
        ('title = "Bare"', "it says nothing of"),
        ('based_on = "house"', "is based on 'house'"),
        ('based_on = "nonesuch"', "is based on 'nonesuch'"),
        ('based_on = "letter"\n[type]\nbody = [16]', "cannot be used"),
        ('based_on = "letter"\n[fonts]\nbody = "Lobster"', "'Lobster' is no font"),
    ],
)
def test_a_design_toml_that_cannot_be_used_says_why(own: Path, toml: str, said: str) -> None:
    put(own / "house", design__toml=toml)

    with pytest.raises(BrokenTemplate, match=said):
        designs.load("house")


@pytest.mark.parametrize(
    ("template", "line", "said"),
    [
        ("one\n{% if %}", 2, "Expected an expression"),
        ("one\ntwo\n{{ entry.nothing }}", 3, "nothing"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("one\n{{ ''.__class__.__mro__ }}", 2, "unsafe"),
        ("\n{{ edition.parts.append(1) }}", 2, "unsafe"),
    ],
)
def test_a_broken_file_of_one_s_own_is_named_with_its_line(
    own: Path, template: str, line: int, said: str
) -> None:
    put(own / "digest", item__mjml__j2=template)

    with pytest.raises(BrokenTemplate, match=f"item.mjml.j2, line {line}: .*{said}") as raised:
        html("digest")
    assert str(own / "digest") in raised.value.what


def test_a_template_that_extends_itself_is_refused(own: Path) -> None:
    put(own / "digest", item__mjml__j2='{% extends "item.mjml.j2" %}')

    with pytest.raises(BrokenTemplate, match="includes or extends itself"):
        html("digest")


def test_a_template_of_another_folder_is_not_reached(own: Path) -> None:
    (own.parent / "secret").write_text("a secret", encoding="utf-8")
    put(own / "digest", text__j2='{% include "../../secret" %}')

    with pytest.raises(BrokenTemplate, match="not there"):
        fill(designs.load("digest").shelves, "text.j2", {})


def test_the_hash_of_a_design_changes_with_any_file_that_it_uses(own: Path) -> None:
    put(own / "house", design__toml='based_on = "letter"\ntitle = "House"')
    seen = [designs.hash_of(designs.load("house"))]
    for folder in ("house", "letter", "_shared"):
        put(own / folder, contents__mjml__j2=folder)
        seen.append(designs.hash_of(designs.load("house")))

    assert len(set(seen)) == 4
    assert seen[-1] == designs.hash_of(designs.load("house"))


def test_the_hash_of_a_design_stays_when_another_one_changes(own: Path) -> None:
    before = designs.hash_of(designs.load("digest"))
    put(own / "compact", item__mjml__j2="x")
    put(own / "digest", **{"item.mjml.j2~": "an editor's copy"})

    assert designs.hash_of(designs.load("digest")) == before
