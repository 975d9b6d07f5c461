"""What a route is given: the objects that bootstrap.py made, and what every page needs."""

from typing import Annotated

from fastapi import Depends, Request

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.web.frames import Frames
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.throttling import Throttle


def _mailer(request: Request) -> Mailer:
    mailer = request.app.state.mailer
    assert isinstance(mailer, Mailer)
    return mailer


def _mailbox(request: Request) -> Mailbox:
    mailbox = request.app.state.mailbox
    assert isinstance(mailbox, Mailbox)
    return mailbox


def _pages(request: Request) -> Pages:
    pages = request.app.state.pages
    assert isinstance(pages, Pages)
    return pages


def _throttle(request: Request) -> Throttle:
    throttle = request.app.state.throttle
    assert isinstance(throttle, Throttle)
    return throttle


def _searches(request: Request) -> Throttle:
    searches = request.app.state.searches
    assert isinstance(searches, Throttle)
    return searches


def _frames(request: Request) -> Frames:
    frames = request.app.state.frames
    assert isinstance(frames, Frames)
    return frames


TheFrames = Annotated[Frames, Depends(_frames)]
TheMailer = Annotated[Mailer, Depends(_mailer)]
TheMailbox = Annotated[Mailbox, Depends(_mailbox)]
ThePages = Annotated[Pages, Depends(_pages)]
TheSearches = Annotated[Throttle, Depends(_searches)]
TheThrottle = Annotated[Throttle, Depends(_throttle)]
