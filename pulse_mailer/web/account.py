"""One's own account: name, password, second factor, and where one is signed in."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.staff import Staff
from pulse_mailer.errors import PulseMailerError, Refused
from pulse_mailer.staff import own, second_factor, sessions, team
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages, told
from pulse_mailer.web.sign_in import ThePlace, TheTries, Tries
from pulse_mailer.web.signed_in import require
from pulse_mailer.web.who import SignedIn

router = APIRouter()

#: What the page says after a form of it; by the word in its address.
DONE = {
    "name": "Your name is changed.",
    "password": "Your password is set. Your other sessions have ended.",
    "off": "The second factor is off.",
    "ended": "That session has ended.",
}

_WRONG = Refused("The present password is wrong.", remedy="If you forgot it, have a one-time link made.")
_WRONG_CODE = Refused("That code does not fit, or was used before.", remedy="Wait for the next one.")


def _person(who: Annotated[SignedIn, Depends(require())]) -> SignedIn:
    """Somebody with an account; programs have none."""
    if who.staff_id is None or who.session_id is None:
        raise HTTPException(404)
    return who


Person = Annotated[SignedIn, Depends(_person)]


class Typed(BaseModel):
    name: str = Field(default="", max_length=400)
    present: str = Field(default="", max_length=400)
    new: str = Field(default="", max_length=400)
    code: str = Field(default="", max_length=80)
    secret: str = Field(default="", max_length=80)


TheTyped = Annotated[Typed, Form()]


@router.api_route("/account", methods=["GET", "HEAD"])
def show(
    who: Person, mailer: TheMailer, pages: ThePages, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    return _page(who, mailer, pages, done=DONE.get(done, ""))


@router.post("/account/name")
def rename(who: Person, typed: TheTyped, mailer: TheMailer, pages: ThePages) -> Response:
    try:
        with mailer.database.transaction() as database:
            team.rename(database, _staff(database, who), typed.name, actor=who.actor)
    except PulseMailerError as error:
        return _page(who, mailer, pages, error, at="name", typed=typed)
    return _done("name")


@router.post("/account/password")
def set_password(
    who: Person, typed: TheTyped, mailer: TheMailer, pages: ThePages, tries: TheTries, place: ThePlace
) -> Response:
    _allow(tries, place, who.actor)
    try:
        with mailer.database.reading() as database:
            chosen = own.compare(
                database, who.staff_id or 0, who.session_id or 0, present=typed.present, new=typed.new
            )
        with mailer.database.transaction() as database:
            staff = _staff(database, who)
            is_set = own.choose_password(database, staff, who.session_id or 0, chosen, place.network)
    except PulseMailerError as error:
        return _page(who, mailer, pages, error, at="password")
    return _done("password") if is_set else _page(who, mailer, pages, _WRONG, at="password")


@router.api_route("/account/second-factor", methods=["GET", "HEAD"])
def offer_second_factor(who: Person, mailer: TheMailer, pages: ThePages) -> Response:
    with mailer.database.reading() as database:
        offer = second_factor.offer(_staff(database, who))
    return pages.page("web/second_factor.html", offer=offer, problem="")


@router.post("/account/second-factor")
def turn_on(who: Person, typed: TheTyped, mailer: TheMailer, pages: ThePages) -> Response:
    """The recovery codes stand in the answer itself: no page shows them again."""
    try:
        with mailer.database.transaction() as database:
            staff = _staff(database, who)
            codes = second_factor.turn_on(
                database, mailer.keys, staff, typed.secret, typed.code, actor=who.actor
            )
    except PulseMailerError as error:
        with mailer.database.reading() as database:
            offer = second_factor.offer(_staff(database, who), typed.secret)
        return pages.page(
            "web/second_factor.html", offer=offer, problem=told(error), status=error.http_status
        )
    return pages.page("web/recovery_codes.html", codes=codes)


@router.post("/account/recovery-codes")
def renew_codes(
    who: Person, typed: TheTyped, mailer: TheMailer, pages: ThePages, tries: TheTries, place: ThePlace
) -> Response:
    _allow(tries, place, f"code {who.staff_id}")
    try:
        with mailer.database.transaction() as database:
            staff = _staff(database, who)
            codes = own.renew_recovery_codes(database, mailer.keys, staff, typed.code, place.network)
    except PulseMailerError as error:
        return _page(who, mailer, pages, error, at="code")
    if codes is None:
        return _page(who, mailer, pages, _WRONG_CODE, at="code")
    return pages.page("web/recovery_codes.html", codes=codes)


@router.post("/account/second-factor/off")
def turn_off(
    who: Person, typed: TheTyped, mailer: TheMailer, pages: ThePages, tries: TheTries, place: ThePlace
) -> Response:
    _allow(tries, place, f"code {who.staff_id}")
    try:
        with mailer.database.transaction() as database:
            staff = _staff(database, who)
            is_off = own.turn_off_second_factor(database, mailer.keys, staff, typed.code, place.network)
    except PulseMailerError as error:
        return _page(who, mailer, pages, error, at="code")
    return _done("off") if is_off else _page(who, mailer, pages, _WRONG_CODE, at="code")


@router.post("/account/sessions/{session_id}/end")
def end_session(session_id: int, who: Person, mailer: TheMailer) -> Response:
    with mailer.database.transaction() as database:
        sessions.end_one(database, who.staff_id or 0, session_id, actor=who.actor)
    return _done("ended")


@router.post("/account/sign-out-everywhere")
def sign_out_everywhere(who: Person, mailer: TheMailer) -> Response:
    with mailer.database.transaction() as database:
        sessions.end_all(database, _staff(database, who), actor=who.actor)
    return RedirectResponse("/sign-in", status_code=303)


def _staff(database: Session, who: SignedIn) -> Staff:
    return team.member(database, who.staff_id or 0)


def _allow(tries: Tries, place: sessions.Place, what: str) -> None:
    if not tries.allow(place.network, what):
        raise HTTPException(429, headers={"Retry-After": "900"})


def _done(what: str) -> Response:
    return RedirectResponse(f"/account?done={what}", status_code=303)


def _page(
    who: SignedIn, mailer: Mailer, pages: Pages, error: PulseMailerError | None = None, **shown: Any
) -> Response:
    with mailer.database.reading() as database:
        found = own.account(database, who.staff_id or 0, who.session_id or 0)
    values: dict[str, Any] = {"at": "", "done": "", "typed": Typed(name=found.staff.name)} | shown
    status = error.http_status if error else 200
    return pages.page("web/account.html", account=found, problem=str(error or ""), status=status, **values)
