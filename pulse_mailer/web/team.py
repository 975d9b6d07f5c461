"""The team, for who administers: inviting, roles, one-time links, letting go."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.staff import Role, Staff
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.settings import LOOPBACK
from pulse_mailer.staff import api_keys, links, second_factor, sessions, team
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.signed_in import Administers

router = APIRouter()


DONE = {
    "role": "The role is changed.",
    "factor": "The second factor is off, and their sessions have ended. They come in by password or link alone.",
    "out": "They are signed out everywhere, and may come in again.",
    "gone": "They come in no more, and their sessions have ended.",
}


class Typed(BaseModel):
    address: str = Field(default="", max_length=400)
    name: str = Field(default="", max_length=400)
    role: Role = Role.COMPOSER


TheTyped = Annotated[Typed, Form()]


@router.api_route("/team", methods=["GET", "HEAD"])
def show_all(_who: Administers, mailer: TheMailer, pages: ThePages) -> Response:
    return _list(mailer, pages, Typed())


@router.post("/team")
def invite(
    who: Administers, typed: TheTyped, request: Request, mailer: TheMailer, pages: ThePages
) -> Response:
    """The link stands in the answer itself: no page shows it again."""
    try:
        with mailer.database.transaction() as database:
            staff, token = team.invite(database, typed.address, typed.name, typed.role, actor=who.actor)
    except PulseMailerError as error:
        return _list(mailer, pages, typed, error)
    return _link(request, mailer, pages, staff, token)


@router.api_route("/team/{staff_id}", methods=["GET", "HEAD"])
def show_one(
    staff_id: int,
    _who: Administers,
    mailer: TheMailer,
    pages: ThePages,
    done: Annotated[str, Query(max_length=20)] = "",
    keys: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Response:
    said = [DONE.get(done, ""), api_keys.ended(keys)] if done in DONE else []
    return _one(mailer, pages, staff_id, done=" ".join(said).strip())


@router.post("/team/{staff_id}/role")
def set_role(
    staff_id: int, who: Administers, typed: TheTyped, mailer: TheMailer, pages: ThePages
) -> Response:
    try:
        with mailer.database.transaction() as database:
            ended = team.set_role(database, team.member(database, staff_id), typed.role, actor=who.actor)
    except PulseMailerError as error:
        return _one(mailer, pages, staff_id, error)
    return _done(staff_id, "role", len(ended))


@router.post("/team/{staff_id}/link")
def make_link(
    staff_id: int, who: Administers, request: Request, mailer: TheMailer, pages: ThePages
) -> Response:
    try:
        with mailer.database.transaction() as database:
            staff = team.member(database, staff_id)
            token = links.make(database, staff, actor=who.actor)
    except PulseMailerError as error:
        return _one(mailer, pages, staff_id, error)
    return _link(request, mailer, pages, staff, token)


@router.post("/team/{staff_id}/second-factor/off")
def reset_second_factor(staff_id: int, who: Administers, mailer: TheMailer) -> Response:
    with mailer.database.transaction() as database:
        team.reset_second_factor(database, team.member(database, staff_id), actor=who.actor)
    return _done(staff_id, "factor")


@router.post("/team/{staff_id}/sign-out")
def sign_out(staff_id: int, who: Administers, mailer: TheMailer) -> Response:
    with mailer.database.transaction() as database:
        sessions.end_all(database, team.member(database, staff_id), actor=who.actor)
    return _done(staff_id, "out")


@router.post("/team/{staff_id}/deactivate")
def deactivate(staff_id: int, who: Administers, mailer: TheMailer, pages: ThePages) -> Response:
    try:
        with mailer.database.transaction() as database:
            ended = team.deactivate(database, team.member(database, staff_id), actor=who.actor)
    except PulseMailerError as error:
        return _one(mailer, pages, staff_id, error)
    return _done(staff_id, "gone", len(ended))


def _done(staff_id: int, what: str, keys: int = 0) -> Response:
    ended = f"&keys={keys}" if keys else ""
    return RedirectResponse(f"/team/{staff_id}?done={what}{ended}", status_code=303)


def _list(mailer: Mailer, pages: Pages, typed: Typed, error: PulseMailerError | None = None) -> Response:
    with mailer.database.reading() as database:
        everybody = team.everybody(database)
    return pages.page(
        "web/team.html",
        everybody=everybody,
        roles=tuple(Role),
        typed=typed,
        problem=str(error or ""),
        status=error.http_status if error else 200,
    )


def _one(
    mailer: Mailer, pages: Pages, staff_id: int, error: PulseMailerError | None = None, done: str = ""
) -> Response:
    with mailer.database.reading() as database:
        staff = team.member(database, staff_id)
        values: dict[str, Any] = {
            "staff": staff,
            "sessions": sessions.of(database, staff_id),
            "keys": api_keys.of(database, staff.address),
            "codes_left": second_factor.recovery_codes_left(database, staff_id),
        }
    status = error.http_status if error else 200
    return pages.page(
        "web/teammate.html", roles=tuple(Role), problem=str(error or ""), done=done, status=status, **values
    )


def _link(request: Request, mailer: Mailer, pages: Pages, staff: Staff, token: str) -> Response:
    """Who looks at this machine itself is given a link by the name that they use."""
    near = request.url.hostname in LOOPBACK
    site = str(request.base_url).rstrip("/") if near else mailer.links.base_url
    return pages.page("web/team_link.html", staff=staff, link=f"{site}/sign-in/link/{token}")
