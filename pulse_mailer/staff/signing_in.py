"""Who comes in: by password, by a one-time link, and by a code where somebody has turned that on."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.domain.staff import Staff
from pulse_mailer.keys import Keys
from pulse_mailer.staff import links, passwords, second_factor, sessions
from pulse_mailer.staff.sessions import Place


@dataclass(frozen=True, slots=True)
class Admitted:
    """
    Attributes:
        token: for the browser's cookie.
        is_whole: False: a code must follow.
        lacks_password: they came by a link and have none yet.
    """

    token: str
    is_whole: bool
    lacks_password: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """
    What came of comparing a password.

    Attributes:
        staff_id: whose address was given; None: nobody's.
        fitting: the hash that it fits; None: it does not.
        renewed: its hash by today's parameters, where they have grown since.
    """

    staff_id: int | None
    fitting: str | None
    renewed: str | None


def compare(database: Session, address: str, password: str) -> Compared:
    """
    Hold a password against the one that is kept; it takes as long where there is none. Changes nothing: it runs
    for a tenth of a second, in which nobody else should have to wait with their writing.
    """
    staff = database.scalar(select(Staff).where(Staff.address == plain(address), Staff.is_active))
    kept = staff.password_hash if staff else None
    fits = passwords.fits(kept, password)
    renewed = passwords.hash_of(password) if fits and kept and passwords.is_outdated(kept) else None
    return Compared(staff.id if staff else None, kept if fits else None, renewed)


def by_password(database: Session, compared: Compared, place: Place) -> Admitted | None:
    """None when address and password do not belong together; which of them is wrong, nobody learns, nor how fast."""
    staff = database.get(Staff, compared.staff_id) if compared.staff_id else None
    if staff is None:
        return None
    # What was compared must be what is kept still: it may have been changed, or the person let go, meanwhile.
    if compared.fitting is None or staff.password_hash != compared.fitting or not staff.is_active:
        refused(database, staff, "staff.sign_in_refused", place.network)
        return None
    staff.password_hash = compared.renewed or staff.password_hash
    return _admit(database, staff, place)


def by_link(database: Session, given: str, place: Place) -> Admitted | None:
    """None when the link is used, too old, or nobody's."""
    staff = links.consume(database, given)
    return _admit(database, staff, place, by_link=True) if staff else None


def by_issuer(database: Session, address: str, place: Place) -> Admitted | None:
    """None when nobody of the team has the address that an issuer has verified; nobody is taken in by it."""
    staff = database.scalar(select(Staff).where(Staff.address == plain(address), Staff.is_active))
    return _admit(database, staff, place) if staff else None


def by_code(database: Session, keys: Keys, code: str, place: Place) -> Admitted | None:
    """
    None when the code does not fit, or the browser's session waits for none. That one ends when another begins,
    so that nobody who knew its name has part in the next.
    """
    found = sessions.find(database, place.token, is_whole=False)
    if found is None:
        return None
    waiting, staff = found
    if staff.second_factor is not None and not second_factor.accepts(database, keys, staff, code):
        refused(database, staff, "staff.code_refused", place.network)
        return None
    return _come_in(database, staff, place, by_link=waiting.by_link)


def plain(address: str) -> str:
    """An address in the form that staff are kept by; without what no database can be asked about."""
    return address.replace("\0", "").strip().casefold()


def refused(database: Session, staff: Staff, action: str, network: str) -> None:
    """Keep on record that somebody, somewhere, could not show that they are this person."""
    audit.record(database, staff.address, action, staff.address, after={"network": network})


def _admit(database: Session, staff: Staff, place: Place, *, by_link: bool = False) -> Admitted:
    if staff.second_factor is None:
        return _come_in(database, staff, place, by_link=by_link)
    made = sessions.begin(database, staff, place, is_whole=False, by_link=by_link)
    return Admitted(made, is_whole=False)


def _come_in(database: Session, staff: Staff, place: Place, *, by_link: bool) -> Admitted:
    audit.record(
        database,
        staff.address,
        "staff.signed_in",
        staff.address,
        after={"network": place.network, "link": by_link},
    )
    made = sessions.begin(database, staff, place, by_link=by_link)
    return Admitted(made, is_whole=True, lacks_password=staff.password_hash is None)
