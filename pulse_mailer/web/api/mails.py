"""The mail itself: as it would go out now, and as it went to one person."""

import enum
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from pulse_mailer.delivery import previewing, rebuilding
from pulse_mailer.web.api.calls import Key, Reader, Slug, TheId, refuse_reader
from pulse_mailer.web.api.editions import PATH
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Reads, SeesPeople

router = APIRouter()

MESSAGE = "message/rfc822"


class Form(enum.StrEnum):
    HTML = "html"
    TEXT = "text"
    MJML = "mjml"
    EML = "eml"


class MailShown(BaseModel):
    """A mail in one of its forms."""

    form: Form
    content: str = Field(
        description="Of mjml as composed, with open fields; of eml the whole message on the wire."
    )


@router.get(f"{PATH}/mail", tags=["editions"])
def show_mail(
    slug: Slug,
    key: Key,
    mailer: TheMailer,
    who: Reads,
    form: Annotated[Form, Query()] = Form.HTML,
    reader: Annotated[Reader, Query()] = "",
) -> MailShown:
    """The mail as it went out or would go out now; that of a sample reader has links that lead to nobody."""
    refuse_reader(who, reader)
    made = previewing.take_out(
        mailer.database,
        f"{slug}/{key}",
        mailer.keys,
        mailer.links,
        form=form.value,
        address=reader,
        actor=who.actor,
    )
    return MailShown(form=form, content=made.decode())


@router.get(
    "/deliveries/{delivery_id}/message",
    tags=["deliveries"],
    response_class=Response,
    responses={200: {"content": {MESSAGE: {"schema": {"type": "string", "format": "binary"}}}}},
)
def show_message(delivery_id: TheId, mailer: TheMailer, who: SeesPeople) -> Response:
    """The message of one delivery as it went, as a file (.eml)."""
    made = rebuilding.take_out(mailer.database, mailer.links, delivery_id, actor=who.actor)
    return Response(
        made,
        media_type=MESSAGE,
        headers={"Content-Disposition": f'attachment; filename="delivery-{delivery_id}.eml"'},
    )
