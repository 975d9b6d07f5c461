"""The subscribers of a newsletter as CSV."""

import csv
import datetime
import functools
import io
from collections.abc import Iterator, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.database import Database
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber, Subscription
from pulse_mailer.subscribers.choosing import in_a_cell, names_of
from pulse_mailer.subscribers.reading import SubscriberLine, subscribers

CHUNK = 1_000  #: rows that are read at once

HEADER = (
    "Email",
    "First name",
    "Last name",
    "Organisation",
    "Sections",
    "Status",
    "Joined",
    "Since",
    "Left out because",
)

#: A cell that begins so is a formula to a spreadsheet, which runs it, in East Asia also when it begins with a
#: letter of full width (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def export(database: Database, newsletter: Newsletter, *, actor: str) -> Iterator[str]:
    """
    Everybody who is or was subscribed, and how they stand, as the lines of a file, the latest to join first; who took
    them out, and how many, is on record before the first line.

    The lines come some at a time, each piece read by itself, so that a long list takes no more memory than a short
    one, and whoever takes it slowly keeps no transaction open.

    An import reads the file again, and refuses those whose status is not active. The erased are left out: nothing of
    them is kept that could be written.
    """
    with database.transaction() as session:
        audit.taken_out(
            session, actor, "subscribers", f"newsletter {newsletter.slug}", rows=_count(session, newsletter)
        )
    return _lines(database, newsletter)


def _count(database: Session, newsletter: Newsletter) -> int:
    listed = select(func.count(Subscription.id)).join(Subscriber, Subscriber.id == Subscription.subscriber_id)
    found = database.scalar(
        listed.where(Subscription.newsletter_id == newsletter.id, Subscriber.address != "")
    )
    return found or 0


def _lines(database: Database, newsletter: Newsletter) -> Iterator[str]:
    yield _written([HEADER])
    before: int | None = None
    while True:
        with database.reading() as session:
            found = list(subscribers(session, newsletter, before=before, limit=CHUNK))
            named = functools.cache(functools.partial(names_of, session))
            rows = [_row(line, named(line.choice)) for line in found if line.address]
        yield _written(rows)
        if len(found) < CHUNK:
            return
        before = found[-1].id


def _row(line: SubscriberLine, sections: Sequence[str]) -> tuple[str, ...]:
    told = (
        line.address, line.first_name, line.last_name, line.organisation, in_a_cell(sections), line.status.value,
        _shown(line.joined_at), _shown(line.since), line.reason,
    )  # fmt: skip
    return tuple(guarded(cell) for cell in told)


def _written(rows: Sequence[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; one that looks guarded already is guarded once more."""
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell[:1] == "'" and cell.lstrip("'").startswith(FORMULA) else cell


def _shown(at: datetime.datetime) -> str:
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
