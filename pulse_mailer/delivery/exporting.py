"""Deliveries as a file for a spreadsheet: exactly those that were asked for, and nothing that it would run."""

import csv
import io
from collections.abc import Iterator

from pulse_mailer import audit
from pulse_mailer.database import Database
from pulse_mailer.delivery import browsing
from pulse_mailer.delivery.browsing import Wanted
from pulse_mailer.delivery.reading import DeliveryLine
from pulse_mailer.subscribers.exporting import guarded

COLUMNS = (
    "id", "newsletter", "edition", "address", "state", "reason", "attempts", "since", "message_id",
)  # fmt: skip


def export(database: Database, wanted: Wanted, *, actor: str) -> Iterator[str]:
    """
    The lines of the file, the newest delivery first; who took them out, and how many, is on record before the first.

    They come some at a time, each piece read by itself, so that millions take no more memory than a few, and
    whoever takes them slowly keeps no transaction open.
    """
    with database.transaction() as session:
        subject = f"edition {wanted.edition.name}" if wanted.edition else "all editions"
        rows = browsing.count_all(session, wanted)
        audit.taken_out(session, actor, "deliveries", subject, rows=rows, **_asked(wanted))
    return _lines(database, wanted)


def _asked(wanted: Wanted) -> dict[str, str]:
    """What they are narrowed down by besides, without whom."""
    days = wanted.days
    asked = {
        "status": wanted.status,
        "domain": wanted.domain,
        "code": wanted.code,
        "words": wanted.words,
        "since": days.since,
        "until": days.until,
    }
    return {name: str(value) for name, value in asked.items() if value}


def _lines(database: Database, wanted: Wanted) -> Iterator[str]:
    yield _written([COLUMNS])
    after: int | None = None
    while True:
        with database.reading() as session:
            found = browsing.page(session, wanted, after=after, limit=browsing.CHUNK)
        yield _written([_row(line) for line in found.lines])
        if found.last_id is None:
            return
        after = found.last_id


def _row(line: DeliveryLine) -> tuple[str, ...]:
    told = (
        line.id, line.newsletter_slug, line.edition_key, line.address, line.status.value, line.reason,
        line.attempt_count, line.changed_at.isoformat(), line.message_id,
    )  # fmt: skip
    return tuple(guarded(str(one)) for one in told)


def _written(rows: list[tuple[str, ...]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()
