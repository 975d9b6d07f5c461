"""The subscribers of a newsletter as CSV."""

import csv
import datetime
from typing import TextIO

from sqlalchemy.orm import Session

from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.subscribers.reading import subscribers

HEADER = ("Email", "First name", "Last name", "Organisation", "Status", "Joined", "Since", "Left out because")

#: A cell that begins so is a formula to a spreadsheet, which runs it, in East Asia also when it begins with a
#: letter of full width (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def export_csv(database: Session, newsletter: Newsletter, file: TextIO) -> int:
    """
    Write everybody who is or was subscribed, and how they stand; give how many they are.

    An import reads the file again, and refuses those whose status is not active. The erased are left out:
    nothing of them is kept that could be written.
    """
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(HEADER)
    count = 0
    for line in subscribers(database, newsletter):
        if not line.address:
            continue
        cells = (line.address, line.first_name, line.last_name, line.organisation, line.status.value)
        dates = (_shown(line.joined_at), _shown(line.since))
        writer.writerow(guarded(cell) for cell in (*cells, *dates, line.reason))
        count += 1
    return count


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; one that looks guarded already is guarded once more."""
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell[:1] == "'" and cell.lstrip("'").startswith(FORMULA) else cell


def _shown(at: datetime.datetime) -> str:
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
