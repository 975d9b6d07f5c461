"""Signing in with an organisation's account: to the issuer and back again."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.errors import BadSetting, Refused
from pulse_mailer.staff import signing_in
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.sign_in import ThePlace, Wanted, let_in
from pulse_mailer.web.signed_in import cookie_name

if TYPE_CHECKING:
    from pulse_mailer.staff.issuer import Issuer

router = APIRouter()

PATH = "/sign-in/oidc"
_MINUTES = 10


def _issuer(mailer: TheMailer) -> "Issuer":
    settings = mailer.settings
    if not settings.oidc_issuer:
        raise HTTPException(404)
    try:
        from pulse_mailer.staff.issuer import Issuer  # noqa: PLC0415 - it comes with an extra
    except ImportError as error:
        raise BadSetting(
            "Signing in by an issuer wants Authlib, which is not installed.",
            remedy="pip install 'pulse-mailer[oidc]'",
        ) from error
    return Issuer(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        f"{mailer.links.base_url}{PATH}/answer",
        mailer.keys,
    )


@router.get(PATH)
def begin(mailer: TheMailer, issuer: Annotated["Issuer", Depends(_issuer)], wanted: Wanted = "/") -> Response:
    begun = issuer.begin(wanted)
    answer = RedirectResponse(begun.address, status_code=303)
    answer.set_cookie(
        _cookie(mailer),
        begun.kept,
        max_age=60 * _MINUTES,
        secure=mailer.links.base_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get(f"{PATH}/answer")
def come_back(
    request: Request, mailer: TheMailer, issuer: Annotated["Issuer", Depends(_issuer)], place: ThePlace
) -> Response:
    address, wanted = issuer.verified(request.cookies.get(_cookie(mailer), ""), str(request.url))
    with mailer.database.transaction() as database:
        admitted = signing_in.by_issuer(database, address, place)
    if admitted is None:
        raise Refused(f"{address} is not of the team.", remedy="Whoever administers the team can invite you.")
    answer = let_in(mailer, admitted, wanted)
    answer.delete_cookie(_cookie(mailer), secure=mailer.links.base_url.startswith("https:"), httponly=True)
    return answer


def _cookie(mailer: Mailer) -> str:
    return f"{cookie_name(mailer.links.base_url)}-oidc"
