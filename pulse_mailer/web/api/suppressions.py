"""The addresses that are never written to."""

import datetime
import enum
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pulse_mailer.domain.address import Address
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.subscribers import suppressing
from pulse_mailer.web.api.calls import Id, Name, Typed
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Operates

router = APIRouter(tags=["suppressions"])


class TheAddress(BaseModel, extra="forbid"):
    address: Typed = Field(examples=["ann@example.org"])


class SuppressionShown(BaseModel, from_attributes=True):
    """An address that is never written to."""

    id: int
    address: str = Field(description="Empty when it is nobody's whom we know.")
    address_hash: str = Field(description="Keyed; all that is kept of strangers.")
    reason: SuppressionReason
    note: str
    since: datetime.datetime
    actor: str


class Reason(enum.StrEnum):
    BOUNCED = SuppressionReason.BOUNCED.value
    COMPLAINED = SuppressionReason.COMPLAINED.value
    STAFF = SuppressionReason.STAFF.value


class NewSuppression(TheAddress):
    reason: Reason = Reason.STAFF
    note: Name = Field(default="", description="What a colleague should know about it.")


class Done(BaseModel):
    changed: bool = Field(description="False where it was like that already.")


@router.get("/suppressions")
def list_suppressions(
    mailer: TheMailer,
    who: Operates,
    before: Annotated[
        Id | None, Query(description="Only those with smaller ids: the last one you have.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> list[SuppressionShown]:
    """The addresses that are never written to, the newest first."""
    with mailer.database.reading() as database:
        found = suppressing.suppressions(database, after=before, limit=limit)
    return [SuppressionShown.model_validate(one) for one in found]


@router.post("/suppressions")
def suppress(new: NewSuppression, mailer: TheMailer, who: Operates) -> Done:
    """Never write to an address again, from any newsletter."""
    asked, why = Address.parse(new.address), SuppressionReason(new.reason.value)
    note = " ".join(new.note.split())
    with mailer.database.transaction() as database:
        done = suppressing.suppress(database, mailer.keys, asked, reason=why, actor=who.actor, note=note)
    return Done(changed=done)


@router.post("/suppressions/lift")
def lift_suppression(wish: TheAddress, mailer: TheMailer, who: Operates) -> Done:
    """Allow an address to be written to again."""
    asked = Address.parse(wish.address)
    with mailer.database.transaction() as database:
        suppressing.lift(database, mailer.keys, asked, actor=who.actor)
    return Done(changed=True)
