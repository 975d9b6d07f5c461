"""What operators and administrators look at, and set going or halt: the audit, workers, backends, health."""

import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from pulse_mailer import __version__, examining
from pulse_mailer.clock import now
from pulse_mailer.delivery import routes, standstill, workers
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.staff import records
from pulse_mailer.web.api.calls import Id, Name
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Administers, Operates, Reads

router = APIRouter(tags=["operating"])


class AuditShown(BaseModel):
    """Who did what, and what was so before and after."""

    id: int
    at: datetime.datetime = Field(description="In UTC.")
    actor: str
    action: str = Field(examples=["edition.changed"])
    subject: str = Field(examples=["edition pulse/2026-04"])
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class HealthShown(BaseModel):
    version: str
    database: str = Field(description="Its kind: sqlite or postgresql.")
    paused: bool = Field(description="Whether all sending was paused.")


class WorkerShown(BaseModel, from_attributes=True):
    name: str
    started_at: datetime.datetime
    seen_at: datetime.datetime


class QueueShown(BaseModel, from_attributes=True):
    """What waits of one edition that is being sent or paused."""

    name: str
    status: EditionStatus
    due_count: int
    later_count: int
    oldest_at: datetime.datetime | None
    leased_count: int
    owner_count: int
    next_lease_ends_at: datetime.datetime | None


class WorkersShown(BaseModel):
    """Which workers live, and what waits for them; times in UTC."""

    paused: str | None = Field(description="Why all were paused; null: they were not.")
    workers: list[WorkerShown]
    queues: list[QueueShown]
    attempts_per_second: float


class Why(BaseModel, extra="forbid"):
    why: Name = Field(description="The reason, which everybody sees.", examples=["the relay is moved"])


class BackendShown(BaseModel, from_attributes=True):
    """A way out, and what it may be given; times in UTC."""

    name: str = Field(examples=["smtp"])
    relay: str = Field(description="Who is asked; empty when a setting is missing, which `missing` says.")
    missing: str
    limits: str = Field(description="As the setting writes them; empty: none.")
    used_in_24_hours: int | None = Field(description="Null: nothing counts them.")
    left_today: int | None
    rests_until: datetime.datetime | None
    why: str = Field(description="Why it rests.")


class Answered(BaseModel):
    relay: str
    answer: str = Field(description="What it said.")


class Woken(BaseModel):
    changed: bool = Field(description="False where it did not rest.")


Backend = Annotated[Name, Path(examples=["smtp"])]


@router.get("/audit")
def list_audit(
    mailer: TheMailer,
    who: Administers,
    actor: Annotated[Name, Query(description="A piece of who did it.")] = "",
    text: Annotated[
        Name, Query(description="A piece of what was done, to what, or of a value; or a reader’s address.")
    ] = "",
    since: Annotated[
        datetime.datetime | None,
        Query(description="Only from this moment on; in UTC, unless it says otherwise."),
    ] = None,
    before: Annotated[
        Id | None, Query(description="Only those with smaller ids: the last one you have.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> list[AuditShown]:
    """Who did what, the newest first."""
    begun = since if since is None or since.tzinfo else since.replace(tzinfo=datetime.UTC)
    with mailer.database.reading() as database:
        found = records.records(
            database, mailer.keys, actor=actor, text=text, since=begun, before=before, limit=limit
        )
    return [AuditShown.model_validate(records.as_json(one)) for one in found]


@router.get("/workers")
def list_workers(mailer: TheMailer, who: Operates) -> WorkersShown:
    """The workers that live, what waits for them, and whether all were paused."""
    with mailer.database.reading() as database:
        stands = standstill.standstill(database)
        return WorkersShown(
            paused=stands.why if stands else None,
            workers=[WorkerShown.model_validate(one) for one in workers.workers(database)],
            queues=[QueueShown.model_validate(one) for one in workers.queues(database)],
            attempts_per_second=round(workers.attempts_per_second(database), 2),
        )


@router.post("/workers/pause")
def pause_workers(why: Why, mailer: TheMailer, who: Operates) -> WorkersShown:
    """Let no worker hand over any mail, until they resume; what is on the wire is finished."""
    with mailer.database.transaction() as database:
        standstill.stand_still(database, by=who.actor, why=why.why)
    return list_workers(mailer, who)


@router.post("/workers/resume")
def resume_workers(mailer: TheMailer, who: Operates) -> WorkersShown:
    """Let all workers go on."""
    with mailer.database.transaction() as database:
        standstill.go_on(database, by=who.actor)
    return list_workers(mailer, who)


@router.get("/backends")
def list_backends(mailer: TheMailer, who: Operates) -> list[BackendShown]:
    """The backends that settings and newsletters name, with their limits and what rests."""
    with mailer.database.reading() as database:
        found = examining.backend_lines(mailer, database, now())
    return [BackendShown.model_validate(one) for one in found]


@router.post("/backends/{name}/check")
def check_backend(name: Backend, mailer: TheMailer, who: Operates) -> Answered:
    """Connect and sign in, as sending does; nothing is sent. 502 when it does not take our mail."""
    with mailer.database.reading() as database:
        known = examining.known_backend(mailer, database, name)
    (backend,) = mailer.backends([known])
    return Answered(relay=backend.relay, answer=backend.check())


@router.post("/backends/{name}/wake")
def wake_backend(name: Backend, mailer: TheMailer, who: Operates) -> Woken:
    """End a backend's rest, so that it is asked at once."""
    with mailer.database.transaction() as database:
        known = examining.known_backend(mailer, database, name)
        return Woken(changed=routes.wake(database, known, actor=who.actor))


@router.get("/health")
def show_health(mailer: TheMailer, who: Reads) -> HealthShown:
    """Whether the program can work: 503 where its database cannot be had, or is behind."""
    mailer.database.check_revision()
    with mailer.database.reading() as database:
        paused = standstill.still(database)
    kind = "sqlite" if mailer.database.is_sqlite else "postgresql"
    return HealthShown(version=__version__, database=kind, paused=paused)
