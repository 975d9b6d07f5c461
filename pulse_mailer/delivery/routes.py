"""
Backends that rest: one in trouble is left alone for a while, by all workers, and no recipient is to blame.

How long doubles from trouble to trouble, unless the other side says it; a success ends the count. It stands in the
database, so it outlives the workers.
"""

import datetime
import random
import re
from collections.abc import Sequence

from sqlalchemy import or_, select, type_coerce, update
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.base import UtcDateTime
from pulse_mailer.domain.route import Route
from pulse_mailer.subscribers.joining import insert_new

FIRST_SECONDS = 5.0
LONGEST_SECONDS = 15 * 60.0
#: Nobody is left alone for longer than that, whatever it says, unless it speaks of a day's quota.
LONGEST_SAID_SECONDS = 3600.0
#: A day's quota that is used up: asked every hour when it does not say for how long, for it opens bit by bit.
QUOTA_SECONDS = 3600.0
LONGEST_QUOTA_SECONDS = 25 * 3600.0
_A_DAYS_QUOTA = re.compile(r"\b(daily|per[ -]day|24[ -]?(h|hours?))\b", re.IGNORECASE)


def rest(
    database: Session,
    backend: str,
    words: str,
    retry_after_seconds: float | None = None,
    *,
    at: datetime.datetime | None = None,
) -> datetime.datetime:
    """
    Leave a backend alone for a while; gives until when.

    Workers that meet the same trouble at once count once: while it rests, only the other side's own word makes the
    rest longer.

    Args:
        words: why, as a sentence for people, with the other side's words.
        retry_after_seconds: what the other side said, where it did.
        at: the present, when it is not now.
    """
    at = at or now()
    route = held(database, backend)
    resting_until = route.rests_until if route.rests_until and route.rests_until > at else None
    if resting_until is None:
        seconds = _seconds(words, retry_after_seconds, route.trouble_count)
        route.trouble_count += 1
    elif retry_after_seconds is not None:
        seconds = _seconds(words, retry_after_seconds, 0)
    else:
        return resting_until
    until = at + datetime.timedelta(seconds=seconds)
    if resting_until is None or until > resting_until:
        route.rests_until, route.words = until, words
        return until
    return resting_until


def recovered(database: Session, backend: str, *, at: datetime.datetime | None = None) -> None:
    """
    A mail went through: the next trouble is the first one again.

    While it rests nothing changes: what goes through then was on its way before.
    """
    over = or_(Route.rests_until.is_(None), Route.rests_until <= (at or now()))
    database.execute(
        update(Route)
        .where(Route.backend == backend, Route.trouble_count > 0, over)
        .values(trouble_count=0, rests_until=None, words="")
    )


def hasten(database: Session, names: Sequence[str]) -> None:
    """Let these backends be asked now, since a person wants it; what is still in trouble rests on, and for longer."""
    database.execute(update(Route).where(Route.backend.in_(names)).values(rests_until=None))


def resting(
    database: Session, names: Sequence[str], *, at: datetime.datetime | None = None
) -> dict[str, tuple[datetime.datetime, str]]:
    """Which of these backends rest, until when, and why."""
    found = database.execute(
        select(Route.backend, type_coerce(Route.rests_until, UtcDateTime()), Route.words).where(
            Route.backend.in_(names), Route.rests_until > (at or now())
        )
    )
    return {row[0]: (row[1], row[2]) for row in found}


def wake(database: Session, backend: str, *, actor: str) -> bool:
    """End a rest by hand; False when it does not rest. The clock of its limits begins anew, too."""
    route = held(database, backend)
    route.paced_until = None
    if route.rests_until is None or route.rests_until <= now():
        return False
    before = {"rests_until": route.rests_until.isoformat(), "words": route.words}
    route.rests_until, route.trouble_count, route.words = None, 0, ""
    audit.record(database, actor, "backend.woken", f"backend {backend}", before=before)
    return True


def held(database: Session, backend: str) -> Route:
    """The row of a backend, made if need be; nobody else changes it until this transaction ends."""
    wanted = select(Route).where(Route.backend == backend).with_for_update()
    if (route := database.scalars(wanted).one_or_none()) is None:
        values = {"backend": backend, "trouble_count": 0, "words": ""}
        database.execute(insert_new(database, Route, "backend").values(values))
        route = database.scalars(wanted).one()
    return route


def _seconds(words: str, said: float | None, trouble_count: int) -> float:
    a_days_quota = _A_DAYS_QUOTA.search(words) is not None
    if said is not None:
        return min(max(said, 1.0), LONGEST_QUOTA_SECONDS if a_days_quota else LONGEST_SAID_SECONDS)
    if a_days_quota:
        return QUOTA_SECONDS
    doubled = min(FIRST_SECONDS * 2.0 ** min(trouble_count, 20), LONGEST_SECONDS)
    return doubled * random.uniform(0.8, 1.0)  # noqa: S311 - so that not all workers come back at once
