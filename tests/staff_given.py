"""Staff for tests: one of each role, signed in, with sessions whose tokens the tests know."""

from playwright.sync_api import BrowserContext
from sqlalchemy import select

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.domain.access import StaffSession
from pulse_mailer.domain.staff import Role, Staff
from pulse_mailer.staff import sessions
from pulse_mailer.staff.tokens import hashed
from pulse_mailer.web.who import csrf_of

COOKIE = "pulse"  #: as long as the app is reached by http


def address(role: Role) -> str:
    return f"{role.value}@example.org"


def token(role: Role) -> str:
    return f"session-of-the-{role.value}"


def given_staff(mailer: Mailer, *roles: Role) -> None:
    """Somebody of each role (of all, where none is named), with a session that lives; twice does no harm."""
    with mailer.database.transaction() as database:
        for role in roles or tuple(Role):
            staff = database.scalar(select(Staff).where(Staff.address == address(role)))
            if staff is None:
                name = f"Ann {role.value.title()}"
                staff = Staff(address=address(role), name=name, role=role, is_active=True, created_at=now())
                database.add(staff)
                database.flush()
            staff.role, staff.is_active = role, True
            if sessions.find(database, token(role)) is None:
                database.add(_session(staff, role))


def _session(staff: Staff, role: Role) -> StaffSession:
    return StaffSession(
        staff_id=staff.id,
        token_hash=hashed(token(role)),
        is_whole=True,
        by_link=False,
        created_at=now(),
        seen_at=now(),
        network="127.0.0.1",
        user_agent="tests",
    )


def cookies(role: Role = Role.ADMIN) -> dict[str, str]:
    """For a client that asks by GET."""
    return {COOKIE: token(role)}


def csrf(role: Role = Role.ADMIN) -> dict[str, str]:
    """The header, besides the cookies, for what changes something."""
    return {"X-CSRF-Token": csrf_of(token(role))}


def sign_in(context: BrowserContext, url: str, role: Role = Role.ADMIN) -> None:
    """Let a browser's pages be those of somebody of a role."""
    context.add_cookies([{"name": COOKIE, "value": cookies(role)[COOKIE], "url": url}])
