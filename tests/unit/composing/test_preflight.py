"""Preflight: what it finds, where it says it is, and what it leaves alone."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.composing.periodchecks import PERIOD_CHECKS
from pulse_mailer.composing.preflight import Code, Finding, Severity, preflight
from pulse_mailer.composing.textchecks import TEXT_CHECKS
from pulse_mailer.composing.visiting import CODES as VISITED
from pulse_mailer.domain.edition import Category, Edition, Item, Rendering, Section
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.picture import Picture
from pulse_mailer.richtext import usable_url
from tests.unit.composing.editions import numbered
from tests.unit.importing.drafts import draft_of
from tests.unit.importing.test_demo_edition import made_of

DOCS = Path(__file__).parents[3] / "docs"
ERROR, WARNING = Severity.ERROR, Severity.WARNING

Change = Callable[[Edition, Rendering], None]


def item(publisher: str, title: str, slug: str, summary: str = "What was found, in a sentence.") -> Item:
    return Item(
        publisher=publisher,
        title=title,
        url=f"https://example.org/{slug}",
        summary=summary,
        picture=None,
        picture_alt="",
    )


def edition() -> Edition:
    """An edition with nothing wrong in it."""
    reports = [
        item("Institute for Local Care", "Home care by the hour.", "care/hours"),
        item("The Hallow Foundation", "Counting carers.", "hallow/carers"),
    ]
    guidance = [item("Ashgrove Trust", "Talking about money.", "ashgrove/money")]
    news = [item("", "Two researchers wanted.", "join-us")]
    made = Edition(
        key="2026-11",
        period="November 2026",
        subject="Home care by the hour, and who counts carers",
        preheader="Ten councils measured what an hour of care really buys.",
        letter="Welcome to [a study of home care](https://example.org/care/hours), and more.",
        closing="Best wishes,",
        signed_by="Dr Imogen Marlowe",
        signed_role="Director of Research",
        newsletter=Newsletter(
            slug="civic-pulse",
            name="Civic Pulse",
            from_name="Civic Pulse",
            from_address="pulse@example.org",
            postal_address="Marlowe & Finch Research, 14 Tanners Yard, Milbury",
            reason="You asked for it.",
            contact_lines=[
                {"label": "Telephone", "text": "01632 960 417", "url": "tel:01632960417"},
                {"label": "Website", "text": "www.example.org", "url": "https://www.example.org/"},
                {"label": "Office", "text": "open on weekdays", "url": ""},
            ],
        ),
        sections=[
            Section(name="Our news", is_news=True, categories=[Category(name="", items=news)]),
            Section(
                name="Adult Social Care",
                is_news=False,
                categories=[Category(name="Reports", items=reports), Category(name="Tools", items=guidance)],
            ),
        ],
    )
    return numbered(made)


FILLER = "\u034f\u200c\xa0" * 40
DARK = (
    "@media (prefers-color-scheme: dark) { .words { color: #EEE !important; background: #111 !important } }"
)


def page_of(edition: Edition) -> str:
    """What a design would make of it, as far as the checks look at it."""
    footer = "Marlowe &amp; Finch Research<br>14 Tanners Yard<br>Milbury"
    return (
        "<!DOCTYPE html><html lang='en-GB'><head><title>Civic Pulse</title>"
        f"<meta name='color-scheme' content='light dark'><style>p {{ margin: 0 }} {DARK}</style></head>"
        f"<body class='words'><div style='display:none;font-size:1px'>{edition.preheader}{FILLER}</div>"
        "<!--[if mso]><table role='presentation'><tr><td><![endif]--><h1>Civic Pulse</h1>"
        "<table role='presentation'><tr><td style='line-height:22px'>"
        f"<p>{footer}</p><p><a href='https://mail.example.org/u/[[token]]'>Unsubscribe</a></p>"
        "</td></tr></table><!--[if mso]></td></tr></table><![endif]--></body></html>"
    )


def text_of(edition: Edition) -> str:
    items = "".join(f"{item.title}\n[1] {usable_url(item.url)}\n\n" for item in edition.items())
    return (
        f"CIVIC PULSE\n\n{items}Marlowe & Finch Research,\n14 Tanners Yard, Milbury\n\n"
        "Unsubscribe: https://mail.example.org/u/[[token]]\n"
    )


def rendering(tried: Edition | None = None) -> Rendering:
    return Rendering(
        variant="",
        html=page_of(tried or edition()),
        text=text_of(tried or edition()),
        segments=[
            "From: Civic Pulse <pulse@example.org>\r\nTo: ",
            "header.address",
            "\r\nDate: ",
            "header.date",
            "\r\nMessage-ID: <",
            "header.message_id",
            (
                ">\r\nMIME-Version: 1.0\r\nList-Id: Civic Pulse <civic-pulse.example.org>\r\n"
                "List-Archive: <https://mail.example.org/editions/civic-pulse>\r\n"
                "List-Unsubscribe:\r\n <https://mail.example.org/u/"
            ),
            "header.token",
            ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nThe body: ",
            "text.token",
            "\r\n",
        ],
    )


def found_after(change: Change) -> list[Finding]:
    tried, made = edition(), rendering()
    change(tried, made)
    if made.html == page_of(edition()):
        made.html = page_of(tried)
    if made.text == text_of(edition()):
        made.text = text_of(tried)
    return preflight(tried, made)


def subject(text: str) -> Change:
    return lambda edition, _: setattr(edition, "subject", text)


def preheader(text: str) -> Change:
    return lambda edition, _: setattr(edition, "preheader", text)


def letter(text: str) -> Change:
    return lambda edition, _: setattr(edition, "letter", text)


def of_newsletter(**values: object) -> Change:
    def change(edition: Edition, _: Rendering) -> None:
        for name, value in values.items():
            setattr(edition.newsletter, name, value)

    return change


def first_report(**values: object) -> Change:
    def change(edition: Edition, _: Rendering) -> None:
        for name, value in values.items():
            setattr(edition.sections[1].categories[0].items[0], name, value)

    return change


def second_report(**values: object) -> Change:
    def change(edition: Edition, _: Rendering) -> None:
        for name, value in values.items():
            setattr(edition.sections[1].categories[0].items[1], name, value)

    return change


def mail(**values: object) -> Change:
    def change(_: Edition, rendering: Rendering) -> None:
        for name, value in values.items():
            setattr(rendering, name, value)

    return change


def html(old: str, new: str) -> Change:
    def change(_: Edition, rendering: Rendering) -> None:
        assert old in rendering.html
        rendering.html = rendering.html.replace(old, new)

    return change


def header(old: str, new: str) -> Change:
    def change(_: Edition, rendering: Rendering) -> None:
        assert old in "".join(rendering.segments)
        rendering.segments = [piece.replace(old, new) for piece in rendering.segments]

    return change


def text(old: str, new: str) -> Change:
    def change(_: Edition, rendering: Rendering) -> None:
        assert old in rendering.text
        rendering.text = rendering.text.replace(old, new)

    return change


def picture(source: str, attributes: str = "alt='' width='4' height='4'") -> Change:
    return html("<h1>", f"<img src='{source}' {attributes}><h1>")


def sent_from(address: str) -> Change:
    def change(edition: Edition, rendering: Rendering) -> None:
        edition.newsletter.from_address = address
        header("pulse@example.org", address)(edition, rendering)

    return change


def without_items(edition: Edition, _: Rendering) -> None:
    edition.sections = []


def with_an_empty_section(edition: Edition, _: Rendering) -> None:
    edition.sections.append(
        Section(name="Safer Communities", is_news=False, categories=[Category(name="", items=[])])
    )


def with_an_empty_category(edition: Edition, _: Rendering) -> None:
    edition.sections[1].categories.append(Category(name="Briefings", items=[]))


def section_name(name: str) -> Change:
    return lambda edition, _: setattr(edition.sections[1], "name", name)


def period(words: str, change: Change) -> Change:
    def both(edition: Edition, rendering: Rendering) -> None:
        edition.period = words
        change(edition, rendering)

    return both


def left_over(field: str) -> Change:
    def change(edition: Edition, _made: Rendering) -> None:
        edition.to_write, edition.begun_from = [field], "2026-09"

    return change


PICTURE = Picture(content_hash="0" * 64, media_type="image/png", width=4, height=4, data=b"")
LONG_TITLE = "Home care by the hour: what ten councils buy, and what it is that people receive of it."
REPORT_1 = "Item 2 “Home care by the hour.” in Reports, Adult Social Care"
MAIL, HEADERS = "The mail", "The mail's headers"
OWN = "https://mail.example.org/p.png"
SECTION = "The title of section “{}”"
REPORT_2 = "Item 3 “Counting carers.” in Reports, Adult Social Care"

ROWS: list[tuple[str, Change, Code, Severity, str]] = [
    ("no subject", subject(" "), Code.SUBJECT_MISSING, ERROR, "The subject"),
    ("61 characters", subject("One " * 15 + "x"), Code.SUBJECT_LONG, WARNING, "The subject"),
    ("151 characters", subject("Long " * 30 + "x"), Code.SUBJECT_LONG, ERROR, "The subject"),
    ("line break", subject("News\r\nBcc: all@example.org"), Code.SUBJECT_LINE_BREAK, ERROR, "The subject"),
    ("capitals", subject("HOME CARE BY THE HOUR"), Code.SUBJECT_STYLE, WARNING, "The subject"),
    ("as if answered", subject("Re: your question"), Code.SUBJECT_STYLE, WARNING, "The subject"),
    ("no preheader", preheader(""), Code.PREHEADER_MISSING, WARNING, "The preheader"),
    ("39 characters", preheader("x" * 39), Code.PREHEADER_LENGTH, WARNING, "The preheader"),
    ("131 characters", preheader("x" * 131), Code.PREHEADER_LENGTH, WARNING, "The preheader"),
    (
        "subject again",
        preheader("Home care by the hour – and who counts carers!"),
        Code.PREHEADER_IS_SUBJECT,
        WARNING,
        "The preheader",
    ),
    ("no letter", letter("\n"), Code.LETTER_MISSING, ERROR, "The letter"),
    ("subject of last month", left_over("subject"), Code.TO_WRITE, ERROR, "The subject"),
    ("letter of last month", left_over("letter"), Code.TO_WRITE, ERROR, "The letter"),
    ("period of last month", left_over("period"), Code.TO_WRITE, ERROR, "The period"),
    ("no sender's name", of_newsletter(from_name=""), Code.SENDER_MISSING, ERROR, "The sender"),
    ("no sender's address", of_newsletter(from_address=" "), Code.SENDER_MISSING, ERROR, "The sender"),
    ("nothing in it", without_items, Code.EDITION_EMPTY, ERROR, "The edition"),
    ("empty section", with_an_empty_section, Code.SECTION_EMPTY, WARNING, "Section “Safer Communities”"),
    (
        "empty category",
        with_an_empty_category,
        Code.CATEGORY_EMPTY,
        WARNING,
        "Category Briefings, Adult Social Care",
    ),
    ("no link", first_report(url=""), Code.LINK_MISSING, ERROR, REPORT_1),
    ("hash", first_report(url="#"), Code.LINK_PLACEHOLDER, ERROR, REPORT_1),
    ("fragment", first_report(url="#top"), Code.LINK_PLACEHOLDER, ERROR, REPORT_1),
    ("to be confirmed", first_report(url="TBC"), Code.LINK_PLACEHOLDER, ERROR, REPORT_1),
    ("nothing but a scheme", first_report(url="https://"), Code.LINK_PLACEHOLDER, ERROR, REPORT_1),
    ("empty in the letter", letter("See [the report]()."), Code.LINK_PLACEHOLDER, ERROR, "The letter"),
    ("hash in a summary", second_report(summary="- See\n  - [a](#)"), Code.LINK_PLACEHOLDER, ERROR, REPORT_2),
    ("script", first_report(url="javascript:alert(1)"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("script in the letter", letter("[Go on](javascript:alert)"), Code.LINK_NOT_PUBLIC, ERROR, "The letter"),
    ("file", first_report(url="file:///C:/report.docx"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("no scheme", first_report(url="www.example.org/x"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("path alone", first_report(url="/reports/x"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("loopback by name", first_report(url="http://localhost:8000/x"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("loopback with a dot", first_report(url="http://localhost./x"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("IPv4", first_report(url="http://93.184.216.34/x"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("short IPv4", first_report(url="http://127.1/x"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("hexadecimal IPv4", first_report(url="http://0x7f000001/"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("IPv6", first_report(url="http://[::1]/"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("broken IPv6", first_report(url="http://[::1/"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("no such port", first_report(url="https://example.org:port/"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    (
        "office network",
        first_report(url="https://files.office.internal/x"),
        Code.LINK_NOT_PUBLIC,
        ERROR,
        REPORT_1,
    ),
    ("one word", first_report(url="https://intranet/x"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("password", first_report(url="https://me:secret@example.org/"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    ("white space", first_report(url="https://example.org/a b"), Code.LINK_NOT_PUBLIC, ERROR, REPORT_1),
    (
        "contact line",
        of_newsletter(contact_lines=[{"label": "Website", "text": "our site", "url": "http://10.0.0.1"}]),
        Code.LINK_NOT_PUBLIC,
        ERROR,
        "The newsletter's contact line 'Website'",
    ),
    (
        "another host than it reads",
        letter("[www.bank.example](https://evil.example.net/)"),
        Code.LINK_MISLEADING,
        ERROR,
        "The letter",
    ),
    ("here", letter("Read it [Here.](https://example.org/x)"), Code.LINK_TEXT, WARNING, "The letter"),
    (
        "click here",
        first_report(summary="[Click  here](https://a.example.org)"),
        Code.LINK_TEXT,
        WARNING,
        REPORT_1,
    ),
    ("bare address", letter("See <https://example.org/x>."), Code.LINK_TEXT, WARNING, "The letter"),
    ("no words", letter("See [](https://example.org/x)."), Code.LINK_TEXT, ERROR, "The letter"),
    (
        "same link",
        second_report(url="http://www.example.org/care/hours/#2"),
        Code.LINK_TWICE,
        WARNING,
        REPORT_2,
    ),
    (
        "same title",
        second_report(publisher="institute for local care", title="Home care, by the hour"),
        Code.TITLE_TWICE,
        WARNING,
        "Item 3 “Home care, by the hour” in Reports, Adult Social Care",
    ),
    ("no publisher", first_report(publisher=""), Code.PUBLISHER_MISSING, WARNING, REPORT_1),
    ("curly quote", first_report(publisher="Hallow Foundation"), Code.PUBLISHER_SPELLING, WARNING, REPORT_2),
    ("no alt text", first_report(picture=PICTURE), Code.ALT_MISSING, ERROR, REPORT_1),
    (
        "alt text of blanks",
        first_report(picture_hash="0" * 64, picture_alt=" "),
        Code.ALT_MISSING,
        ERROR,
        REPORT_1,
    ),
    ("to do", first_report(summary="Numbers: TODO."), Code.PLACEHOLDER_TEXT, WARNING, REPORT_1),
    ("in brackets", letter("We met on [date]."), Code.PLACEHOLDER_TEXT, WARNING, "The letter"),
    ("unknown field", subject("Care for {name|you}"), Code.FIELD_WRONG, ERROR, "The subject"),
    ("no default", letter("Dear {first_name},"), Code.FIELD_WRONG, ERROR, "The letter"),
    ("never closed", letter("Dear {first_name|friend,"), Code.FIELD_WRONG, ERROR, "The letter"),
    ("field of a summary", first_report(summary="For {team|you}."), Code.FIELD_WRONG, ERROR, REPORT_1),
    ("field in a publisher", first_report(publisher="{organisation|Us}"), Code.FIELD_WRONG, ERROR, REPORT_1),
    ("field by hand", letter("Dear [[first_name]],"), Code.SLOT_UNFILLED, ERROR, "The letter"),
    ("field and default by hand", letter("[[last_name|you]]"), Code.SLOT_UNFILLED, ERROR, "The letter"),
    ("lorem ipsum", letter("Lorem ipsum dolor."), Code.STAND_IN_TEXT, ERROR, "The letter"),
    ("insert", letter("We met [insert name] there."), Code.STAND_IN_TEXT, ERROR, "The letter"),
    ("a link to come", letter("[Insert link](https://e.org/)"), Code.STAND_IN_TEXT, ERROR, "The letter"),
    ("month in the subject", subject("Civic Pulse, October"), Code.PERIOD_OTHER, WARNING, "The subject"),
    ("year in the subject", subject("Pulse, November 2025"), Code.PERIOD_OTHER, WARNING, "The subject"),
    (
        "month in the preheader",
        preheader("The October digest: ten councils measured an hour of care."),
        Code.PERIOD_OTHER,
        WARNING,
        "The preheader",
    ),
    (
        "month in the letter",
        letter("Welcome to October’s edition of **Pulse**."),
        Code.PERIOD_OTHER,
        WARNING,
        "The letter",
    ),
    (
        "month of a section",
        section_name("News, May 2026"),
        Code.PERIOD_OTHER,
        WARNING,
        SECTION.format("News, May 2026"),
    ),
    ("two spaces", letter("A study of  home care."), Code.SPACING, WARNING, "The letter"),
    ("before a comma", first_report(summary="Ten councils , in all."), Code.SPACING, WARNING, REPORT_1),
    ("after a link", letter("See [it all](https://example.org/x) ."), Code.SPACING, WARNING, "The letter"),
    ("before a bracket", first_report(summary="Ten (in all )."), Code.SPACING, WARNING, REPORT_1),
    ("open bracket", first_report(summary="Ten councils (in all."), Code.PAIR_BROKEN, WARNING, REPORT_1),
    ("closing bracket", letter("Ten councils in all), and more."), Code.PAIR_BROKEN, WARNING, "The letter"),
    ("square bracket", letter("Ten councils [in all."), Code.PAIR_BROKEN, WARNING, "The letter"),
    ("open quote", letter("They said “go on, and left."), Code.PAIR_BROKEN, WARNING, "The letter"),
    ("closing quote", letter("“Go,” they said, and on” too."), Code.PAIR_BROKEN, WARNING, "The letter"),
    ("straight quote", letter('They said "go on, and left.'), Code.PAIR_BROKEN, WARNING, "The letter"),
    ("single quote", letter("They said ‘go on, and left."), Code.PAIR_BROKEN, WARNING, "The letter"),
    ("mixed quotes", letter('They said “go on", and left.'), Code.PAIR_BROKEN, WARNING, "The letter"),
    ("shouted", letter("Hello.\n\nPLEASE READ THIS BEFORE FRIDAY"), Code.CAPITALS, WARNING, "The letter"),
    (
        "shouted title",
        second_report(title="COUNTING CARERS TODAY"),
        Code.CAPITALS,
        WARNING,
        "Item 3 “COUNTING CARERS TODAY” in Reports, Adult Social Care",
    ),
    ("401 words", first_report(summary="word " * 401), Code.SUMMARY_LONG, WARNING, REPORT_1),
    ("our brackets", letter("Dear [[first_name]],"), Code.SLOT_UNFILLED, ERROR, "The letter"),
    ("a slot's name typed", letter("Dear [[address]],"), Code.SLOT_UNFILLED, ERROR, "The letter"),
    (
        "in a link",
        first_report(url="https://example.org/?who=[[address]]"),
        Code.SLOT_UNFILLED,
        ERROR,
        REPORT_1,
    ),
    (
        "in the name",
        of_newsletter(name="Pulse [[token]]"),
        Code.SLOT_UNFILLED,
        ERROR,
        "The newsletter's name",
    ),
    ("Jinja", subject("News for {{ name }}"), Code.SLOT_UNFILLED, ERROR, "The subject"),
    ("Jinja block", first_report(summary="{% if x %}"), Code.SLOT_UNFILLED, ERROR, REPORT_1),
    ("Mailchimp", letter("Dear *|FNAME|*,"), Code.SLOT_UNFILLED, ERROR, "The letter"),
    ("percent signs", letter("Dear %%first_name%%,"), Code.SLOT_UNFILLED, ERROR, "The letter"),
    ("Word", letter("Dear <<First Name>>,"), Code.SLOT_UNFILLED, ERROR, "The letter"),
    ("of the design", html("<h1>", "<p>[[nobody_fills_it]]</p><h1>"), Code.SLOT_UNFILLED, ERROR, "The mail"),
    ("of the text's template", mail(text="{{ name }}"), Code.SLOT_UNFILLED, ERROR, "The mail's plain text"),
    ("90 KB", html("<h1>", "<!--" + "é" * 45_000 + "--><h1>"), Code.SIZE, WARNING, "The mail"),
    ("102 KB", html("<h1>", "<!--" + "é" * 51_000 + "--><h1>"), Code.SIZE, ERROR, "The mail"),
    ("no link in HTML", html("/u/[[token]]", "/u/"), Code.UNSUBSCRIBE_MISSING, ERROR, "The mail"),
    ("link without words", html(">Unsubscribe<", "> <"), Code.UNSUBSCRIBE_MISSING, ERROR, "The mail"),
    ("no link in text", mail(text="Hello"), Code.UNSUBSCRIBE_MISSING, ERROR, "The mail's plain text"),
    (
        "no header",
        header("List-Unsubscribe:", "X-Old:"),
        Code.UNSUBSCRIBE_MISSING,
        ERROR,
        "The mail's headers",
    ),
    ("no one-click", header("One-Click", "Two"), Code.UNSUBSCRIBE_MISSING, ERROR, "The mail's headers"),
    (
        "header only in the body",
        header("\r\nList-Unsubscribe:", "\r\n\r\nList-Unsubscribe:"),
        Code.UNSUBSCRIBE_MISSING,
        ERROR,
        "The mail's headers",
    ),
    (
        "no postal address",
        of_newsletter(postal_address=""),
        Code.POSTAL_ADDRESS_MISSING,
        ERROR,
        "The newsletter's postal address",
    ),
    ("not shown in HTML", html("14 Tanners", "15 Tanners"), Code.POSTAL_ADDRESS_MISSING, ERROR, "The mail"),
    (
        "not shown in text",
        mail(text="[[token]]"),
        Code.POSTAL_ADDRESS_MISSING,
        ERROR,
        "The mail's plain text",
    ),
    (
        "wrapped",
        first_report(url="https://urldefense.proofpoint.com/v2/url?u=https-3A__example.org_care_hours&d=x"),
        Code.LINK_TRACKING,
        WARNING,
        REPORT_1,
    ),
    (
        "counted",
        letter("See [it](https://e.org/?a=1&utm_source=x)."),
        Code.LINK_TRACKING,
        WARNING,
        "The letter",
    ),
    (
        "same words",
        first_report(summary="[The study](https://e.org/a), and [the  study](https://e.org/b)."),
        Code.LINK_WORDS_TWICE,
        WARNING,
        REPORT_1,
    ),
    (
        "151 links",
        letter(" ".join(f"[Study {number}](https://e.org/{number})" for number in range(145))),
        Code.LINKS_MANY,
        WARNING,
        "The edition",
    ),
    ("the the", letter("Welcome to the the study."), Code.WORD_TWICE, WARNING, "The letter"),
    ("almost a month", subject("Civic Pulse, Novmber 2026"), Code.PERIOD_SPELLING, WARNING, "The subject"),
    ("two emoji", subject("Home care 🎉 and who counts 🎈"), Code.SUBJECT_STYLE, WARNING, "The subject"),
    ("another From", header("From: Civic Pulse <pulse@", "From: <other@"), Code.HEADERS, ERROR, HEADERS),
    ("no Date", header("\r\nDate: ", "\r\nX-Date: "), Code.HEADERS, ERROR, HEADERS),
    ("mailbox provider", sent_from("pulse@Gmail.com"), Code.SENDER_DOMAIN, WARNING, "The sender"),
    ("title lost", text("Home care by the hour.", ""), Code.TEXT_PART, ERROR, REPORT_1),
    (
        "address lost",
        text("https://example.org/care/hours", "https://e.org/"),
        Code.TEXT_PART,
        ERROR,
        REPORT_1,
    ),
    (
        "79 columns",
        text("CIVIC PULSE", "word " * 15 + "word"),
        Code.TEXT_PART,
        WARNING,
        "The mail's plain text",
    ),
    ("entity", text("& Finch", "&amp; Finch"), Code.MARKUP_SHOWN, WARNING, "The mail's plain text"),
    ("tag", html("<h1>Civic", "<h1>&lt;b&gt;Civic"), Code.MARKUP_SHOWN, WARNING, "The mail"),
    ("in a style", html("'line-height", "'color:[[token]];line-height"), Code.SLOT_PLACE, ERROR, "The mail"),
    ("in a comment", html("<h1>", "<!-- [[token]] --><h1>"), Code.SLOT_PLACE, ERROR, "The mail"),
    ("in a sheet", html("p { margin", "a.[[token]] { x: y } p { margin"), Code.SLOT_PLACE, ERROR, "The mail"),
    ("in the mail", picture("data:image/png;base64,AA=="), Code.PICTURE_ADDRESS, ERROR, "The mail"),
    ("relative", picture("/pictures/a.png"), Code.PICTURE_ADDRESS, ERROR, "The mail"),
    ("no host", picture("https:///a.png"), Code.PICTURE_ADDRESS, ERROR, "The mail"),
    ("stranger's", picture("https://other.example/a.png"), Code.PICTURE_ADDRESS, WARNING, "The mail"),
    ("unprotected", picture("http://other.example/a.png"), Code.PICTURE_ADDRESS, WARNING, "The mail"),
    ("no alt", picture(OWN, "width='4' height='4'"), Code.ALT_MISSING, ERROR, "The mail"),
    ("no height", picture(OWN, "alt='' width='4'"), Code.OUTLOOK, WARNING, "The mail"),
    ("relative width", picture(OWN, "alt='' width='100%' height='4'"), Code.OUTLOOK, WARNING, "The mail"),
    ("no end", html("<h1>", "<!--[if mso]>--><h1>"), Code.OUTLOOK, WARNING, "The mail"),
    ("no beginning", html("<h1>", "<!--<![endif]--><h1>"), Code.OUTLOOK, WARNING, "The mail"),
    ("no unit", html("line-height:22px", "line-height:1.5"), Code.OUTLOOK, WARNING, "The mail"),
    ("no lang", html(" lang='en-GB'", ""), Code.LANGUAGE_MISSING, ERROR, "The mail"),
    ("undetermined", html("'en-GB'", "'und'"), Code.LANGUAGE_MISSING, ERROR, "The mail"),
    ("no title", html("<title>Civic Pulse", "<title> "), Code.PAGE_TITLE, WARNING, "The mail"),
    (
        "table",
        html("<table role='presentation'><tr><td s", "<table><tr><td s"),
        Code.TABLE_ROLE,
        WARNING,
        "The mail",
    ),
    ("jump", html("</h1>", "</h1><h3>Reports</h3>"), Code.HEADING_ORDER, WARNING, "The mail"),
    ("two h1", html("</h1>", "</h1><h1>Reports</h1>"), Code.HEADING_ORDER, WARNING, "The mail"),
    ("13 pixels", html("line-height:22px", "font-size:13px"), Code.TEXT_SMALL, WARNING, "The mail"),
    ("justified", html("line-height:22px", "text-align:justify"), Code.TEXT_JUSTIFIED, WARNING, "The mail"),
    ("by attribute", html("<p>", "<p align='justify'>"), Code.TEXT_JUSTIFIED, WARNING, "The mail"),
    (
        "grey on white",
        html("<h1>", "<h1 style='font-size:20px;color:#999'>"),
        Code.CONTRAST,
        WARNING,
        "The mail",
    ),
    ("grey on dark", html("#EEE", "#555"), Code.CONTRAST, WARNING, "The mail"),
    ("no meta", html("color-scheme' content", "x' content"), Code.DARK_MODE, WARNING, "The mail"),
    ("no rules", html(DARK, ""), Code.DARK_MODE, WARNING, "The mail"),
    ("not important", html("color: #EEE !important", "color: #EEE"), Code.DARK_MODE, WARNING, "The mail"),
    ("long", html("p { margin", "/*" + "x" * 16_000 + "*/ p { margin"), Code.GMAIL_STYLES, WARNING, MAIL),
    (
        "nested",
        html("p { margin", "@media a { @media b { i { x: y } } } p { margin"),
        Code.GMAIL_STYLES,
        WARNING,
        "The mail",
    ),
    ("no filler", html(FILLER, ""), Code.PREHEADER_FILLER, WARNING, "The mail"),
    (
        "not first",
        html("<div style='display:none", "<p>Hello</p><div style='display:none"),
        Code.PREHEADER_FILLER,
        WARNING,
        "The mail",
    ),
]


def test_good_edition_has_no_findings() -> None:
    assert preflight(edition(), rendering()) == []


@pytest.mark.parametrize(
    ("change", "code", "severity", "place"),
    [row[1:] for row in ROWS],
    ids=[f"{row[2]}: {row[0]}" for row in ROWS],
)
def test_finding_names_its_place_and_what_to_do(
    change: Change, code: Code, severity: Severity, place: str
) -> None:
    found = [finding for finding in found_after(change) if finding.code is code]
    assert [(finding.severity, finding.place) for finding in found] == [(severity, place)]
    for sentence in (found[0].what, found[0].remedy):
        assert re.fullmatch(r"\S[^\n]*", sentence)


#: What other tests try: test_rehearsing.py, test_looking_back.py, test_spamd.py.
ELSEWHERE = {
    Code.MERGE_FAILED: {"error"},
    Code.PICTURE_HEAVY: {"warning"},
    Code.REPEAT: {"warning"},
    Code.SPAM_SCORE: {"error", "warning"},
    Code.SPAM_UNKNOWN: {"warning"},
}


def test_every_code_is_tried_here() -> None:
    assert {row[2] for row in ROWS} == set(Code) - VISITED - ELSEWHERE.keys()


def test_every_code_has_its_row_in_the_docs() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (error|warning|either) \|", (DOCS / "preflight.md").read_text(), re.MULTILINE
    )
    severities = {code: {str(row[3]) for row in ROWS if row[2] is code} for code in Code}
    severities |= {code: {"warning"} for code in VISITED}  # test_visiting.py tries them
    severities |= ELSEWHERE | {Code.LINK_BROKEN: {"error"}}
    expected = {
        (code.value, "either" if len(severities[code]) > 1 else severities[code].pop()) for code in Code
    }
    assert set(rows) == expected
    assert len(rows) == len(expected)


@pytest.mark.parametrize(
    "change",
    [
        subject("x" * 60),
        preheader("x" * 40),
        preheader("x" * 130),
        letter("Write to [the editor](mailto:pulse@example.org) or [ring](tel:01632960417)."),
        letter("[The XX report](https://example.org/a), chapter XX; see [[1]](https://example.org/b)."),
        letter("[www.example.org](https://example.org/) is").__class__
        and letter("100 %% of it, and 3 << 4 >> 2."),
        first_report(url="http://example.org/x"),
        first_report(url="HTTPS://Example.org:443/x?a=1#"),
        first_report(summary="[The study](https://e.org/a/), and [the study](http://www.e.org/a)."),
        letter(" ".join(f"[Study {number}](https://e.org/{number})" for number in range(144))),
        letter("All that that had had was in in-house notes: the theatre of of-the-moment work, to too."),
        subject("Home care 🎉: Augusta and Octavia"),
        first_report(url="https://räte.example.org/x?y=1#z"),
        first_report(url="https://localhost.example.org/"),
        second_report(title="Home care by the hour."),  # of another publisher
        html("p { margin", "/* {{ x }} */ p { margin"),
    ],
)
def test_what_is_in_order_is_left_alone(change: Change) -> None:
    assert found_after(change) == []


PROSE = [
    "The Fund's report, the carers’ views, and what 'good' means to 'most' of them: it's ‘warm’ and ‘near’.",
    "The NHS, DHSC and NHSE on COVID-19. ADASS, BASW, DHSC and NHSE answer. UNICEF UK and UNESCO do not.",
    "NHS, DHSC, NHSE, ICS.",
    "This is IMPORTANT, and so is THAT.",
    "And then ... they left… and so on . . . and on [...] to the end.",
    "Set in .NET at .5 of a page, with its .docx beside it.",
    "Ten councils (and [as they say] two (or three) boards) took part.",
    "(a begins here\n\nand ends here).",
    "We ask: a) who pays, ii) who says, and 3) who stays :-) or leaves ;)",
    'A 12" pipe, and a 5\' 6" door: 10" more.',
    'She said "go on" and he said "stop in 2020".',
    "“The first part.\n\n“The second part,” they said, “and ‘no more’.”",
    '"The first part.\n\n"The second part," they said.',
    "> “The first part.\n\n> “The second part.”",
    "„Guten Tag“ auf Deutsch, och ”hej” på svenska.",
    "Où va la France ? « Nulle part ! » : c'est dit ; voilà l'été d'Amélie.",
    "Mae'r Llywodraeth yn 'falch' o'r cynllun: i'r dim, a'u plant nhw – a’r Ŵyl.",
    "The ‘20s, and rock ’n’ roll’s place in them.",
    "A sentence.  Another after two spaces!  And more.\n- an entry\n-  another\n1.  a third",
    "A line that ends in two spaces  \nand goes on.",
    "Results of the March 2021 survey, of last year’s October edition, and our next digest, in January.",
    "We raised this issue in October, and again in this issue. May we hope? In this issue May Brown writes.",
    "We plan to publish in May. Councils may march on 4 December. Applications close in January 2027.",
    "[Add your name to it](https://example.org/n), by a [date](https://example.org/d) [to be] named.",
    "See [Wales_(country)](https://example.org/Wales_(country)), and [a (short) list](https://example.org/l).",
]  # fmt: skip


@pytest.mark.parametrize("words", PROSE)
def test_prose_in_order_is_left_alone(words: str) -> None:
    assert found_after(letter(f"Hello, all. {words}")) == []
    assert found_after(first_report(summary=words)) == []


@pytest.mark.parametrize(
    "change",
    [
        subject("November: what you may have missed in March"),
        subject("Home care after 4 October, and before October 20"),
        subject("Safer streets since October"),
        preheader("Care in November 2026, and what councils plan from December to May."),
        letter("Welcome to November’s edition, the November 2026 issue of our digest."),
        section_name("May Day and the Long March"),
        section_name("ADULT SOCIAL CARE"),
        first_report(publisher="NSPCC (Wales)"),
        first_report(summary="word " * 400),
        period("November 2025 to January 2026", subject("Pulse, December 2025 to January 2026")),
        period("Winter 2026", subject("Civic Pulse, October 2025")),
        period("Number 12", letter("Welcome to October.")),
        period("", subject("Civic Pulse, November 2026")),
        period("Nov. 2026", subject("Civic Pulse, November 2026")),
    ],
)
def test_names_and_times_in_order_are_left_alone(change: Change) -> None:
    assert found_after(change) == []


def test_without_a_period_the_key_says_which_month_it_is() -> None:
    (found,) = found_after(period("", letter("Welcome to our digest for October 2026.")))
    assert (found.code, found.what) == (
        Code.PERIOD_OTHER,
        "“digest for October 2026” is not this edition's time, which is 2026-11.",
    )


def test_a_finding_quotes_the_words_around_it() -> None:
    (found,) = found_after(first_report(summary="Ten councils, and two boards (or three, took part."))
    assert found.what == "A ( has no partner: and two boards (or three, took"
    (found,) = found_after(letter("A study of  home care."))
    assert found.what == "More than one space stands between “A study of” and “home care.”."


@pytest.mark.parametrize("words", ["this website", "Read more here", "More information »"])
def test_more_words_that_say_nothing_of_their_link(words: str) -> None:
    (found,) = found_after(letter(f"[{words}](https://example.org/x)"))
    assert found.code is Code.LINK_TEXT


@pytest.mark.shared
def test_the_real_edition_has_nothing_a_proof_reader_would_change(real_edition: Path) -> None:
    edition = made_of(draft_of(real_edition.read_text(encoding="utf-8"), "edition.txt"))
    assert [finding for check in PERIOD_CHECKS + TEXT_CHECKS for finding in check(edition)] == []


HOSTILE = [
    "(",
    ")",
    "[a",
    "“",
    "a”",
    '"',
    "‘",
    "a ",
    "a  ",
    " ,",
    "a )",
    "A",
    "AAAA ",
    "a. ",
    "[1]",
    "> “",
    "\n“",
]
HOSTILE += ["May ", "May 2026 ", "edition ", "Welcome to ", "last ", "1 ", "- (\n"]


@pytest.mark.parametrize("text", HOSTILE)
def test_time_grows_with_the_length_of_a_text_and_not_with_its_square(text: str) -> None:
    def seconds(length: int) -> float:
        tried = edition()
        tried.subject = tried.preheader = tried.sections[1].name = text * (length // len(text))
        begun = time.process_time()
        for check in PERIOD_CHECKS + TEXT_CHECKS:
            list(check(tried))
        return time.process_time() - begun

    seconds(1_000)
    assert seconds(160_000) < 20 * max(seconds(20_000), 0.02)  # 8 times the length; the square is 64


def test_words_that_show_the_address_they_lead_to_do_not_mislead() -> None:
    codes = {finding.code for finding in found_after(letter("[www.example.org](https://example.org/x)"))}
    assert codes == {Code.LINK_TEXT}


def test_news_needs_no_publisher() -> None:
    tried = edition()
    assert tried.sections[0].categories[0].items[0].publisher == ""
    assert not [
        finding for finding in preflight(tried, rendering()) if finding.code is Code.PUBLISHER_MISSING
    ]


def test_item_outside_a_category_is_placed_in_its_section() -> None:
    tried = edition()
    tried.sections[0].categories[0].items[0].url = ""
    assert preflight(tried, rendering())[0].place == "Item 1 “Two researchers wanted.” in Our news"


def test_long_title_is_shortened_where_it_names_a_place() -> None:
    place = found_after(first_report(title=LONG_TITLE, url=""))[0].place
    assert place == (
        "Item 2 “Home care by the hour: what ten councils buy, and what it i…” in Reports, Adult Social Care"
    )


def test_publisher_spelled_two_ways_shows_both() -> None:
    tried = edition()
    reports = tried.sections[1].categories[0].items
    reports[0].publisher, reports[1].publisher = "The King's Press & Co", "King’s Press and Co"
    (found,) = preflight(tried, rendering())
    assert found.code is Code.PUBLISHER_SPELLING
    assert "“The King's Press & Co” and “King’s Press and Co”" in found.what


def test_field_in_the_preheader_is_read_with_its_default() -> None:
    words = "Hello {first_name|colleague}: what ten councils paid for an hour of care."

    def change(edition: Edition, made: Rendering) -> None:
        made.html = made.html.replace(edition.preheader, words.replace("{", "[[").replace("}", "]]"))
        edition.preheader = words

    assert Code.PREHEADER_FILLER not in {finding.code for finding in found_after(change)}
    assert Code.PREHEADER_FILLER in {
        finding.code for finding in found_after(html(edition().preheader, words))
    }


def test_errors_come_before_warnings() -> None:
    def change(edition: Edition, _: Rendering) -> None:
        edition.preheader, edition.letter = "", ""
        edition.sections[1].categories[1].items[0].url = "#"

    severities = [finding.severity for finding in found_after(change)]
    assert severities == [ERROR, ERROR, WARNING]


URLS = st.one_of(st.text(), st.text("htps:/[]@#?%.-:x0179é\\ ").map(lambda rest: f"http://{rest}"))


@given(
    URLS,
    st.text(
        st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u202a\u202b\u202c\u202d\u202e")
    ),
)
def test_no_link_and_no_words_make_it_stumble(url: str, words: str) -> None:
    for finding in found_after(first_report(url=url, title=words or "-", publisher=words)):
        assert finding.place
        assert "\n" not in finding.what


@pytest.mark.parametrize("opening", ["{{", "{%", "[[a", "*|a", "<<a ", "[insert ", "%%", "lorem ", "a b "])
def test_text_full_of_openings_is_searched_to_its_end(opening: str) -> None:
    assert "subject-long" in {finding.code for finding in found_after(subject(opening * 5_000))}
