"""The rows of a file of subscribers: each one fit to be stored, or refused with its line and the reason."""

import csv
import operator
import re
from collections.abc import Iterator
from typing import NamedTuple, TextIO

from email_validator import SPECIAL_USE_DOMAIN_NAMES
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from pulse_mailer.domain.address import Address
from pulse_mailer.errors import BadCsv, UsageError
from pulse_mailer.subscribers.columns import FIELDS, Columns
from pulse_mailer.subscribers.exporting import unguarded
from pulse_mailer.subscribers.person import clean_name


class Row(NamedTuple):
    """
    Attributes:
        line: where it begins in the file, from 1.
        key: the address in the form to compare by.
        sections: what the cell says of sections; empty: all.
    """

    line: int
    address: str
    key: str
    first_name: str
    last_name: str
    organisation: str
    sections: str = ""


class RefusedRow(NamedTuple):
    """
    Attributes:
        address: as the file writes it.
        reason: for people; without a full stop.
    """

    line: int
    address: str
    reason: str


_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
# Nearly all addresses look so, and are told 60 times faster than by email-validator, which gets the rest:
# non-ASCII, long ones, special domains, labels with two hyphens in a row (they may be IDNA), and INFO@ and its
# like, which it writes in lower case.
_PLAIN_ADDRESS = re.compile(
    rf"({_ATOM}(?:\.{_ATOM})*)@((?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+([A-Za-z]{{2,}}))"
)
_PART_LETTERS = 63  # of either side: a domain of that length has no label that is longer
_ROLES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)
_SPECIAL_ENDS = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)

#: What a status column says of those who may be written to; an empty cell says nothing against it.
_SUBSCRIBED = frozenset({"", "active", "subscribed", "confirmed", "enabled", "yes", "true", "1"})


def read_rows(text: TextIO, columns: Columns) -> Iterator[Row | RefusedRow]:
    """
    Give every row but the blank ones, in the order of the file.

    Raises:
        BadCsv: the file breaks off inside a cell, or its quotation marks make no sense.
    """
    text.seek(0)
    reader = csv.reader(text, delimiter=columns.delimiter, strict=True)
    width = columns.width
    # Short rows are filled up, and fields without a column read one empty cell beyond the last.
    fields = operator.itemgetter(*(columns.positions.get(field, width) for field in FIELDS))
    filling = [""] * (width + 1)
    end = 0
    try:
        for cells in reader:
            line, end = end + 1, reader.line_num
            if line <= columns.lines or not any(cells):
                continue
            found = fields(cells[:width] + filling)
            if reason := _misshapen(line, end, cells, width):
                yield RefusedRow(line, _shown(found[FIELDS.index("email")]), reason)
            else:
                yield _checked(line, found)
    except csv.Error as error:
        raise BadCsv(
            f"The row that begins on line {end + 1} cannot be read: {error}.",
            remedy="A quotation mark is missing, or stands inside a cell without being doubled.",
        ) from error


def plain_address(typed: str) -> tuple[str, str]:
    """
    Give an address in the form to write to and in the form to compare by, as `Address` does.

    Raises:
        BadAddress: it is not one that mail can be sent to.
    """
    found = _PLAIN_ADDRESS.fullmatch(typed)
    if found:
        local, domain, end = found.groups()
        key = local.lower()
        is_short = len(local) <= _PART_LETTERS and len(domain) <= _PART_LETTERS
        if is_short and end.lower() not in _SPECIAL_ENDS and (key == local or key not in _ROLES):
            domain = domain.lower()
            return f"{local}@{domain}", f"{key}@{domain}"
    address = Address.parse(typed)
    return str(address), address.key


def _checked(line: int, cells: tuple[str, ...]) -> Row | RefusedRow:
    """Read the cells of a row, given in the order of FIELDS."""
    email, first_name, last_name, name, organisation, status, sections = map(unguarded, cells)
    email = email.strip()
    if status and status.strip().lower() not in _SUBSCRIBED:
        return RefusedRow(line, _shown(email), f"the file says that they are {status.strip()[:40]!r}")
    try:
        address, key = plain_address(email)
        first_name, last_name = clean_name(first_name), clean_name(last_name)
        if name and not first_name and not last_name:
            first_name, last_name = split_name(clean_name(name))
        return Row(line, address, key, first_name, last_name, clean_name(organisation), sections.strip())
    except UsageError as error:
        return RefusedRow(line, _shown(email), str(error).rstrip("."))


def _misshapen(line: int, end: int, cells: list[str], width: int) -> str:
    """Why the cells cannot be what their writer meant; empty when they can."""
    if len(cells) > width and any(cells[width:]):
        return f"it has {len(cells)} cells, but the header has {width}; a cell may lack its quotation marks"
    if end > line and any("@" in cell and len(cell.splitlines()) > 1 for cell in cells):
        return f"one cell runs over lines {line} to {end} and swallows addresses; a quotation mark is missing"
    return ""


def split_name(name: str) -> tuple[str, str]:
    """First and last name of "Ann Lee" or "Lee, Ann"; a single word is a first name."""
    if name.count(",") == 1:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.partition(" ")
    return first, last


def _shown(typed: str) -> str:
    """What stands in the address's cell, on one line that is safe to print."""
    line = "".join(letter if letter.isprintable() else " " for letter in typed[:100])
    return " ".join(line.split())
