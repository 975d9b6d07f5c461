"""The team and the keys of programs, for who administers; nobody hands on more than they may themselves."""

import datetime
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.staff import Role
from pulse_mailer.errors import NotAllowed
from pulse_mailer.staff import api_keys, links, sessions, team
from pulse_mailer.staff.roles import Right, rights
from pulse_mailer.web.api.calls import Name, TheId, Typed
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Administers
from pulse_mailer.web.who import SignedIn

router = APIRouter(tags=["team"])


class StaffShown(BaseModel):
    """Somebody of the team."""

    address: str = Field(examples=["ann@example.org"])
    name: str
    role: Role
    is_active: bool = Field(description="False: they were let go, and come in no more.")
    has_password: bool
    has_second_factor: bool


class Member(BaseModel, extra="forbid"):
    address: Typed = Field(examples=["ann@example.org"])


class NewMember(Member):
    name: Name = Field(examples=["Ann"])
    role: Role = Field(examples=["composer"])


class NewRole(Member):
    role: Role = Field(examples=["approver"])


class LinkMade(BaseModel):
    """A one-time sign-in link."""

    address: str
    link: str = Field(description="It works once, within a day. Hand it over in a way that you trust.")


class SignedOut(BaseModel):
    count: int = Field(description="So many sessions ended.")


class KeyShown(BaseModel):
    """A key of a program, without the key itself, of which only a hash is kept."""

    id: int
    name: str
    prefix: str = Field(description="How it begins.")
    scopes: list[Right]
    state: str = Field(description="works, expired or revoked.")
    created_by: str
    created_at: datetime.datetime
    expires_at: datetime.datetime | None
    last_used_at: datetime.datetime | None


class KeyMade(KeyShown):
    key: str = Field(description="Keep it now: it is not shown again.")


class NewKey(BaseModel, extra="forbid"):
    name: Name = Field(description="What it is for; records name it.", examples=["newsroom"])
    scopes: Annotated[list[Right], Field(min_length=1, max_length=len(Right))] = Field(
        examples=[["read", "compose"]]
    )
    days: int | None = Field(
        default=None, ge=1, le=3_650, description="It expires after so many; left out: it does not."
    )


@router.get("/staff")
def list_staff(mailer: TheMailer, who: Administers) -> list[StaffShown]:
    """The team."""
    with mailer.database.reading() as database:
        return [StaffShown.model_validate(team.as_json(one)) for one in team.everybody(database)]


@router.post("/staff", status_code=201)
def add_staff(new: NewMember, mailer: TheMailer, who: Administers) -> LinkMade:
    """Take somebody into the team; gives the one-time link that lets them in."""
    _refuse_more(who, rights(new.role))
    with mailer.database.transaction() as database:
        staff, token = team.invite(database, new.address, new.name, new.role, actor=who.actor)
    return _link(mailer, staff.address, token)


@router.post("/staff/role")
def set_role(wish: NewRole, mailer: TheMailer, who: Administers) -> StaffShown:
    """Give somebody another role; it holds at once, and keys of theirs that may more work no more."""
    _refuse_more(who, rights(wish.role))
    with mailer.database.transaction() as database:
        staff = team.find(database, wish.address)
        team.set_role(database, staff, wish.role, actor=who.actor)
        return StaffShown.model_validate(team.as_json(staff))


@router.post("/staff/link", status_code=201)
def make_link(wish: Member, mailer: TheMailer, who: Administers) -> LinkMade:
    """Make a one-time sign-in link; those made before work no more."""
    with mailer.database.transaction() as database:
        staff = team.find(database, wish.address)
        _refuse_more(who, rights(staff.role))
        token = links.make(database, staff, actor=who.actor)
    return _link(mailer, staff.address, token)


@router.post("/staff/sign-out")
def sign_out(wish: Member, mailer: TheMailer, who: Administers) -> SignedOut:
    """Sign somebody out everywhere; they may come in again."""
    with mailer.database.transaction() as database:
        staff = team.find(database, wish.address)
        return SignedOut(count=sessions.end_all(database, staff, actor=who.actor))


@router.post("/staff/reset-second-factor")
def reset_second_factor(wish: Member, mailer: TheMailer, who: Administers) -> StaffShown:
    """Turn somebody's second factor off, who lost it, and end their sessions."""
    with mailer.database.transaction() as database:
        staff = team.find(database, wish.address)
        _refuse_more(who, rights(staff.role))
        team.reset_second_factor(database, staff, actor=who.actor)
        return StaffShown.model_validate(team.as_json(staff))


@router.post("/staff/deactivate")
def deactivate(wish: Member, mailer: TheMailer, who: Administers) -> StaffShown:
    """Let somebody in no more, and end their sessions and keys; what they did stays under their name."""
    with mailer.database.transaction() as database:
        staff = team.find(database, wish.address)
        team.deactivate(database, staff, actor=who.actor)
        return StaffShown.model_validate(team.as_json(staff))


@router.get("/api-keys")
def list_keys(mailer: TheMailer, who: Administers) -> list[KeyShown]:
    """All keys by their first letters, also those that work no more."""
    with mailer.database.reading() as database:
        return [KeyShown.model_validate(api_keys.as_json(one)) for one in api_keys.every(database)]


@router.post("/api-keys", status_code=201)
def create_key(new: NewKey, mailer: TheMailer, who: Administers) -> KeyMade:
    """Make a key, which the answer shows once."""
    _refuse_more(who, new.scopes)
    with mailer.database.transaction() as database:
        made, key = api_keys.create(
            database, new.name, new.scopes, actor=who.actor, expires_at=api_keys.in_days(new.days)
        )
        return KeyMade.model_validate(api_keys.as_json(made) | {"key": key})


@router.delete("/api-keys/{key_id}")
def revoke_key(key_id: TheId, mailer: TheMailer, who: Administers) -> KeyShown:
    """Let a key work no more, from this moment on."""
    with mailer.database.transaction() as database:
        return KeyShown.model_validate(api_keys.as_json(api_keys.revoke(database, key_id, actor=who.actor)))


def _refuse_more(who: SignedIn, wanted: Iterable[Right]) -> None:
    """
    Raises:
        NotAllowed: the key lacks some of these scopes; with one that it may hand on it would have them all.
    """
    if lacks := sorted(set(wanted) - who.rights):
        raise NotAllowed(
            f"The key {who.name} may not hand on what it lacks: the scope {', '.join(lacks)}.",
            remedy="Do it by a key that has it, as staff, or as a command.",
        )


def _link(mailer: Mailer, address: str, token: str) -> LinkMade:
    return LinkMade(address=address, link=f"{mailer.links.base_url}/sign-in/link/{token}")
