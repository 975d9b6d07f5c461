"""Where preflight says that something is: in words, and so that a page can lead there."""

import pytest

from pulse_mailer.composing.finding import Spot
from pulse_mailer.composing.preflight import Code, Severity, preflight
from pulse_mailer.domain.edition import Category, Edition, Rendering, Section
from tests.unit.composing.test_preflight import (
    Change,
    edition,
    first_report,
    found_after,
    item,
    letter,
    mail,
    of_newsletter,
    rendering,
    section_name,
    subject,
)

REPORT = "Item 2 “Home care by the hour.” in Reports, Adult Social Care"


def report(field: str, line: int | None = None) -> Spot:
    return Spot(REPORT, 2, "Adult Social Care", "Reports", field, line)


def with_an_empty_category(edition: Edition, _: Rendering) -> None:
    edition.sections[1].categories.append(Category(name="Briefings", items=[]))


@pytest.mark.parametrize(
    ("change", "code", "at"),
    [
        (subject(""), Code.SUBJECT_MISSING, Spot("The subject", field="subject")),
        (
            letter("Hello.\n\nNumbers: TODO."),
            Code.PLACEHOLDER_TEXT,
            Spot("The letter", field="letter", line=3),
        ),
        (
            letter("Hello.\n\nRead it [here](https://example.org/x)."),
            Code.LINK_TEXT,
            Spot("The letter", field="letter", line=3),
        ),
        (first_report(url=""), Code.LINK_MISSING, report("url")),
        (first_report(url="#"), Code.LINK_PLACEHOLDER, report("url")),
        (first_report(summary="One.\n\n[[name]]\n"), Code.SLOT_UNFILLED, report("summary", 3)),
        (first_report(summary="[a](#)"), Code.LINK_PLACEHOLDER, report("summary")),
        (first_report(picture_hash="0" * 64), Code.ALT_MISSING, report("alt")),
        (first_report(publisher=""), Code.PUBLISHER_MISSING, report("publisher")),
        (first_report(publisher="(Trust"), Code.PAIR_BROKEN, report("publisher")),
        (
            section_name("News, May 2026"),
            Code.PERIOD_OTHER,
            Spot(
                "The title of section “News, May 2026”",
                section="News, May 2026",
                field="name",
            ),
        ),
        (
            with_an_empty_category,
            Code.CATEGORY_EMPTY,
            Spot("Category Briefings, Adult Social Care", section="Adult Social Care", category="Briefings"),
        ),
        (
            of_newsletter(postal_address=""),
            Code.POSTAL_ADDRESS_MISSING,
            Spot("The newsletter's postal address", field="newsletter.postal_address"),
        ),
        (mail(text="{{ x }}"), Code.SLOT_UNFILLED, Spot("The mail's plain text", field="mail.text")),
    ],
)
def test_finding_names_the_field_and_its_line(change: Change, code: Code, at: Spot) -> None:
    assert [finding.at for finding in found_after(change) if finding.code is code] == [at]


def full_of_faults() -> Section:
    bad = item("", "TODO  [insert title]", "care/hours", summary="(Lorem ipsum [here](#) [[name]]")
    bad.number = 9
    return Section(name="October (", is_news=False, categories=[Category(name="TODO", items=[bad])])


def test_what_readers_do_not_see_is_not_checked() -> None:
    hidden_section, hidden_category, hidden_item = full_of_faults(), full_of_faults(), full_of_faults()
    tried = edition()
    assert hidden_section.categories
    hidden_section.is_hidden = True
    hidden_category.categories[0].is_hidden = True
    hidden_item.categories[0].items[0].is_hidden = True
    tried.sections.append(hidden_section)
    tried.sections[1].categories.append(hidden_category.categories[0])
    tried.sections[1].categories[0].items.append(hidden_item.categories[0].items[0])
    assert preflight(tried, rendering()) == []


def test_section_whose_items_are_all_hidden_is_empty() -> None:
    tried = edition()
    tried.sections[0].categories[0].items[0].is_hidden = True
    assert [(one.code, one.at.section) for one in preflight(tried, rendering())] == [
        (Code.SECTION_EMPTY, "Our news")
    ]


def test_findings_come_in_reading_order_errors_first() -> None:
    def change(edition: Edition, made: Rendering) -> None:
        made.text += "{{ x }}"
        edition.preheader = ""
        edition.letter = ""
        edition.sections[1].categories[1].items[0].url = ""
        edition.sections[1].categories[0].items[0].url = ""
        edition.sections[1].categories[0].items[1].publisher = ""
        edition.sections[0].categories[0].items[0].summary = "(TODO"

    found = [(one.severity is Severity.ERROR, one.at.item or one.at.field) for one in found_after(change)]
    assert found == [
        (True, "letter"),
        (True, 2),
        (True, 4),
        (True, "mail.text"),
        (False, "preheader"),
        (False, 1),
        (False, 1),
        (False, 3),
    ]
