"""One-time sign-in links: for a first sign-in, an invitation, a forgotten password."""

import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.access import SignInLink
from pulse_mailer.domain.staff import Staff
from pulse_mailer.errors import Refused
from pulse_mailer.staff.tokens import hashed, token

LASTS = datetime.timedelta(hours=24)


def make(database: Session, staff: Staff, *, actor: str) -> str:
    """
    Give the token of a new link; earlier ones of the same person work no more.

    Raises:
        Refused: they belong to the team no longer.
    """
    if not staff.is_active:
        raise Refused(f"{staff.address} belongs to the team no longer.", remedy="Add them again.")
    made, at = token(), now()
    database.execute(
        update(SignInLink)
        .where(SignInLink.staff_id == staff.id, SignInLink.used_at.is_(None))
        .values(used_at=at)
    )
    database.add(SignInLink(staff_id=staff.id, token_hash=hashed(made), created_at=at, expires_at=at + LASTS))
    audit.record(database, actor, "staff.link_made", staff.address)
    return made


def works(database: Session, given: str) -> bool:
    return _owner(database, given) is not None


def consume(database: Session, given: str) -> Staff | None:
    """Whose link it was; None when it is used, too old, or nobody's. Of two who come at once, one comes in."""
    staff = _owner(database, given)
    if staff is None:
        return None
    used = database.scalars(
        update(SignInLink)
        .where(SignInLink.token_hash == hashed(given), SignInLink.used_at.is_(None))
        .values(used_at=now())
        .returning(SignInLink.id)
    ).all()
    return staff if used else None


def _owner(database: Session, given: str) -> Staff | None:
    return database.scalar(
        select(Staff)
        .join(SignInLink, SignInLink.staff_id == Staff.id)
        .where(
            SignInLink.token_hash == hashed(given),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now(),
            Staff.is_active,
        )
    )
