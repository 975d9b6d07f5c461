"""Everybody's mail is made once before an edition is approved or sent; the page to wait at, where that takes long."""

import datetime
import time
from time import monotonic

from fastapi import APIRouter, Depends
from starlette.responses import Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.delivery import rehearsals, saying
from pulse_mailer.delivery.readying import Ready
from pulse_mailer.domain.rehearsal import Rehearsal
from pulse_mailer.editions import reading
from pulse_mailer.errors import Refused
from pulse_mailer.staff.roles import Right
from pulse_mailer.web import course
from pulse_mailer.web.acting import At, AtEdition
from pulse_mailer.web.checking import NO_MORE
from pulse_mailer.web.consent import Yes
from pulse_mailer.web.rehearsing import Work
from pulse_mailer.web.signed_in import require
from pulse_mailer.web.who import SignedIn

#: What is done by then needs no page to wait at.
AT_ONCE_SECONDS = 1.0
_LOOKS_EVERY_SECONDS = 0.05
#: A form that waited for longer than that is begun anew.
_WAITS_AT_MOST = datetime.timedelta(hours=1)

_NOTHING = (
    "Nothing was approved or sent. You can begin again: what was made by now need not be made once more."
)

router = APIRouter()


@router.get(f"{course.PATH}/rehearsal", dependencies=[Depends(require(Right.READ))])
def live(at: AtEdition) -> Response:
    """How far it is, for the page's own script; once it is over, or cut off, the form that waits is sent again."""
    with at.mailer.database.reading() as database:
        found = rehearsals.of(database, reading.edition(database, at.name).id)
    if found is not None and (found.goes_on or found.halted):
        status = NO_MORE if found.halted else 200
        return at.pages.page("web/rehearsal_bar.html", status=status, found=found, saying=saying)
    return Response(status_code=NO_MORE, headers={"HX-Trigger": "waited"})


def waits(at: At, who: SignedIn, made: Ready, form: Yes) -> Response | None:
    """
    Have everybody's mail made; gives the page to wait at, or None once it is done.

    Args:
        form: what a person said yes to; the page has it sent again.

    Raises:
        SendingBlocked: somebody's mail cannot be made.
        Refused: somebody stopped it, or it failed.
    """
    mailer, since, mails = at.mailer, _since(form), rehearsals.mails_of(made, at.mailer.links)
    if form.stop:
        with mailer.database.transaction() as database:
            rehearsals.halt(database, made.edition.id, f"{who.name} stopped it.")
        raise Refused("You stopped it.", remedy=_NOTHING)
    found = _soon_over(mailer, made)
    if found is None or found.mails != mails or not (found.goes_on or found.ended_since(since)):
        work = Work(mailer, made)
        work.start()
        work.join(AT_ONCE_SECONDS)
        if work.found is not None:
            work.found.refuse(made.edition)
            return None
        found = _of(mailer, made)
    if found is None or found.mails != mails or found.ended_at is None:
        return _page(at, who, made, form, since, found)
    if found.halted:
        raise Refused(found.halted, remedy=_NOTHING)
    if found.failed_count:
        failed = rehearsals.failed(mailer.database, made, mailer.links, found)
        if failed is not None:
            failed.refuse(made.edition)
    return None


def _since(form: Yes) -> datetime.datetime:
    said = datetime.datetime.fromtimestamp(form.since, datetime.UTC)
    return said if now() - _WAITS_AT_MOST < said < now() else now()


def _soon_over(mailer: Mailer, made: Ready) -> Rehearsal | None:
    """The rehearsal, which another window or program may do; it is waited for a moment."""
    end = monotonic() + AT_ONCE_SECONDS
    while (found := _of(mailer, made)) is not None and found.goes_on and monotonic() < end:
        time.sleep(_LOOKS_EVERY_SECONDS)
    return found


def _of(mailer: Mailer, made: Ready) -> Rehearsal | None:
    with mailer.database.reading() as database:
        return rehearsals.of(database, made.edition.id)


def _page(
    at: At, who: SignedIn, made: Ready, form: Yes, since: datetime.datetime, found: Rehearsal | None
) -> Response:
    said = form.model_dump(exclude={"stop"}) | {"since": since.timestamp()}
    fields = [
        (name, one) for name, value in said.items() for one in (value if isinstance(value, list) else [value])
    ]
    return at.page("web/rehearsal.html", made.edition, who, found=found, fields=fields, saying=saying)
