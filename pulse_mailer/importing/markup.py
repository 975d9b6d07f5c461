"""What Markdown says about text and nobody reads: front matter, comments, fences, definitions, tags, tables."""

import html
import re

from pulse_mailer.importing.blocks import Reading
from pulse_mailer.importing.draft import Doubt
from pulse_mailer.importing.inline import Run, write

_LONGEST_FRONT = 60  #: lines of front matter
_KEY = re.compile(r"([\w-]+):(?:\s+(.*))?")
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)\s*([^`]*)")
_DEFINITION = re.compile(
    r"""\s{0,3}\[([^\[\]]+)\]:\s+<?((?:https?://|mailto:|\.{0,2}/|#)[^\s<>]*)>?(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?\s*"""
)
_REFERENCE = re.compile(r"(?<!\\)\[((?:\\.|[^\[\]\\])++)\](?:\[([^\[\]]*)\])?(?![(:])")
_TAG = re.compile(
    r"`[^`]*`|(?<!\\)<(?P<end>/)?(?P<name>a|b|strong|i|em|br|sub|sup|u|s|del|ins|span|p|div|font|img|hr|center|code|pre"
    r"|small|mark|table|thead|tbody|tr|td|th|ul|ol|li|h[1-6]|blockquote|section|figure)(?P<more>[\s/][^<>]*)?>",
    re.IGNORECASE,
)
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "sub": "~", "sup": "^"}
_SPACES = {"br", "p", "div", "td", "th", "tr", "li", "hr"}
_RULER = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_PIPE = re.compile(r"(?<!\\)\|")
_FIELDS = {"title": "Subject", "subject": "Subject", "description": "Preheader", "preheader": "Preheader"}


def plain_lines(text: str, reading: Reading) -> list[str]:
    """
    The lines of a text, as many as it has, with its markup made such that only words and our own Markdown are left.

    What was taken out and is not empty goes to the reading's doubts.
    """
    lines = _without_comments(text, reading).split("\n") if "<!--" in text else text.split("\n")
    _read_front(lines, reading)
    is_code = _write_code_out(lines, reading)
    _fill_references(lines, is_code, reading)
    for place, line in enumerate(lines):
        if not is_code[place]:
            lines[place] = _without_tags(line, place + 1, reading)
            if lines[place].endswith("\\") and not lines[place].endswith("\\\\"):
                lines[place] = lines[place][:-1]  # a hard break
    _write_tables_out(lines, is_code, reading)
    return lines


def _without_comments(text: str, reading: Reading) -> str:
    kept: list[str] = []
    place, number = 0, 1
    while (start := text.find("<!--", place)) >= 0 and (end := text.find("-->", start)) >= 0:
        words = " ".join(text[start + 4 : end].split())
        why = "A comment in the document; comments are never taken over."
        number += text.count("\n", place, start)
        reading.doubt(number, Doubt.COMMENT, words, why)
        kept += text[place:start], "\n" * (breaks := text.count("\n", start, end))
        place, number = end + 3, number + breaks
    return "".join([*kept, text[place:]])


def _read_front(lines: list[str], reading: Reading) -> None:
    """Front matter: its title is the subject, its description the preheader, and the rest is listed."""
    if lines[0].rstrip() != "---":
        return
    ends = (place for place, line in enumerate(lines[1:_LONGEST_FRONT], start=1) if line.rstrip() == "---")
    end = next(ends, 0)
    inside = lines[1:end]
    if not end or not all(_KEY.match(line) or line[:1] in ("", " ", "-", "#") for line in inside):
        return
    for place in range(end + 1):
        line, lines[place] = lines[place], ""
        found = _KEY.fullmatch(line.strip())
        name = _FIELDS.get(found[1].lower()) if found else None
        if found and name and found[2] and not any(one.startswith(f"{name}:") for one in lines):
            said = found[2].strip().strip("\"'")
            lines[place] = f"{name}: {said}"
        elif line.strip("- "):
            _list(reading, place + 1, line.strip(), "It stands in the front matter, and was left out.")


def _write_code_out(lines: list[str], reading: Reading) -> list[bool]:
    """Take the fences off, and escape what is between them; gives for each line whether it is code."""
    is_code = [False] * len(lines)
    unclosed: set[str] = set()
    end = -1
    for place in range(len(lines)):
        found = _FENCE.fullmatch(lines[place]) if place > end else None
        if found is None or found[1] in unclosed:
            continue
        closed = next((at for at in range(place + 1, len(lines)) if _closes(lines[at], found[1])), None)
        if closed is None:
            unclosed.add(found[1])
            continue
        end = closed
        _list(reading, place + 1, found[2].strip(), "A block of code; its lines were kept as text.")
        lines[place] = lines[end] = ""
        for at in range(place + 1, end):
            is_code[at] = True
            lines[at] = re.sub(r"^([#>+=|-]|\d+(?=[.)]))", _held, write([Run(lines[at].strip())]))
    return is_code


def _closes(line: str, fence: str) -> bool:
    words = line.strip()
    return len(words) >= len(fence) and not words.strip(fence[0])


def _held(found: re.Match[str]) -> str:
    return f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}"


def _fill_references(lines: list[str], is_code: list[bool], reading: Reading) -> None:
    """Links that name where they lead further down: `[words][1]`, and `[1]: https://...`."""
    targets: dict[str, tuple[int, str]] = {}
    for place, line in enumerate(lines):
        found = None if is_code[place] else _DEFINITION.fullmatch(line)
        if found and _label(found[1]) not in targets:
            targets[_label(found[1])] = place, found[2]
            lines[place] = ""
    if not targets:
        return
    used: set[str] = set()

    def filled(found: re.Match[str]) -> str:
        label = _label(found[2] or found[1])
        if label not in targets:
            return found[0]
        used.add(label)
        return f"[{found[1]}](<{targets[label][1]}>)"

    for place, line in enumerate(lines):
        if not is_code[place]:
            lines[place] = _REFERENCE.sub(filled, line)
    for label, (place, target) in targets.items():
        if label not in used:
            _list(reading, place + 1, f"{label} {target}", "No words of the document lead to this address.")


def _label(words: str) -> str:
    return " ".join(words.casefold().split())


def _without_tags(line: str, number: int, reading: Reading) -> str:
    """Bold, italic, raised and linked words in Markdown; other tags are taken off, and listed."""
    if "<" not in line:
        return line
    links: list[str] = []
    ends = line.lower().count("</a")

    def replaced(found: re.Match[str]) -> str:
        if found["name"] is None:
            return found[0]
        tag, href = found["name"].lower(), _HREF.search(found["more"] or "")
        if tag in _MARKS:
            return _MARKS[tag]
        if tag == "a" and not found["end"] and href and len(links) < ends:
            links.append(html.unescape(href[1] or href[2] or href[3] or ""))
            return "["
        if tag == "a" and found["end"] and links:
            return f"](<{links.pop()}>)"
        if tag != "br":
            _list(
                reading,
                number,
                found[0],
                "Mail cannot carry this tag; it was taken off, and its words were kept.",
            )
        return " " if tag in _SPACES else ""

    return _TAG.sub(replaced, line)


def _write_tables_out(lines: list[str], is_code: list[bool], reading: Reading) -> None:
    """Each row a line of a list, with a dot between its cells: mail has no tables that a phone could show."""
    place = 0
    while place < len(lines):
        is_headed = "|" in lines[place] and place + 1 < len(lines) and "|" in lines[place + 1]
        is_headed = is_headed and _RULER.fullmatch(lines[place + 1]) is not None
        if is_code[place] or not (is_headed or _is_row(lines[place])):
            place += 1
            continue
        why = "A table; each of its rows became a line of a list."
        reading.doubt(place + 1, Doubt.TABLE, "", why)
        head = place
        while place < len(lines) and (_is_row(lines[place]) or (is_headed and "|" in lines[place])):
            lines[place] = _row(lines[place], is_head=is_headed and place == head)
            place += 1


def _is_row(line: str) -> bool:
    words = line.strip()
    return len(words) > 2 and words[0] == words[-1] == "|"


def _row(line: str, *, is_head: bool) -> str:
    if _RULER.fullmatch(line):
        return ""
    cells = [cell for part in _PIPE.split(line) if (cell := part.replace("\\|", "|").strip())]
    words = " · ".join(cells)
    return f"- **{words}**" if is_head and words and "*" not in words else f"- {words}" if words else ""


def _list(reading: Reading, line: int, text: str, why: str) -> None:
    reading.doubt(line, Doubt.MARKUP, text, why)
