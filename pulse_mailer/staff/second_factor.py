"""The second factor: codes of an authenticator (RFC 6238), none taken twice, and recovery codes beside it."""

import base64
import hmac
import time
from dataclasses import dataclass

import pyotp
import segno
from cryptography.fernet import Fernet
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.access import RecoveryCode
from pulse_mailer.domain.staff import Staff
from pulse_mailer.errors import Refused
from pulse_mailer.keys import Keys
from pulse_mailer.staff.tokens import hashed, recovery_code

ISSUER = "Pulse Mailer"
RECOVERY_CODES = 10

_STEP_SECONDS = 30
#: Clocks differ: a code of the step before and of the one after is taken too.
_NEAR = (-1, 0, 1)


@dataclass(frozen=True, slots=True)
class Offer:
    """
    A secret to put into an authenticator.

    Attributes:
        picture: its QR code, as SVG for the page itself.
    """

    secret: str
    picture: str


def offer(staff: Staff, secret: str = "") -> Offer:
    """A new secret, or the given one again; nothing is kept until a code made with it comes back."""
    secret = secret if is_secret(secret) else pyotp.random_base32()
    address = pyotp.TOTP(secret).provisioning_uri(name=staff.address, issuer_name=ISSUER)
    code = segno.make(address, error="m", micro=False)
    return Offer(
        secret,
        code.svg_inline(scale=5, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True),
    )


def turn_on(database: Session, keys: Keys, staff: Staff, secret: str, code: str, *, actor: str) -> list[str]:
    """
    Give the recovery codes, which are shown this once.

    Raises:
        Refused: the code is not what the secret makes now.
    """
    step = _step_of(secret, code) if is_secret(secret) else None
    if step is None:
        raise Refused(
            "That code does not fit.",
            remedy="Type the newest one, and see that the clock of your telephone is right.",
        )
    staff.second_factor, staff.last_step = _seal(keys).encrypt(secret.encode()).decode(), step
    audit.record(database, actor, "staff.second_factor_on", staff.address)
    return new_recovery_codes(database, staff, actor=actor)


def turn_off(database: Session, staff: Staff, *, actor: str) -> None:
    was_on = staff.second_factor is not None
    staff.second_factor = staff.last_step = None
    database.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff.id))
    if was_on:
        audit.record(database, actor, "staff.second_factor_off", staff.address)


def new_recovery_codes(database: Session, staff: Staff, *, actor: str) -> list[str]:
    """Ten new ones; those before work no more."""
    database.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff.id))
    made = [recovery_code() for _ in range(RECOVERY_CODES)]
    database.add_all(RecoveryCode(staff_id=staff.id, code_hash=hashed(_bare(code))) for code in made)
    audit.record(database, actor, "staff.recovery_codes_made", staff.address)
    return made


def recovery_codes_left(database: Session, staff_id: int) -> int:
    counted = select(func.count(RecoveryCode.id)).where(
        RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None)
    )
    return database.scalar(counted) or 0


def accepts(database: Session, keys: Keys, staff: Staff, code: str) -> bool:
    """Whether it is a code of the authenticator or of the recovery codes, and has not been taken before."""
    assert staff.second_factor is not None
    typed = _bare(code)
    if typed.isdecimal():
        secret = _seal(keys).decrypt(staff.second_factor.encode()).decode()
        step = _step_of(secret, typed)
        return step is not None and _take_step(database, staff, step)
    return _take_recovery_code(database, staff, typed)


def is_secret(text: str) -> bool:
    return len(text) == 32 and set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def _step_of(secret: str, code: str) -> int | None:
    current, totp = int(time.time()) // _STEP_SECONDS, pyotp.TOTP(secret)
    for step in (current + near for near in _NEAR):
        if hmac.compare_digest(totp.generate_otp(step).encode(), _bare(code).encode()):
            return step
    return None


def _take_step(database: Session, staff: Staff, step: int) -> bool:
    taken = database.scalars(
        update(Staff)
        .where(Staff.id == staff.id, Staff.last_step.is_(None) | (Staff.last_step < step))
        .values(last_step=step)
        .returning(Staff.id)
    ).all()
    return bool(taken)


def _take_recovery_code(database: Session, staff: Staff, typed: str) -> bool:
    taken = database.scalars(
        update(RecoveryCode)
        .where(
            RecoveryCode.staff_id == staff.id,
            RecoveryCode.code_hash == hashed(typed),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now())
        .returning(RecoveryCode.id)
    ).all()
    if taken:
        audit.record(database, staff.address, "staff.recovery_code_used", staff.address)
    return bool(taken)


def _bare(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


def _seal(keys: Keys) -> Fernet:
    """So that whoever reads the database alone cannot make codes."""
    return Fernet(
        base64.urlsafe_b64encode(hmac.digest(keys.address, b"pulse-mailer second factor", "sha256"))
    )
