"""
"Pause all": one switch by which no worker hands over any edition's mail.

Claims and marks read it in their own statements, so that it holds for every worker from the next mark on, whether
it looks into the database for anything else or not. Editions stay as they are, and go on where they were.
"""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.working import Standstill
from pulse_mailer.errors import UsageError, WrongState
from pulse_mailer.subscribers.joining import insert_new

_SUBJECT = "all workers"


def standstill(database: Session) -> Standstill | None:
    """Who stopped all workers, when and why; None while they work."""
    return database.get(Standstill, 1)


def stand_still(database: Session, *, by: str, why: str) -> None:
    """
    Let no worker hand anything over from now on; what is on the wire is finished.

    Raises:
        UsageError: no reason is given.
        WrongState: they stand still already.
    """
    why = " ".join(why.split())
    if not why:
        raise UsageError("Pausing everything wants a reason, which everybody sees.", remedy="Give one.")
    values = {"id": 1, "at": now(), "actor": by, "why": why}
    made = insert_new(database, Standstill, "id").values(values).returning(Standstill.id)
    if database.scalar(made) is None:
        raise WrongState("All sending is paused already.", remedy="Let it go on: pulse-mailer worker resume")
    audit.record(database, by, "workers.paused", _SUBJECT, after={"why": why})


def go_on(database: Session, *, by: str) -> None:
    """
    Let the workers go on.

    Raises:
        WrongState: they do not stand still.
    """
    found = standstill(database)
    if found is None:
        raise WrongState("Sending is not paused; the workers are at work.")
    before = {"why": found.why, "by": found.actor, "at": found.at.isoformat()}
    database.execute(delete(Standstill).where(Standstill.id == 1))
    audit.record(database, by, "workers.resumed", _SUBJECT, before=before)


def still(database: Session) -> bool:
    return database.scalar(select(Standstill.id)) is not None
