"""Whose page it is, by the signed token in its address."""

from collections.abc import Callable

from fastapi import HTTPException, Request

from pulse_mailer.errors import BadLink, LinkForShow
from pulse_mailer.links import FOR_SHOW, Purpose
from pulse_mailer.web.given import TheMailer, TheThrottle

ACTOR = "subscriber"  #: who did it, in the records, where a reader did


def reader_by(purpose: Purpose) -> Callable[[str, Request, TheMailer, TheThrottle], str]:
    """
    Make what gives the public id that a link of that purpose belongs to.

    Only links that are not ours are counted: providers post many good ones from few places.

    Raises:
        BadLink: it is not one of ours.
        HTTPException: one such too many from the same place.
        LinkForShow: it is that of a proof or a preview, which is nobody's.
    """

    def public_id(token: str, request: Request, mailer: TheMailer, throttle: TheThrottle) -> str:
        try:
            found = mailer.links.read(purpose, token)
        except BadLink:
            if not throttle.allows(request.client.host if request.client else ""):
                raise HTTPException(429, headers={"Retry-After": "60"}) from None
            raise
        if found == FOR_SHOW:
            raise LinkForShow("The link is that of a proof or a preview.")
        return found

    return public_id
