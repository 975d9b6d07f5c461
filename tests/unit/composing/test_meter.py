"""The byte meter: it counts what is there, and its advice keeps what it promises."""

from pathlib import Path

import pytest

from pulse_mailer.composing import designs, meter
from pulse_mailer.composing.mailchecks import SIZE_GOOD, SIZE_MOST
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.edition import Edition
from pulse_mailer.errors import BrokenTemplate
from pulse_mailer.resources import prefer_templates
from tests.unit.composing import editions

SENTENCE = "A sentence about what was found. "


def long(sentences: int, more: int = 4) -> Edition:
    """The edition, each item with a first paragraph and `more` bullets of so many sentences."""
    edition = editions.edition()
    for item in edition.items():
        item.summary = f"{SENTENCE * 3}\n\n" + f"- {SENTENCE * sentences}\n" * more
    return edition


def html_bytes(edition: Edition) -> int:
    return len(render(edition, editions.LINKS).html.encode())


@pytest.mark.parametrize("design", designs.names())
def test_what_it_counts_is_what_the_mail_has(design: str) -> None:
    edition = editions.edition()
    edition.newsletter.design = design
    list(edition.items())[2].is_short = True
    measured = meter.measure(edition, editions.LINKS)

    assert measured.size == html_bytes(edition)
    assert sum(count for _, count in measured.parts) == measured.size
    assert [item.number for item in measured.items] == [item.number for item in edition.items()]


@pytest.mark.parametrize("number", [1, 2, 9, 20])
def test_what_shortening_saves_is_what_it_says(number: int) -> None:
    edition = long(3)
    before = meter.measure(edition, editions.LINKS)
    next(item for item in edition.items() if item.number == number).is_short = True

    saves = next(item.saves for item in before.items if item.number == number)
    assert saves > 100
    assert html_bytes(edition) == before.size - saves


def test_the_advice_takes_the_mail_under_what_is_safe_with_the_fewest_items() -> None:
    edition = long(14)
    measured = meter.measure(edition, editions.LINKS)
    advice = measured.advice()
    assert measured.size > SIZE_GOOD
    for item in edition.items():
        item.is_short = item.number in advice.numbers

    assert html_bytes(edition) == advice.size <= SIZE_GOOD == advice.goal
    saved = sorted((item.saves for item in measured.items), reverse=True)
    assert measured.size - sum(saved[: len(advice.numbers) - 1]) > SIZE_GOOD


def test_a_mail_that_is_small_enough_needs_no_advice() -> None:
    advice = meter.measure(editions.edition(), editions.LINKS).advice()

    assert (advice.numbers, advice.is_enough) == ((), True)


def test_where_all_is_too_much_the_advice_says_that_it_is_not_enough() -> None:
    edition = editions.edition()
    for item in edition.items():
        item.summary = (
            SENTENCE * 200 + "\n\nAnd a second paragraph, somewhat longer than a link to the web is."
        )
    advice = meter.measure(edition, editions.LINKS).advice()

    assert advice.goal == SIZE_MOST
    assert not advice.is_enough


def test_an_item_of_one_paragraph_saves_nothing_and_is_never_advised() -> None:
    edition = editions.edition()
    for item in edition.items():
        item.summary = SENTENCE * 200
    measured = meter.measure(edition, editions.LINKS)

    assert {item.saves for item in measured.items} == {0}
    assert measured.advice().numbers == ()


def test_hidden_items_are_not_counted() -> None:
    edition = editions.edition()
    next(edition.items()).is_hidden = True

    assert 1 not in {item.number for item in meter.measure(edition, editions.LINKS).items}


def test_measuring_leaves_the_edition_as_it_was() -> None:
    edition = editions.edition()
    before = [item.is_short for item in edition.items()]
    meter.measure(edition, editions.LINKS)

    assert [item.is_short for item in edition.items()] == before


def test_a_design_whose_items_cannot_be_found_is_refused(tmp_path: Path) -> None:
    (tmp_path / "editions" / "digest").mkdir(parents=True)
    (tmp_path / "editions" / "digest" / "item.mjml.j2").write_text("<p>{{ entry.title }}</p>")
    prefer_templates(tmp_path)

    with pytest.raises(BrokenTemplate, match=r"item\.mjml\.j2 begins each item"):
        meter.measure(editions.edition(), editions.LINKS)
