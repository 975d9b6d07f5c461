"""Writes Word documents as staff do, from the same text that is read as Markdown."""

import io
import re
import zipfile
from collections.abc import Callable

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

_INLINE = re.compile(r"(\*\*.+?\*\*|\[.+?\]\(.*?\)|<https?://.+?>)")
_LIST = re.compile(r"( *)(-|\d+\.) (.*)")


class WordDocument:
    """
    A Word document that is being written, paragraph by paragraph.

    Args:
        all_looks: with the hundred looks of tables that come with Word, ten times as long to read as all else.
    """

    def __init__(self, *, all_looks: bool = False) -> None:
        self._document = docx.Document()
        if all_looks:
            return
        styles = self._document.styles.element
        for look in styles.findall(qn("w:style")):
            if look.get(qn("w:type")) == "table" and look.get(qn("w:default")) != "1":
                styles.remove(look)
        relations = self._document.part.rels
        (twice,) = (key for key, one in relations.items() if one.reltype.endswith("/stylesWithEffects"))
        relations.pop(twice)

    def paragraph(self, text: str, style: str | None = None, *, bold: bool = False) -> None:
        paragraph = self._document.add_paragraph(style=style)
        for piece in _INLINE.split(text):
            if piece.startswith("**"):
                self._run(paragraph, piece[2:-2], bold=True)
            elif piece.startswith("["):
                words, _, target = piece[1:-1].partition("](")
                self._link(paragraph, words, target, bold=bold)
            elif piece.startswith("<"):
                self._link(paragraph, piece[1:-1], piece[1:-1], bold=bold)
            elif piece:
                self._run(paragraph, piece, bold=bold)

    def picture(self, data: bytes, alt: str) -> None:
        shape = self._document.add_picture(io.BytesIO(data))
        shape._inline.docPr.set("descr", alt)

    def table(self, rows: list[list[str]]) -> None:
        table = self._document.add_table(len(rows), len(rows[0]))
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text

    def header(self, text: str) -> None:
        self._document.sections[0].header.paragraphs[0].text = text

    def data(self) -> bytes:
        stream = io.BytesIO()
        self._document.save(stream)
        return stream.getvalue()

    def _run(self, paragraph: Paragraph, text: str, *, bold: bool) -> None:
        # Word cuts its text into runs wherever somebody corrected it.
        half = len(text) // 2
        for part in (text[:half], text[half:]):
            if part:
                paragraph.add_run(part).bold = bold or None

    def _link(self, paragraph: Paragraph, words: str, target: str, *, bold: bool) -> None:
        relation = paragraph.part.relate_to(target, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        half = len(words) // 2
        for part in (words[:half], words[half:]):
            link = OxmlElement("w:hyperlink")
            link.set(qn("r:id"), relation)
            run = paragraph.add_run(part)
            run.bold = bold or None
            link.append(run._r)
            paragraph._p.append(link)


def from_text(text: str, style: Callable[[int, str], tuple[str | None, bool]], **pictures: bytes) -> bytes:
    """
    A Word document with a paragraph for each line that is not blank.

    `style` gives for a line (its number, its text) the paragraph's style and whether all of it is bold; lists
    are given theirs here. `pictures` are those that `![alt](name.png)` lines show.
    """
    word = WordDocument()
    in_list = False
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        entry = _LIST.fullmatch(line)
        if entry:
            # In Word a number under a bullet is one level in, however carelessly the text is indented.
            inner = entry[2] != "-" and (bool(entry[1]) or in_list)
            kind = "List Bullet" if entry[2] == "-" else "List Number"
            word.paragraph(entry[3], f"{kind} 2" if inner else kind)
            in_list = in_list or entry[2] == "-"
            continue
        in_list = False
        if line.startswith("!["):
            alt, _, path = line[2:-1].partition("](")
            word.picture(pictures[path.removesuffix(".png")], alt)
            continue
        if line.startswith("> "):
            word.paragraph(line[2:], "Quote")
            continue
        name, bold = style(number, line.strip())
        word.paragraph(line.strip().lstrip("# "), name, bold=bold)
    return word.data()


def by_hashes(_number: int, line: str) -> tuple[str | None, bool]:
    """Word's headings for Markdown's: the masthead is the title."""
    level = len(line) - len(line.lstrip("#"))
    return (None if not level else "Title" if level == 1 else f"Heading {level - 1}"), False


def with_part(data: bytes, part: str, content: bytes) -> bytes:
    """The same document with one part of its zip file added or replaced."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != part:
                new.writestr(info, old.read(info))
        new.writestr(part, content)
    return stream.getvalue()


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def with_xml(data: bytes, xml: str, *, links: str = "", **parts: str) -> bytes:
    """
    The same document with XML of Word's own at its end, for what python-docx does not write.

    `links` are further relationships; `parts` are files under word/, by their names without .xml.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        document = archive.read("word/document.xml").decode()
        relations = archive.read("word/_rels/document.xml.rels").decode()
    data = with_part(data, "word/document.xml", document.replace("<w:sectPr", f"{xml}<w:sectPr", 1).encode())
    relations = relations.replace("</Relationships>", f"{links}</Relationships>")
    data = with_part(data, "word/_rels/document.xml.rels", relations.encode())
    for name, content in parts.items():
        data = with_part(data, f"word/{name}.xml", content.encode())
    return data


def relation(key: str, kind: str, target: str, *, external: bool = False) -> str:
    mode = ' TargetMode="External"' if external else ""
    return f'<Relationship Id="{key}" Type="{R}/{kind}" Target="{target}"{mode}/>'


def p(*runs: str, style: str = "", more: str = "") -> str:
    """A paragraph of Word's XML; `more` are further properties of it."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{more}</w:pPr>{''.join(runs)}</w:p>"


def r(text: str, look: str = "") -> str:
    """A run of Word's XML; `look` are its properties."""
    return f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def numbered(level: int, number: int) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
