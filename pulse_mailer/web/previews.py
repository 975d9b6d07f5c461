"""The exact mail of an edition, for a frame beside it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from pulse_mailer.delivery.previewing import preview
from pulse_mailer.editions import reading
from pulse_mailer.errors import NotAllowed, PulseMailerError
from pulse_mailer.staff.roles import Right
from pulse_mailer.web.given import TheFrames, TheMailer
from pulse_mailer.web.pages import told
from pulse_mailer.web.signed_in import require
from pulse_mailer.web.who import SignedIn

router = APIRouter()


class Look(BaseModel):
    """
    How a preview is asked for.

    Attributes:
        reader: whose it is; empty: a sample reader's.
        dark: as programs show it that are set to dark, or to light; None: as the browser is set.
    """

    form: str = "html"
    reader: Annotated[str, Field(max_length=400)] = ""
    dark: bool | None = None
    pictures: bool = True


@router.api_route("/staff/editions/{slug}/{key}/preview", methods=["GET", "HEAD"])
def show_preview(
    slug: str,
    key: str,
    mailer: TheMailer,
    frames: TheFrames,
    look: Annotated[Look, Query()],
    who: Annotated[SignedIn, Depends(require(Right.READ))],
) -> Response:
    if look.reader and not who.may(Right.PEOPLE):
        raise NotAllowed(
            "Your role does not let you see who reads it.", remedy="Look at it as a sample reader."
        )
    try:
        with mailer.database.reading() as database:
            edition = reading.edition(database, f"{slug}/{key}")
            made = preview(
                database,
                edition,
                mailer.keys,
                mailer.links,
                form=look.form,
                address=look.reader.strip(),
                is_for_show=True,
            ).decode()
    except PulseMailerError as error:  # in a frame, where our pages may not stand
        return frames.text(told(error), status=error.http_status)
    if look.form != "html":
        return frames.text(made)
    return frames.own(made, is_dark=look.dark, without_pictures=not look.pictures)
