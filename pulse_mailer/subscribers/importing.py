"""
Many subscribers from a CSV file, in one transaction.

The rows go through a temporary table, ten thousand at a time, so that the database itself finds out who is
known, who left and who is suppressed, and a million rows do not have to fit in memory.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Way
from pulse_mailer.errors import BadCsv, UsageError
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.choosing import from_a_cell
from pulse_mailer.subscribers.columns import Columns, find_columns
from pulse_mailer.subscribers.decoding import encoding_of, opened
from pulse_mailer.subscribers.enrolling import Consent, Enrolled, Entry, enrol, enrolment
from pulse_mailer.subscribers.rows import RefusedRow, read_rows

CHUNK = 10_000


@dataclass(slots=True)
class ImportReport:
    """
    What came of a file; or, after a dry run, what would.

    Attributes:
        columns: what we took from which column, as the header names it.
        ignored: the columns that we did not take.
        row_count: all rows but blank ones; the sum of the counts below.
        joined_count: became subscribers of this newsletter.
        updated_count: were subscribers; names that were empty are filled in.
        unchanged_count: were subscribers, or have yet to confirm.
        repeated: rows whose address an earlier row of the file had, however it was written.
        refused: rows that were not taken, each with its reason.
    """

    encoding: str
    delimiter: str
    columns: dict[str, str]
    ignored: list[str]
    dry_run: bool
    row_count: int = 0
    joined_count: int = 0
    updated_count: int = 0
    unchanged_count: int = 0
    repeated: list[RefusedRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)

    def add(self, chunk: Enrolled) -> None:
        self.joined_count += chunk.joined_count
        self.updated_count += chunk.updated_count
        self.unchanged_count += chunk.unchanged_count
        self.refused += chunk.refused

    def as_json(self) -> dict[str, Any]:
        """What `subscriber import --json` and the API tell; kept stable."""
        plain = asdict(self)
        for name in ("refused", "repeated"):
            plain[name] = [row._asdict() for row in getattr(self, name)]
        return plain


def import_csv(  # noqa: PLR0913 - each is one option of the command
    database: Session,
    keys: Keys,
    newsletter: Newsletter,
    data: bytes,
    *,
    mapping: Mapping[str, str],
    dry_run: bool,
    actor: str,
    wording: str = "",
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """
    Subscribe those in a file to a newsletter. Nobody who left, was suppressed or erased is subscribed again.

    Args:
        mapping: field (email, first_name, ...) to the name of its column, for names that we do not know.
        dry_run: find out what would happen, and store nothing.
        wording: what the people agreed to, as far as it is known.
        progress: told the line reached, after every chunk.

    Raises:
        BadCsv: the file cannot be read as one of subscribers; nothing was stored.
    """
    encoding = encoding_of(data)
    columns = find_columns(opened(data, encoding), mapping)
    report = ImportReport(encoding, columns.delimiter, columns.named, columns.ignored, dry_run)
    one_at_a_time(database)
    consent = Consent(Way.IMPORT, actor, wording)
    with enrolment(database):
        for chunk in _chunks(_fit(data, columns, keys, newsletter, report)):
            report.add(enrol(database, newsletter, chunk, consent, dry_run=dry_run))
            if progress is not None:
                progress(chunk[-1].row.line)
    if not report.row_count:
        raise BadCsv("The file names its columns, and holds no row.")
    report.refused.sort()
    if not dry_run:
        _note(database, newsletter, report, actor)
    return report


def _fit(
    data: bytes, columns: Columns, keys: Keys, newsletter: Newsletter, report: ImportReport
) -> Iterator[Entry]:
    """The rows that can be stored; the report gets the others."""
    lines: dict[bytes, int] = {}
    choice_in = functools.cache(functools.partial(from_a_cell, newsletter))
    for row in read_rows(opened(data, report.encoding), columns):
        report.row_count += 1
        if isinstance(row, RefusedRow):
            report.refused.append(row)
            continue
        try:
            choice = choice_in(row.sections)
        except UsageError as error:
            report.refused.append(RefusedRow(row.line, row.address, str(error).rstrip(".")))
            continue
        address_hash = keys.hash_address(row.key)
        first = lines.setdefault(bytes.fromhex(address_hash), row.line)
        if first == row.line:
            yield Entry(row, address_hash, choice)
        else:
            report.repeated.append(RefusedRow(row.line, row.address, f"the same address as on line {first}"))


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    entries = iter(entries)
    while chunk := list(itertools.islice(entries, CHUNK)):
        yield chunk


def one_at_a_time(database: Session) -> None:
    """Two imports at once could each wait for an address that the other has; SQLite has one writer anyway."""
    if database.get_bind().dialect.name == "postgresql":
        database.execute(text("SELECT pg_advisory_xact_lock(hashtext('pulse_mailer import of subscribers'))"))


def _note(database: Session, newsletter: Newsletter, report: ImportReport, actor: str) -> None:
    after = {
        "rows": report.row_count,
        "joined": report.joined_count,
        "updated": report.updated_count,
        "unchanged": report.unchanged_count,
        "repeated": len(report.repeated),
        "refused": len(report.refused),
    }
    audit.record(database, actor, "subscribers.imported", f"newsletter {newsletter.slug}", after=after)
    database.flush()
