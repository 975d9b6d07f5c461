"""The mails that the built-in catcher kept: a list, and each as HTML, text, headers and source."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from pulse_mailer.web.given import TheFrames, TheMailbox, ThePages
from pulse_mailer.web.paging import PageNumber, paged

router = APIRouter()
front_door = APIRouter()

PER_PAGE = 50
_TABS = ("html", "text", "headers", "source")


@front_door.api_route("/", methods=["GET", "HEAD"])
def first_page() -> Response:
    return RedirectResponse("/mailbox", status_code=307)


@router.api_route("/mailbox", methods=["GET", "HEAD"])
def show_all(
    mailbox: TheMailbox,
    pages: ThePages,
    search: Annotated[str, Query(max_length=200)] = "",
    page: PageNumber = 1,
) -> Response:
    shown = paged(page, PER_PAGE, mailbox.count(search), search=search)
    mails = mailbox.list(PER_PAGE, shown.offset, search)
    every = mailbox.count()
    return pages.page("web/mailbox.html", mails=mails, shown=shown, search=search, every=every)


@router.api_route("/mailbox/{mail_id}", methods=["GET", "HEAD"])
def show_one(
    mail_id: str, mailbox: TheMailbox, pages: ThePages, show: str = "", width: int = 600
) -> Response:
    mail = mailbox.read(mail_id)
    has = {"html": bool(mail.html), "text": bool(mail.text), "headers": True, "source": True}
    tabs = [name for name in _TABS if has[name]]
    return pages.page(
        "web/mail.html",
        envelope=mailbox.envelope(mail_id),
        mail=mail,
        tabs=tabs,
        show=show if show in tabs else tabs[0],
        width=375 if width == 375 else 600,
    )


@router.api_route("/mailbox/{mail_id}/html", methods=["GET", "HEAD"])
def html(mail_id: str, mailbox: TheMailbox, frames: TheFrames) -> Response:
    return frames.html(mailbox.read(mail_id).html)
