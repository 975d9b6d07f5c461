"""Keys that programs sign in with: shown once, kept as a hash, each with the rights that it was given alone."""

import datetime
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.actors import person
from pulse_mailer.clock import now
from pulse_mailer.domain.access import ApiKey
from pulse_mailer.domain.counting import counted
from pulse_mailer.errors import NotFound, UsageError
from pulse_mailer.staff.roles import Right
from pulse_mailer.staff.tokens import hashed, token

MARK = "pulse_"  #: so that people, and programs that look for lost secrets, know one when they see it
SHOWN = len(MARK) + 6
WORKS = "works"
USED_EVERY = datetime.timedelta(minutes=5)


def create(
    database: Session,
    name: str,
    scopes: Iterable[Right],
    *,
    actor: str,
    expires_at: datetime.datetime | None = None,
) -> tuple[ApiKey, str]:
    """
    Give the new key's row, and the key itself, which nobody can ask for again.

    Raises:
        UsageError: it has no name or no scope.
    """
    name, scopes = " ".join(name.split()), sorted(set(scopes))
    if not name or len(name) > 80 or not name.isprintable() or set(name) & set("():"):
        raise UsageError("A key has a name of 1 to 80 letters, without brackets and colons.")
    if not scopes:
        raise UsageError("A key without a scope may do nothing.", remedy=f"Scopes are {', '.join(Right)}.")
    secret = MARK + token()
    key = ApiKey(
        name=name,
        prefix=secret[:SHOWN],
        key_hash=hashed(secret),
        scopes=[scope.value for scope in scopes],
        created_by=actor,
        created_at=now(),
        expires_at=expires_at,
    )
    database.add(key)
    database.flush()
    audit.record(
        database, actor, "api_key.created", _subject(key), after={"name": name, "scopes": key.scopes}
    )
    return key, secret


def in_days(days: int | None) -> datetime.datetime | None:
    """When a key expires that lasts so many days; None: it does not."""
    return None if days is None else now() + datetime.timedelta(days=days)


def as_json(key: ApiKey) -> dict[str, Any]:
    """What `api-key list --json` and the API tell of a key; kept stable."""
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "state": _state(key),
        "created_by": key.created_by,
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "expires_at": key.expires_at and key.expires_at.isoformat(timespec="seconds"),
        "last_used_at": key.last_used_at and key.last_used_at.isoformat(timespec="seconds"),
    }


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    return WORKS if key.expires_at is None or key.expires_at > now() else "expired"


def find(database: Session, secret: str) -> ApiKey | None:
    """None when it is none of ours, was revoked or has expired."""
    key = database.scalar(
        select(ApiKey).where(ApiKey.key_hash == hashed(secret), ApiKey.revoked_at.is_(None))
    )
    return key if key and _state(key) == WORKS else None


def is_stale(key: ApiKey) -> bool:
    return key.last_used_at is None or now() - key.last_used_at >= USED_EVERY


def use(database: Session, key_id: int) -> None:
    if key := database.get(ApiKey, key_id):
        key.last_used_at = now()


def every(database: Session) -> Sequence[ApiKey]:
    return database.scalars(select(ApiKey).order_by(ApiKey.id)).all()


def of(database: Session, address: str) -> list[ApiKey]:
    """The keys of somebody of the team that still work: those that they made, wherever they acted from."""
    return [key for key in every(database) if _state(key) == WORKS and person(key.created_by) == address]


def keep_within(
    database: Session, address: str, rights: Collection[Right], *, actor: str, why: str
) -> list[ApiKey]:
    """
    Let those of somebody's keys work no more that may do more than this: a key belongs to who made it.

    Gives those that it ended.
    """
    ended = [key for key in of(database, address) if not set(key.scopes) <= set(rights)]
    for key in ended:
        key.revoked_at = now()
        audit.record(database, actor, "api_key.revoked", _subject(key), after={"name": key.name, "why": why})
    return ended


def ended(count: int) -> str:
    """What to say of keys that were ended with who made them; nothing of none."""
    if not count:
        return ""
    return f"{counted(count, 'key')} of theirs {'works' if count == 1 else 'work'} no more."


def revoke(database: Session, key_id: int, *, actor: str) -> ApiKey:
    """
    Raises:
        NotFound: there is no such key, or it was revoked before.
    """
    key = database.get(ApiKey, key_id)
    if key is None or key.revoked_at is not None:
        raise NotFound(
            f"There is no key {key_id} that still works.",
            remedy="See which there are: pulse-mailer api-key list",
        )
    key.revoked_at = now()
    audit.record(database, actor, "api_key.revoked", _subject(key))
    return key


def _subject(key: ApiKey) -> str:
    return f"key {key.prefix}…"
