"""The one real edition, as text and as Word; its words stay where they are and are never copied here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pulse_mailer.importing.draft import Doubt, Draft
from tests.unit.importing.drafts import (
    doubtful_lines,
    doubts,
    draft_of,
    kept_words,
    one_item,
    opening,
    tree,
    words,
)
from tests.unit.importing.word import from_text

pytestmark = pytest.mark.shared

Style = Callable[[int, str], tuple[str | None, bool]]


@pytest.fixture
def text(real_edition: Path) -> str:
    return real_edition.read_text(encoding="utf-8")


@pytest.fixture
def draft(text: str) -> Draft:
    return draft_of(text, "edition.txt")


def test_it_has_one_news_item_and_eight_twelve_and_nine_others(draft: Draft) -> None:
    assert [(section.is_news, section.item_count) for section in draft.sections] == [
        (True, 1),
        (False, 8),
        (False, 12),
        (False, 9),
    ]


def test_categories_are_those_of_the_document(draft: Draft) -> None:
    assert [[category.name for category in section.categories] for section in draft.sections] == [
        [""],
        ["Reports", "Briefings", "Tools and Guidance"],
        ["Reports", "Tools and Guidance"],
        ["Reports", "Briefings", "Tools and Guidance"],
    ]


def test_masthead_and_period_are_read(draft: Draft) -> None:
    assert (draft.newsletter, draft.period, draft.key) == ("CordisPulse", "April 2022", "2022-04")


def test_letter_has_its_five_paragraphs_and_signature(draft: Draft) -> None:
    assert draft.letter.count("\n\n") == 4
    assert (draft.closing, draft.signed_by, draft.signed_role) == (
        "Best wishes,",
        "Dr Stephen Boxford",
        "Head of Research",
    )


def test_contact_block_is_read(draft: Draft) -> None:
    assert [line["label"] for line in draft.contact_lines] == [
        "Telephone",
        "Email",
        "Twitter",
        "Website",
        "LinkedIn",
    ]
    assert draft.postal_address.endswith("EC1A 9LF")
    assert "unsubscribe" in draft.reason


def test_every_item_has_publisher_title_and_summary_but_the_news(draft: Draft) -> None:
    news, *others = draft.items()
    assert not news.publisher
    assert news.url.endswith("/join-us")
    assert all(item.publisher and item.title and item.summary for item in others)


def test_bullets_cut_by_page_breaks_are_joined_in_their_lists(draft: Draft) -> None:
    assert doubtful_lines(draft, Doubt.PAGE_BREAK) == [69, 96, 335, 373]
    by_line = {item.line: item.summary for item in draft.items()}
    # Six, four, six and two bullets; after none of the joins does the list begin anew.
    assert [by_line[line].count("\n- ") for line in (56, 84, 318)] == [6, 4, 6]
    assert by_line[363].split("\n\n")[2].count("\n- ") == 1


def test_numbers_are_nested_under_their_bullets_even_at_the_margin(draft: Draft) -> None:
    [summary] = [item.summary for item in draft.items() if item.line == 254]
    shapes = [line[: len(line) - len(line.lstrip())] + line.split()[0] for line in summary.splitlines()[2:]]
    assert shapes == ["-", *(f"  {n}." for n in (1, 2, 3, 4, 5)), "-", *(f"  {n}." for n in (1, 2, 3, 4))]
    assert doubtful_lines(draft, Doubt.LIST_LEVEL) == [271]


def test_text_of_a_picture_is_left_out_and_listed(draft: Draft) -> None:
    assert doubtful_lines(draft, Doubt.PICTURE_TEXT) == [297, 298, 299, 301, 302, 304, 305]
    assert not any("downloaded" in item.summary for item in draft.items())


def test_doubts_about_links_spelling_and_stops_are_listed(draft: Draft) -> None:
    assert doubtful_lines(draft, Doubt.PLACEHOLDER_LINK) == [11, 11]
    assert len(doubts(draft, Doubt.NO_LINK)) == 29
    assert doubtful_lines(draft, Doubt.PUBLISHER_SPELLING) == [115]
    assert doubtful_lines(draft, Doubt.TITLE_WITHOUT_STOP) == [84]
    assert doubts(draft, Doubt.UNCLEAR_HEAD) == doubts(draft, Doubt.UNPLACED) == []


def test_every_word_is_in_the_draft_or_in_the_review(text: str, draft: Draft) -> None:
    assert not words(text) - kept_words(draft)


def _headings(draft: Draft) -> Style:
    sections = {section.line for section in draft.sections}
    categories = {
        category.line for section in draft.sections for category in section.categories if category.name
    }
    items = {item.line for item in draft.items()}

    def style(number: int, _line: str) -> tuple[str | None, bool]:
        if number in sections:
            return "Heading 1", False
        return ("Heading 2" if number in categories else None), number in items

    return style


def _bold_lines(draft: Draft) -> Style:
    headings = _headings(draft)

    def style(number: int, line: str) -> tuple[str | None, bool]:
        name, bold = headings(number, line)
        return None, bold or name is not None

    return style


def _plain(_draft: Draft) -> Style:
    return lambda _number, _line: (None, False)


@pytest.mark.parametrize("styled", [_headings, _bold_lines, _plain])
def test_word_gives_the_same_tree(text: str, draft: Draft, styled: Callable[[Draft], Style]) -> None:
    word = draft_of(from_text(text, styled(draft)), "edition.docx")
    assert tree(word) == tree(draft)
    assert opening(word) == opening(draft)
    assert word.contact_lines == draft.contact_lines


def test_a_title_with_a_full_stop_is_written_without_it() -> None:
    assert one_item("Home Office. Plan for change.\n\nWhat it says.").title == "Plan for change"
