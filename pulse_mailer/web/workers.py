"""The workers: which of them live, what waits for them, how fast they go, and the switch that pauses all of them."""

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import RedirectResponse, Response

from pulse_mailer.clock import now
from pulse_mailer.delivery import routes, standstill, workers
from pulse_mailer.delivery.saying import lasting, pace
from pulse_mailer.errors import UsageError
from pulse_mailer.examining import in_use
from pulse_mailer.web import states
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.signed_in import Operates

router = APIRouter()


@router.api_route("/workers", methods=["GET", "HEAD"])
def show(
    mailer: TheMailer, pages: ThePages, _who: Operates, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    return _page(mailer, pages, done=done)


@router.post("/workers/pause")
def pause(
    mailer: TheMailer, pages: ThePages, who: Operates, why: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    try:
        with mailer.database.transaction() as database:
            standstill.stand_still(database, by=who.actor, why=why)
    except UsageError as error:
        return _page(mailer, pages, problem=error.what)
    return RedirectResponse("/workers?done=paused", status_code=303)


@router.post("/workers/resume")
def resume(mailer: TheMailer, who: Operates) -> Response:
    with mailer.database.transaction() as database:
        standstill.go_on(database, by=who.actor)
    return RedirectResponse("/workers?done=resumed", status_code=303)


def _page(mailer: TheMailer, pages: Pages, *, done: str = "", problem: str = "") -> Response:
    at = now()
    with mailer.database.reading() as database:
        stands = standstill.standstill(database)
        found, waiting = workers.workers(database), workers.queues(database)
        rate = workers.attempts_per_second(database)
        uncertain = workers.uncertain_count(database)
        resting = routes.resting(database, in_use(mailer, database))
    return pages.page(
        "web/workers.html",
        stands=stands,
        workers=[(one, at - one.seen_at < workers.SILENT, lasting(at - one.seen_at)) for one in found],
        queues=[(one, lasting(at - one.oldest_at) if one.oldest_at else "") for one in waiting],
        rate=pace(rate) if rate else "",
        uncertain=uncertain,
        resting=resting,
        done=done,
        problem=problem,
        tags=states.EDITIONS,
        status=422 if problem else 200,
    )
