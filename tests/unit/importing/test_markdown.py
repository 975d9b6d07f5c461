"""What people type: bullets, numbers, headings, links, pictures, and how it reads as an edition."""

import pytest

from pulse_mailer.importing.draft import Doubt, Programme
from pulse_mailer.richtext import to_html
from tests.unit.importing.drafts import doubtful_lines, doubts, draft_of, kept_words, one_item, tree, words

SAMPLE = """\
Subject: Homes, and who waits for them
Preheader: Three reports on waiting lists, and a tool for counting empty rooms.

# The Digest

May 2023

Dear reader,

This month is about [waiting](https://example.org/waiting).

Kind regards,
Ada Marsh
Editor

If you no longer wish to receive this, unsubscribe at the end.

Example Trust, 1 High Street, Milbury, ZZ9 4QX

Telephone: 01632 960 417 | Email: pulse@example.org

## Example Trust News

#### [We are hiring](https://example.org/jobs)

Two posts are open.

## Housing

### Reports

#### Office for Homes. [Who waits, and how long?](https://example.org/waits)

![A line that rises](rise.png)

It found:

- **Length:** three years;
  1. in towns,
  2. in villages;
- cost.

> We were never told.

### Tools

#### Room Count Project. [Empty rooms.](https://example.org/rooms)

A spreadsheet.
"""

REPORT = """\
It found:

- **Length:** three years;
  1. in towns,
  2. in villages;
- cost.

> We were never told."""

HEADINGS = "# The Digest\n\nMay 2023\n\n## Housing\n\n### Reports\n\n"


def test_recommended_form_is_read_whole() -> None:
    draft = draft_of(SAMPLE, rise=b"picture")
    assert draft.review == []
    news = ("", "We are hiring", "https://example.org/jobs", "Two posts are open.")
    report = ("Office for Homes", "Who waits, and how long?", "https://example.org/waits", REPORT)
    tool = ("Room Count Project", "Empty rooms", "https://example.org/rooms", "A spreadsheet.")
    assert tree(draft) == [
        ("Example Trust News", True, [("", [news])]),
        ("Housing", False, [("Reports", [report]), ("Tools", [tool])]),
    ]


def test_opening_of_the_recommended_form_is_read() -> None:
    draft = draft_of(SAMPLE)
    assert (draft.subject, draft.newsletter, draft.key) == (
        "Homes, and who waits for them",
        "The Digest",
        "2023-05",
    )
    assert draft.preheader.startswith("Three reports")
    assert draft.letter == "Dear reader,\n\nThis month is about [waiting](https://example.org/waiting)."
    assert (draft.closing, draft.signed_by, draft.signed_role) == ("Kind regards,", "Ada Marsh", "Editor")
    assert draft.postal_address == "Example Trust, 1 High Street, Milbury, ZZ9 4QX"
    assert draft.contact_lines == [
        {"label": "Telephone", "text": "01632 960 417", "url": "tel:01632960417"},
        {"label": "Email", "text": "pulse@example.org", "url": "mailto:pulse@example.org"},
    ]


def test_picture_beside_the_document_goes_to_its_item() -> None:
    [item] = [item for item in draft_of(SAMPLE, rise=b"picture").items() if item.picture]
    assert item.title == "Who waits, and how long?"
    assert item.picture is not None
    assert (item.picture.data, item.picture.alt) == (b"picture", "A line that rises")


def test_picture_that_is_not_there_is_reported() -> None:
    [doubt] = doubts(draft_of(SAMPLE), Doubt.PICTURE)
    assert "rise.png" in doubt.text


@pytest.mark.parametrize(
    "path", ["https://example.org/x.png", "data:image/png;base64,AAAA", "file:///etc/passwd"]
)
def test_pictures_from_elsewhere_are_never_asked_for(path: str) -> None:
    draft = draft_of(f"{HEADINGS}#### Office. [Title](https://example.org)\n\n![alt]({path})\n\nText.")
    assert len(doubts(draft, Doubt.PICTURE)) == 1


def test_second_picture_and_missing_alt_are_reported() -> None:
    text = f"{HEADINGS}#### Office. [Title](https://example.org)\n\n![](a.png)\n\n![b](b.png)\n\nText."
    assert doubtful_lines(draft_of(text, a=b"A", b=b"B"), Doubt.PICTURE) == [11, 13]


@pytest.mark.parametrize(
    "text",
    [
        # headings that begin one level higher, as in Word
        "The Digest\n\nMay 2023\n\n# Housing\n\n## Reports\n\n### Office for Homes. [A title](https://example.org/t)\n\nText.",
        # items in bold, items in plain text, underlined headings
        "# The Digest\n\nMay 2023\n\n## Housing\n\n### Reports\n\n**Office for Homes. [A title](https://example.org/t)**\n\nText.",
        "The Digest\n==========\n\nMay 2023\n\nHousing\n-------\n\n### Reports\n\nOffice for Homes. [A title](https://example.org/t)\n\nText.",
        # no marks at all: a known category tells what stands over it
        "The Digest\n\nMay 2023\n\nHousing\n\nReports\n\nOffice for Homes. A title.\n\nhttps://example.org/t\n\nText.",
        "The Digest\nMay 2023\n\nHousing\nReports\nOffice for Homes. A title. https://example.org/t\nText.",
        "THE DIGEST, MAY 2023\n\n**HOUSING**\n\n**REPORTS**\n\n**Office for Homes. A title.**\n\n<https://example.org/t>\n\nText.",
        # the link is in the summary, and clearly the item's own
        "The Digest\n\nMay 2023\n\nHousing\n\nReports:\n\nOffice for Homes. A title.\n\nText.\n\n[Read the report](https://example.org/t)",
    ],
)  # fmt: skip
def test_other_forms_are_read_the_same(text: str) -> None:
    draft = draft_of(text)
    [section] = draft.sections
    [category] = section.categories
    [item] = category.items
    assert (draft.newsletter.casefold(), draft.key) == ("the digest", "2023-05")
    assert (section.name.casefold(), category.name.casefold().rstrip(":")) == ("housing", "reports")
    assert (item.publisher, item.title, item.url) == ("Office for Homes", "A title", "https://example.org/t")
    assert item.summary.startswith("Text.")


def test_programme_names_are_known_whatever_their_case_and_quotes() -> None:
    programme = Programme(sections=("Women’s  Health",), categories=("Long Reads",))
    draft = draft_of(
        "Digest\n\nMay 2023\n\nWOMEN'S HEALTH\n\nlong reads\n\nOffice. Title.\n\nText.", programme=programme
    )
    assert [(section.name, section.categories[0].name) for section in draft.sections] == [
        ("WOMEN'S HEALTH", "long reads")
    ]


def test_sections_without_categories_hold_their_items() -> None:
    draft = draft_of(
        "# Digest\n\n## Housing\n\n### Office. [A](https://a.org)\n\nText.\n\n## Health\n\n### Board. [B](https://b.org)\n\nText."
    )
    assert [(section.name, [c.name for c in section.categories]) for section in draft.sections] == [
        ("Housing", [""]),
        ("Health", [""]),
    ]


def test_usual_categories_may_be_sections_too() -> None:
    item = "#### Office. [A](https://a.org)\n\nText."
    draft = draft_of(
        f"# D\n\nMay 2023\n\n## News\n\n### Reports\n\n{item}\n\n## Events\n\n### Blogs\n\n{item}"
    )
    assert [(section.name, section.categories[0].name) for section in draft.sections] == [
        ("News", "Reports"),
        ("Events", "Blogs"),
    ]


def test_a_document_without_masthead_begins_with_its_section() -> None:
    draft = draft_of("# Housing\n\n## Reports\n\n### Office. [A](https://a.org)\n\nText.")
    assert (draft.newsletter, [section.name for section in draft.sections]) == ("", ["Housing"])


def test_wrapped_heads_and_paragraphs_are_read_as_one_line() -> None:
    text = """\
Department for Homes and Neighbourhoods. Who waits for a home, and how
long: findings of the survey of waiting lists.

The survey asked every council in the country for its list, and found
that most of them could not say who was on it. Two could.
"""
    item = one_item(text)
    assert item.publisher == "Department for Homes and Neighbourhoods"
    assert item.title == "Who waits for a home, and how long: findings of the survey of waiting lists"
    assert item.summary.endswith("could not say who was on it. Two could.")


def test_categories_without_sections_become_sections() -> None:
    draft = draft_of(
        "Digest\n\nMay 2023\n\nReports\n\nOffice. Title.\n\nText.\n\nBriefings\n\nBoard. Other.\n\nText."
    )
    assert [section.name for section in draft.sections] == ["Reports", "Briefings"]


def test_list_of_contents_is_no_list_of_sections() -> None:
    first = ["Housing", "Reports", "The Office. A title.", "Text."]
    second = ["Health", "Reports", "The Board. Another.", "Text."]
    text = "\n\n".join(["Digest", "May 2023", "Housing", "Health", *first, *second])
    draft = draft_of(text, programme=Programme(sections=("Housing", "Health")))
    assert [(section.name, section.item_count) for section in draft.sections] == [
        ("Housing", 1),
        ("Health", 1),
    ]
    assert doubtful_lines(draft, Doubt.UNPLACED) == [5, 7]


def test_contact_details_at_the_end_are_no_summary() -> None:
    end = "To unsubscribe from this mail, use the link below.\n\nEmail: a@example.org"
    draft = draft_of(f"{HEADINGS}#### Office. [A](https://a.org)\n\nText.\n\n{end}")
    assert [item.summary for item in draft.items()] == ["Text."]
    assert draft.reason.startswith("To unsubscribe")
    assert draft.contact_lines == [{"label": "Email", "text": "a@example.org", "url": "mailto:a@example.org"}]


def test_contact_details_under_their_own_heading_are_read() -> None:
    draft = draft_of(
        f"{HEADINGS}#### Office. [A](https://a.org)\n\nText.\n\n## Contact us\n\nTel: 01632 960 417"
    )
    assert [item.summary for item in draft.items()] == ["Text."]
    assert [line["text"] for line in draft.contact_lines] == ["01632 960 417"]


def test_an_address_in_a_summary_stays_there() -> None:
    draft = draft_of(f"{HEADINGS}#### Office. [A](https://a.org)\n\nText.\n\nEmail: a@example.org")
    assert [item.summary for item in draft.items()] == ["Text.\n\nEmail: a@example.org"]


SIGNED = "Digest\n\nMay 2023\n\nHello, all of you.\n\nRegards,\n\nAda\n\nEditor\n\n"


def test_address_on_several_lines_is_one() -> None:
    address = "Example Trust,\n1 High Street\nMilbury\nAB1 2CD"
    draft = draft_of(
        f"{SIGNED}{address}\n\n## Housing\n\n### Reports\n\n#### Office. [A](https://a.org)\n\nText."
    )
    assert draft.postal_address == "Example Trust, 1 High Street, Milbury, AB1 2CD"


def test_text_that_belongs_nowhere_is_listed() -> None:
    draft = draft_of(f"{SIGNED}A stray remark.\n\n## Housing\n\n### Reports\n\nStray again: with a colon:\n")
    stray = [doubt.text for doubt in doubts(draft, Doubt.UNPLACED)]
    assert stray == ["A stray remark.", "Stray again: with a colon:"]


def test_plain_line_among_linked_items_is_kept_as_text_and_listed() -> None:
    items = "".join(f"Office for Homes. [Title {n}](https://example.org/{n})\n\nText.\n\n" for n in range(4))
    draft = draft_of(f"{HEADINGS}{items}Scotland. The rate rose.\n\nMore text.")
    assert len(list(draft.items())) == 4
    assert [doubt.text for doubt in doubts(draft, Doubt.UNCLEAR_HEAD)] == ["Scotland. The rate rose."]


def test_placeholder_links_stay_visible_and_are_reported() -> None:
    draft = draft_of(f"{HEADINGS}#### Office. [Title](#)\n\nSee [the annex]() too.")
    [item] = draft.items()
    assert item.url == ""
    assert item.summary == "See [the annex](#) too."
    assert doubtful_lines(draft, Doubt.PLACEHOLDER_LINK) == [9, 11]
    assert doubts(draft, Doubt.NO_LINK) == []


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"])
def test_hostile_links_lose_their_target_and_keep_their_text(href: str) -> None:
    draft = draft_of(f"{HEADINGS}#### Office. [Title](https://a.org)\n\nPress [this button]({href}) now.")
    [item] = draft.items()
    assert item.summary == "Press this button now."
    assert doubtful_lines(draft, Doubt.BAD_LINK) == [11]


def test_bare_links_become_links() -> None:
    summary = one_item("#### Office. [Title](https://a.org)\n\nSee https://example.org/x, and more.").summary
    assert summary == "See <https://example.org/x>, and more."


def test_links_over_two_lines_are_one() -> None:
    summary = one_item(
        "#### Office. [Title](https://a.org)\n\nSee [the long\nreport](https://example.org/x) now."
    ).summary
    assert summary == "See [the long report](https://example.org/x) now."


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("• a\n• b", "- a\n- b"),
        ("* a\n\n* b", "- a\n- b"),
        ("- a\n  - b\n    - c\n- d", "- a\n  - b\n    - c\n- d"),
        ("- a\n 1. b\n 2. c\n- d", "- a\n  1. b\n  2. c\n- d"),
        ("- a\n1. b\n2. c\n- d", "- a\n  1. b\n  2. c\n- d"),
        ("- a\n 1. b\n\n2. c\n- d", "- a\n  1. b\n  2. c\n- d"),
        ("1) a\n2) b\n\t- c", "1. a\n2. b\n   - c"),
        ("9. a\n10. b\n    - c\n11. d", "9. a\n10. b\n    - c\n11. d"),
        ("- a\ngoes on\n- b", "- a goes on\n- b"),
        ("- a\n\n  second part\n- b", "- a\n\n  second part\n\n- b"),
        ("o\tb\n·\xa0\xa0c", "- b\n- c"),
        ("2021. A year.", "2021\\. A year."),
        ("- a\n\n1. b", "- a\n1. b"),
    ],
)
def test_lists_are_read_as_they_were_meant(typed: str, read: str) -> None:
    assert one_item(f"#### Office. [Title](https://a.org)\n\nLead:\n\n{typed}").summary == f"Lead:\n\n{read}"


def test_a_wrapped_paragraph_is_one_and_no_list() -> None:
    text = "The committee met in the year\n12. It then rested for a while\n– as was its habit – until May."
    assert one_item(f"#### Office. [Title](https://a.org)\n\n{text}").summary == text.replace("\n", " ")


def test_lists_deeper_than_mail_allows_are_flattened() -> None:
    deep = "\n".join("  " * level + f"- e{level}" for level in range(3000))
    draft = draft_of(f"{HEADINGS}#### Office. [Title](https://a.org)\n\n{deep}")
    [item] = draft.items()
    assert to_html(item.summary).count("<li>") == 3000
    assert len(doubts(draft, Doubt.LIST_LEVEL)) == 2994


def test_control_characters_are_dropped() -> None:
    item = one_item("#### Off\x07ice. [Ti\u202etle](https://a.org)\n\nA\x1b[31mB&#8238;C\x85D")
    assert (item.publisher, item.title) == ("Office", "Title")
    to_html(item.summary)


def test_hard_spaces_are_blank() -> None:
    assert one_item("\xa0\n**Office. [Title](https://a.org)**\n\xa0\nText.").summary == "Text."


def test_every_word_of_the_sample_is_kept() -> None:
    text = SAMPLE.replace("Subject:", "").replace("Preheader:", "")
    assert not words(text) - kept_words(draft_of(SAMPLE, rise=b"x")) - words("rise png")


@pytest.mark.parametrize(
    "pattern",
    [
        "[", "[a](", "![a](", "**a ", "_a* ", '[x](a "', "<http://", "https://a.b ", "a", "a. B", "- ", "&#", "\\",
        "x. ", "Telephone: ", "# a\n### b\n## c\n", "1. a\n", "- a\n 1. b\n", "> a\n", "Telephone: 1\n\n",
        "Regards,\n\n", "lower case text that seems to be going on and on\n\n", "Reports\n\nNews\n\n",
        "Office for Homes. A title.\n\nText.\n\n", "#### Office. [Title](#)\n\n![](p.png)\n\n", "  - a\n\n    b\n",
    ],
)  # fmt: skip
def test_endless_repetition_is_read_to_its_end(pattern: str) -> None:
    """How the time grows is for `benchmarks/growth.py` to show."""
    text = f"{HEADINGS}{pattern * (20_000 // len(pattern))}\n\nlast"
    assert "last" in kept_words(draft_of(text, p=b""))


def test_one_megabyte_is_read_whole() -> None:
    text = HEADINGS + "".join(
        f"#### Office for Homes. [Title](https://example.org/{n})\n\n{'It found a lot of things. ' * 30}\n\n"
        for n in range(1_200)
    )
    assert len(text) > 1_000_000
    draft = draft_of(text)
    assert sum(1 for _ in draft.items()) == 1_200
