"""
Mends the XML of a Word document before mammoth reads it, which would lose what is done here, or stop at it.

Each mend is one function. What it takes out goes to the review with its words.
"""

import io
import re
import zipfile
from dataclasses import dataclass

from lxml import etree

from pulse_mailer.importing.blocks import Reading
from pulse_mailer.importing.decoding import printable
from pulse_mailer.importing.draft import Doubt
from pulse_mailer.importing.word_styles import Styles
from pulse_mailer.importing.wordxml import (
    Element,
    child,
    is_on,
    name,
    parsed,
    targets,
    value,
    words_of,
    written,
)

COMMENTS = "word/comments.xml"
_NOTES = ("word/footnotes.xml", "word/endnotes.xml")
_NOTE = ("w:footnote", "w:endnote")
_WRAPPERS = ("w:bdo", "w:dir", "w:customXml", "w:fldSimple")
_HYPERLINK = re.compile(
    r"""\s*HYPERLINK\s+(?:\\[a-km-z]\s+)*(?:"([^"]*)"|([^\s"\\]+))?(.*)""", re.IGNORECASE | re.DOTALL
)
_ANCHOR = re.compile(r"""\\l\s+"?([^"\s]+)"?""", re.IGNORECASE)


@dataclass(slots=True)
class _Document:
    """
    Attributes:
        links: for each relationship its target; see `targets()`.
        numbers: of its paragraphs, as the review names them.
    """

    root: Element
    links: dict[str, str]
    reading: Reading
    numbers: dict[Element, int]

    def doubt(self, element: Element | None, doubt: Doubt, text: str, why: str) -> None:
        above = element
        while above is not None and above not in self.numbers:
            above = above.getparent()
        self.reading.doubt(1 if above is None else self.numbers[above], doubt, text, why)


def mended(archive: zipfile.ZipFile, main: str, reading: Reading) -> bytes:
    """
    The same document, such that mammoth reads all of it; what was taken out goes to the reading's doubts.

    Args:
        main: the part that holds its text.
    """
    root = parsed(archive.read(main))
    numbers = {one: number for number, one in enumerate(root.iter(name("w:p")), start=1)}
    document = _Document(root, targets(archive, main), reading, numbers)
    _list_comments(archive, document)
    _list_chunks(archive, document)
    _mend(document)
    _drop_lost_notes(archive, root)
    Styles.of(archive).spell_out(root)
    parts = {main: written(root)}
    for part in (*_NOTES, COMMENTS):
        if part in archive.namelist():
            beside = _Document(parsed(archive.read(part)), targets(archive, part), reading, {})
            _mend(beside)
            parts[part] = written(beside.root)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as new:
        for info in archive.infolist():
            found = parts.get(info.filename)
            new.writestr(info.filename, archive.read(info) if found is None else found)
    return stream.getvalue()


def _mend(document: _Document) -> None:
    _take_out_hidden(document)
    _take_out_pictures(document)
    _loosen_links(document)
    _write_fields_out(document.root)
    _unwrap(document.root)
    _break_lines(document.root)


def _drop_lost_notes(archive: zipfile.ZipFile, root: Element) -> None:
    """Marks of notes that are not in the document, at which mammoth stops."""
    for part, mark, note in zip(_NOTES, ("w:footnoteReference", "w:endnoteReference"), _NOTE, strict=True):
        notes = parsed(archive.read(part)).iter(name(note)) if part in archive.namelist() else ()
        known = {value(one, "w:id") for one in notes}
        for one in list(root.iter(name(mark))):
            if value(one, "w:id") not in known:
                _remove(one)


def _list_comments(archive: zipfile.ZipFile, document: _Document) -> None:
    if COMMENTS not in archive.namelist():
        return
    marks = document.root.iter(name("w:commentRangeStart"), name("w:commentReference"))
    places = {value(mark, "w:id"): mark for mark in reversed(list(marks))}
    for comment in parsed(archive.read(COMMENTS)).iter(name("w:comment")):
        mark = places.get(value(comment, "w:id"))
        author = value(comment, "w:author") or "somebody"
        why = f"A comment by {author}; comments are never taken over."
        document.doubt(mark, Doubt.COMMENT, words_of(comment), why)


def _list_chunks(archive: zipfile.ZipFile, document: _Document) -> None:
    """Other documents put whole into this one, which Word shows as if their text stood here."""
    for chunk in document.root.iter(name("w:altChunk")):
        path = document.links.get(value(chunk, "r:id"), "")
        data = archive.read(path) if path in archive.namelist() else b""
        words = ""
        if path.lower().endswith((".htm", ".html", ".xhtml", ".txt")) and data.strip():
            page = etree.HTML(data, etree.HTMLParser(no_network=True, remove_comments=True))
            if page is not None:
                etree.strip_elements(page, "script", "style", with_tail=False)
                words = printable(" ".join(" ".join(map(str, page.itertext())).split()))
        why = "Another document put whole into this one; it was left out. Copy its text into this document."
        before = chunk.getprevious()
        while before is not None and before not in document.numbers:
            before = before.getprevious()
        document.doubt(before, Doubt.UNPLACED, words or path or "(not in the file)", why)


def _take_out_hidden(document: _Document) -> None:
    """Text that Word does not show."""
    for run in list(document.root.iter(name("w:r"))):
        if is_on(child(run, "w:rPr", "w:vanish")):
            if words := words_of(run):
                document.doubt(run, Doubt.UNPLACED, words, "Hidden text; it was left out.")
            _remove(run)


def _take_out_pictures(document: _Document) -> None:
    """Pictures that are only linked to or missing, and drawings that are none: charts, shapes."""
    for drawing in list(document.root.iter(name("w:drawing"), name("w:pict"), name("w:object"))):
        if next(drawing.iter(name("w:txbxContent")), None) is not None:
            continue
        shown = [
            value(one, "r:embed") or value(one, "r:id")
            for one in drawing.iter(name("a:blip"), name("v:imagedata"))
        ]
        paths = [document.links.get(key, "") for key in shown]
        if paths and all(path and "://" not in path for path in paths):
            continue
        # A drawing without a name is a line across the page.
        if not _is_copy(drawing) and (shown or _alt(drawing)):
            why = "A picture that is only linked to, or missing; it was left out."
            if not shown:
                why = "A chart or a drawing, which mail cannot show; it was left out. Save it as a picture."
            document.doubt(drawing, Doubt.PICTURE, _alt(drawing), why)
        _remove(drawing)


def _is_copy(element: Element) -> bool:
    """Whether it only repeats, for old programs, what stands beside it."""
    return any(above.tag == name("mc:Fallback") for above in element.iterancestors())


def _alt(drawing: Element) -> str:
    described = next(drawing.iter(name("wp:docPr")), None)
    if described is None:
        return ""
    return " ".join(
        str(described.get("descr") or described.get("title") or described.get("name") or "").split()
    )


def _loosen_links(document: _Document) -> None:
    """Links without an address in the document."""
    for link in document.root.iter(name("w:hyperlink")):
        key = value(link, "r:id")
        if key and not document.links.get(key):
            del link.attrib[name("r:id")]
            why = "The document lacks the address of this link; its text was kept."
            document.doubt(link, Doubt.BAD_LINK, words_of(link), why)


def _write_fields_out(root: Element) -> None:
    """Links made by field codes: one code, in the only form that mammoth knows."""
    for field in list(root.iter(name("w:fldSimple"))):
        if _HYPERLINK.match(value(field, "w:instr")):
            _as_complex(field)
    for begin in root.iter(name("w:fldChar")):
        run = begin.getparent()
        if value(begin, "w:fldCharType") != "begin" or run is None:
            continue
        codes = []
        for after in run.itersiblings(name("w:r")):
            if after.find(name("w:fldChar")) is not None:
                break
            codes += after.findall(name("w:instrText"))
        code = _hyperlink("".join(one.text or "" for one in codes))
        for place, one in enumerate(codes if code else ()):
            one.text = code if place == 0 else ""


def _hyperlink(code: str) -> str:
    """The code of a link, short; empty for any other."""
    found = _HYPERLINK.match(code)
    if found is None:
        return ""
    address, anchor = found[1] or found[2] or "", _ANCHOR.search(found[3])
    if not address:
        return f' HYPERLINK \\l "{anchor[1]}"' if anchor else ""
    return f' HYPERLINK "{address}{"#" + anchor[1] if anchor else ""}"'


def _as_complex(field: Element) -> None:
    """The other of the two ways in which Word writes a field: marks before and after, and its code between."""

    def run(tag: str, kind: str = "", text: str = "") -> Element:
        made = field.makeelement(name("w:r"), None, None)
        mark = field.makeelement(name(tag), {name("w:fldCharType"): kind} if kind else None, None)
        mark.text = text or None
        made.append(mark)
        return made

    field.insert(0, run("w:fldChar", "begin"))
    field.insert(1, run("w:instrText", text=value(field, "w:instr")))
    field.insert(2, run("w:fldChar", "separate"))
    field.append(run("w:fldChar", "end"))


def _unwrap(root: Element) -> None:
    """What stands in wrappers that mammoth passes over: directions, fields, tags."""
    for wrapper in list(root.iter(*map(name, _WRAPPERS))):
        parent = wrapper.getparent()
        if parent is None:
            continue
        at = parent.index(wrapper)
        for inner in reversed(wrapper):
            parent.insert(at, inner)
        parent.remove(wrapper)


def _break_lines(root: Element) -> None:
    """A page's end inside a paragraph parts words as a line's end does."""
    for mark in root.iter(name("w:br"), name("w:cr")):
        mark.tag = name("w:br")
        mark.attrib.pop(name("w:type"), "")
    for mark in root.iter(name("w:ptab")):
        mark.tag = name("w:tab")


def _remove(element: Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
