"""Days as web pages write them."""

import datetime
import re

_NAMES = (
    ("jan", "ion"), ("feb", "chw"), ("mar", "maw"), ("apr", "ebr"), ("may", "mai"), ("jun", "meh"),
    ("jul", "gor"), ("aug", "aws"), ("sep", "med"), ("oct", "hyd"), ("nov", "tac"), ("dec", "rha"),
)  # fmt: skip
#: By how the month begins, in English and in Welsh.
_MONTHS = {begin: number for number, names in enumerate(_NAMES, 1) for begin in names}
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)|(\d{4})(\d{2})(\d{2})(?!\d)")
_WRITTEN = re.compile(r"(\d{1,2})(?:st|nd|rd|th|ain|fed|eg|ydd)?\s+([^\W\d_]{3,12})\.?,?\s+(\d{4})(?!\d)")
_AMERICAN = re.compile(r"([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)")
_BRITISH = re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)")
_YEARS = range(1950, 2100)


def day(text: str) -> datetime.date | None:
    """
    The day that a text names: 2026-03-14T09:30:00Z, 20260314, 14 March 2026, 14 Mawrth 2026, March 14, 2026 or
    14/03/2026; None when it names none, or one that cannot be.
    """
    text = text.strip()[:100]
    if found := _ISO.match(text):
        year, month, number = (found[1], found[2], found[3]) if found[1] else (found[4], found[5], found[6])
        return _date(year, int(month), number)
    if found := _WRITTEN.search(text):
        return _date(found[3], _month(found[2]), found[1])
    if found := _AMERICAN.search(text):
        return _date(found[3], _month(found[1]), found[2])
    if found := _BRITISH.search(text):
        return _date(found[3], int(found[2]), found[1])
    return None


def _month(name: str) -> int:
    return _MONTHS.get(name[:3].lower(), 0)


def _date(year: str, month: int, number: str) -> datetime.date | None:
    try:
        return datetime.date(int(year), month, int(number)) if int(year) in _YEARS else None
    except ValueError:
        return None
