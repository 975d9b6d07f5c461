"""Word documents into the same blocks as text. The only import of mammoth."""

import io
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any

from lxml import etree

from pulse_mailer.errors import UnreadableDocument
from pulse_mailer.importing import inline, mending, wording
from pulse_mailer.importing.archive import opened
from pulse_mailer.importing.blocks import Block, Kind, Line, Reading
from pulse_mailer.importing.decoding import READABLE, printable
from pulse_mailer.importing.draft import Doubt, DraftPicture
from pulse_mailer.importing.inline import Run
from pulse_mailer.importing.levels import MAX_LEVEL, Levels
from pulse_mailer.importing.markdown import judged_target, list_marker
from pulse_mailer.importing.tables import Table
from pulse_mailer.importing.wordxml import main_part
from pulse_mailer.richtext import clean

_MAGIC = b"PK\x03\x04"
_OLD_MAGIC = b"\xd0\xcf\x11\xe0"
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_NOTES = ("#footnote", "#endnote", "#comment")
_BACK = ("#footnote-ref", "#endnote-ref", "#comment-ref")
_INNER_BULLETS = "o◦▪○"
_BOLD, _ITALIC = {"strong", "b"}, {"em", "i"}
_DEEPEST = 9  #: levels of lists that have a style of their own


def _list_styles() -> list[str]:
    """Built-in styles of lists, by their names and by the ids that mending gives: List Bullet 2 is one level in."""
    return [
        f"{style} => {'ul|ol > li > ' * (level - 1)}{element} > li:fresh"
        for level in range(1, _DEEPEST + 1)
        for kind, element in (("Bullet", "ul"), ("Number", "ol"))
        for style in (
            f"p[style-name='List {kind}{f' {level}' if level > 1 else ''}']",
            f"p.List{kind}{level if level > 1 else ''}",
        )
    ]


# A title is the masthead, so that the headings begin one level below it.
_STYLES = "\n".join(
    [
        "p[style-name='Title'] => h1:fresh",
        "p.Title => h1:fresh",
        *(f"p[style-name='{word} {level}'] => h{min(level + 1, 6)}:fresh"
          for word in ("Heading", "heading") for level in range(1, 10)),
        *(f"p.Heading{level} => h{min(level + 1, 6)}:fresh" for level in range(1, 10)),
        "p[style-name='Quote'] => blockquote > p:fresh",
        "p[style-name='Intense Quote'] => blockquote > p:fresh",
        *_list_styles(),
    ]
)  # fmt: skip


def is_word(data: bytes) -> bool:
    """Whether these are the bytes of a Word document, new or old, whatever the file is called."""
    return data.startswith((_MAGIC, _OLD_MAGIC))


def read(name: str, data: bytes) -> Reading:
    """
    Cut a Word document into blocks; line numbers are those of its paragraphs.

    Raises:
        UnreadableDocument, HostileDocument: see archive.opened().
    """
    with opened(name, data) as archive:
        main = main_part(archive)
        if not main:
            raise UnreadableDocument(f"{name} is a zip file, but no Word document.", remedy=READABLE)
        pictures: list[DraftPicture] = []
        reader = _Reader(pictures)
        try:
            mended = mending.mended(archive, main, reader.reading)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise UnreadableDocument(f"{name} cannot be read as a Word document.", remedy=READABLE) from error
        reader.feed(clean(_html(name, mended, pictures)))
        reader.close()
        reading = reader.finish()
        wording.report_missing(archive, main, reading)
    return reading


def _html(name: str, data: bytes, pictures: list[DraftPicture]) -> str:
    import mammoth  # noqa: PLC0415 - only a Word document needs it

    def keep(image: Any) -> dict[str, str]:
        with image.open() as stream:
            pictures.append(DraftPicture(stream.read(), printable(image.alt_text or "").strip()))
        return {"src": f"picture:{len(pictures) - 1}"}

    try:
        result = mammoth.convert_to_html(
            io.BytesIO(data),
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(keep),
            ignore_empty_paragraphs=False,
            include_embedded_style_map=False,
            external_file_access=False,
        )
    except Exception as error:  # a damaged document fails in mammoth in any way; the cause is chained
        raise UnreadableDocument(f"{name} cannot be read as a Word document.", remedy=READABLE) from error
    return printable(str(result.value))


@dataclass(slots=True)
class _List:
    ordered: bool
    count: int = 0


class _Reader(HTMLParser):
    """The few elements that mammoth writes, into blocks."""

    def __init__(self, pictures: list[DraftPicture]) -> None:
        super().__init__(convert_charrefs=True)
        self._pictures = pictures
        self.reading = Reading()
        self._number = 0  #: of the paragraph
        self._kind, self._level = Kind.PARAGRAPH, 0
        self._lists: list[_List] = []
        self._depths: list[int] = []  #: the levels, as Word counts them, that an entry stands in
        self._typed = Levels()  #: lists that were typed with their bullets and numbers
        self._lines: list[list[Run]] = [[]]
        self._bold = self._italic = 0
        self._raised = ""  #: sub or sup, while in one
        self._href: str | None = None
        self._linked: list[Run] = []
        self._seen_pictures: list[DraftPicture] = []  #: in the paragraph that is being read
        self._note = ""  #: the one that the paragraph at hand is of
        self._noted: dict[str, int] = {}  #: for each note the paragraph with its mark
        self._quotes = 0
        self._tables: list[Table] = []  #: those that are open

    def finish(self) -> Reading:
        self._flush()
        return self.reading

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag in _HEADINGS:
            self._begin(Kind.HEADING, _HEADINGS[tag])
        elif tag == "li":
            self._begin_entry()
        elif tag == "p" and not self._is_in_entry:
            self._begin(Kind.QUOTE if self._quotes else Kind.PARAGRAPH, 0)
        elif tag in ("ul", "ol"):
            self._flush()
            self._lists.append(_List(tag == "ol"))
        elif tag in ("table", "tr", "td", "th"):
            self._take_table(tag)
        elif tag in ("br", "p"):  # a note may have several paragraphs
            self._lines.append([])
        elif tag == "a":
            self._href, self._linked = attributes.get("href") or "", []
        elif tag == "img":
            place = (attributes.get("src") or "").removeprefix("picture:")
            self._seen_pictures += self._pictures[int(place) : int(place) + 1] if place.isdigit() else []
        elif tag in ("sub", "sup"):
            self._raised = tag
        self._quotes += tag == "blockquote"
        self._bold += tag in _BOLD
        self._italic += tag in _ITALIC

    def handle_endtag(self, tag: str) -> None:
        if tag in _HEADINGS or tag in ("li", "td", "th") or (tag == "p" and not self._is_in_entry):
            self._flush()
        elif tag in ("ul", "ol"):
            self._flush()
            del self._lists[-1:]
        elif tag == "a":
            self._end_link()
        elif tag == "table":
            self._flush()
            if self._tables:
                self._tables.pop().end(self.reading)
        elif tag in ("sub", "sup"):
            self._raised = ""
        self._quotes -= tag == "blockquote"
        self._bold -= tag in _BOLD
        self._italic -= tag in _ITALIC

    def handle_data(self, data: str) -> None:
        run = Run(data, self._bold > 0, self._italic > 0, raised=self._raised)
        (self._linked if self._href is not None else self._lines[-1]).append(run)

    @property
    def _is_in_entry(self) -> bool:
        return bool(self._lists) and self._kind is Kind.ENTRY

    def _take_table(self, tag: str) -> None:
        self._flush()
        if tag == "table":
            for outer in self._tables:
                outer.is_simple = False
            self._tables.append(Table())
        elif self._tables and tag == "tr":
            self._tables[-1].rows.append([])
        elif self._tables and self._tables[-1].rows:
            self._tables[-1].rows[-1].append(len(self.reading.blocks))

    def _begin(self, kind: Kind, level: int) -> None:
        self._flush()
        self._number += 1
        self._kind, self._level = kind, level

    def _begin_entry(self) -> None:
        self._begin(Kind.ENTRY, min(max(len(self._lists) - 1, 0), MAX_LEVEL))
        if self._lists:
            self._lists[-1].count += 1

    def _end_link(self) -> None:
        href, linked = self._href or "", self._linked
        self._href, self._linked = None, []
        seen = " ".join("".join(run.text for run in linked).split())
        if not seen:
            return  # a bookmark
        target: str | None = None
        if href.startswith(_BACK):
            self._note = href.replace("-ref", "", 1)
            return
        if href.startswith(_NOTES):
            self._noted.setdefault(href, self._number)  # the mark goes with the note
            return
        if href:
            target = judged_target(seen, href, self._number, self.reading) or None
        else:
            why = "Mail cannot carry a link of its kind; its text was kept."
            self.reading.doubt(self._number, Doubt.BAD_LINK, seen, why)
        self._lines[-1] += [replace(run, target=target) for run in linked]

    def _flush(self) -> None:
        """Make a block of what was gathered since the last one."""
        gathered, self._lines = self._lines, [[]]
        pictures, self._seen_pictures = self._seen_pictures, []
        note, self._note = self._note, ""
        block = self._block([line for line in gathered if any(run.text.strip() for run in line)])
        if block is not None and note:
            why = "A footnote; it was left out, since mail has none. Its mark stood in this line."
            marked = self._noted.get(note, self._number)
            self.reading.doubt(marked, Doubt.UNPLACED, inline.visible(block.text), why)
        elif block is not None:
            self.reading.blocks.append(block)
        for picture in pictures:
            number = self._pictures.index(picture) + 1
            if kind := _drawing(picture.data):
                why = f"A drawing in {kind}, which mail cannot show; it was left out. Save it as PNG."
                self.reading.doubt(self._number, Doubt.PICTURE, picture.alt or f"picture {number}", why)
                continue
            line = Line(self._number, f"picture {number}")
            self.reading.blocks.append(Block(Kind.PICTURE, [line], picture=picture))

    def _block(self, lines: list[list[Run]]) -> Block | None:
        if not lines:
            return None
        kind, level, ordered, count = self._kind, self._level, False, 0
        if kind is Kind.ENTRY and self._lists:
            ordered, count = self._lists[-1].ordered, self._lists[-1].count
            level = self._depth(level)
        elif kind is Kind.PARAGRAPH and (found := list_marker(_text(lines[0]).lstrip())):
            words, ordered, count = found
            kind, level = Kind.ENTRY, self._typed_level(_text(lines[0]), ordered, count)
            lines[0] = _without_start(lines[0], len(_text(lines[0])) - len(words))
        else:
            self._typed.close()
        written = [
            inline.write(part for run in line for part in inline.split_bare_links(run)) for line in lines
        ]
        return Block(kind, [Line(self._number, text) for text in written], level, ordered, count)

    def _depth(self, level: int) -> int:
        """The level of an entry below those there are: a list that begins further in begins at the margin."""
        if not self.reading.blocks or self.reading.blocks[-1].kind is not Kind.ENTRY:
            self._depths.clear()
        while self._depths and self._depths[-1] >= level:
            self._depths.pop()
        self._depths.append(level)
        return len(self._depths) - 1

    def _typed_level(self, text: str, ordered: bool, count: int) -> int:
        indent = len(text) - len(text.lstrip()) + (2 if text.lstrip()[0] in _INNER_BULLETS else 0)
        level, doubt = self._typed.enter((indent, ordered, count), apart=False)
        if doubt:
            self.reading.doubt(self._number, Doubt.LIST_LEVEL, text.strip(), doubt)
        return level


def _drawing(data: bytes) -> str:
    """The name of one of Windows' own kinds of drawings, in which Word keeps charts and pasted pictures."""
    if data[40:44] == b" EMF":
        return "EMF"
    return "WMF" if data.startswith((b"\xd7\xcd\xc6\x9a", b"\x01\x00\x09\x00")) else ""


def _text(line: list[Run]) -> str:
    return "".join(run.text for run in line)


def _without_start(line: list[Run], length: int) -> list[Run]:
    left: list[Run] = []
    for run in line:
        left.append(replace(run, text=run.text[length:]))
        length = max(length - len(run.text), 0)
    return left
