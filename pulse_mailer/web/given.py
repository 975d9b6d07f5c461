"""What a route is given: the objects that bootstrap.py made, and what every page needs."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.web.frames import Frames
from pulse_mailer.web.judgements import Judgements
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.rounds import Rounds
from pulse_mailer.web.throttling import Throttle

Kept = TypeVar("Kept")


def kept(name: str, kind: type[Kept]) -> Callable[[Request], Kept]:
    """Gives a route what the app keeps under that name."""

    def found(request: Request) -> Kept:
        one = getattr(request.app.state, name)
        assert isinstance(one, kind)
        return one

    return found


def _pages(request: Request) -> Pages:
    return kept("pages", Pages)(request).for_request(request.scope)


TheFrames = Annotated[Frames, Depends(kept("frames", Frames))]
TheJudgements = Annotated[Judgements, Depends(kept("judgements", Judgements))]
TheMailer = Annotated[Mailer, Depends(kept("mailer", Mailer))]
TheMailbox = Annotated[Mailbox, Depends(kept("mailbox", Mailbox))]
ThePages = Annotated[Pages, Depends(_pages)]
TheRounds = Annotated[Rounds, Depends(kept("rounds", Rounds))]
TheSearches = Annotated[Throttle, Depends(kept("searches", Throttle))]
TheThrottle = Annotated[Throttle, Depends(kept("throttle", Throttle))]
