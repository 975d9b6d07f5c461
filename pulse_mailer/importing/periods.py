"""The time an edition covers: from words such as "April 2022" to a key such as 2022-04."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"((?:19|20)\d\d)"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_TO = r"\s*(?:/|-|–|—|&|and|to)\s*"


@dataclass(frozen=True, slots=True)
class Period:
    """
    Attributes:
        text: the words that name it, as they stand.
        key: lower-case letters, digits and hyphens; sorts by time within a kind.
        rest: the text around those words.
    """

    text: str
    key: str
    rest: str


def _month(name: str) -> int:
    return _MONTHS.index(name[:3].lower()) + 1


# The first that fits names the period; where it covers several months, the first of them gives the key.
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(rf"(?<![\w-]){form}(?![\w-])", re.IGNORECASE), key)
    for form, key in (
        (r"((?:19|20)\d\d)-(0[1-9]|1[0-2])(-(?:0[1-9]|[12]\d|3[01]))?", lambda found: found[0]),
        (
            rf"{_DAY}\s+{_MONTH},?\s+{_YEAR}",
            lambda found: f"{found[3]}-{_month(found[2]):02}-{int(found[1]):02}",
        ),
        (
            rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
            lambda found: f"{found[3]}-{_month(found[1]):02}-{int(found[2]):02}",
        ),
        (
            rf"{_MONTH}(?:\s+{_YEAR})?{_TO}{_MONTH},?\s+{_YEAR}",
            lambda found: f"{found[2] or found[4]}-{_month(found[1]):02}",
        ),
        (rf"{_MONTH},?\s+{_YEAR}", lambda found: f"{found[2]}-{_month(found[1]):02}"),
        (rf"(0?[1-9]|1[0-2])/{_YEAR}", lambda found: f"{found[2]}-{int(found[1]):02}"),
        (
            rf"(spring|summer|autumn|winter)\s+{_YEAR}(?:/\d\d(?:\d\d)?)?",
            lambda found: f"{found[2]}-{found[1].lower()}",
        ),
        (rf"(?:q([1-4])|quarter\s+([1-4])),?\s+{_YEAR}", lambda found: f"{found[3]}-q{found[1] or found[2]}"),
        (rf"week\s+(\d{{1,2}}),?\s+{_YEAR}", lambda found: f"{found[2]}-w{int(found[1]):02}"),
        (
            r"(?:issue|edition|number|no\.?|vol\.?|volume)\s*#?(\d{1,4})",
            lambda found: f"issue-{int(found[1])}",
        ),
        (_YEAR, lambda found: found[1]),
    )
)


def find(text: str) -> Period | None:
    """The period that a short text names, if any; the first form in the table above wins."""
    for form, key in _FORMS:
        found = form.search(text)
        if found:
            rest = f"{text[: found.start()]} {text[found.end() :]}".strip(" \t\xa0,;:|·•/()[]-–—")
            return Period(text=found[0].strip(), key=key(found), rest=" ".join(rest.split()))
    return None
