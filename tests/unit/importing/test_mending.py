"""What mammoth would lose of a Word document, or stop at, is read or named: fields, hidden text, targets, styles."""

import io
import zipfile

import pytest

from pulse_mailer.importing.draft import Doubt, Draft
from tests.unit.importing.drafts import doubts, draft_of
from tests.unit.importing.word import R, W, WordDocument, numbered, p, r, relation, with_part, with_xml

UNDERLINED = '<w:u w:val="single"/>'
LINKED = f'<w:hyperlink r:id="rIdX" xmlns:r="{R}">'
DRAWING = (
    '<w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
    '<wp:docPr id="1" name="x" descr="A rising line"/><a:graphic '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData><pic:pic '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:blipFill>'
    f'<a:blip xmlns:r="{R}" r:embed="rIdP"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline>'
    "</w:drawing></w:r>"
)


@pytest.fixture(scope="module")
def begun() -> bytes:
    """A document with an item at its end."""
    word = WordDocument()
    for text, style in (("The Digest", "Title"), ("May 2023", None), ("Housing", "Heading 1")):
        word.paragraph(text, style)
    word.paragraph("Reports", "Heading 2")
    word.paragraph("Office. [Title](https://example.org/title)")
    return word.data()


def field(code: str, words: str) -> str:
    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    half = len(code) // 2
    cut = "".join(f"<w:r><w:instrText>{part}</w:instrText></w:r>" for part in (code[:half], code[half:]))
    return f"{mark('begin')}{cut}{mark('separate')}{r(words)}{mark('end')}"


def read(begun: bytes, xml: str, *, links: str = "", **parts: str) -> Draft:
    return draft_of(with_xml(begun, xml, links=links, **parts), "edition.docx")


def summary(draft: Draft) -> str:
    return next(draft.items()).summary


def listed(draft: Draft, kind: Doubt) -> list[tuple[int, str]]:
    return [(doubt.line, doubt.text) for doubt in draft.review if doubt.doubt is kind]


@pytest.mark.parametrize(
    ("code", "address"),
    [
        (' HYPERLINK "https://example.org/f" ', "https://example.org/f"),
        (' HYPERLINK "https://example.org/f" \\o "A tip" \\t "_blank"', "https://example.org/f"),
        (' HYPERLINK "https://example.org/f" \\l "part" ', "https://example.org/f#part"),
        (" hyperlink https://example.org/f", "https://example.org/f"),
    ],
)
def test_links_made_by_field_codes_are_links(begun: bytes, code: str, address: str) -> None:
    simple = code.replace('"', "&quot;")
    xml = p(r("See "), field(code, "this"), r(".")) + p(
        f'<w:fldSimple w:instr="{simple}">{r("That")}</w:fldSimple>'
    )
    assert summary(read(begun, xml)) == f"See [this]({address}).\n\n[That]({address})"


def test_other_fields_give_what_they_show(begun: bytes) -> None:
    xml = p(
        r("On "), f'<w:fldSimple w:instr=" DATE ">{r("4 May")}</w:fldSimple>', field(" DATE ", ", or 5 May")
    )
    draft = read(begun, xml)
    assert summary(draft) == "On 4 May, or 5 May"
    assert draft.review == []


def test_comments_are_listed_with_their_line_and_never_taken_over(begun: bytes) -> None:
    said = f'<w:comment w:id="0" w:author="Ann">{p(r("Is this right?"))}</w:comment>'
    comments = f'<w:comments xmlns:w="{W}">{said}</w:comments>'
    xml = p('<w:commentRangeStart w:id="0"/>', r("A text."), '<w:r><w:commentReference w:id="0"/></w:r>')
    draft = read(begun, xml, links=relation("rIdC", "comments", "comments.xml"), comments=comments)
    assert summary(draft) == "A text."
    assert listed(draft, Doubt.COMMENT) == [(6, "Is this right?")]
    assert "Ann" in draft.review[0].why


def test_a_footnote_is_listed_at_the_line_of_its_mark_which_goes_with_it(begun: bytes) -> None:
    note = f'<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r>{r(" See the annex.")}</w:p></w:footnote>'
    draft = read(
        begun,
        p(r("Noted"), '<w:r><w:footnoteReference w:id="2"/></w:r>', r(" here.")) + p(r("And so on.")),
        links=relation("rIdF", "footnotes", "footnotes.xml"),
        footnotes=f'<w:footnotes xmlns:w="{W}">{note}</w:footnotes>',
    )
    assert summary(draft) == "Noted here.\n\nAnd so on."
    assert listed(draft, Doubt.UNPLACED) == [(6, "See the annex.")]


def test_hidden_text_is_left_out_and_listed(begun: bytes) -> None:
    draft = read(begun, p(r("Shown."), r(" Never shown", "<w:vanish/>")))
    assert summary(draft) == "Shown."
    assert listed(draft, Doubt.UNPLACED) == [(6, "Never shown")]


def test_deleted_rows_are_neither_read_nor_listed(begun: bytes) -> None:
    gone = f'<w:tr><w:trPr><w:del w:id="1" w:author="A"/></w:trPr><w:tc>{p(r("gone"))}</w:tc></w:tr>'
    draft = read(begun, f"<w:tbl>{gone}<w:tr><w:tc>{p(r('Kept.'))}</w:tc></w:tr></w:tbl>")
    assert (summary(draft), draft.review) == ("Kept.", [])


@pytest.mark.parametrize(
    "xml",
    [
        '<w:r><w:br w:type="page"/></w:r>',
        '<w:r><w:br w:type="column"/></w:r>',
        "<w:r><w:cr/></w:r>",
        '<w:r><w:ptab w:alignment="left" w:relativeTo="margin" w:leader="none"/></w:r>',
    ],
)
def test_words_on_both_sides_of_a_break_stay_two(begun: bytes, xml: str) -> None:
    draft = read(begun, p(r("Before"), xml, r("after, as one sees it")))
    assert (summary(draft), draft.review) == ("Before after, as one sees it", [])


def test_text_in_wrappers_is_read(begun: bytes) -> None:
    draft = read(
        begun,
        p(f'<w:bdo w:val="ltr">{r("One ")}</w:bdo>', f"<w:customXml>{r('two')}</w:customXml>")
        + f"<w:customXml>{p(r('Three.'))}</w:customXml><w:sdt><w:sdtContent>{p(r('Four.'))}</w:sdtContent></w:sdt>",
    )
    assert (summary(draft), draft.review) == ("One two\n\nThree.\n\nFour.", [])


def test_a_link_whose_address_is_lost_keeps_its_words(begun: bytes) -> None:
    draft = read(begun, p(f"{LINKED}{r('Dangling')}</w:hyperlink>", r(" words.")))
    assert summary(draft) == "Dangling words."
    assert listed(draft, Doubt.BAD_LINK) == [(6, "Dangling")]


@pytest.mark.parametrize("links", ["", relation("rIdP", "image", "media/none.png")])
def test_a_picture_that_is_not_there_is_listed(begun: bytes, links: str) -> None:
    draft = read(begun, p(r("A text."), DRAWING), links=links)
    assert summary(draft) == "A text."
    assert listed(draft, Doubt.PICTURE) == [(6, "A rising line")]


def test_a_picture_that_is_only_linked_to_is_not_fetched(begun: bytes) -> None:
    links = relation("rIdP", "image", "https://example.org/a.png", external=True)
    draft = read(begun, p(DRAWING), links=links)
    assert [item.picture for item in draft.items()] == [None]
    assert listed(draft, Doubt.PICTURE) == [(6, "A rising line")]


def test_a_line_across_the_page_is_not_listed(begun: bytes) -> None:
    line = '<v:rect xmlns:v="urn:schemas-microsoft-com:vml" style="width:0"/>'
    draft = read(begun, p(f"<w:r><w:pict>{line}</w:pict></w:r>") + p(r("A text.")))
    assert (summary(draft), draft.review) == ("A text.", [])


def test_an_embedded_file_whose_picture_is_lost_is_listed(begun: bytes) -> None:
    shape = f'<v:imagedata xmlns:v="urn:schemas-microsoft-com:vml" r:id="rIdNo" xmlns:r="{R}"/>'
    draft = read(begun, p(r("A text."), f"<w:r><w:object>{shape}</w:object></w:r>"))
    assert summary(draft) == "A text."
    assert listed(draft, Doubt.PICTURE) == [(6, "")]


@pytest.mark.parametrize("kind", ["footnote", "endnote"])
def test_a_note_with_fields_and_lost_links_is_listed_whole(begun: bytes, kind: str) -> None:
    dated = f'<w:fldSimple w:instr=" DATE ">{r("4 May ")}</w:fldSimple>'
    words = f"<w:p><w:r><w:{kind}Ref/></w:r>{r(' Seen on ')}{dated}{LINKED}{r('there')}</w:hyperlink></w:p>"
    notes = f'<w:{kind}s xmlns:w="{W}"><w:{kind} w:id="2">{words}</w:{kind}></w:{kind}s>'
    xml = p(
        r("Noted."), f'<w:r><w:{kind}Reference w:id="2"/></w:r>', f'<w:r><w:{kind}Reference w:id="9"/></w:r>'
    )
    draft = read(begun, xml, links=relation("rIdN", f"{kind}s", f"{kind}s.xml"), **{f"{kind}s": notes})
    assert summary(draft) == "Noted."
    assert listed(draft, Doubt.UNPLACED) == [(6, "Seen on 4 May there")]


@pytest.mark.parametrize(
    ("data", "kind"), [(b"\x01\0\0\0" + bytes(36) + b" EMF", "EMF"), (b"\xd7\xcd\xc6\x9a", "WMF")]
)
def test_drawings_of_windows_are_named(begun: bytes, data: bytes, kind: str) -> None:
    document = with_xml(begun, p(DRAWING), links=relation("rIdP", "image", "media/a.emf"))
    draft = draft_of(with_part(document, "word/media/a.emf", data), "edition.docx")
    assert [item.picture for item in draft.items()] == [None]
    [doubt] = draft.review
    assert (doubt.doubt, doubt.text) == (Doubt.PICTURE, "A rising line")
    assert kind in doubt.why


def test_bullets_of_words_own_fonts_make_lists(begun: bytes) -> None:
    symbol = '<w:r><w:sym w:font="Symbol" w:char="F0B7"/></w:r>'
    draft = read(
        begun,
        p(symbol, r("\xa0\xa0One"))
        + p(r("\uf0a7\tTwo"))
        + p(r("o\xa0\xa0\xa0Three"))
        + p(r("—\tFour"))
        + p(r("✓ Five")),
    )
    assert summary(draft) == "- One\n  - Two\n  - Three\n- Four\n- Five"
    assert draft.review == []


def test_a_list_is_as_deep_as_its_entries_say_even_where_nothing_defines_it(begun: bytes) -> None:
    entries = "".join(
        p(r(f"Entry {level}"), style="ListParagraph", more=numbered(level, 99)) for level in range(3)
    )
    assert summary(read(begun, entries)) == "- Entry 0\n  - Entry 1\n    - Entry 2"


def test_a_list_that_begins_further_in_begins_at_the_margin(begun: bytes) -> None:
    entries = (
        p(r("One"), style="ListNumber2") + p(r("Two"), style="ListNumber2") + p(r("In"), style="ListBullet3")
    )
    assert summary(read(begun, entries)) == "1. One\n2. Two\n   - In"


def test_a_paragraph_taken_out_of_its_list_is_a_paragraph(begun: bytes) -> None:
    assert summary(read(begun, p(r("A text."), style="ListBullet", more=numbered(0, 0)))) == "A text."


def test_styles_of_ones_own_are_what_they_are_based_on(begun: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(begun)) as archive:
        styles = archive.read("word/styles.xml").decode()
    own = (
        '<w:style w:type="paragraph" w:styleId="Ours"><w:name w:val="Ours"/><w:basedOn w:val="Heading3"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Fat"><w:name w:val="Fat"/><w:rPr><w:b/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Word"><w:name w:val="Word"/><w:rPr><w:b/></w:rPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>'
    )
    draft = read(
        begun,
        p(r("Home Office. By its style"), style="Ours")
        + p(r("A "), r("bold", '<w:rStyle w:val="Word"/>'), r(" word."), style="Loop")
        + p(r("The Trust. In bold, with no stop"), style="Fat")
        + p(r("Mill Trust. By its outline"), more='<w:outlineLvl w:val="2"/>'),
        styles=styles.replace("</w:styles>", f"{own}</w:styles>"),
    )
    assert [(item.title, item.is_marked) for item in draft.items()] == [
        ("Title", True),
        ("By its style", True),
        ("In bold, with no stop", True),
        ("By its outline", True),
    ]
    assert [item.summary for item in draft.items()][1] == "A **bold** word."


def test_a_line_underlined_throughout_is_marked_and_a_word_underlined_is_emphasised(begun: bytes) -> None:
    draft = read(
        begun,
        p(r("Mill Trust. ", UNDERLINED), r("Mills and water", UNDERLINED))
        + p(r("They say it is "), r("not", UNDERLINED), r(" so.")),
    )
    [_, item] = draft.items()
    assert (item.publisher, item.title, item.is_marked) == ("Mill Trust", "Mills and water", True)
    assert item.summary == "They say it is *not* so."


def test_a_document_pasted_as_one_bold_run_is_read_by_its_words() -> None:
    word = WordDocument()
    lines = ["The Digest", "May 2023", "Reports"]
    for place in range(6):
        lines += [
            f"Home Office. Plan number {place}.",
            f"It has {place} parts, told here in some more words.",
        ]
    break_ = "<w:r><w:br/></w:r>"
    xml = p(break_.join(r(line, "<w:b/>") for line in lines))
    word.paragraph("")
    draft = draft_of(with_xml(word.data(), xml), "edition.docx")
    assert [item.title for item in draft.items()] == [f"Plan number {place}" for place in range(6)]
    assert "**" not in "".join(item.summary for item in draft.items())


def test_a_document_put_whole_into_this_one_is_listed(begun: bytes) -> None:
    chunk = f'<w:altChunk r:id="rIdA" xmlns:r="{R}"/>'
    data = with_xml(begun, p(r("Before.")) + chunk, links=relation("rIdA", "aFChunk", "chunk.html"))
    data = with_part(
        data, "word/chunk.html", b"<html><style>x</style><body><p>Words &amp; more</p></body></html>"
    )
    assert [one.text for one in doubts(draft_of(data, "edition.docx"), Doubt.UNPLACED)] == ["Words & more"]


def test_a_paragraph_whose_mark_was_deleted_is_listed_nowhere(begun: bytes) -> None:
    mark = '<w:rPr><w:del w:id="1" w:author="A"/></w:rPr>'
    draft = draft_of(with_xml(begun, p(r("Begun with"), more=mark) + p(r("out an end."))), "edition.docx")
    assert doubts(draft, Doubt.UNPLACED) == []
