"""The team: who belongs to it, in which role; somebody who can administer always remains."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.access import ApiKey
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.staff import Role, Staff
from pulse_mailer.errors import NotFound, Refused, UsageError
from pulse_mailer.staff import api_keys, links, second_factor, sessions
from pulse_mailer.staff.roles import rights
from pulse_mailer.staff.signing_in import plain

LONGEST_NAME = 80
_NOWHERE = "@localhost"  #: who administers a first run need not have an address yet


def everybody(database: Session) -> Sequence[Staff]:
    return database.scalars(select(Staff).order_by(Staff.is_active.desc(), Staff.name, Staff.id)).all()


def as_json(staff: Staff) -> dict[str, Any]:
    """What `staff list --json` and the API tell; kept stable."""
    return {
        "address": staff.address,
        "name": staff.name,
        "role": staff.role.value,
        "is_active": staff.is_active,
        "has_password": staff.password_hash is not None,
        "has_second_factor": staff.second_factor is not None,
    }


def find(database: Session, address: str) -> Staff:
    """
    Raises:
        NotFound: nobody of the team has that address.
    """
    staff = database.scalar(select(Staff).where(Staff.address == plain(address)))
    if staff is None:
        raise NotFound(
            f"Nobody of the team has the address {address!r}.",
            remedy="See who is in it: pulse-mailer staff list",
        )
    return staff


def member(database: Session, staff_id: int) -> Staff:
    """
    Raises:
        NotFound: there is nobody of that number.
    """
    staff = database.get(Staff, staff_id)
    if staff is None:
        raise NotFound("There is nobody of that number in the team.")
    return staff


def add(database: Session, address: str, name: str, role: Role, *, actor: str) -> Staff:
    """
    Take somebody into the team, or take back one who had left; a one-time link lets them in.

    Raises:
        BadAddress: it is no e-mail address.
        Refused: they belong to it already.
        UsageError: the name is empty or too long.
    """
    key, name = _key(address), _name(name)
    staff = database.scalar(select(Staff).where(Staff.address == key))
    if staff is None:
        staff = Staff(address=key, name=name, role=role, is_active=True, created_at=now())
        database.add(staff)
    elif staff.is_active:
        raise Refused(f"{staff.address} belongs to the team already, as {staff.role.value}.")
    else:
        staff.name, staff.role, staff.is_active = name, role, True
    database.flush()
    audit.record(database, actor, "staff.added", key, after={"name": name, "role": role.value})
    return staff


def rename(database: Session, staff: Staff, name: str, *, actor: str) -> None:
    """Raises UsageError: the name is empty or too long."""
    before, staff.name = staff.name, _name(name)
    if before != staff.name:
        audit.record(
            database,
            actor,
            "staff.renamed",
            staff.address,
            before={"name": before},
            after={"name": staff.name},
        )


def set_role(database: Session, staff: Staff, role: Role, *, actor: str) -> list[ApiKey]:
    """
    Give somebody another role. Gives those of their keys that may more than it, and work no more.

    Raises:
        Refused: nobody else could administer.
    """
    if staff.role is role:
        return []
    if role is not Role.ADMIN:
        _keep_an_admin(database, staff)
    before, staff.role = staff.role, role
    audit.record(
        database,
        actor,
        "staff.role_set",
        staff.address,
        before={"role": before.value},
        after={"role": role.value},
    )
    why = f"who made it is {role.value} now"
    return api_keys.keep_within(database, staff.address, rights(role), actor=actor, why=why)


def deactivate(database: Session, staff: Staff, *, actor: str) -> list[ApiKey]:
    """
    Let somebody in no more, from this moment on; what they did stays under their name.

    Gives their keys, which work no more either: nobody would answer for what programs do by them.

    Raises:
        Refused: nobody else could administer.
    """
    _keep_an_admin(database, staff)
    staff.is_active = False
    staff.password_hash = None
    second_factor.turn_off(database, staff, actor=actor)
    sessions.end_all(database, staff, actor=actor)
    audit.record(database, actor, "staff.deactivated", staff.address, before={"role": staff.role.value})
    return api_keys.keep_within(database, staff.address, (), actor=actor, why="who made it was let go")


def reset_second_factor(database: Session, staff: Staff, *, actor: str) -> None:
    """For who lost it: turned off, and whoever is signed in as them no longer is."""
    second_factor.turn_off(database, staff, actor=actor)
    sessions.end_all(database, staff, actor=actor)


def set_password(
    database: Session, staff: Staff, password_hash: str, *, actor: str, session_id: int | None = None
) -> None:
    """
    Set it, and end every session besides the one it was set in.

    Args:
        password_hash: of `passwords.new()`, made before anything is written.
    """
    staff.password_hash = password_hash
    audit.record(database, actor, "staff.password_set", staff.address)
    sessions.end_all(database, staff, actor=actor, besides=session_id)


def invite(database: Session, address: str, name: str, role: Role, *, actor: str) -> tuple[Staff, str]:
    """Take somebody in and give the token of their one-time link. Raises as `add()`."""
    staff = add(database, address, name, role, actor=actor)
    return staff, links.make(database, staff, actor=actor)


def can_administer(database: Session) -> bool:
    """Whether anybody who may administer can come in by a password."""
    return bool(
        database.scalar(
            select(func.count(Staff.id)).where(
                Staff.role == Role.ADMIN, Staff.is_active, Staff.password_hash.is_not(None)
            )
        )
    )


def first_link(database: Session, address: str, *, actor: str) -> tuple[Staff, str]:
    """
    Give somebody who administers, and the token of their one-time link: of that address, else whoever does; where
    nobody does, somebody is made of the address.

    Raises:
        BadAddress: it is no e-mail address.
        Refused: they are of the team and do not administer.
    """
    key = _key(address)
    staff = database.scalar(select(Staff).where(Staff.address == key, Staff.is_active))
    if staff is None:
        admins = select(Staff).where(Staff.role == Role.ADMIN, Staff.is_active).order_by(Staff.id).limit(1)
        staff = database.scalar(admins) or add(
            database, key, key.partition("@")[0].title(), Role.ADMIN, actor=actor
        )
    if staff.role is not Role.ADMIN:
        raise Refused(f"{key} does not administer.", remedy="Name somebody who does: --admin ADDRESS")
    return staff, links.make(database, staff, actor=actor)


def _keep_an_admin(database: Session, staff: Staff) -> None:
    others = select(func.count(Staff.id)).where(
        Staff.role == Role.ADMIN, Staff.is_active, Staff.id != staff.id
    )
    if staff.role is Role.ADMIN and staff.is_active and not database.scalar(others):
        raise Refused(
            f"{staff.address} is the only one who can administer.",
            remedy="Give somebody else that role first.",
        )


def _key(address: str) -> str:
    typed = plain(address)
    local = typed.removesuffix(_NOWHERE)
    if typed.endswith(_NOWHERE) and local.isascii() and local.isalnum():
        return typed
    return Address.parse(address).key


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(f"A name has 1 to {LONGEST_NAME} letters, and no controls.")
    return name
