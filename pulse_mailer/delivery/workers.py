"""Which workers live, what waits for them, and how fast they go."""

import datetime
import os
import socket
from dataclasses import dataclass

from sqlalchemy import delete, func, select, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pulse_mailer import __version__
from pulse_mailer.clock import now
from pulse_mailer.delivery import indexed
from pulse_mailer.domain.base import UtcDateTime
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.working import Worker

#: A worker says that it lives so often; from which silence on it counts as lost, and when it is forgotten.
BEAT = datetime.timedelta(seconds=10)
SILENT = datetime.timedelta(seconds=60)
FORGOTTEN = datetime.timedelta(days=1)

_MEASURED = datetime.timedelta(minutes=1)
_MOST_MEASURED = 10_000
_UNDER_WAY = (EditionStatus.SENDING, EditionStatus.PAUSED)


@dataclass(frozen=True, slots=True)
class Queue:
    """
    What waits of one edition that is being sent or paused.

    Attributes:
        due_count: could go now.
        later_count: was put off until later.
        oldest_at: since when the one waits that waits longest; None: none is due.
        leased_count: with a worker.
        owner_count: of how many workers.
        next_lease_ends_at: when the first of their leases ends, unless it is renewed.
    """

    name: str
    period: str
    status: EditionStatus
    timezone: str
    due_count: int
    later_count: int
    oldest_at: datetime.datetime | None
    leased_count: int
    owner_count: int
    next_lease_ends_at: datetime.datetime | None


def this_worker() -> str:
    """The name of this process among the workers."""
    return f"{socket.gethostname()}, process {os.getpid()}"


def sign(database: Session, name: str, started_at: datetime.datetime) -> None:
    """Note that a worker lives; those that were silent for a day are forgotten."""
    at = now()
    insert = sqlite.insert if database.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {"version": __version__, "started_at": started_at, "seen_at": at}
    noted = insert(Worker).values(name=name, **values)
    database.execute(noted.on_conflict_do_update(index_elements=["name"], set_=values))
    database.execute(delete(Worker).where(Worker.seen_at < at - FORGOTTEN))


def leave(database: Session, name: str) -> None:
    """Note that a worker ended as it was asked to."""
    database.execute(delete(Worker).where(Worker.name == name))


def workers(database: Session) -> list[Worker]:
    """Those that live, and those that fell silent within a day; by name."""
    return list(database.scalars(select(Worker).order_by(Worker.name)))


def anybody(database: Session) -> bool:
    """Whether a worker lives."""
    lives = select(Worker.name).where(Worker.seen_at > now() - SILENT)
    return database.scalar(select(lives.exists())) or False


def queues(database: Session) -> list[Queue]:
    """What waits, edition by edition, those that began first first."""
    wanted = (
        select(Edition, Newsletter.slug, Newsletter.timezone)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .where(Edition.status.in_(_UNDER_WAY))
        .order_by(Edition.frozen_at, Edition.id)
    )
    return [_queue(database, edition, slug, zone) for edition, slug, zone in database.execute(wanted)]


def attempts_per_second(database: Session) -> float:
    """How many attempts a second ended within the last minute; of very many only the last are looked at."""
    last = select(Attempt.ended_at).order_by(Attempt.id.desc()).limit(_MOST_MEASURED).subquery()
    at = now()
    count, oldest = database.execute(
        select(func.count(), type_coerce(func.min(last.c.ended_at), UtcDateTime())).where(
            last.c.ended_at > at - _MEASURED
        )
    ).one()
    span = _MEASURED if count < _MOST_MEASURED else at - oldest
    return float(count / max(span.total_seconds(), 0.001))


def _queue(database: Session, edition: Edition, slug: str, zone: str) -> Queue:
    at = now()
    its = Delivery.edition_id == edition.id
    due = Delivery.next_attempt_at <= at
    # Each from its own small index; the state would have to be read from the rows themselves.
    due_count, oldest_at = database.execute(
        select(func.count(), type_coerce(func.min(Delivery.next_attempt_at), UtcDateTime())).where(its, due)
    ).one()
    later = select(func.count()).where(its, Delivery.next_attempt_at > at)
    leased = select(
        func.count(),
        func.count(Delivery.lease_owner.distinct()),
        type_coerce(func.min(Delivery.lease_until), UtcDateTime()),
    ).where(indexed.held(edition.id))
    return Queue(
        f"{slug}/{edition.key}",
        edition.period or edition.key,
        edition.status,
        zone,
        due_count,
        database.scalar(later) or 0,
        oldest_at,
        *database.execute(leased).one(),
    )


def uncertain_count(database: Session) -> int:
    """How many deliveries wait for somebody to find out whether they went."""
    return database.scalar(select(func.count()).where(indexed.in_state(DeliveryStatus.UNCERTAIN))) or 0
