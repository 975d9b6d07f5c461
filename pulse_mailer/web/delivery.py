"""One delivery: every attempt at it, the mail as it was sent, and what a person may do with it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pulse_mailer.delivery import deciding, meanings, reading, rebuilding
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.errors import PulseMailerError, WrongState
from pulse_mailer.staff.roles import RETRYING
from pulse_mailer.subscribers import suppressing
from pulse_mailer.web import states
from pulse_mailer.web.given import TheFrames, TheMailer, ThePages
from pulse_mailer.web.signed_in import Operates, Retries, SeesPeople

router = APIRouter()


@router.api_route("/deliveries/{delivery_id}", methods=["GET", "HEAD"])
def show(
    delivery_id: int, who: SeesPeople, mailer: TheMailer, pages: ThePages, show: str = "html", done: str = ""
) -> Response:
    with mailer.database.reading() as database:
        detail = reading.delivery(database, delivery_id)
        mail, broken = None, ""
        try:
            mail = rebuilding.rebuild(database, mailer.links, delivery_id)
        except PulseMailerError as error:  # its reader was forgotten, or the key of its links is gone
            broken = error.what
    return pages.page(
        "web/delivery.html",
        line=detail.line,
        attempts=detail.attempts,
        meaning=meanings.of_attempt,
        mail=mail,
        broken=broken,
        show=show if show in ("html", "text", "headers") else "html",
        done=done,
        may_retry=who.may(*RETRYING),
        tag=states.DELIVERIES[detail.line.status],
        outcomes=states.OUTCOMES,
        stages=states.STAGES,
    )


@router.api_route("/deliveries/{delivery_id}/mail", methods=["GET", "HEAD"])
def show_mail(delivery_id: int, _who: SeesPeople, mailer: TheMailer, frames: TheFrames) -> Response:
    with mailer.database.reading() as database:
        return frames.html(rebuilding.rebuild(database, mailer.links, delivery_id).html)


@router.api_route("/deliveries/{delivery_id}/mail.eml", methods=["GET", "HEAD"])
def download(delivery_id: int, who: SeesPeople, request: Request, mailer: TheMailer) -> Response:
    if request.method == "GET":
        source = rebuilding.take_out(mailer.database, mailer.links, delivery_id, actor=who.actor)
    else:  # who only asks what it would be takes nothing out
        with mailer.database.reading() as database:
            source = rebuilding.rebuild(database, mailer.links, delivery_id).source
    headers = {"Content-Disposition": f'attachment; filename="delivery-{delivery_id}.eml"'}
    return Response(source, media_type="message/rfc822", headers=headers)


@router.post("/deliveries/{delivery_id}/retry")
def retry(delivery_id: int, mailer: TheMailer, who: Retries) -> Response:
    with mailer.database.transaction() as database:
        deciding.retry_one(database, delivery_id, by=who.actor)
    return RedirectResponse(f"/deliveries/{delivery_id}?done=retry", status_code=303)


@router.api_route("/deliveries/{delivery_id}/suppress", methods=["GET", "HEAD"])
def ask_to_suppress(delivery_id: int, mailer: TheMailer, pages: ThePages, _who: Operates) -> Response:
    with mailer.database.reading() as database:
        line = reading.delivery(database, delivery_id).line
    return pages.page("web/suppress.html", line=line)


@router.post("/deliveries/{delivery_id}/suppress")
def suppress(
    delivery_id: int, mailer: TheMailer, who: Operates, note: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    with mailer.database.transaction() as database:
        line = reading.delivery(database, delivery_id).line
        if not line.address:
            raise WrongState("Its reader asked to be forgotten, and gets nothing any more.")
        suppressing.suppress(
            database,
            mailer.keys,
            Address.parse(line.address),
            reason=SuppressionReason.STAFF,
            actor=who.actor,
            note=" ".join(note.split()),
        )
    return RedirectResponse(f"/deliveries/{delivery_id}?done=suppress", status_code=303)
