"""A stranger's piece of HTML, or of plain text, as our Markdown: what a feed says of an entry."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import urljoin

from pulse_mailer.importing.blocks import Block, Kind, Line
from pulse_mailer.importing.decoding import printable
from pulse_mailer.importing.inline import Run, visible, write
from pulse_mailer.importing.levels import MAX_LEVEL
from pulse_mailer.importing.summary import to_markdown
from pulse_mailer.importing.targets import judge
from pulse_mailer.richtext import clean

MOST_LETTERS = 1_500  #: that a reader sees; longer ones end with a whole paragraph
_MOST_HTML = 200_000
_BOLD, _ITALIC = frozenset({"strong", "b"}), frozenset({"em", "i"})
_BLOCKS = frozenset(
    {"p", "li", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "td", "th", "tr", "table", "br"}
)
# What blog programs put under every entry.
_ADVERTISES = re.compile(r"^The post .+ (?:appeared first|first appeared) on .+$")


def of_text(text: str, most: int = MOST_LETTERS) -> str:
    """One paragraph of Markdown that shows the text as it stands, cut where a word ends."""
    words = " ".join(printable(text).split())
    if len(words) > most:
        words = (words[:most].rpartition(" ")[0] or words[: most - 1]).rstrip(" ,;:–-") + "…"
    return to_markdown([_paragraph(write([Run(words)]))]) if words else ""


def of_html(html: str, base: str = "") -> str:
    """
    Markdown of its paragraphs, lists, quotes, emphasis and links; empty when it shows no words.

    Args:
        base: the address that its links are relative to.
    """
    reader = _Reader(base)
    reader.feed(clean(printable(html[:_MOST_HTML])))
    reader.close()
    kept: list[Block] = []
    count = 0
    for block in reader.finished():
        count += len(visible(block.text))
        if count > MOST_LETTERS:
            break
        kept.append(block)
    if not kept and count:
        return of_text(visible(reader.finished()[0].text))
    return to_markdown(kept)


def _paragraph(text: str) -> Block:
    return Block(Kind.PARAGRAPH, [Line(0, text)])


class _Reader(HTMLParser):
    """Cleaned HTML into blocks; a heading becomes a bold paragraph, since an item has a title already."""

    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base = base
        self._blocks: list[Block] = []
        self._runs: list[Run] = []
        self._lists: list[
            tuple[bool, int]
        ] = []  #: of each open list: whether it is numbered, and the last number
        self._entry = self._quotes = self._bold = self._italic = 0
        self._href: str | None = None

    def finished(self) -> list[Block]:
        self._flush()
        return self._blocks

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS or tag in ("ul", "ol"):
            self._flush()
        if tag in ("ul", "ol"):
            self._lists.append((tag == "ol", 0))
        elif tag == "li":
            self._entry = 1
            if self._lists:
                ordered, number = self._lists[-1]
                self._lists[-1] = (ordered, number + 1)
        elif tag == "a":
            self._href = dict(attrs).get("href")
        self._count(tag, 1)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS or tag in ("ul", "ol"):
            self._flush()
        if tag in ("ul", "ol"):
            del self._lists[-1:]
        elif tag == "a":
            self._href = None
        self._count(tag, -1)

    def handle_data(self, data: str) -> None:
        target = self._target(self._href) if self._href else None
        self._runs.append(Run(data, self._bold > 0, self._italic > 0, target))

    def _count(self, tag: str, step: int) -> None:
        self._quotes += step * (tag == "blockquote")
        self._bold += step * (tag in _BOLD or re.fullmatch(r"h[1-6]", tag) is not None)
        self._italic += step * (tag in _ITALIC)

    def _target(self, href: str) -> str | None:
        try:
            found = judge(urljoin(self._base, href))
        except ValueError:
            return None
        return found.url if found.url and found.doubt is None else None

    def _flush(self) -> None:
        runs, self._runs = self._runs, []
        is_entry, self._entry = bool(self._entry and self._lists), 0
        # A link around nothing but a picture leaves nothing to see.
        text = write(replace(run, text=re.sub(r"\s+", " ", run.text)) for run in runs)
        if not visible(text) or _ADVERTISES.match(visible(text)):
            self._entry = int(is_entry)  # its words come in a paragraph of their own
            return
        level = min(max(len(self._lists) - 1, 0), MAX_LEVEL)
        if is_entry:
            ordered, number = self._lists[-1]
            self._blocks.append(Block(Kind.ENTRY, [Line(0, text)], level, ordered, number))
        elif self._quotes and not self._lists:
            self._blocks.append(Block(Kind.QUOTE, [Line(0, text)]))
        else:
            inside = level + 1 if self._lists else 0
            self._blocks.append(Block(Kind.PARAGRAPH, [Line(0, text)], inside))
