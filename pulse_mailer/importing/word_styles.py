"""What the styles of a Word document say of its paragraphs, written where mammoth looks for it: at each of them."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from pulse_mailer.importing.wordxml import Element, child, is_on, name, parsed, value, words_of

STYLES = "word/styles.xml"
NUMBERING = "word/numbering.xml"
_NAMED = re.compile(r"(heading|list bullet|list number)(?: (\d))?|(title)", re.IGNORECASE)
_BODY = 9  #: the outline level of what is no heading
_LONGEST_CHAIN = 20  #: styles that a style is based on
_SHOUTING = 0.85  #: share of a document's text above which bold type marks nothing
_SHORTEST_SHOUT = 400  #: characters below which a document may be all heads
_LONGEST_LINE = 300  #: characters of a paragraph that is a heading because all of it is underlined


@dataclass(slots=True)
class Styles:
    """
    Attributes:
        levels: for each numbering the levels that it defines; None for all.
    """

    by_id: dict[str, Element] = field(default_factory=dict)
    levels: dict[str, set[str] | None] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: zipfile.ZipFile) -> "Styles":
        made = cls()
        if STYLES in archive.namelist():
            for style in parsed(archive.read(STYLES)).iter(name("w:style")):
                made.by_id[value(style, "w:styleId")] = style
        if NUMBERING in archive.namelist():
            made.levels = _levels(parsed(archive.read(NUMBERING)))
        return made

    def spell_out(self, root: Element) -> None:
        """Give each paragraph its heading or list style by name, and each run its bold, italic and underline."""
        for paragraph in root.iter(name("w:p")):
            style = value(child(paragraph, "w:pPr", "w:pStyle"))
            known = self._known(style) or self._outlined(paragraph, style)
            known = self._in_list(paragraph, style, known)
            if known:
                _set_style(paragraph, known)
            runs = [run for run in paragraph.iter(name("w:r")) if words_of(run)]
            if not known.startswith(("Heading", "Title")):
                for run in runs:
                    self._spell_type(run, style)
            _spell_underlines(runs)
        _calm_down(root)

    def _chain(self, style: str) -> Iterator[Element]:
        """A style and those that it is based on."""
        for _ in range(_LONGEST_CHAIN):
            found = self.by_id.get(style)
            if found is None:
                return
            yield found
            style = value(child(found, "w:basedOn"))

    def _known(self, style: str) -> str:
        """The built-in style that a style is, or goes back to: "Heading2", "ListBullet", "Title"; or nothing."""
        for one in self._chain(style):
            found = _NAMED.fullmatch(value(child(one, "w:name")))
            if found:
                return "Title" if found[3] else f"{found[1].title().replace(' ', '')}{found[2] or ''}"
            if value(child(one, "w:pPr", "w:outlineLvl")) == str(_BODY):
                return ""
        return ""

    def _outlined(self, paragraph: Element, style: str) -> str:
        level = value(child(paragraph, "w:pPr", "w:outlineLvl")) or next(
            (found for one in self._chain(style) if (found := value(child(one, "w:pPr", "w:outlineLvl")))),
            "",
        )
        return f"Heading{int(level) + 1}" if level.isdigit() and int(level) < _BODY else ""

    def _in_list(self, paragraph: Element, style: str, known: str) -> str:
        """The style of an entry whose list is not defined; none for a paragraph taken out of its list."""
        if known.startswith(("Heading", "Title")):
            return known
        numbered = child(paragraph, "w:pPr", "w:numPr")
        if numbered is None:
            numbered = next(
                (got for one in self._chain(style) if (got := child(one, "w:pPr", "w:numPr")) is not None),
                None,
            )
        if numbered is None:
            return known
        number, level = value(child(numbered, "w:numId")), value(child(numbered, "w:ilvl")) or "0"
        if number == "0":
            return "Normal"
        if not number:
            return known  # it only says how deep, and not in which list
        defined = self.levels.get(number, set())
        if known or defined is None or level in defined:
            return known
        return f"ListBullet{int(level) + 1 if level.isdigit() and 0 < int(level) < _BODY else ''}"

    def _spell_type(self, run: Element, style: str) -> None:
        look = child(run, "w:rPr")
        own = value(child(run, "w:rPr", "w:rStyle"))
        # A style that is italic throughout, such as that of quotations, emphasises nothing.
        for tag, chains in (("w:b", (own, style)), ("w:i", (own,))):
            if child(look, tag) is not None:
                continue
            said = (
                is_on(child(one, "w:rPr", tag))
                for chain in chains
                for one in self._chain(chain)
                if child(one, "w:rPr", tag) is not None
            )
            if next(said, False):
                _set_look(run, tag)


def _spell_underlines(runs: list[Element]) -> None:
    """All of a line underlined is a heading made by hand; a few words underlined are emphasised."""
    marked = [run for run in runs if is_on(child(run, "w:rPr", "w:u")) and not _is_linked(run)]
    is_line = len(marked) == len(runs) and sum(len(words_of(run)) for run in runs) <= _LONGEST_LINE
    for run in marked:
        _set_look(run, "w:b" if is_line else "w:i")


def _calm_down(root: Element) -> None:
    """In a document that is bold throughout, as some paste it, bold type tells nothing and is taken away."""
    sizes = {True: 0, False: 0}
    marked = []
    for run in root.iter(name("w:r")):
        is_bold = is_on(child(run, "w:rPr", "w:b")) is True
        sizes[is_bold] += len(words_of(run))
        marked += [run] if is_bold else []
    if sizes[True] > _SHORTEST_SHOUT and sizes[True] > _SHOUTING * sum(sizes.values()):
        for run in marked:
            for mark in run.iter(name("w:b"), name("w:bCs")):
                mark.set(name("w:val"), "0")


def _is_linked(run: Element) -> bool:
    parent = run.getparent()
    in_link = parent is not None and parent.tag == name("w:hyperlink")
    return in_link or "hyperlink" in value(child(run, "w:rPr", "w:rStyle")).lower()


def _set_style(paragraph: Element, style: str) -> None:
    properties = child(paragraph, "w:pPr")
    if properties is None:
        properties = paragraph.makeelement(name("w:pPr"), None, None)
        paragraph.insert(0, properties)
    if style == "Normal":
        for tag in ("w:pStyle", "w:numPr"):
            for one in properties.findall(name(tag)):
                properties.remove(one)
        return
    found = child(properties, "w:pStyle")
    if found is None:
        found = properties.makeelement(name("w:pStyle"), None, None)
        properties.insert(0, found)
    found.set(name("w:val"), style)


def _set_look(run: Element, tag: str) -> None:
    look = child(run, "w:rPr")
    if look is None:
        look = run.makeelement(name("w:rPr"), None, None)
        run.insert(0, look)
    if child(look, tag) is None:
        look.append(look.makeelement(name(tag), None, None))


def _levels(root: Element) -> dict[str, set[str] | None]:
    abstract: dict[str, set[str] | None] = {}
    for one in root.iter(name("w:abstractNum")):
        is_elsewhere = child(one, "w:numStyleLink") is not None
        levels = {value(level, "w:ilvl") for level in one.iter(name("w:lvl"))}
        abstract[value(one, "w:abstractNumId")] = None if is_elsewhere else levels
    found: dict[str, set[str] | None] = {}
    for one in root.iter(name("w:num")):
        levels_there = abstract.get(value(child(one, "w:abstractNumId")), set())
        found[value(one, "w:numId")] = levels_there
    return found
