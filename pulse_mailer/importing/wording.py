"""Sees to it that no word of a Word document is lost: what the reader passed over is put on the review list."""

import re
import zipfile
from collections.abc import Iterator
from xml.parsers import expat

from pulse_mailer.importing.blocks import Reading
from pulse_mailer.importing.decoding import printable
from pulse_mailer.importing.draft import Doubt
from pulse_mailer.importing.inline import visible
from pulse_mailer.importing.markdown import list_marker
from pulse_mailer.importing.wordxml import OFF

_MARGINS = re.compile(r"word/(header|footer)\d*\.xml")
_STANDS_FOR = {"tab": " ", "ptab": " ", "br": " ", "cr": " ", "sym": " ", "noBreakHyphen": "\u2011"}
_WORD = re.compile(r"\w+")


def report_missing(archive: zipfile.ZipFile, main: str, reading: Reading) -> None:
    """Add to the doubts each paragraph, header and footer of which a word is in no block and no doubt yet."""
    known = _Known()
    for block in reading.blocks:
        known.add(visible(block.text))
        known.add(block.picture.alt if block.picture else "")
    for doubt in reading.doubts:
        known.add(doubt.text)
    for part in archive.namelist():
        found = _MARGINS.fullmatch(part)
        if part != main and found is None:
            continue
        where = (
            f"It stands in the page's {found[1]}"
            if found
            else "It stands where it cannot be read (a box, a formula)"
        )
        for number, raw in _paragraphs(archive.read(part)):
            marked = list_marker(raw)
            text = " ".join(raw.split())
            if not known.holds(marked[0] if marked else text):
                reading.doubt(
                    number if found is None else 1, Doubt.UNPLACED, text, f"{where}; it was left out."
                )
                known.add(text)


class _Known:
    """What was read: all of its words, and its texts without what stands between the words."""

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._texts = ""
        self._at = 0  #: where the last one was found: the next one mostly stands right behind it

    def add(self, text: str) -> None:
        found = _WORD.findall(text)
        self._words.update(found)
        self._texts += "".join(found)

    def holds(self, text: str) -> bool:
        """Whether all of its words are there, and stand together somewhere: each may be in another place, too."""
        found = _WORD.findall(text)
        joined = "".join(found)
        if not self._words.issuperset(found):
            return False
        at = self._texts.find(joined, self._at)
        at = self._texts.find(joined) if at < 0 else at
        self._at = max(at, 0)
        return at >= 0


def _paragraphs(xml: bytes) -> Iterator[tuple[int, str]]:
    """The paragraphs of a part with their numbers, without what was deleted or moved away."""
    collector = _Collector()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.text
    parser.Parse(xml, True)
    for number, parts in enumerate(collector.paragraphs, start=1):
        text = printable("".join(parts)).strip()
        if text:
            yield number, text


class _Collector:
    _GONE = ("del", "moveFrom", "Fallback")

    def __init__(self) -> None:
        self.paragraphs: list[list[str]] = []
        self._open: list[list[str]] = []
        self._gone = 0
        self._rows: list[int] = []  #: for each row that is open, how many paragraphs were before it
        self._gone_rows: list[bool] = []  #: for each of them, whether it was deleted
        self._in_row_properties = self._in_properties = False
        self._goes_on = False  #: the mark at the paragraph's end was deleted: it is one with the next
        self._is_text = self._is_hidden = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if name in ("r", "vanish"):  # what takes hidden runs out tells of them
            said = next((value for key, value in attributes.items() if key.endswith("val")), "")
            self._is_hidden = name == "vanish" and said.lower() not in OFF
        self._gone += name in self._GONE
        self._is_text = name == "t"
        if name == "tr":
            self._rows.append(len(self.paragraphs))
            self._gone_rows.append(False)
        self._in_row_properties = self._in_row_properties or name == "trPr"
        if name == "del" and self._in_row_properties:
            self._gone_rows[-1:] = [True]
        self._in_properties = self._in_properties or name == "pPr"
        self._goes_on = self._goes_on or (name == "del" and self._in_properties)
        if name == "p":
            self.paragraphs.append([])
            if self._goes_on:
                self.paragraphs[-2:] = self.paragraphs[:-3:-1]
                self._goes_on = False
            self._open.append(self.paragraphs[-1])
        elif name in _STANDS_FOR and self._open and not self._gone:
            self._open[-1].append(_STANDS_FOR[name])

    def end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        self._gone -= name in self._GONE
        self._is_text = False
        if name == "pPr":
            self._in_properties = False
        elif name == "trPr":
            self._in_row_properties = False
        elif name == "tr" and self._rows:
            begin = self._rows.pop()
            if self._gone_rows.pop():
                for paragraph in self.paragraphs[begin:]:
                    paragraph.clear()
        elif name == "p" and self._open:
            self._open.pop()

    def text(self, data: str) -> None:
        if self._is_text and not self._gone and not self._is_hidden and self._open:
            self._open[-1].append(data)
