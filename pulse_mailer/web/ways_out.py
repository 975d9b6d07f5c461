"""
The way out, as the link in a mail opens it and as a mail program's own button uses it (RFC 8058).

GET shows a page and changes nothing, since link scanners open every link and some of them run its scripts. POST
acts at once, asks for no cookie and answers 200 without a redirect.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException as UnreadableForm
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response

from pulse_mailer.delivery.reading import last_edition
from pulse_mailer.domain.subscriber import Way
from pulse_mailer.errors import Refused
from pulse_mailer.links import Purpose
from pulse_mailer.subscribers import leaving
from pulse_mailer.subscribers.offering import offer
from pulse_mailer.subscribers.standing import Standing, standing
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.readers import ACTOR, reader_by

router = APIRouter()


async def _way(request: Request) -> Way:
    """
    How they leave: a mail program posts List-Unsubscribe=One-Click, urlencoded or multipart; our page does not.

    A body that cannot be read is no reason to keep somebody: whoever holds the link and posts, wants out.
    """
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            said = form.get("List-Unsubscribe", "")
    except UnreadableForm as error:
        if error.status_code != 400:
            raise
        said = ""
    except ClientDisconnect:  # it announced more than it sent, or hung up; nobody waits for the answer
        said = ""
    return Way.ONE_CLICK if isinstance(said, str) and said.strip().lower() == "one-click" else Way.PAGE


PublicId = Annotated[str, Depends(reader_by(Purpose.UNSUBSCRIBE))]


def _token(public_id: PublicId, mailer: TheMailer) -> str:
    """The token for the page's own forms, made anew: the one in the address may have been mangled on its way."""
    return mailer.links.token(Purpose.UNSUBSCRIBE, public_id)


Token = Annotated[str, Depends(_token)]


@router.api_route("/u/{token}", methods=["GET", "HEAD"])
def show(public_id: PublicId, token: Token, mailer: TheMailer, pages: ThePages) -> Response:
    with mailer.database.reading() as database:
        found = offer(database, public_id)
    # Who has less to choose than all of it is not sent on to a page with no choice.
    choose = mailer.links.token(Purpose.PREFERENCES, public_id) if len(found.sections) > 1 else ""
    state = "left" if found.who.is_unsubscribed else "asking"
    return _page(pages, found.who, token, state, choose=choose)


@router.post("/u/{token}")
def leave(
    public_id: PublicId, way: Annotated[Way, Depends(_way)], token: Token, mailer: TheMailer, pages: ThePages
) -> Response:
    with mailer.database.transaction() as database:
        edition_id = last_edition(database, public_id)
        leaving.leave(database, public_id, way=way, actor=ACTOR, edition_id=edition_id)
        who = standing(database, public_id)
    if way is Way.ONE_CLICK:
        return PlainTextResponse("You are unsubscribed.\n")
    return _page(pages, who, token, "left")


@router.post("/u/{token}/undo")
def undo(public_id: PublicId, token: Token, mailer: TheMailer, pages: ThePages) -> Response:
    refusal = ""
    with mailer.database.transaction() as database:
        try:
            leaving.undo(database, public_id, actor=ACTOR)
        except Refused as refused:
            refusal = str(refused)
        who = standing(database, public_id)
    return _page(pages, who, token, "left" if who.is_unsubscribed else "back", refusal)


@router.api_route("/u/{token}/undo", methods=["GET", "HEAD"])
def show_undo(public_id: PublicId, token: Token, mailer: TheMailer, pages: ThePages) -> Response:
    """Where a browser comes back to after Undo, when somebody opens its history."""
    return show(public_id, token, mailer, pages)


@router.options("/u/{token}")
@router.options("/u/{token}/undo")
def options(token: str) -> Response:  # noqa: ARG001 - it stands in the address
    """What can be done with any such address, whether the token is good or not."""
    return Response(status_code=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})


def _page(
    pages: Pages, who: Standing, token: str, state: str, refusal: str = "", choose: str = ""
) -> Response:
    """
    Args:
        choose: the token of the page where they choose sections; empty: it is not offered.
    """
    status = 409 if refusal else 200
    return pages.page(
        "public/way_out.html",
        status=status,
        who=who,
        token=token,
        state=state,
        refusal=refusal,
        choose=choose,
    )
