"""
The part of preflight that reads the words as a proof-reader would: spaces, pairs, capitals, length.

It says little and means it: what another language, a list of abbreviations or a house style makes right is left
alone. Every search has an end to its length, so that no text takes longer than its length warrants.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pulse_mailer import richtext
from pulse_mailer.composing.finding import (
    LETTER,
    PREHEADER,
    SUBJECT,
    Code,
    Finding,
    Spot,
    placed_items,
    placed_titles,
    warning,
)
from pulse_mailer.domain.edition import Edition

SUMMARY_MOST = 400  #: words; the longest in a real edition has 371
CAPITALS_LEAST = 3  #: words of at least four letters; fewer may be names of organisations

_UNBROKEN = richtext.MAX_CHARACTERS  #: columns: each paragraph stays on one line
# Two spaces after a sentence are a habit of typists, and mail shows them as one.
_DOUBLE_SPACE = re.compile(r"(?<=[^\s.?!:…\"'”’)\]]) {2,}(?=[^\s,.)])")
# French puts a space before ; : ! and ? by rule. An ellipsis, .5 and .NET begin with a full stop by right, and
# what looks like a space before a bracket may be a smile.
_SPACE_BEFORE = re.compile(r"(?<=[^\s.,:;=-]) {1,3}(?:[,.](?=[\s\"”’)]|$)(?! {0,3}\.)|\)(?!\w))")
_SPACING_REMEDY = "Take the space out, unless a word was lost there."
_REFERENCE = re.compile(r" \[\d{1,4}\]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_KNOWN_CAPITALS = frozenset(
    {"ACAS", "ADASS", "ADCS", "ASCOF", "BASW", "CAFCASS", "CAMHS", "CIPFA", "COVID", "DEFRA", "DHSC", "DLUHC"}
    | {"HMICFRS", "HMPPS", "MAPPA", "MARAC", "NATO", "NHSE", "NICE", "OECD", "OFSTED", "SCIE", "SEND"}
    | {"SOLACE", "UKHSA", "UNESCO", "UNHCR", "UNICEF"}
)
_TWICE = re.compile(r"(?<![\w-])(the|an|of|to|and|for|with|from|their|our|this|be|are|we) \1(?![\w-])")
# "a)", "iv)" and "12)" number the parts of a sentence; nothing opened them.
_NUMBERS_A_PART = re.compile(r"(?<!\w)(?:[a-z]|[ivx]{1,4}|\d{1,3})\.?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Text:
    """
    Attributes:
        paragraphs: as readers see them, without marks of Markdown and targets of links.
    """

    at: Spot
    paragraphs: Sequence[str]


def _wording(edition: Edition) -> Iterator[Finding]:
    for text in _prose(edition):
        for check in (_double_spaces, _spaces_before, _pairs, _capitals, _word_twice):
            yield from check(text)
    for text in _names(edition):  # of which capitals may be the style
        for check in (_double_spaces, _spaces_before, _pairs):
            yield from check(text)


def _lengths(edition: Edition) -> Iterator[Finding]:
    for placed in placed_items(edition):
        count = len(placed.item.summary.split())
        if count > SUMMARY_MOST:
            what = f"Its summary has {count:,} words, more than most people read of one item."
            remedy = f"Shorten it to {SUMMARY_MOST} words or fewer; the link leads to the rest."
            yield warning(Code.SUMMARY_LONG, placed.at("summary"), what, remedy)


TEXT_CHECKS: tuple[Callable[[Edition], Iterator[Finding]], ...] = (_wording, _lengths)


def _prose(edition: Edition) -> Iterator[_Text]:
    yield _Text(PREHEADER, [edition.preheader])
    yield _Text(LETTER, _paragraphs(edition.letter))
    for placed in placed_items(edition):
        item = placed.item
        yield _Text(placed.at("title"), [item.title])
        yield _Text(placed.at("summary"), _paragraphs(item.summary))
        yield _Text(placed.at("alt"), [item.picture_alt])


def _names(edition: Edition) -> Iterator[_Text]:
    yield _Text(SUBJECT, [edition.subject])  # its capitals are looked at beside its other style
    for at, name in placed_titles(edition):
        yield _Text(at, [name])
    for placed in placed_items(edition):
        yield _Text(placed.at("publisher"), [placed.item.publisher])


@lru_cache(maxsize=256)  # while somebody types, one text of an edition changes
def _paragraphs(markdown: str) -> tuple[str, ...]:
    lines = richtext.to_text(markdown, [], width=_UNBROKEN).split("\n")
    return tuple(_REFERENCE.sub("", line) for line in lines if line)


def _double_spaces(text: _Text) -> Iterator[Finding]:
    for paragraph in text.paragraphs:
        if found := _DOUBLE_SPACE.search(paragraph):
            before, after = _last_words(paragraph, found.start()), _next_words(paragraph, found.end())
            what = f"More than one space stands between “{before}” and “{after}”."
            yield warning(Code.SPACING, text.at, what, _SPACING_REMEDY)
            return


def _spaces_before(text: _Text) -> Iterator[Finding]:
    for paragraph in text.paragraphs:
        if found := _SPACE_BEFORE.search(paragraph):
            what = f"A space stands before the “{found[0].strip()}” after “{_last_words(paragraph, found.start())}”."
            yield warning(Code.SPACING, text.at, what, _SPACING_REMEDY)
            return


def _pairs(text: _Text) -> Iterator[Finding]:
    """The first mark without its partner; a pair may begin in one paragraph and end in another."""
    whole = "\n".join(text.paragraphs)
    for find in (_lone_bracket, _lone_curly_quote, _lone_straight_quote, _lone_single_quote):
        place = find(whole)
        if place is not None:
            what = f"A {whole[place]} has no partner: {_around(whole, place)}"
            remedy = "Put its partner in, or take it out; look whether words were lost there."
            yield warning(Code.PAIR_BROKEN, text.at, what, remedy)
            return


def _lone_bracket(whole: str) -> int | None:
    for opening, closing in ("()", "[]"):
        opened: list[int] = []
        for place, mark in _marks(whole, opening + closing):
            if mark == opening:
                opened.append(place)
            elif opened:
                opened.pop()
            elif not (_NUMBERS_A_PART.search(whole[max(0, place - 8) : place]) or _is_smile(whole, place)):
                return place
        opened = [place for place in opened if not _is_smile(whole, place)]
        if opened:
            return opened[-1]
    return None


def _lone_curly_quote(whole: str) -> int | None:
    if "„" in whole or "“" not in whole:  # German opens with „ and closes with “; Swedish knows ” alone
        return None
    opened: list[int] = []
    for place, mark in _marks(whole, "“”"):
        if mark == "“":
            # A quotation of several paragraphs opens each of them, and is closed once.
            if not (opened and _begins_paragraph(whole, place)):
                opened.append(place)
        elif opened:
            opened.pop()
        else:
            return place
    return opened[-1] if opened else None


def _lone_straight_quote(whole: str) -> int | None:
    opened: int | None = None
    for place, _ in _marks(whole, '"'):
        if opened is None:
            opened = place
        elif not _begins_paragraph(whole, place):
            opened = None
    # After a digit it may stand for inches, and no count tells which it is.
    return None if opened is None or re.search(r'\d"', whole) else opened


def _lone_single_quote(whole: str) -> int | None:
    # What closes looks like an apostrophe, of which there may be any number: only too few of them tell.
    opened = [place for place, _ in _marks(whole, "‘") if not whole[place + 1 : place + 2].isdigit()]
    return opened[-1] if len(opened) > whole.count("’") else None


def _word_twice(text: _Text) -> Iterator[Finding]:
    """A little word of English that was written twice; "had had" and "that that" may well be meant."""
    for paragraph in text.paragraphs:
        if found := _TWICE.search(paragraph):
            words = f"{_last_words(paragraph, found.end())} {_next_words(paragraph, found.end())}"
            what = f"One word stands there twice: “{words}”."
            yield warning(Code.WORD_TWICE, text.at, what, "Take one of the two out.")
            return


def _capitals(text: _Text) -> Iterator[Finding]:
    for paragraph in text.paragraphs:
        words = _WORD.findall(paragraph)
        loud = [word for word in words if word.isupper()]
        plain = [word for word in loud if len(word) > 3 and word not in _KNOWN_CAPITALS]
        if len(plain) >= CAPITALS_LEAST and len(loud) * 4 > len(words) * 3:
            what = f"“{_next_words(paragraph, 0)}” is all in capitals: slow to read, and like shouting."
            yield warning(Code.CAPITALS, text.at, what, "Write it as a sentence.")
            return


def _marks(whole: str, marks: str) -> Iterator[tuple[int, str]]:
    return ((found.start(), found[0]) for found in re.finditer(f"[{re.escape(marks)}]", whole))


def _begins_paragraph(whole: str, place: int) -> bool:
    """Whether nothing but the marks of lists and quotes stands before a place in its paragraph."""
    before = whole[max(0, place - 8) : place]
    return (place <= 8 or "\n" in before) and not before.rpartition("\n")[2].strip(" ->.0123456789")


def _is_smile(whole: str, place: int) -> bool:
    return whole[max(0, place - 2) : place].endswith((":", ";", ":-", ";-"))


def _around(text: str, place: int) -> str:
    """The mark at a place with up to three words on both sides, as they stand."""
    gap_before, gap_after = (
        " " if gap.isspace() else "" for gap in (text[place - 1 : place], text[place + 1 : place + 2])
    )
    return f"{_last_words(text, place)}{gap_before}{text[place]}{gap_after}{_next_words(text, place + 1)}".strip()


def _last_words(text: str, end: int) -> str:
    return " ".join(text[max(0, end - 30) : end].split()[-3:])


def _next_words(text: str, start: int) -> str:
    return " ".join(text[start : start + 30].split()[:3])
