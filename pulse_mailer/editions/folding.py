"""Words as a search compares them, whatever their capitals, accents and ligatures; and where they stand in a text."""

import bisect
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_LETTERS = 100  #: of a search
MOST_WORDS = 8
AROUND = 100  #: letters shown before a place that was found; three times so many behind it


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; `found` where it is what was looked for."""

    text: str
    found: bool


def fold(text: str) -> str:
    """The text as it is compared: "Élan, ﬁrst" is "elan, first"; its white space is single spaces."""
    return " ".join("".join(map(_folded, text)).split())


def wanted(query: str) -> list[str]:
    """The words of a search, folded, each once: at most so many, since each is looked for in every text."""
    folded = fold(query[:MOST_LETTERS])
    words = "".join(letter if letter.isalnum() else " " for letter in folded).split()
    return list(dict.fromkeys(words))[:MOST_WORDS]


def marked(text: str, words: Sequence[str]) -> list[Piece]:
    """Cut a text where the words stand in it."""
    pieces, at = [], 0
    for start, end in _places(text, words):
        pieces += [Piece(text[at:start], found=False), Piece(text[start:end], found=True)]
        at = end
    pieces.append(Piece(text[at:], found=False))
    return [piece for piece in pieces if piece.text]


def excerpt(text: str, words: Sequence[str]) -> str:
    """What stands around the first of the words; the beginning where there is none of them."""
    first = next((start for start, _ in _places(text, words)), 0)
    start, end = max(0, first - AROUND), min(len(text), first + 3 * AROUND)
    if start:
        start = text.find(" ", start, first) + 1 or start
    if end < len(text):
        cut = text.rfind(" ", first, end)
        end = cut if cut > first + AROUND else end
    return f"{'… ' if start else ''}{text[start:end].strip()}{' …' if end < len(text) else ''}"


def _folded(letter: str) -> str:
    apart = unicodedata.normalize("NFKD", letter.casefold())
    return "".join(part for part in apart if not unicodedata.combining(part)).casefold()


def _places(text: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the words begin and end, in order, none within another."""
    whole, origins = [], []
    for at, letter in enumerate(text):
        folded = _folded(letter)
        whole.append(folded)
        origins += [at] * len(folded)
    folded_text = "".join(whole)
    at = 0
    while found := [(place, -len(word)) for word in words if (place := folded_text.find(word, at)) >= 0]:
        place, length = min(found)
        end = _past_accents(text, origins[place - length - 1] + 1)
        yield origins[place], end
        # A letter that folds into several, such as a ligature, is found once.
        at = bisect.bisect_left(origins, end)


def _past_accents(text: str, end: int) -> int:
    """An accent that is a character of its own belongs to the letter before it."""
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end
