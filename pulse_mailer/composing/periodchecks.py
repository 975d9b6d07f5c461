"""The part of preflight that looks for the name of another month, left over from the edition before."""

import difflib
import re
from collections.abc import Callable, Iterator

from pulse_mailer.composing.finding import (
    LETTER,
    PERIOD,
    PREHEADER,
    SUBJECT,
    Code,
    Finding,
    Spot,
    placed_titles,
    warning,
)
from pulse_mailer.domain.edition import Edition

_MONTHS = ["January", "February", "March", "April", "May", "June", "July"]
_MONTHS += ["August", "September", "October", "November", "December"]
_LONG_MONTHS = [month for month in _MONTHS if len(month) > 5]
_BY_START = {month[:3].casefold(): month for month in _MONTHS}
_YEAR = r"\b(?:19|20)\d\d\b"
_KEY = re.compile(r"((?:19|20)\d\d)-(0[1-9]|1[0-2])(?!\d)")
_IN_PERIOD = re.compile(rf"(?i)\b(?:{'|'.join(_MONTHS)}|{'|'.join(_BY_START)}|sept)\b")
_MONTH = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b")
_MONTH_YEAR = rf"{_MONTH.pattern}(?:['’]s)?(?:,? {_YEAR})?"
_NUMBER = r"(?i:edition|issue|newsletter|bulletin|digest|round-?up)\b"
# "March's edition", "the March 2026 issue"; "our digest for March"; "Welcome to March".
_OF_EDITION = re.compile(
    rf"{_MONTH_YEAR} {_NUMBER}|\b{_NUMBER}(?:,? (?:for|of|[-–—|])|[,:]) {_MONTH_YEAR}|\b[Ww]elcome to {_MONTH_YEAR}"
)
# A day beside the month makes it a date, as of an event.
_IN_HEADING = re.compile(rf"(?<!\d )(?<!\dst |\dnd |\drd |\dth ){_MONTH_YEAR}(?! \d)")
_BOTH_A_WORD = frozenset({"March", "May"})
_OF_EVENT = frozenset(
    {"after", "and", "before", "between", "by", "during", "from", "in", "on", "or", "since", "to", "until"}
)
_OF_ANOTHER = re.compile(r"(?i)\b(?:last|previous|earlier|next|coming|forthcoming|since)\b")


def _leftover(edition: Edition) -> Iterator[Finding]:
    months, years = _covered(edition)
    own = " ".join(edition.period.split()) or edition.key
    if not months:
        return
    for at, text, named in _named(edition):
        for words in named(" ".join(text.replace("*", "").split())):
            year = re.search(_YEAR, words)
            if set(_MONTH.findall(words)) <= months and not (year and years and year[0] not in years):
                continue
            what = f"“{words}” is not this edition's time, which is {own}."
            remedy = "Change it if it was left over from another edition, or correct the edition's period."
            yield warning(Code.PERIOD_OTHER, at, what, remedy)
            break


def _misspelled(edition: Edition) -> Iterator[Finding]:
    """A month in subject, preheader or period that is almost one: "Febuary". The short ones are like too much."""
    for at, text in ((SUBJECT, edition.subject), (PREHEADER, edition.preheader), (PERIOD, edition.period)):
        for word in re.findall(r"\b[A-Z][a-z]{4,10}\b", text):
            near = difflib.get_close_matches(word, _LONG_MONTHS, n=1, cutoff=0.85)
            if near and not word.startswith(near[0]):  # Augusta is a name
                what = f"“{word}” looks like {near[0]}, misspelled."
                yield warning(Code.PERIOD_SPELLING, at, what, f"Write {near[0]}, if that is what is meant.")


PERIOD_CHECKS: tuple[Callable[[Edition], Iterator[Finding]], ...] = (_leftover, _misspelled)


def _covered(edition: Edition) -> tuple[set[str], set[str]]:
    """The months and years that the period names, or else the key; none for a season or a number."""
    period = edition.period
    if not period.strip() and (key := _KEY.match(edition.key)):
        return {_MONTHS[int(key[2]) - 1]}, {key[1]}
    months = {_BY_START[name[:3].casefold()] for name in _IN_PERIOD.findall(period)}
    if len(months) > 1:  # "November 2025 to January 2026" covers what lies between, too
        months = set(_MONTHS)
    return months, set(re.findall(_YEAR, period))


def _named(edition: Edition) -> Iterator[tuple[Spot, str, Callable[[str], Iterator[str]]]]:
    """Place, text, and what finds the months there that seem to say when the edition is."""
    yield SUBJECT, edition.subject, _in_heading
    yield PREHEADER, edition.preheader, _in_heading
    yield LETTER, edition.letter, _of_edition
    for at, name in placed_titles(edition):
        if at.category is None:
            yield at, name, _in_heading


def _of_edition(text: str) -> Iterator[str]:
    """A letter speaks of many months; only one that names an edition counts, and not where it means another."""
    for found in _OF_EDITION.finditer(text):
        if not _OF_ANOTHER.search(text, max(0, found.start() - 25), found.end()):
            yield found[0]


def _in_heading(text: str) -> Iterator[str]:
    yield from _of_edition(text)
    for found in _IN_HEADING.finditer(text):
        before = text[max(0, found.start() - 10) : found.start()].split()
        if found[0] not in _BOTH_A_WORD and not (before and before[-1].casefold() in _OF_EVENT):
            yield found[0]
