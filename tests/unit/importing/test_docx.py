"""Word documents as staff write them: styles or bold lines, split links, typed bullets, boxes and tables."""

import io
import random
import zipfile

import pytest
from PIL import Image

from pulse_mailer.errors import DocumentError, DocumentTooLarge, HostileDocument, UnreadableDocument
from pulse_mailer.importing import archive
from pulse_mailer.importing.draft import Doubt, Draft
from tests.unit.importing.drafts import doubtful_lines, doubts, draft_of, opening, tree
from tests.unit.importing.test_markdown import SAMPLE
from tests.unit.importing.word import WordDocument, by_hashes, from_text, with_part, with_xml

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@pytest.fixture(scope="module")
def picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def sample(picture: bytes) -> bytes:
    return from_text(SAMPLE, by_hashes, rise=picture)


def one_section(*paragraphs: tuple[str, str | None], all_looks: bool = False) -> WordDocument:
    word = WordDocument(all_looks=all_looks)
    for text, style in (("The Digest", "Title"), ("May 2023", None), ("Housing", "Heading 1"), *paragraphs):
        word.paragraph(text, style)
    return word


def read(word: WordDocument) -> Draft:
    return draft_of(word.data(), "edition.docx")


def test_headings_give_the_same_tree_as_markdown(sample: bytes, picture: bytes) -> None:
    word, text = draft_of(sample, "edition.docx"), draft_of(SAMPLE, rise=picture)
    assert tree(word) == tree(text)
    assert opening(word) == opening(text)
    assert word.contact_lines == text.contact_lines
    assert word.review == []


def test_bold_lines_give_the_same_tree_as_headings(picture: bytes) -> None:
    def bold(_number: int, line: str) -> tuple[str | None, bool]:
        return None, line.startswith("#")

    word = draft_of(from_text(SAMPLE, bold, rise=picture), "edition.docx")
    assert tree(word) == tree(draft_of(SAMPLE, rise=picture))


def test_all_looks_that_word_brings_along_change_nothing() -> None:
    lines = (
        ("Shelter. A study of rents.", None),
        ("https://example.org/rents", None),
        ("Rents rose.", "Quote"),
    )
    slim, whole = (read(one_section(*lines, all_looks=looks)) for looks in (False, True))
    assert len(list(slim.items())) == 1
    assert tree(slim) == tree(whole)


def test_picture_and_its_alt_text_go_to_the_item(sample: bytes, picture: bytes) -> None:
    [shown] = [item.picture for item in draft_of(sample, "edition.docx").items() if item.picture]
    assert (shown.data, shown.alt) == (picture, "A line that rises")


def test_word_is_known_by_its_bytes_whatever_the_file_is_called(sample: bytes) -> None:
    assert draft_of(sample, "edition.txt").newsletter == "The Digest"


def test_line_numbers_are_those_of_paragraphs() -> None:
    word = one_section(("", None), ("Reports", "Heading 2"), ("Office. Title.", None), ("A text.", None))
    [item] = read(word).items()
    assert item.line == 6


def test_typed_bullets_and_numbers_are_lists() -> None:
    word = one_section(
        ("Reports", "Heading 2"),
        ("**Office. Title.**", None),
        ("•\tone", None),
        ("o\xa0inner", None),
        ("- two", None),
        ("1. three", None),
    )
    [item] = read(word).items()
    assert item.summary == "- one\n  - inner\n- two\n  1. three"


def test_text_that_looks_like_markdown_is_only_text() -> None:
    word = one_section(
        ("Reports", "Heading 2"),
        ("**Office. Title.**", None),
        ("# 5*3 [x] <b> a_b_c `d` \\e &amp; _f_", None),
    )
    [item] = read(word).items()
    assert item.summary == "\\# 5\\*3 \\[x\\] \\<b> a_b_c \\`d\\` \\\\e \\&amp; \\_f\\_"


def test_bare_links_in_word_become_links() -> None:
    word = one_section(
        ("Reports", "Heading 2"), ("**Office. Title.**", None), ("See https://a.org/x_y_.", None)
    )
    [item] = read(word).items()
    assert item.url == "https://a.org/x_y"
    assert item.summary == "See <https://a.org/x_y>\\_."


@pytest.mark.parametrize("href", ["javascript:alert", "data:text/html,x", "file:///etc/passwd"])
def test_hostile_links_lose_their_target_and_keep_their_text(href: str) -> None:
    word = one_section(
        ("Reports", "Heading 2"), ("**Office. Title.**", None), (f"Press [this]({href}) now.", None)
    )
    draft = read(word)
    [item] = draft.items()
    assert item.summary == "Press this now."
    assert doubtful_lines(draft, Doubt.BAD_LINK)


def test_placeholder_link_is_reported() -> None:
    word = one_section(("Reports", "Heading 2"), ("Office. [Title.](#)", None), ("Text.", None))
    assert doubtful_lines(read(word), Doubt.PLACEHOLDER_LINK) == [5]


def test_header_of_the_page_is_listed() -> None:
    word = one_section(("Reports", "Heading 2"), ("**Office. Title.**", None), ("Text.", None))
    word.header("Confidential until Monday")
    assert [doubt.text for doubt in doubts(read(word), Doubt.UNPLACED)] == ["Confidential until Monday"]


def test_rows_of_a_table_of_data_become_lines_and_it_is_reported() -> None:
    word = one_section(("Reports", "Heading 2"), ("**Office. Title.**", None))
    word.table([["Region", "Homes"], ["North", "12"], ["South", ""]])
    draft = read(word)
    [item] = draft.items()
    assert item.summary == "- Region · Homes\n- North · 12\n- South"
    [doubt] = doubts(draft, Doubt.TABLE)
    assert "each of its rows became a line" in doubt.why


def test_cells_of_a_table_of_texts_become_paragraphs_and_it_is_reported() -> None:
    word = one_section(("Reports", "Heading 2"), ("**Office. Title.**", None))
    text = "A sentence that is a good deal longer than what a table of data has in any of its cells, I think."
    word.table([["North", text], ["South", "14"]])
    draft = read(word)
    [item] = draft.items()
    assert item.summary == f"North\n\n{text}\n\nSouth\n\n14"
    [doubt] = doubts(draft, Doubt.TABLE)
    assert "each of its cells became a paragraph" in doubt.why


def test_words_that_cannot_be_read_are_listed(sample: bytes) -> None:
    document = zipfile.ZipFile(io.BytesIO(sample)).read("word/document.xml").decode()
    formula = (
        '<w:p><m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">'
        "<m:r><m:t>hypotenuse</m:t></m:r></m:oMath></w:p>"
    )
    changed = document.replace("<w:sectPr", f"{formula}<w:sectPr", 1)
    draft = draft_of(with_part(sample, "word/document.xml", changed.encode()), "edition.docx")
    assert [doubt.text for doubt in doubts(draft, Doubt.UNPLACED)] == ["hypotenuse"]


def test_deleted_text_is_neither_read_nor_listed(sample: bytes) -> None:
    document = zipfile.ZipFile(io.BytesIO(sample)).read("word/document.xml").decode()
    deleted = '<w:p><w:del w:id="1" w:author="A"><w:r><w:delText>discarded</w:delText></w:r></w:del></w:p>'
    changed = document.replace("<w:sectPr", f"{deleted}<w:sectPr", 1)
    draft = draft_of(with_part(sample, "word/document.xml", changed.encode()), "edition.docx")
    assert "discarded" not in repr(draft)


def test_external_entities_are_refused(sample: bytes) -> None:
    hostile = (
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document xmlns:w="{W}">&e;</w:document>'
    )
    for part in ("word/document.xml", "word/styles.xml", "docProps/core.xml", "word/media/image1.png"):
        with pytest.raises(HostileDocument, match="declares a document type"):
            draft_of(with_part(sample, part, f"\n {hostile}".encode()), "edition.docx")


def test_entities_in_utf_16_are_refused_too(sample: bytes) -> None:
    hostile = f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY e "x">]><w:p xmlns:w="{W}"/>'
    with pytest.raises(HostileDocument):
        draft_of(with_part(sample, "word/hidden.bin", hostile.encode("utf-16")), "edition.docx")


@pytest.mark.parametrize("size", [archive.MAX_XML + 1, archive.MAX_INFLATED + 1])
def test_zip_bombs_are_refused(sample: bytes, size: int) -> None:
    with pytest.raises(HostileDocument, match="unpack"):
        draft_of(with_part(sample, "word/media/zeros.bin", bytes(size)), "edition.docx")


def test_too_much_xml_in_a_part_is_refused(sample: bytes) -> None:
    words = random.Random(1).randbytes(archive.MAX_XML).hex()
    with pytest.raises(HostileDocument, match="unpack"):
        draft_of(with_part(sample, "word/comments.xml", f"<x>{words}</x>".encode()), "edition.docx")


def test_too_many_parts_are_refused(sample: bytes) -> None:
    stream = io.BytesIO(sample)
    with zipfile.ZipFile(stream, "a") as parts:
        for number in range(archive.MAX_ENTRIES):
            parts.writestr(f"word/{number}.xml", "<x/>")
    with pytest.raises(HostileDocument, match="parts"):
        draft_of(stream.getvalue(), "edition.docx")


def test_sizes_that_lie_are_refused(sample: bytes) -> None:
    data = with_part(sample, "word/zeros.bin", bytes(2_000_000))
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        declared = parts.getinfo("word/zeros.bin").file_size
    lying = data.replace(declared.to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(DocumentError):
        draft_of(lying, "edition.docx")


def test_xml_nested_beyond_reason_is_refused(sample: bytes) -> None:
    deep = f'<w:document xmlns:w="{W}"><w:body>{"<w:p>" * 5_000}{"</w:p>" * 5_000}</w:body></w:document>'
    with pytest.raises(HostileDocument, match="nested"):
        draft_of(with_part(sample, "word/document.xml", deep.encode()), "edition.docx")


def test_xml_nested_as_deep_as_allowed_is_read(sample: bytes) -> None:
    levels = (archive.MAX_DEPTH - 6) // 4
    opened, closed = "<w:tbl><w:tr><w:tc><w:p/>" * levels, "<w:p/></w:tc></w:tr></w:tbl>" * levels
    text = "<w:p><w:r><w:t>Digest</w:t></w:r></w:p>"
    deep = f'<w:document xmlns:w="{W}"><w:body>{opened}{text}{closed}</w:body></w:document>'
    assert (
        draft_of(with_part(sample, "word/document.xml", deep.encode()), "edition.docx").newsletter == "Digest"
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\x03\x04 and then nothing", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Word format"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"just text", "damaged"),
    ],
)
def test_what_is_no_word_document_is_refused_in_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableDocument, match=sentence):
        draft_of(data, "edition.docx")


def test_a_zip_file_without_a_document_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.text")
    with pytest.raises(UnreadableDocument, match="no Word document"):
        draft_of(stream.getvalue(), "edition.docx")


def test_a_damaged_part_is_refused(sample: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="no proper XML"):
        draft_of(with_part(sample, "word/document.xml", b"<w:document>"), "edition.docx")
    with pytest.raises(UnreadableDocument, match="cannot be read"):
        draft_of(with_part(sample, "word/document.xml", b"<other/>"), "edition.docx")


def test_every_cut_of_a_document_is_refused_or_read(sample: bytes) -> None:
    for end in range(0, len(sample), len(sample) // 40):
        with pytest.raises(DocumentError):
            draft_of(sample[:end], "edition.docx")


def test_too_large_a_document_is_refused_before_it_is_read() -> None:
    with pytest.raises(DocumentTooLarge, match="20 MB is the most"):
        draft_of(b"PK\x03\x04" + bytes(20 * 1024 * 1024), "edition.docx")


def test_a_formula_is_listed_though_its_words_stand_elsewhere(sample: bytes) -> None:
    math = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    formula = f"<w:p><w:r><w:t>Housing </w:t></w:r><m:oMath {math}><m:r><m:t>May</m:t></m:r></m:oMath></w:p>"
    draft = draft_of(with_xml(sample, formula), "edition.docx")
    assert [doubt.text for doubt in doubts(draft, Doubt.UNPLACED)] == ["Housing May"]


def test_the_text_may_be_in_a_part_of_another_name(sample: bytes) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sample)) as old, zipfile.ZipFile(stream, "w") as new:
        for one in old.namelist():
            content = old.read(one).replace(b"word/document.xml", b"word/document2.xml")
            new.writestr(one.replace("document.xml", "document2.xml"), content)
    assert tree(draft_of(stream.getvalue(), "edition.docx")) == tree(draft_of(sample, "edition.docx"))
