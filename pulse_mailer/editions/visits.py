"""What came of going to links, kept for a while: so that nobody is asked twice, and sending knows what is broken."""

import datetime
from collections.abc import Iterable, Mapping

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pulse_mailer.composing.finding import Code
from pulse_mailer.composing.visiting import CODES, Outcome
from pulse_mailer.domain.visit import Visit

GOOD_FOR = datetime.timedelta(hours=24)  #: so long a page that was there is not visited again
BAD_FOR = datetime.timedelta(minutes=10)  #: likewise what was amiss: somebody may be mending it
#: So long preflight repeats what was found without going there again; a page that is gone stays so.
REMEMBERED = {Code.LINK_BROKEN: datetime.timedelta(days=7)}
REMEMBERED_ELSE = datetime.timedelta(hours=24)
KEPT_FOR = datetime.timedelta(days=30)

_LONGEST = 2000  #: bytes; what is longer finds no place in PostgreSQL's index


def fresh(database: Session, urls: Iterable[str], at: datetime.datetime) -> dict[str, Outcome]:
    """What need not be asked again yet."""
    return {
        visit.url: _outcome(visit)
        for visit in _visits(database, urls)
        if at - visit.at < (BAD_FOR if visit.code else GOOD_FOR)
    }


def remembered(database: Session, urls: Iterable[str], at: datetime.datetime) -> dict[str, Outcome]:
    """What was amiss when somebody last went there, and says when that was."""
    return {
        visit.url: Outcome(visit.code, f"{visit.words} (seen on {visit.at:%d %B, %H:%M} UTC)", visit.remedy)
        for visit in _visits(database, urls)
        if visit.code and at - visit.at < REMEMBERED.get(Code(visit.code), REMEMBERED_ELSE)
    }


def keep(database: Session, outcomes: Mapping[str, Outcome], at: datetime.datetime) -> None:
    """Keep what holds beyond this run, in place of what was known; and forget what is old."""
    rows = [
        {"url": url, "at": at, "code": found.code, "words": found.words, "remedy": found.remedy}
        for url, found in sorted(outcomes.items())
        if found.is_final and len(url.encode()) <= _LONGEST
    ]
    old = or_(Visit.at < at - KEPT_FOR, Visit.url.in_([row["url"] for row in rows]))
    database.execute(delete(Visit).where(old))
    if rows:  # whoever checked the same links at the same time came first
        dialect = sqlite if database.get_bind().dialect.name == "sqlite" else postgresql
        database.execute(dialect.insert(Visit).on_conflict_do_nothing(), rows)


def _visits(database: Session, urls: Iterable[str]) -> Iterable[Visit]:
    found = database.scalars(select(Visit).where(Visit.url.in_(list(urls))))
    return (visit for visit in found if not visit.code or visit.code in CODES)


def _outcome(visit: Visit) -> Outcome:
    return Outcome(visit.code, visit.words, visit.remedy)
