"""Sessions of browsers: kept on the server, so that each can be ended, by its hash, so that the rows open no door."""

import datetime
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.access import StaffSession
from pulse_mailer.domain.staff import Staff
from pulse_mailer.errors import NotFound
from pulse_mailer.staff.tokens import hashed, token

IDLE = datetime.timedelta(hours=12)
LONGEST = datetime.timedelta(days=14)
WAITS_FOR_CODE = datetime.timedelta(minutes=10)
#: `seen_at` is written so often and no oftener: a page that is looked at need not wait for a writer.
SEEN_EVERY = datetime.timedelta(minutes=5)

_LONGEST_USER_AGENT = 300


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where a browser is, as far as it says so.

    Attributes:
        token: of the session that it has now, which ends when another begins.
    """

    network: str
    user_agent: str
    token: str = ""


def begin(
    database: Session, staff: Staff, place: Place, *, is_whole: bool = True, by_link: bool = False
) -> str:
    """Give the token of a new session; its cookie is the only place that holds it."""
    made, at = token(), now()
    end(database, place.token)
    database.add(
        StaffSession(
            staff_id=staff.id,
            token_hash=hashed(made),
            is_whole=is_whole,
            by_link=by_link,
            created_at=at,
            seen_at=at,
            network=place.network,
            user_agent=place.user_agent[:_LONGEST_USER_AGENT],
        )
    )
    _forget_ended(database, at)
    return made


def find(database: Session, given: str, *, is_whole: bool = True) -> tuple[StaffSession, Staff] | None:
    """The session of a token, and whose it is; None when it has ended, or its owner is no longer of the team."""
    row = database.execute(
        select(StaffSession, Staff)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(StaffSession.token_hash == hashed(given), StaffSession.is_whole.is_(is_whole), Staff.is_active)
    ).one_or_none()
    return (row[0], row[1]) if row and _lives(row[0], now()) else None


def is_stale(session: StaffSession) -> bool:
    return now() - session.seen_at >= SEEN_EVERY


def see(database: Session, session_id: int) -> None:
    """Note that it is in use; one that has been ended meanwhile stays so."""
    if session := database.get(StaffSession, session_id):
        session.seen_at = now()


def of(database: Session, staff_id: int) -> list[StaffSession]:
    """Those that live, the newest first."""
    found = database.scalars(
        select(StaffSession)
        .where(StaffSession.staff_id == staff_id, StaffSession.is_whole)
        .order_by(StaffSession.id.desc())
    )
    return [session for session in found if _lives(session, now())]


def end(database: Session, given: str) -> None:
    database.execute(delete(StaffSession).where(StaffSession.token_hash == hashed(given)))


def end_one(database: Session, staff_id: int, session_id: int, *, actor: str) -> None:
    """
    Raises:
        NotFound: there is no such session of theirs.
    """
    session = database.get(StaffSession, session_id)
    if session is None or session.staff_id != staff_id:
        raise NotFound("That session is not there; it may have ended by itself.")
    database.delete(session)
    audit.record(database, actor, "staff.signed_out", f"session {session_id}")


def end_all(database: Session, staff: Staff, *, actor: str, besides: int | None = None) -> int:
    """End all sessions of a person, besides one; gives how many."""
    ended = database.scalars(
        delete(StaffSession)
        .where(StaffSession.staff_id == staff.id, StaffSession.id != (besides or 0))
        .returning(StaffSession.id)
    ).all()
    if ended:
        audit.record(database, actor, "staff.signed_out", staff.address, after={"sessions": len(ended)})
    return len(ended)


def _lives(session: StaffSession, at: datetime.datetime) -> bool:
    if not session.is_whole:
        return at - session.created_at < WAITS_FOR_CODE
    return at - session.seen_at < IDLE and at - session.created_at < LONGEST


def _forget_ended(database: Session, at: datetime.datetime) -> None:
    database.execute(
        delete(StaffSession).where(
            (StaffSession.created_at < at - LONGEST)
            | (StaffSession.seen_at < at - IDLE)
            | (~StaffSession.is_whole & (StaffSession.created_at < at - WAITS_FOR_CODE))
        )
    )
