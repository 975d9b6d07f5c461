"""The sample newsletter's readers: made up, at domains that nobody can have."""

import csv
import io
import itertools
from collections.abc import Iterable

from pulse_mailer.resources import templates_dir

_FIRST = (
    "Ada",
    "Boris",
    "Chidi",
    "Dilys",
    "Esra",
    "Farid",
    "Greta",
    "Hamish",
    "Ines",
    "Jonas",
    "Kavita",
    "Lowri",
)
_LAST = (
    "Abara",
    "Baird",
    "Costa",
    "Dunn",
    "Ekholm",
    "Farrow",
    "Hughes",
    "Ivanova",
    "Jessop",
    "Kaur",
    "Lund",
    "Moss",
)
_COLUMNS = ("Email", "First name", "Last name", "Organisation")


def readers(wanted: int) -> list[list[str]]:
    """So many rows: those of the sample's file first, cut or lengthened."""
    rows = [row for row in _file() if "@" in row[0]]
    organisations = sorted({row[3] for row in rows if row[3]})
    # Each round pairs every first name with another last name; after the last round numbers keep them apart.
    for number in itertools.count():
        if len(rows) >= wanted:
            break
        turn, place = divmod(number, len(_FIRST))
        first, last = _FIRST[place], _LAST[(place + turn) % len(_LAST)]
        again = number // (len(_FIRST) * len(_LAST))
        address = f"{first}.{last}{again or ''}@example.org".lower()
        rows.append([address, first, last, organisations[number % len(organisations)]])
    return rows[:wanted]


def unreadable() -> list[list[str]]:
    """The rows of the sample's file that hold no address, to show a refusal."""
    return [row for row in _file() if "@" not in row[0]]


def as_csv(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()


def _file() -> list[list[str]]:
    found = (templates_dir() / "demo" / "subscribers.csv").read_text(encoding="utf-8")
    return list(csv.reader(io.StringIO(found)))[1:]
