"""Plain text and Markdown into blocks with their line numbers, forgiving what people type."""

import re
from collections.abc import Callable

from pulse_mailer.importing import targets
from pulse_mailer.importing.blocks import Block, Kind, Line, Reading
from pulse_mailer.importing.draft import Doubt, DraftPicture
from pulse_mailer.importing.inline import link, rewrite_links, visible
from pulse_mailer.importing.levels import Levels
from pulse_mailer.importing.markup import plain_lines

ReadPicture = Callable[[str], bytes | None]

_TAB = 4
_BULLET = re.compile(r"(?:[-*+•·◦▪▫‣⁃●○■□➢➤►▶❖✓✔–][ \t\xa0]+|[o§Øüv—‒→][\t\xa0]+\s*)(?=\S)")
_NUMBER = re.compile(r"(\d{1,3})[.)][ \t\xa0]+(?=\S)")
_PICTURE = re.compile(r"!\[(?:\\.|[^\[\]\\])*+\]\([^()]*+\)")
_FIELD = re.compile(r"[\w-]{1,20}:")
_GOES_ON = re.compile(r"[a-z(]")
_MAX_GLUED = 4  #: lines that one link may be spread over


def read(text: str, read_picture: ReadPicture) -> Reading:
    """
    Cut a text into blocks.

    It reads headings (#, and underlined with = or -), bullets of all kinds, numbers, quotes (>), emphasis, links
    and pictures; lines that follow one another are one block. `read_picture` gives the bytes of a picture that
    is named by its path, or None.
    """
    reader = _Reader(read_picture)
    for number, line in enumerate(plain_lines(text, reader.reading), start=1):
        reader.take(number, line.expandtabs(_TAB) if line[:1] == "\t" else line)
    return reader.finish()


def list_marker(text: str) -> tuple[str, bool, int] | None:
    """The text after a bullet or a number, whether it is a number, and which; None without either."""
    if found := _NUMBER.match(text):
        return text[found.end() :], True, int(found[1])
    if found := _BULLET.match(text):
        return text[found.end() :], False, 0
    return None


def judged_links(text: str, line: int, reading: Reading) -> str:
    """The text with every link judged: unwrapped, kept, made a placeholder, or left without its target."""

    def rewrite(words: str, href: str, is_picture: bool) -> str:
        if is_picture:
            reading.doubt(line, Doubt.PICTURE, words or href, "A picture inside a paragraph was left out.")
            return ""
        return judged_link(words, href, line, reading)

    return rewrite_links(text, rewrite)


def judged_link(words: str, href: str, line: int, reading: Reading) -> str:
    """A link in Markdown with its target judged; words alone where mail cannot carry it."""
    seen = visible(words)
    target = judged_target(seen, href, line, reading)
    if not target:
        return words
    return link(target if words == href else words, target) if seen else ""


def judged_target(seen: str, href: str, line: int, reading: Reading) -> str:
    """Where a link with these visible words leads: a URL, the placeholder, or nothing when mail cannot carry it."""
    target = targets.judge(href)
    if target.doubt is Doubt.PLACEHOLDER_LINK:
        reading.doubt(line, target.doubt, seen or href, "The link leads nowhere: it wants its address.")
    elif target.doubt is Doubt.BAD_LINK:
        kind = href.strip().split(":")[0] if ":" in href[:30] else ""
        what = f'a link that begins with "{kind}:"' if kind else "this link"
        reading.doubt(line, target.doubt, seen or href, f"Mail cannot carry {what}; its text was kept.")
    return target.url


class _Reader:
    def __init__(self, read_picture: ReadPicture) -> None:
        self._read_picture = read_picture
        self.reading = Reading()
        self._levels = Levels()
        self._open: Block | None = None  #: the block that the next line may go on with
        self._apart = True  #: whether a blank line, or nothing, stands above
        self._glued = 0

    def finish(self) -> Reading:
        for block in self.reading.blocks:
            lines = (
                Line(line.number, judged_links(line.text, line.number, self.reading)) for line in block.lines
            )
            block.lines = (
                [line for line in lines if line.text.strip()] if block.picture is None else block.lines
            )
        self.reading.blocks = [block for block in self.reading.blocks if block.lines]
        return self.reading

    def take(self, number: int, line: str) -> None:
        text = line.strip()
        if not text or _is_rule(text):
            if not (text and self._underlines(text)):
                self._open, self._apart = None, True
            return
        indent = len(line) - len(line.lstrip())
        if not (
            self._take_heading(number, text)
            or self._take_picture(number, text)
            or self._take_quote(number, text)
            or self._take_entry(number, text, indent)
        ):
            self._take_words(number, text, indent)
        self._apart = False

    def _add(self, block: Block) -> None:
        self.reading.blocks.append(block)
        self._open, self._glued = block, 0

    def _underlines(self, text: str) -> bool:
        """Make the single line above a heading when this rule stands right under it."""
        above = self._open
        if above is None or above.kind is not Kind.PARAGRAPH or len(above.lines) != 1 or text[0] not in "=-":
            return False
        words = above.lines[0].text
        if " " in text or len(words) > 120 or _FIELD.match(words):
            return False
        above.kind, above.level = Kind.HEADING, 1 if text[0] == "=" else 2
        self._levels.close()
        self._open, self._apart = None, True
        return True

    def _take_heading(self, number: int, text: str) -> bool:
        words = text.lstrip("#")
        level = len(text) - len(words)
        if not 1 <= level <= 6 or not words[:1].isspace():
            return False
        stripped = words.rstrip("#")
        words = stripped if stripped[-1:].isspace() else words
        if words.strip():
            self._add(Block(Kind.HEADING, [Line(number, words.strip())], level=level))
        self._levels.close()
        self._open = None
        return True

    def _take_picture(self, number: int, text: str) -> bool:
        if not text.startswith("![") or not _PICTURE.fullmatch(text):
            return False
        alt, _, path = text[2:-1].partition("](")
        path = path.strip().removeprefix("<").partition('"')[0].strip().removesuffix(">")
        alt = visible(alt)
        data = None if ":" in path or path.startswith("//") else self._read_picture(path)
        if data is None:
            elsewhere = (
                "only files beside the document are taken"
                if ":" in path
                else "no such file beside the document"
            )
            self.reading.doubt(
                number, Doubt.PICTURE, f"{alt} {path}".strip(), f"The picture was left out: {elsewhere}."
            )
        else:
            self._add(Block(Kind.PICTURE, [Line(number, path)], picture=DraftPicture(data, alt)))
        self._open = None
        return True

    def _take_quote(self, number: int, text: str) -> bool:
        if not text.startswith(">"):
            return False
        words = text.lstrip("> \t\xa0")
        if not words:
            self._open = None
        elif self._open is not None and self._open.kind is Kind.QUOTE:
            self._open.lines.append(Line(number, words))
        else:
            self._levels.close()
            self._add(Block(Kind.QUOTE, [Line(number, words)]))
        return True

    def _take_entry(self, number: int, text: str, indent: int) -> bool:
        found = list_marker(text)
        if found is None:
            return False
        words, ordered, count = found
        # A wrapped paragraph may have a line that begins with a number or a dash and is no list.
        in_words = self._open is not None and self._open.kind is Kind.PARAGRAPH
        if in_words and ((ordered and count != 1) or text[0] == "–"):
            return False
        level, doubt = self._levels.enter((indent, ordered, count), apart=self._apart)
        if doubt:
            self.reading.doubt(number, Doubt.LIST_LEVEL, visible(text), doubt)
        self._add(Block(Kind.ENTRY, [Line(number, words)], level=level, ordered=ordered, number=count))
        return True

    def _take_words(self, number: int, text: str, indent: int) -> None:
        if self._open is None:
            inside = indent > 1 and self._levels.depth > 0
            if not inside and not _GOES_ON.match(text):
                self._levels.close()
            self._add(Block(Kind.PARAGRAPH, [Line(number, text)], level=self._levels.depth if inside else 0))
            return
        last = self._open.lines[-1]
        if self._glued < _MAX_GLUED and _link_is_open(last.text):
            self._open.lines[-1] = Line(last.number, f"{last.text} {text}")
            self._glued += 1
        else:
            self._open.lines.append(Line(number, text))
            self._glued = 0


def _is_rule(text: str) -> bool:
    return len(text) >= 3 and text[0] in "-*_=" and not text.strip(text[0] + " \t")


def _link_is_open(text: str) -> bool:
    """Whether a link begins in this line and does not end in it."""
    start = text.rfind("[")
    if start < 0:
        return False
    words, bracket, target = text[start:].partition("](")
    return ("]" not in words) if not bracket else ")" not in target
