"""Plain text cut into lines: where one may end, and how wide letters are in a font that gives all the same width."""

import re
import unicodedata
from collections.abc import Iterator

TEXT_WIDTH = 72
_LEAST = 20

# What a line may end behind: a word with its space, or one letter of a script that has no spaces, with the opening
# marks before it and the closing ones behind it.
_WIDE = r"\u2e80-\u2fff\u3040-\ua4cf\uf900-\ufaff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U00020000-\U0003fffd"
_OPENING, _CLOSING = r"（「『【〈《［｛", r"、。，．：；？！）」』】〉》］｝・ー"  # noqa: RUF001 - they are the wide ones
_PIECE = re.compile(rf"[{_OPENING}]*[{_WIDE}][{_CLOSING}]* *|[^ {_WIDE}{_OPENING}]+ *|[{_OPENING}]+ *")
# European letters and their punctuation, all of one column, between which no line ends.
_NARROW = re.compile(r"[\x00-\u02ff\u2010-\u2027\u2030-\u205e]*")
_SPACES = str.maketrans("\t\n\r\x0b\x0c", "     ")


def wrap(text: str, width: int = TEXT_WIDTH) -> list[str]:
    """
    Cut into lines at spaces only, so that URLs and hyphenated words stay whole.

    Between two Chinese or Japanese letters a line may end too, as there are no spaces; punctuation stays with what it
    belongs to.
    """
    width = max(width, _LEAST)
    words = text.translate(_SPACES).strip(" ")
    if words.isascii() or _NARROW.fullmatch(words):
        return list(_lines(words, width))
    lines: list[str] = []
    line, taken = "", 0
    for piece in _PIECE.findall(words):
        if line and taken + columns(piece.rstrip(" ")) > width:
            lines.append(line.rstrip(" "))
            line, taken = "", 0
        line += piece
        taken += columns(piece)
    return [*lines, line.rstrip(" ")] if line.strip(" ") else lines


def _lines(words: str, width: int) -> Iterator[str]:
    """As wrap() does with any words, but those of one column a letter, without counting each."""
    start = 0
    while len(words) - start > width:
        end = words.rfind(" ", start, start + width + 1)
        if end < 0:
            end = words.find(" ", start + width)
        if end < 0:
            break
        yield words[start:end].rstrip(" ")
        start = end + 1
    if start < len(words):
        yield words[start:]


def single_spaced(text: str) -> str:
    """Each run of white space made one space, none at the ends; a no-break space is a letter."""
    return b" ".join(text.encode().split()).decode()  # bytes are split at ASCII's white space only


def columns(text: str) -> int:
    """How wide it is where all letters have the same width: wide ones count two, accents of their own none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )
