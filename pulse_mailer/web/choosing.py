"""
Where a reader chooses sections, as the link in a mail opens it.

As at the way out, GET shows a page and changes nothing; POST acts, asks for no cookie and needs no script. Undo is
the same form, filled with the choice that was there before.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.responses import Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.variant import ids_of
from pulse_mailer.errors import PulseMailerError, UsageError, WrongState
from pulse_mailer.links import Purpose
from pulse_mailer.subscribers.choosing import Chosen, choose_by_link
from pulse_mailer.subscribers.offering import Offer, offer
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.readers import ACTOR, reader_by

router = APIRouter()

PublicId = Annotated[str, Depends(reader_by(Purpose.PREFERENCES))]


def _token(public_id: PublicId, mailer: TheMailer) -> str:
    """The token for the page's own forms, made anew: the one in the address may have been mangled on its way."""
    return mailer.links.token(Purpose.PREFERENCES, public_id)


Token = Annotated[str, Depends(_token)]


@router.api_route("/p/{token}", methods=["GET", "HEAD"])
def show(public_id: PublicId, token: Token, mailer: TheMailer, pages: ThePages) -> Response:
    with mailer.database.reading() as database:
        found = offer(database, public_id)
    return _page(pages, mailer, found, token)


@router.post("/p/{token}")
def choose(
    public_id: PublicId,
    token: Token,
    mailer: TheMailer,
    pages: ThePages,
    which: Annotated[str, Form()] = "",
    section: Annotated[list[int] | None, Form()] = None,
) -> Response:
    """Take a choice: of all sections where `which` is "all", or else of those that are ticked."""
    wanted = None if which == "all" else section or []
    chosen, refused = None, None
    with mailer.database.transaction() as database:
        try:
            chosen = choose_by_link(database, public_id, wanted, actor=ACTOR)
        except (UsageError, WrongState) as error:
            refused = error
        found = offer(database, public_id)
    return _page(pages, mailer, found, token, chosen, refused)


@router.options("/p/{token}")
def options(token: str) -> Response:  # noqa: ARG001 - it stands in the address
    """What can be done with any such address, whether the token is good or not."""
    return Response(status_code=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})


def _page(
    pages: Pages,
    mailer: Mailer,
    found: Offer,
    token: str,
    chosen: Chosen | None = None,
    refused: PulseMailerError | None = None,
) -> Response:
    """
    Undo brings back what the programme still has of the former choice; where that is nothing, it is not offered.
    """
    before = ids_of(chosen.before) if chosen else frozenset[int]()
    kept = [one.id for one in found.sections if one.id in before]
    return pages.page(
        "public/choose.html",
        status=refused.http_status if refused else 200,
        offer=found,
        token=token,
        way_out=mailer.links.token(Purpose.UNSUBSCRIBE, found.public_id),
        chosen=chosen,
        can_undo=chosen is not None and chosen.changed and (bool(kept) or not before),
        undo=kept,
        refusal=refused.what if refused else "",
    )
