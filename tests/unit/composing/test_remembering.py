"""What was made of an edition lately: made once of the same, and anew of whatever is another."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pulse_mailer.composing import meter, preflight, remembering
from pulse_mailer.composing.remembering import Memory
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.base import Base, loaded
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Logo, ProgrammeSection
from pulse_mailer.errors import NotFound
from pulse_mailer.links import Links
from pulse_mailer.resources import prefer_templates
from tests.unit.composing import editions


def mail(edition: Edition, links: Links = editions.LINKS) -> tuple[str, ...]:
    made = remembering.render(edition, links)
    return made.fingerprint, made.html, made.text, made.web_html, made.mjml


def afresh(edition: Edition, links: Links = editions.LINKS) -> tuple[str, ...]:
    made = render(edition, links)
    return made.fingerprint, made.html, made.text, made.web_html, made.mjml


def test_nothing_is_made_twice_of_the_same() -> None:
    memory, made = Memory(10_000), []

    def make() -> list[str]:
        made.append("once")
        return ["a thing"]

    first, second = memory.of(lambda: "source", make), memory.of(lambda: "source", make)

    assert first is second
    assert made == ["once"]


def test_who_asks_while_it_is_made_waits_for_it_and_makes_nothing() -> None:
    memory, made, begun, finish = Memory(10_000), [], threading.Event(), threading.Event()

    def make() -> str:
        made.append("once")
        begun.set()
        assert finish.wait(30)
        return "a thing"

    with ThreadPoolExecutor(3) as people:
        first = people.submit(memory.of, lambda: "source", make)
        assert begun.wait(30)
        others = [people.submit(memory.of, lambda: "source", make) for _ in range(2)]
        finish.set()
        found = [one.result(30) for one in (first, *others)]

    assert found == ["a thing"] * 3
    assert made == ["once"]


def test_what_could_not_be_made_is_tried_again() -> None:
    memory = Memory(10_000)

    def fail() -> str:
        raise NotFound("There is no design.")

    for _ in range(2):
        with pytest.raises(NotFound):
            memory.of(lambda: "source", fail)

    assert memory.of(lambda: "source", lambda: "a thing") == "a thing"


def test_what_changed_while_it_was_made_is_not_kept() -> None:
    memory, files = Memory(10_000), ["old"]

    def make() -> str:
        files[0] = "new"
        return "made of one of them"

    memory.of(lambda: files[0], make)
    files[0] = "old"

    assert memory.of(lambda: files[0], lambda: "made of the old") == "made of the old"


def test_what_nobody_asked_for_longest_is_forgotten_when_there_is_too_much() -> None:
    memory = Memory(10_000)

    def ask(name: str) -> list[str]:
        made = []

        def make() -> str:
            made.append("anew")
            return "x" * 3_000

        memory.of(lambda: name, make)
        return made

    assert [ask(name) for name in ("a", "b", "a", "c")] == [["anew"], ["anew"], [], ["anew"]]
    assert memory.letters > 10_000  # the last one is not weighed before it is made

    assert ask("c") == []
    assert memory.letters <= 10_000
    assert [ask(name) for name in ("a", "b")] == [[], ["anew"]]


def test_mail_is_what_composing_afresh_gives_and_the_same_again() -> None:
    edition, again = editions.edition(), editions.edition()

    first = remembering.render(edition, editions.LINKS)
    second = remembering.render(again, editions.LINKS)

    assert mail(edition) == afresh(edition)
    assert second.html is first.html  # the very same string: nothing was composed for it
    assert second is not first
    second.segments.clear()
    assert remembering.render(edition, editions.LINKS).segments == render(edition, editions.LINKS).segments


def test_each_variant_is_another_mail() -> None:
    edition = editions.edition()
    whole, one = (remembering.render(edition, editions.LINKS, variant=name) for name in ("", "1"))

    assert (whole.variant, one.variant) == ("", "1")
    assert one.html == render(edition, editions.LINKS, variant="1").html != whole.html


def test_findings_and_size_are_those_made_afresh_and_the_same_again() -> None:
    edition, links = editions.edition(), editions.LINKS
    made = render(edition, links)

    found = remembering.preflight(edition, made)

    assert found == preflight.preflight(edition, made)
    assert found
    assert remembering.of_edition(edition) is remembering.of_edition(editions.edition())
    assert remembering.of_mail(edition, made) is remembering.of_mail(
        editions.edition(), render(edition, links)
    )
    assert remembering.measure(edition, links) == meter.measure(edition, links)
    assert remembering.measure(edition, links) is remembering.measure(editions.edition(), links)


def test_findings_are_of_the_mail_at_hand() -> None:
    edition = editions.edition()
    made = render(edition, editions.LINKS)
    remembering.of_mail(edition, made)
    made.html = made.html.replace("/u/[[token]]", "/elsewhere")

    assert remembering.of_mail(edition, made) == tuple(preflight.of_mail(edition, made))
    assert any(one.code == "unsubscribe-missing" for one in remembering.of_mail(edition, made))


CHANGES: dict[str, Callable[[Edition], object]] = {
    "its subject": lambda edition: setattr(edition, "subject", "Another subject"),
    "its letter": lambda edition: setattr(edition, "letter", "Another letter."),
    "a summary": lambda edition: setattr(next(edition.items()), "summary", "Another summary."),
    "an item hidden": lambda edition: setattr(next(edition.items()), "is_hidden", True),
    "an item gone": lambda edition: edition.sections[1].categories[0].items.pop(),
    "a section's colour": lambda edition: setattr(edition.sections[1], "colour", "#7A1F5C"),
    "another picture": lambda edition: setattr(
        next(item for item in edition.items() if item.picture), "picture", editions.picture("New", 90, 60)
    ),
    "no picture": lambda edition: setattr(
        next(item for item in edition.items() if item.picture), "picture", None
    ),
    "another design": lambda edition: setattr(edition.newsletter, "design", "letter"),
    "another theme": lambda edition: edition.newsletter.theme.update(brand="#7A1F5C"),
    "the newsletter's name": lambda edition: setattr(edition.newsletter, "name", "Another name"),
    "the newsletter's sender": lambda edition: setattr(edition.newsletter, "from_address", "b@example.org"),
    "a contact line": lambda edition: edition.newsletter.contact_lines[0].update(text="01632 960 999"),
    "a logo": lambda edition: setattr(
        edition.newsletter, "logo", Logo(picture=editions.picture("Logo", 200, 60))
    ),
    "no sections to choose": lambda edition: setattr(
        edition.newsletter, "sections", [ProgrammeSection(position=1, name="Care", colour="", is_news=False)]
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_shows_at_once(change: str) -> None:
    edition = editions.edition()
    before, found = mail(edition), remembering.of_edition(edition)
    CHANGES[change](edition)

    assert mail(edition) == afresh(edition)
    assert mail(edition) != before
    assert remembering.of_edition(edition) == tuple(preflight.of_edition(edition))
    assert remembering.of_edition(edition) is not found
    assert remembering.measure(edition, editions.LINKS) == meter.measure(edition, editions.LINKS)


@pytest.mark.parametrize(
    "links",
    [
        replace(editions.LINKS, base_url="https://other.example.org"),
        replace(editions.LINKS, unsubscribe_inbox="leave@example.org"),
    ],
    ids=["base_url", "unsubscribe_inbox"],
)
def test_other_links_show_at_once(links: Links) -> None:
    edition = editions.edition()

    assert mail(edition) != mail(edition, links) == afresh(edition, links)


def test_a_changed_file_of_the_design_shows_at_once(tmp_path: Path) -> None:
    edition = editions.small()
    before = mail(edition)
    folder = tmp_path / "editions" / "digest"
    folder.mkdir(parents=True)
    prefer_templates(tmp_path)
    shown = []
    for words in ("Ours", "Ours once more"):
        (folder / "item.mjml.j2").write_text(f'<div class="item">{words}: {{{{ entry.title }}}}</div>')
        shown.append(mail(edition))
        assert f"{words}: A title" in shown[-1][1]

    prefer_templates(None)
    assert mail(edition) == before != shown[0] != shown[1]


def test_a_design_that_is_gone_is_missed_at_once(tmp_path: Path) -> None:
    edition = editions.small()
    folder = tmp_path / "editions" / "ours"
    folder.mkdir(parents=True)
    (folder / "design.toml").write_text('based_on = "digest"\ntitle = "Ours"\nabout = "Ours."\n')
    prefer_templates(tmp_path)
    edition.newsletter.design = "ours"
    mail(edition)
    (folder / "design.toml").unlink()

    with pytest.raises(NotFound):
        mail(edition)


def _rows(row: Base) -> list[Base]:
    found = [row]
    for relation in type(row).__mapper__.relationships:
        beside = getattr(row, relation.key)
        for one in beside if isinstance(beside, list) else [beside] if beside else []:
            found += _rows(one)
    return found


def test_no_value_of_an_edition_or_of_what_belongs_to_it_is_overlooked() -> None:
    edition = editions.edition()
    edition.newsletter.logo = Logo(picture=editions.picture("Logo", 200, 60))
    kinds = {type(row): row for row in _rows(edition)}
    names = {kind.__name__ for kind in kinds}
    assert names >= {
        "Edition",
        "Newsletter",
        "Section",
        "Category",
        "Item",
        "Picture",
        "Logo",
        "ProgrammeSection",
    }
    for row in kinds.values():
        for column in type(row).__mapper__.column_attrs:
            if column.deferred:  # raises when it is read
                continue
            before, was = loaded(edition), getattr(row, column.key)
            setattr(row, column.key, "another")
            assert repr(loaded(edition)) != repr(before), column
            setattr(row, column.key, was)
            assert repr(loaded(edition)) == repr(before)
