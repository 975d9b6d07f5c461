"""A variant of an edition: some of its sections, everything else as in the whole of it."""

import pytest

from pulse_mailer.composing.preflight import of_mail
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.edition import Rendering
from tests.unit.composing import editions


@pytest.fixture(scope="module")
def whole() -> Rendering:
    return render(editions.edition(), editions.LINKS)


@pytest.fixture(scope="module")
def part() -> Rendering:
    return render(editions.edition(), editions.LINKS, variant="1,3")


def names() -> list[str]:
    return [section.name for section in editions.edition().sections]


def test_it_holds_its_sections_and_no_other(part: Rendering) -> None:
    first, second, third, *_ = names()

    assert part.variant == "1,3"
    for shown in (part.html, part.text):
        folded = shown.casefold()
        assert first.casefold() in folded
        assert third.casefold() in folded
        assert second.casefold() not in folded


def test_in_this_edition_names_only_what_it_holds(whole: Rendering, part: Rendering) -> None:
    def contents(text: str) -> list[str]:
        return [line for line in text.split("-----", maxsplit=1)[0].splitlines() if line.startswith("- ")]

    kept = [line for at, line in enumerate(contents(whole.text), 1) if at in (1, 3)]
    assert contents(part.text) == kept


def test_its_links_lead_to_the_anchors_of_the_whole_web_copy(whole: Rendering, part: Rendering) -> None:
    assert "/2025-05#section-3" in part.html
    assert "#section-2" not in part.html
    assert 'id="section-3"' in whole.web_html
    assert part.web_html == ""


def test_subject_and_letter_are_those_of_the_whole(whole: Rendering, part: Rendering) -> None:
    assert part.subject == whole.subject
    assert editions.edition().preheader in part.html


def test_it_is_the_same_each_time_and_another_than_the_whole(whole: Rendering, part: Rendering) -> None:
    again = render(editions.edition(), editions.LINKS, variant="1,3")

    assert again.fingerprint == part.fingerprint != whole.fingerprint


def test_preflight_looks_for_no_item_that_it_does_not_hold(whole: Rendering, part: Rendering) -> None:
    made = editions.edition()

    assert {finding.code for finding in of_mail(made, part)} <= {
        finding.code for finding in of_mail(made, whole)
    }
