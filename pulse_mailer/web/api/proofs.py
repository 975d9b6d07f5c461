"""Proofs: copies for staff before anything goes out."""

import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pulse_mailer.delivery import proofing, shapes
from pulse_mailer.editions import reading
from pulse_mailer.web.api.calls import Key, Reader, Slug, Typed, refuse_reader
from pulse_mailer.web.api.editions import PATH
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Composes, SeesPeople

router = APIRouter(tags=["sending"])


class ProofShown(BaseModel):
    """A copy that somebody was sent."""

    number: int = Field(description="One for all who got it.")
    at: datetime.datetime = Field(description="In UTC.")
    actor: str
    address: str
    revision: int
    variant: str
    fingerprint: str
    message_id: str
    sent: bool
    reply: str = Field(description="What the server said.")


class ProofWish(BaseModel, extra="forbid"):
    """Whom to send a proof."""

    to: Annotated[list[Typed], Field(min_length=1, max_length=proofing.MOST)] = Field(
        examples=[["ann@example.org"]]
    )
    sections: Annotated[list[Typed], Field(max_length=100)] = Field(
        default=[], description="As who chose these sections; empty: the whole edition."
    )
    reader: Reader = ""
    last: int | None = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        description="The number of the latest proof that you know of, 0 where there is none. When there is another "
        "by now, nothing is sent and the answer is 409; so a call whose answer was lost can be made again.",
    )


@router.get(f"{PATH}/proofs")
def list_proofs(slug: Slug, key: Key, mailer: TheMailer, who: SeesPeople) -> list[ProofShown]:
    """The proofs of an edition, the newest first."""
    with mailer.database.reading() as database:
        found = proofing.proofs(database, reading.edition(database, f"{slug}/{key}").id)
    return [ProofShown.model_validate(shapes.proof(one)) for one in found]


@router.post(f"{PATH}/proofs", status_code=201)
def send_proof(slug: Slug, key: Key, wish: ProofWish, mailer: TheMailer, who: Composes) -> list[ProofShown]:
    """Send a proof to any address; it is counted nowhere, and its unsubscribe link is for show."""
    refuse_reader(who, wish.reader)
    name = f"{slug}/{key}"
    with mailer.database.reading() as database:
        edition = reading.edition(database, name)
    sent = proofing.send(
        mailer.way(edition.newsletter.backends),
        mailer.keys,
        proofing.Wish(name, wish.to, wish.reader, wish.sections, wish.last),
        actor=who.actor,
    )
    with mailer.database.reading() as database:
        found = [one for one in proofing.proofs(database, edition.id) if one.number == sent.number]
    return [ProofShown.model_validate(shapes.proof(one)) for one in found]
