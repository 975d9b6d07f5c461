"""Which column of a file holds what, by the names in its header."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from pulse_mailer.errors import BadCsv, UsageError

#: What we can take from a file; `name` is a whole name in one cell.
FIELDS = ("email", "first_name", "last_name", "name", "organisation", "status", "sections")

_KNOWN_AS = {
    "email": ("email", "emailaddress", "emailaddresses", "emails", "mail", "mailaddress", "email1",
              "email1value", "primaryemail", "workemail", "contactemail", "subscriberemail"),
    "first_name": ("firstname", "givenname", "forename", "first", "fname"),
    "last_name": ("lastname", "surname", "familyname", "last", "lname"),
    "name": ("name", "fullname", "displayname", "contactname", "subscribername"),
    "organisation": ("organisation", "organization", "organisationname", "organizationname", "company",
                     "companyname", "employer", "org"),
    "status": ("status", "subscriptionstatus", "subscriberstatus", "emailstatus"),
    "sections": ("sections", "chosensections"),
}  # fmt: skip
_FIELD_OF = {word: field for field, words in _KNOWN_AS.items() for word in words}
_DELIMITERS = (",", ";", "\t")
_EXAMPLE = "Its first line must name the columns, such as: Email,First name,Last name"


@dataclass(frozen=True, slots=True)
class Columns:
    """
    Attributes:
        lines: how many lines stand before the first row.
        positions: field to the number of its column, from 0.
        named: field to the name of its column, as the header writes it.
        ignored: the names of the other columns.
    """

    delimiter: str
    lines: int
    width: int
    positions: dict[str, int]
    named: dict[str, str]
    ignored: list[str]


def find_columns(text: TextIO, mapping: Mapping[str, str]) -> Columns:
    """
    Read the header, and find by it what divides the cells: a comma, a semicolon or a tab.

    Args:
        mapping: field to the name of its column, for names that we do not know.

    Raises:
        BadCsv: there is no header, or none of its columns is known to hold addresses, or several may.
        UsageError: the mapping names a field that subscribers do not have.
    """
    _check(mapping)
    said = _said_delimiter(text)
    headers = {mark: _header(text, mark, skip=said is not None) for mark in ([said] if said else _DELIMITERS)}
    fitting = [mark for mark, (cells, _) in headers.items() if _has_addresses(cells, mapping)]
    delimiter = max(fitting or headers, key=lambda mark: len(headers[mark][0]))
    cells, lines = headers[delimiter]
    if any("@" in cell for cell in cells):
        raise BadCsv("The file has no header: its first line holds an address.", remedy=f"{_EXAMPLE}.")
    positions = _positions(cells, mapping)
    return Columns(
        delimiter=delimiter,
        lines=lines,
        width=len(cells),
        positions=positions,
        named={field: cells[position] for field, position in positions.items()},
        ignored=[cell for at, cell in enumerate(cells) if cell and at not in positions.values()],
    )


def _check(mapping: Mapping[str, str]) -> None:
    for field in mapping:
        if field not in FIELDS:
            raise UsageError(f"Subscribers have no {field!r}.", remedy=f"There is {', '.join(FIELDS)}.")


def _said_delimiter(text: TextIO) -> str | None:
    """What a first line `sep=;` says, as Excel writes and reads it."""
    text.seek(0)
    found = re.fullmatch(r'"?sep=([,;\t])"?', text.readline(20).strip("\r\n"))
    return found[1] if found else None


def _header(text: TextIO, delimiter: str, *, skip: bool) -> tuple[list[str], int]:
    """The cells of the first line that is not blank, and how many lines that took."""
    text.seek(0)
    reader = csv.reader(text, delimiter=delimiter)
    try:
        if skip:
            next(reader)
        for cells in reader:
            stripped = [" ".join(cell.split()) for cell in cells]
            if any(stripped):
                return stripped, reader.line_num
    except csv.Error as error:
        raise BadCsv(f"The header of the file cannot be read: {error}.", remedy=f"{_EXAMPLE}.") from error
    raise BadCsv("The file is empty.", remedy=f"{_EXAMPLE}.")


def _has_addresses(cells: Sequence[str], mapping: Mapping[str, str]) -> bool:
    wanted = mapping.get("email")
    if wanted is not None:
        return any(_plain(cell) == _plain(wanted) for cell in cells)
    return any(_FIELD_OF.get(_plain(cell)) == "email" for cell in cells)


def _positions(cells: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    positions = {field: _named(cells, name) for field, name in mapping.items()}
    for at, cell in enumerate(cells):
        field = _FIELD_OF.get(_plain(cell))
        if field is None or field in mapping or at in positions.values():
            continue
        if field == "email" and field in positions:
            both = f"{cells[positions[field]]!r} and {cell!r}"
            raise BadCsv(f"Two columns may hold the address: {both}.", remedy="Say which: --map email=COLUMN")
        positions.setdefault(field, at)
    if "email" not in positions:
        raise BadCsv(
            f"No column of the file is known to hold addresses; it has {_listed(cells)}.",
            remedy="Say which: --map email=COLUMN",
        )
    if "name" not in mapping and ("first_name" in positions or "last_name" in positions):
        positions.pop("name", None)
    return positions


def _named(cells: Sequence[str], name: str) -> int:
    """The one column of that name; written exactly so, or else without regard to case and hyphens."""
    found = [at for at, cell in enumerate(cells) if cell == name]
    found = found or [at for at, cell in enumerate(cells) if _plain(cell) == _plain(name)]
    if len(found) != 1:
        what = "several columns" if found else "no column"
        raise BadCsv(f"The file has {what} {name!r}.", remedy=f"Its columns are {_listed(cells)}.")
    return found[0]


def _plain(name: str) -> str:
    """A column's name without what people write differently: case, spaces, hyphens."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _listed(cells: Sequence[str]) -> str:
    return ", ".join(repr(cell) for cell in cells if cell)


def mapping(pairs: Sequence[str]) -> dict[str, str]:
    """
    Read `email=COLUMN` pairs.

    Raises:
        UsageError: one is not such a pair, or a field is named twice.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        field, column = name.strip().lower().replace("-", "_"), column.strip()
        if not (equals and field and column):
            raise UsageError(f"{pair!r} is not FIELD=COLUMN.", remedy="Such as: --map email=Contact")
        if field in found:
            raise UsageError(f"Two columns are named for {field!r}.", remedy="Name one.")
        found[field] = column
    return found
