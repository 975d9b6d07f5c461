"""The demo edition: read as it was meant, and with nothing for preflight to find."""

import io

import pytest
from PIL import Image

from pulse_mailer.composing.preflight import preflight
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.edition import Category, Edition, Item, Section
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeSection
from pulse_mailer.domain.picture import Picture
from pulse_mailer.importing import read_document
from pulse_mailer.importing.draft import Draft, DraftItem, Programme
from pulse_mailer.links import Links
from pulse_mailer.pictures import prepare
from pulse_mailer.resources import templates_dir
from pulse_mailer.richtext import to_html
from tests.unit.composing.editions import numbered

PICTURES = [
    f"pictures/{name}.png"
    for name in ("family-first", "home-care-hours", "lights-on", "placement-planner", "warm-homes")
]


@pytest.fixture(scope="module")
def draft() -> Draft:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(file, "PNG")
    data = (templates_dir() / "demo" / "edition.md").read_bytes()
    return read_document("edition.md", data, Programme(), {path: file.getvalue() for path in PICTURES}.get)


def test_nothing_in_it_is_doubtful(draft: Draft) -> None:
    assert draft.review == []


def test_head_letter_and_contact_are_read(draft: Draft) -> None:
    assert (draft.newsletter, draft.period, draft.key) == ("Civic Pulse", "November 2026", "2026-11")
    assert draft.subject == "Home care by the hour, kinship families, safer streets"
    assert draft.preheader.startswith("Ten councils measured")
    assert len(draft.letter.split("\n\n")) == 4
    assert (draft.closing, draft.signed_by, draft.signed_role) == (
        "Best wishes,",
        "Dr Imogen Marlowe",
        "Director of Research",
    )
    assert draft.reason.startswith("You receive Civic Pulse because")
    assert "14 Tanners Yard" in draft.postal_address
    assert [line["label"] for line in draft.contact_lines] == ["Telephone", "Email", "Website"]
    assert draft.contact_lines[1]["url"] == "mailto:pulse@example.org"
    assert draft.contact_lines[2]["url"] == "https://www.example.org/"


def test_sections_and_categories_hold_what_was_meant(draft: Draft) -> None:
    assert [
        (
            section.name,
            section.is_news,
            {category.name: len(category.items) for category in section.categories},
        )
        for section in draft.sections
    ] == [
        ("Marlowe & Finch News", True, {"": 1}),
        ("Adult Social Care and Health", False, {"Reports": 4, "Briefings": 3, "Tools and Guidance": 2}),
        ("Children and Young People", False, {"Reports": 3, "Briefings": 3, "Tools and Guidance": 2}),
        ("Safer Communities", False, {"Reports": 3, "Briefings": 3, "Tools and Guidance": 2}),
    ]


def test_every_item_says_who_what_and_where(draft: Draft) -> None:
    news, *items = draft.items()
    assert not news.publisher
    assert news.title.startswith("Two researchers wanted")
    assert len(items) == 25
    for item in [news, *items]:
        assert item.url.startswith("https://")
        assert len(item.summary) > 150
    assert all(item.publisher for item in items)
    assert len({item.url for item in items}) == 25


def test_five_items_have_pictures_with_words_for_them(draft: Draft) -> None:
    pictures = [item.picture for item in draft.items() if item.picture is not None]
    assert len(pictures) == 5
    assert all(len(picture.alt) > 30 for picture in pictures)


def test_lists_and_quotes_keep_their_shape(draft: Draft) -> None:
    summaries = {item.title.partition(":")[0].rstrip("."): to_html(item.summary) for item in draft.items()}
    assert summaries["Talking about money"].count("<ol>") == 1
    assert "<li>say what is free for everyone;</li>" in summaries["Talking about money"].replace("<p>", "")
    assert summaries["Talking about money"].count("<strong>") == 2
    assert summaries["Home care by the hour"].count("<li>") == 4
    assert summaries["Five questions to ask of a falls prevention offer"].count("<li>") == 5
    assert "<blockquote>" in summaries["Counting carers"]


def test_preflight_finds_nothing_in_it(draft: Draft, links: Links) -> None:
    edition = made_of(draft)
    assert preflight(edition, render(edition, links)) == []


def made_of(draft: Draft) -> Edition:
    newsletter = Newsletter(
        slug="civic-pulse",
        name=draft.newsletter,
        from_name=draft.newsletter,
        from_address="pulse@example.org",
        reply_to="",
        postal_address=draft.postal_address,
        contact_lines=draft.contact_lines,
        reason=draft.reason,
        language="en-GB",
        design="digest",
        theme={},
        sections=[ProgrammeSection(name=section.name, is_news=section.is_news) for section in draft.sections],
    )
    sections = [
        Section(
            name=section.name,
            colour="",
            is_news=section.is_news,
            categories=[
                Category(name=category.name, items=[item_of(item) for item in category.items])
                for category in section.categories
            ],
        )
        for section in draft.sections
    ]
    made = Edition(
        id=1,
        key=draft.key,
        period=draft.period,
        subject=draft.subject,
        preheader=draft.preheader,
        letter=draft.letter,
        closing=draft.closing,
        signed_by=draft.signed_by,
        signed_role=draft.signed_role,
        newsletter=newsletter,
        sections=sections,
    )
    return numbered(made)


def item_of(item: DraftItem) -> Item:
    picture = None
    if item.picture is not None:
        found = prepare(item.picture.data)
        picture = Picture(
            content_hash=found.content_hash,
            media_type=found.media_type,
            width=found.width,
            height=found.height,
            data=found.data,
        )
    return Item(
        publisher=item.publisher,
        title=item.title,
        url=item.url,
        summary=item.summary,
        picture=picture,
        picture_alt=item.picture.alt if item.picture else "",
    )
