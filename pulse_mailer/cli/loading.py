"""A file of subscribers on its way in: read and reported."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pulse_mailer.cli import output
from pulse_mailer.domain.counting import counted
from pulse_mailer.errors import BadCsv
from pulse_mailer.subscribers.decoding import LARGEST_BYTES
from pulse_mailer.subscribers.importing import ImportReport

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}


def read(file: Path) -> bytes:
    """
    Raises:
        BadCsv: it is not there, not a file, not readable or too large.
    """
    try:
        if file.is_dir():
            raise BadCsv(f"{file} is a folder.", remedy="Name a file in it.")
        with file.open("rb") as opened:
            # One byte more tells a file that is too large, even one that grows or has no size.
            return opened.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise BadCsv(f"{file} cannot be read: {(error.strerror or 'unknown cause').lower()}.") from error


@contextlib.contextmanager
def naming(file: Path) -> Iterator[None]:
    """Put the file's name before what is wrong with it."""
    try:
        yield
    except BadCsv as error:
        raise BadCsv(f"{file}: {error.what}", remedy=error.remedy) from error


def print_import(report: ImportReport, newsletter: str) -> None:
    """Say what was understood of the file, each row that was not taken, and the sum."""
    took = ", ".join(f"{field.replace('_', ' ')} from “{name}”" for field, name in report.columns.items())
    encoding = {"cp1252": "Windows-1252", "utf-8-sig": "UTF-8"}.get(report.encoding, report.encoding.upper())
    output.say(f"Read as {encoding}, divided by {_DELIMITERS[report.delimiter]}: {took}.")
    if report.ignored:
        output.say(f"Columns not taken: {', '.join(report.ignored)}.")
    passed = sorted(
        [(*row, "refused") for row in report.refused] + [(*row, "repeated") for row in report.repeated]
    )
    if passed:
        rows = [[line, address, f"{what}: {reason}"] for line, address, reason, what in passed]
        output.print_table(["Line", "Address", "Why it was not taken"], rows, ["Line"])
    sums = (
        (report.joined_count, "would join" if report.dry_run else "joined"),
        (report.updated_count, "had names filled in"),
        (report.unchanged_count, "unchanged"),
        (len(report.repeated), "repeated"),
        (len(report.refused), "refused"),
    )
    line = (
        f"{newsletter}: {counted(report.row_count, 'row')}: "
        + ", ".join(f"{count:,} {what}" for count, what in sums)
        + "."
    )
    (output.trouble if report.refused else output.good)(line)
    if report.dry_run:
        output.say("This was a dry run: nothing is stored.")
