"""What staff do about their own way in; where it matters, they show again that it is they."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from pulse_mailer.domain.access import StaffSession
from pulse_mailer.domain.staff import Staff
from pulse_mailer.errors import Refused
from pulse_mailer.keys import Keys
from pulse_mailer.staff import passwords, second_factor, sessions, team
from pulse_mailer.staff.signing_in import refused


@dataclass(frozen=True, slots=True)
class Account:
    """
    Attributes:
        sessions: those that live, the newest first.
        needs_password: a new password wants the present one beside it.
    """

    staff: Staff
    sessions: list[StaffSession]
    recovery_codes_left: int
    needs_password: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """
    A password of one's own that was chosen.

    Attributes:
        present: the hash that the present one was held against; None: there is none.
        new: the hash of the new one; None: the present one was wrong.
    """

    present: str | None
    new: str | None


def account(database: Session, staff_id: int, session_id: int) -> Account:
    staff = team.member(database, staff_id)
    return Account(
        staff,
        sessions.of(database, staff_id),
        second_factor.recovery_codes_left(database, staff_id),
        _needs_password(database, staff, session_id),
    )


def compare(database: Session, staff_id: int, session_id: int, *, present: str, new: str) -> Chosen:
    """
    Hold the present password against the one that is kept, and hash the new one. Changes nothing: each takes a tenth
    of a second, in which nobody else should have to wait with their writing.

    Who came in by a one-time link need not know the present one.

    Raises:
        UsageError: the new one is too short, or anybody would try it.
    """
    staff = team.member(database, staff_id)
    asks = _needs_password(database, staff, session_id)
    fits = not asks or passwords.fits(staff.password_hash, present)
    return Chosen(staff.password_hash, passwords.new(new, staff) if fits else None)


def choose_password(database: Session, staff: Staff, session_id: int, chosen: Chosen, network: str) -> bool:
    """Set one's password, and end one's other sessions; False, and on record, when the present one is wrong."""
    # What was compared must be what is kept still: it may have been changed meanwhile.
    if chosen.new is None or staff.password_hash != chosen.present:
        refused(database, staff, "staff.password_refused", network)
        return False
    team.set_password(database, staff, chosen.new, actor=staff.address, session_id=session_id)
    if session := database.get(StaffSession, session_id):
        session.by_link = False
    return True


def renew_recovery_codes(
    database: Session, keys: Keys, staff: Staff, code: str, network: str
) -> list[str] | None:
    """
    None, and on record, where the code does not fit.

    Raises:
        Refused: the second factor is off.
    """
    if not _shows(database, keys, staff, code, network):
        return None
    return second_factor.new_recovery_codes(database, staff, actor=staff.address)


def turn_off_second_factor(database: Session, keys: Keys, staff: Staff, code: str, network: str) -> bool:
    """
    False, and on record, where the code does not fit.

    Raises:
        Refused: it is off already.
    """
    if not _shows(database, keys, staff, code, network):
        return False
    second_factor.turn_off(database, staff, actor=staff.address)
    return True


def _shows(database: Session, keys: Keys, staff: Staff, code: str, network: str) -> bool:
    if staff.second_factor is None:
        raise Refused("The second factor is off.")
    if second_factor.accepts(database, keys, staff, code):
        return True
    refused(database, staff, "staff.code_refused", network)
    return False


def _needs_password(database: Session, staff: Staff, session_id: int) -> bool:
    session = database.get(StaffSession, session_id)
    return staff.password_hash is not None and not (session and session.by_link)
