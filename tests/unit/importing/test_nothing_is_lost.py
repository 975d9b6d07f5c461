"""Whatever a document looks like, each of its words is in the draft or in the review, and mail can carry it."""

import contextlib
import re
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pulse_mailer.errors import UnreadableDocument
from pulse_mailer.importing.draft import Draft
from pulse_mailer.richtext import to_html
from tests.unit.importing.drafts import draft_of, kept_words, words
from tests.unit.importing.word import (
    R,
    W,
    WordDocument,
    by_hashes,
    from_text,
    numbered,
    p,
    r,
    relation,
    with_xml,
)

# Pieces that mean something to the grammar, between words that mean nothing.
NAMES = [
    "Reports",
    "News",
    "Housing",
    "Example Trust News",
    "Contact us",
    "Welcome",
    "Reports:",
    "HOUSING NOTES NOW",
]
OPENERS = ["# ", "## ", "### ", "#### ", "- ", "  - ", "1. ", " 2. ", "> ", "• ", "**", "", "", "", ""]
LINES = [
    "The Digest", "May 2023", "Best wishes,", "Ada Marsh", "Head of Research", "Kind regards, Ada", "", "", "", "---",
    "If you prefer not to receive this please unsubscribe", "Telephone: 01632 960 417", "Example Ltd, AB1 2CD",
    "Email: a@example.org  [@us](https://twitter.com/us)", "Home Office. Plan for change.", "Office for Homes. Why?",
    "[Title here](https://example.org/t)", "**Home Office. [Plan](https://example.org/p)**", "[Read more](#)",
    "Home Office. **Bold plan.**", "![alt words](p.png)", "![alt words](q.png)", "https://example.org/own",
    "See [this](javascript:x) and [that]().", "and goes on in lower case after a break", "**Key findings**", "====",
    "[Download the data](https://example.org/d)", "With it you get better data.",
    "You receive this mail as you asked.", "[words by name][ref]", "[ref]: https://example.org/ref", "~~~",
    "| c | d | e", "<!-- remarked -->", "<b>fat</b> and <p>marked</p>", "--- | ---", "ends hard\\",
    "title: some title",
    "PLANS AND POLICIES", "Published by someone on a day", "| a | b |", "(bracketed words which follow on)",
    "A sentence that is a good deal longer than a title could ever be, and which ends as a sentence does.",
    "A sentence that a page break cut in the middle of the words and",
]  # fmt: skip
line = st.one_of(
    st.sampled_from(LINES),
    st.builds("{}{}".format, st.sampled_from(OPENERS), st.sampled_from(NAMES)),
    st.builds("{}{}".format, st.sampled_from(OPENERS), st.sampled_from([text for text in LINES if text])),
    st.text("ab AB.,:;*_-#>1[]!|\\`\"'", max_size=30),
)
documents = st.lists(line, min_size=1, max_size=25).map("\n".join)


def seen_words(text: str, between: str = "") -> list[str]:
    """The words of a text that a reader sees: not the targets of links, nor the number of an entry without words."""
    text = re.sub(r"</?b>", "", text)
    text = re.sub(r"(?m)^\s*\d+[.)]\s+(?=!\[[^\]]*\]\([^()]*\)$)", "", text)
    return list(words(re.sub(r"\]\([^()]*\)", "]", text), between).elements())


def missing(text: str, draft: Draft) -> list[str]:
    ways = [list((Counter(seen_words(text, way)) - kept_words(draft, way)).elements()) for way in ("", " ")]
    return min(ways, key=len)


@given(documents)
@example("## Reports\n\n## Reports\n\n**Home Office. Plan**\n- a\n 1. b")
@example("May 2023\nMay 2023\n\nApril 2022")
@example("*1*1")
@example("1*1*1")
@example("_1*1:")
def test_every_word_of_a_text_is_kept(text: str) -> None:
    try:
        draft = draft_of(text, p=b"picture")
    except UnreadableDocument:
        assert not seen_words(text)
        return
    assert missing(text, draft) == []


@given(documents)
def test_every_item_has_a_title_and_mail_can_carry_its_summary(text: str) -> None:
    try:
        draft = draft_of(text, p=b"picture")
    except UnreadableDocument:
        return
    to_html(draft.letter)
    for item in draft.items():
        assert item.title.strip()
        assert item.url == "" or item.url.startswith(("https://", "http://", "mailto:"))
        to_html(item.summary)


@given(documents)
def test_the_mail_shows_every_word_of_a_summary(text: str) -> None:
    try:
        draft = draft_of(text, p=b"picture")
    except UnreadableDocument:
        return
    for markdown in (draft.letter, *(item.summary for item in draft.items())):
        numbers = words(" ".join(re.findall(r"(?m)^\s*(\d+)\. ", markdown)))
        # A tag in the middle of a word parts it or does not, as a mark does in words().
        made = [re.sub(r"(?<=\w)</?(?:em|strong)>(?=\w)", way, to_html(markdown)) for way in ("", " ")]
        shown = [words(re.sub(r"<[^>]*>", " ", html)) for html in made]
        hidden = [
            Counter(seen_words(markdown, way)) - one - numbers
            for way, one in zip(("", " "), shown, strict=True)
        ]
        assert not all(hidden), markdown


@given(st.text(max_size=400))
def test_no_text_at_all_makes_it_fail_in_another_way_than_ours(text: str) -> None:
    try:
        draft = draft_of(text, "edition.txt")
    except UnreadableDocument:
        return
    to_html(draft.letter)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_make_it_fail_in_another_way_than_ours(data: bytes) -> None:
    for name in ("edition.txt", "edition.docx"):
        with contextlib.suppress(UnreadableDocument):
            draft_of(data, name)


# What from_text() makes no paragraph of: pictures, tables, references.
word_lines = st.sampled_from([text for text in LINES if text and not re.search(r"!\[|\||\[ref", text)])


@settings(max_examples=10)  # python-docx takes its time
@given(st.lists(st.one_of(word_lines, st.sampled_from(NAMES)), min_size=1, max_size=12).map("\n".join))
def test_every_word_of_a_word_document_is_kept(text: str) -> None:
    try:
        draft = draft_of(from_text(text, by_hashes), "edition.docx")
    except UnreadableDocument:
        assert not seen_words(text)
        return
    assert missing(text, draft) == []


# Word documents of everything at once: each word of them is its own, so that none can stand in for another.
LOOKS = ["", "<w:b/>", "<w:i/>", '<w:u w:val="single"/>', "<w:b/><w:i/>", '<w:rStyle w:val="Strong"/>']
STYLES = [
    "",
    "",
    "Heading1",
    "Heading2",
    "Heading3",
    "ListBullet",
    "ListNumber2",
    "Title",
    "Quote",
    "ListParagraph",
]
STARTS = ["", "", "", "• ", "o\xa0\xa0", "\uf0b7\t", "1. ", "- "]
ENDS = ["", ".", ":", ","]


@st.composite
def word_paragraphs(draw: st.DrawFn) -> list[tuple[str, list[str]]]:
    """Paragraphs of Word's XML, each with the words that are to be found of it."""
    found: list[tuple[str, list[str]]] = []
    for number in range(draw(st.integers(1, 14))):
        inside, told = [], []
        for run in range(draw(st.integers(1, 4))):
            word = f"Wq{number}x{run}" if draw(st.booleans()) else f"wq{number}x{run}"
            start = draw(st.sampled_from(STARTS)) if run == 0 else " "
            piece = r(f"{start}{word}{draw(st.sampled_from(ENDS))}", draw(st.sampled_from(LOOKS)))
            kind = draw(st.sampled_from(WRAPS))
            inside.append(kind.replace("{}", piece))
            told += [] if "delText" in kind else [word.lower()]
        style = draw(st.sampled_from(STYLES))
        listed = numbered(draw(st.integers(0, 4)), draw(st.sampled_from([0, 1, 7, 99])))
        xml = p(*inside, style=style, more=listed if draw(st.booleans()) else "")
        found.append(
            (f"<w:tbl><w:tr><w:tc>{xml}</w:tc></w:tr></w:tbl>" if draw(st.integers(0, 9)) == 0 else xml, told)
        )
    return found


WRAPS = [
    "{}", "{}", "{}",
    '<w:ins w:id="1" w:author="A">{}</w:ins>',
    '<w:moveTo w:id="1" w:author="A">{}</w:moveTo>',
    '<w:del w:id="1" w:author="A"><w:r><w:delText>deleted</w:delText></w:r></w:del>',
    '<w:hyperlink r:id="rIdX" xmlns:r="' + R + '">{}</w:hyperlink>',
    '<w:hyperlink r:id="rIdLost" xmlns:r="' + R + '">{}</w:hyperlink>',
    '<w:fldSimple w:instr=" HYPERLINK &quot;https://example.org/s&quot; ">{}</w:fldSimple>',
    "<w:smartTag>{}</w:smartTag>",
    "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>",
    '{}<w:r><w:br w:type="page"/></w:r>',
    '<w:commentRangeStart w:id="0"/>{}<w:r><w:commentReference w:id="0"/></w:r>',
    '<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">{}</m:oMath>',
]  # fmt: skip
COMMENTS = (
    f'<w:comments xmlns:w="{W}"><w:comment w:id="0" w:author="A">{p(r("remarked"))}</w:comment></w:comments>'
)


@pytest.fixture(scope="module")
def empty() -> bytes:
    return WordDocument().data()


@settings(max_examples=15)
@given(word_paragraphs())
def test_every_word_of_a_word_document_of_everything_is_kept(
    empty: bytes, found: list[tuple[str, list[str]]]
) -> None:
    links = relation("rIdX", "hyperlink", "https://example.org/x", external=True)
    links += relation("rIdC", "comments", "comments.xml")
    document = with_xml(empty, "".join(xml for xml, _ in found), links=links, comments=COMMENTS)
    try:
        draft = draft_of(document, "edition.docx")
    except UnreadableDocument:
        assert not any(told for _, told in found)
        return
    kept = kept_words(draft)
    assert [word for _, told in found for word in told if kept[word] < 1] == []
    assert "deleted" not in kept
    for item in draft.items():
        to_html(item.summary)
