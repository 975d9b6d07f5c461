"""Approve: a person's yes to an edition as it is, shown with all that it is to; void once anything changes."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from pulse_mailer.delivery import consenting, planning, readying, seconding
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.editions import reading
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.web import consent, course, rehearsal
from pulse_mailer.web.acting import At, AtEdition
from pulse_mailer.web.consent import Yes
from pulse_mailer.web.signed_in import Approves, Reads
from pulse_mailer.web.who import SignedIn

PATH = f"{course.PATH}/approve"

router = APIRouter()


@router.api_route(PATH, methods=["GET", "HEAD"])
def show(at: AtEdition, who: Reads) -> Response:
    return _page(at, who, Yes())


@router.post(PATH)
def approve(at: AtEdition, yes: Annotated[Yes, Form()], who: Approves) -> Response:
    return at.act(lambda: _approve(at, who, yes), then="approve", refused=partial(_page, at, who, yes))


@router.post(f"{course.PATH}/unapprove")
def unapprove(at: AtEdition, who: Approves) -> Response:
    """Take the approval back: the edition is a draft again."""
    return at.change(
        lambda database, edition: consenting.unapprove(database, edition, by=who.actor, why=""),
        then="approve",
        refused=partial(_page, at, who, Yes()),
    )


def _approve(at: At, who: SignedIn, yes: Yes) -> Response | None:
    """
    Give the page to wait at, while everybody's mail is made first.

    Raises as `readying.approve()`, and where another number was typed or the edition is no draft.
    """
    with at.mailer.database.reading() as database:
        edition = reading.edition(database, at.name)
        if edition.status is not EditionStatus.DRAFT:
            raise planning.begun(edition)
        seconding.refuse_editor(edition, who.actor, seconding.editors(database, edition.id))
    approval = yes.approval(who.actor)
    made = consent.ready(at.mailer, at.name, who.actor)
    if (waits := rehearsal.waits(at, who, made, yes)) is not None:
        return waits
    with at.mailer.database.transaction() as database:
        readying.approve(database, at.name, at.mailer.links, approval)
    return None


def _page(at: At, who: SignedIn, yes: Yes, error: PulseMailerError | None = None) -> Response:
    with at.mailer.database.reading() as database:
        facts = consent.facts(database, at.mailer, reading.edition(database, at.name))
    return at.page("web/approve.html", facts.edition, who, error, facts=facts, jump=course.jump, yes=yes)
