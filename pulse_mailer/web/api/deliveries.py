"""Deliveries: who got what, the message as it went, and what a person decides where nobody knows."""

import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from pulse_mailer.delivery import answering, browsing, deciding, doubts, exporting, reading, shapes
from pulse_mailer.delivery.choice import Choice, chosen
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.editions import reading as editions
from pulse_mailer.web.api.calls import CSV, Id, Ids, Key, Name, Slug, TheId, Typed
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Operates, Retries, SeesPeople

router = APIRouter(tags=["deliveries"])


class DeliveryLine(BaseModel):
    """One edition to one person."""

    id: int
    address: str = Field(description="Empty once its reader was erased.", examples=["ann@example.org"])
    newsletter: str
    edition: str
    status: DeliveryStatus
    reason: str
    message_id: str = Field(description="Without brackets.")
    attempts: int
    changed_at: datetime.datetime = Field(description="In UTC.")


class Attempt(BaseModel):
    """One try to hand a mail over."""

    number: int
    worker: str
    backend: str
    relay: str
    connection: int | None
    started_at: datetime.datetime
    ended_at: datetime.datetime
    stage: str
    outcome: str
    fault: str | None
    code: int | None = Field(description="The server's reply code.", examples=[550])
    enhanced_code: str
    reply: str
    provider_id: str


class DoubtShown(DeliveryLine):
    """An uncertain delivery, with all that helps to find out whether it went."""

    began_at: datetime.datetime | None = Field(description="When the last try began, where that was noted.")
    backend: str
    relay: str
    connection: int
    stage: str | None = Field(description="How far the last try came, as far as anybody could note it.")
    worker: str


class DeliveryShown(DeliveryLine):
    tries: list[Attempt]


class Answer(BaseModel):
    """Whether an address got an edition."""

    sentence: str
    newsletter_slug: str
    edition_key: str
    status: DeliveryStatus | None = Field(description="Null: it was left out.")
    at: datetime.datetime
    delivery_id: int | None


class Answers(BaseModel):
    answers: list[Answer] = Field(description="One for each edition, the latest first.")
    otherwise: str = Field(description="What to say when there is none.")


class Fate(BaseModel, extra="forbid"):
    """What became of deliveries that may or may not have gone."""

    sent: bool = Field(description="True: they went, take them for sent. False: send them once more.")
    why: Name = Field(description="How you know; kept with each.", examples=["found in the server's log"])


class Settlement(Fate):
    ids: Ids = Field(examples=[[1]])


class Settled(BaseModel):
    sent: int = Field(description="So many are taken for sent.")
    queued: int = Field(description="So many wait to be sent once more.")
    reopened: list[str] = Field(description="Editions that are being sent again.")


class Retry(BaseModel, extra="forbid"):
    """Whom to try again."""

    codes: list[Typed] = Field(
        default=[],
        max_length=50,
        description="Only those refused so; empty: all refused.",
        examples=[["550"]],
    )
    domain: Name = Field(default="", description="Only addresses of this domain.", examples=[""])
    temporary: bool = Field(default=False, description="Leave out those whom a server refused for good.")
    cancelled: bool = Field(
        default=False, description="Those whom a stop left out, instead of the refused; without codes."
    )


class Retried(BaseModel):
    count: int = Field(description="So many wait again.")


class RetriedOne(BaseModel):
    edition: str = Field(description="The one that it is of, which a running worker sends on.")


class Which(BaseModel):
    """Which deliveries."""

    edition: Typed | None = Field(default=None, description="Only of this: NEWSLETTER/KEY.")
    state: DeliveryStatus | None = Field(default=None, description="Only in this state.")
    since: datetime.date | None = Field(
        default=None,
        description="Only those that are as they are from this day on: a day of the newsletter's zone, or of UTC "
        "where newsletters of several zones are meant.",
    )
    until: datetime.date | None = Field(default=None, description="The same, up to and with this day.")

    def choice(self) -> Choice:
        return Choice(edition=self.edition or "", status=self.state, since=self.since, until=self.until)


class Listing(Which):
    """Which deliveries, and how many."""

    before: Id | None = Field(default=None, description="Only those with smaller ids: the last one you have.")
    limit: int = Field(default=100, ge=1, le=1_000)


@router.get("/deliveries/find")
def find_deliveries(
    mailer: TheMailer,
    who: SeesPeople,
    address: Annotated[Typed, Query(description="However it is written.", examples=["ann@example.org"])],
    edition: Annotated[Typed | None, Query(description="Only about this: NEWSLETTER/KEY.")] = None,
) -> Answers:
    """Answer whether an address got an edition, and why or why not."""
    wanted = Address.parse(address)
    with mailer.database.reading() as database:
        edition_id = None if edition is None else editions.edition(database, edition).id
        found = answering.find(database, mailer.keys, wanted, edition_id=edition_id)
        otherwise = "" if found else answering.standing(database, mailer.keys, wanted)
    return Answers.model_validate({"answers": [shapes.answer(one) for one in found], "otherwise": otherwise})


@router.get("/deliveries")
def list_deliveries(
    mailer: TheMailer,
    who: SeesPeople,
    which: Annotated[Listing, Query()],
) -> list[DeliveryLine]:
    """Deliveries, the newest first; the next page begins `before` the last id of this one."""
    with mailer.database.reading() as database:
        wanted = chosen(database, mailer.keys, which.choice()).wanted
        found = browsing.page(database, wanted, after=which.before, limit=which.limit)
    return [DeliveryLine.model_validate(shapes.line(line)) for line in found.lines]


@router.get("/deliveries/uncertain")
def list_uncertain(
    mailer: TheMailer,
    who: SeesPeople,
    edition: Annotated[Typed | None, Query(description="Only of this: NEWSLETTER/KEY.")] = None,
    after: Annotated[
        Id | None, Query(description="Only those with greater ids: the last one you have.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> list[DoubtShown]:
    """Deliveries of which nobody knows whether they went, the oldest first."""
    with mailer.database.reading() as database:
        edition_id = None if edition is None else editions.edition(database, edition).id
        found = doubts.uncertain(database, edition_id, limit=limit, after=after or 0)
    return [DoubtShown.model_validate(shapes.doubt(one)) for one in found]


@router.get(
    "/deliveries/export",
    response_class=Response,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
def export_deliveries(mailer: TheMailer, who: SeesPeople, which: Annotated[Which, Query()]) -> Response:
    """Deliveries as CSV, the newest first."""
    with mailer.database.reading() as database:
        wanted = chosen(database, mailer.keys, which.choice()).wanted
    return StreamingResponse(exporting.export(mailer.database, wanted, actor=who.actor), media_type=CSV)


@router.get("/deliveries/{delivery_id}")
def show_delivery(delivery_id: TheId, mailer: TheMailer, who: SeesPeople) -> DeliveryShown:
    """One delivery with every attempt at it."""
    with mailer.database.reading() as database:
        return DeliveryShown.model_validate(shapes.detail(reading.delivery(database, delivery_id)))


@router.post("/deliveries/settle")
def settle_deliveries(wish: Settlement, mailer: TheMailer, who: Operates) -> Settled:
    """End the doubt about uncertain deliveries; who did it and why is recorded."""
    with mailer.database.transaction() as database:
        done = deciding.settle(database, wish.ids, sent=wish.sent, by=who.actor, why=wish.why)
    return _settled(done)


@router.post("/editions/{slug}/{key}/settle")
def settle_edition(slug: Slug, key: Key, fate: Fate, mailer: TheMailer, who: Operates) -> Settled:
    """End the doubt about all deliveries of an edition that are uncertain now."""
    with mailer.database.transaction() as database:
        edition = editions.edition(database, f"{slug}/{key}")
        done = deciding.settle_all(database, edition, sent=fate.sent, by=who.actor, why=fate.why)
    return _settled(done)


@router.post("/deliveries/{delivery_id}/retry")
def retry_delivery(delivery_id: TheId, mailer: TheMailer, who: Retries) -> RetriedOne:
    """Let one delivery wait again that failed or that a stop left out."""
    with mailer.database.transaction() as database:
        return RetriedOne(edition=deciding.retry_one(database, delivery_id, by=who.actor))


@router.post("/editions/{slug}/{key}/retry")
def retry_deliveries(slug: Slug, key: Key, wish: Retry, mailer: TheMailer, who: Retries) -> Retried:
    """Let those wait again who failed; whoever is suppressed since stays out."""
    with mailer.database.transaction() as database:
        edition = editions.edition(database, f"{slug}/{key}")
        which = deciding.Selection(
            wish.codes or None, wish.domain, permanent=not wish.temporary, cancelled=wish.cancelled
        )
        count = deciding.retry(database, edition, which, by=who.actor)
    return Retried(count=count)


def _settled(done: deciding.Settled) -> Settled:
    return Settled(sent=done.sent, queued=done.queued, reopened=list(done.reopened))
