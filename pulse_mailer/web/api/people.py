"""Subscribers: listed, found, shown, added, imported, taken off and erased."""

import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from pulse_mailer.domain.address import Address
from pulse_mailer.domain.subscriber import SubscriptionStatus, Way
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.editions.reading import newsletter as find_newsletter
from pulse_mailer.subscribers import (
    choosing,
    disclosing,
    erasing,
    exporting,
    importing,
    joining,
    leaving,
    reading,
    searching,
)
from pulse_mailer.subscribers.columns import mapping
from pulse_mailer.subscribers.person import Person
from pulse_mailer.web.api.calls import CSV, Id, Name, Slug, Typed, Uploaded, takes
from pulse_mailer.web.api.suppressions import SuppressionShown, TheAddress
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Operates, SeesPeople

router = APIRouter(tags=["subscribers"])

MAX_CSV_BYTES = 50 * 1024 * 1024


class SubscriberLine(BaseModel, from_attributes=True):
    """One subscriber of a newsletter, in a list."""

    id: int = Field(description="Of the subscription.")
    address: str = Field(description="Empty once erased.", examples=["ann@example.org"])
    first_name: str
    last_name: str
    organisation: str
    status: SubscriptionStatus
    joined_at: datetime.datetime
    since: datetime.datetime = Field(description="When the status became what it is.")
    cause: str | None = Field(description="Why they are not in the audience; null for those who are.")
    reason: str = Field(description="The same in words.")
    choice: str = Field(description="Of sections; empty: all.")


class EventShown(BaseModel, from_attributes=True):
    kind: str
    at: datetime.datetime
    way: str
    wording: str = Field(description="What they agreed to.")
    actor: str
    edition: str


class SubscriptionShown(BaseModel, from_attributes=True):
    newsletter: str
    newsletter_name: str
    status: SubscriptionStatus
    since: datetime.datetime
    reason: str
    sections: list[str] = Field(description="Those that the person chose; empty: all.")
    events: list[EventShown]


class SubscriberShown(BaseModel, from_attributes=True):
    """Everything that is kept of an address, save its deliveries."""

    address: str
    first_name: str
    last_name: str
    organisation: str
    known_since: datetime.datetime | None
    erased_at: datetime.datetime | None
    subscriptions: list[SubscriptionShown]
    suppression: SuppressionShown | None


class NewSubscriber(BaseModel, extra="forbid"):
    """A person who asked for a newsletter."""

    address: Typed = Field(examples=["ann@example.org"])
    first_name: Name = ""
    last_name: Name = ""
    organisation: Name = ""
    wording: Name = Field(
        default="", description="What they agreed to, and where; kept with the subscription."
    )


class Joined(BaseModel):
    result: joining.JoinResult
    status: SubscriptionStatus


class Leaving(TheAddress):
    newsletter: Typed | None = Field(default=None, description="Left out: every one.", examples=["pulse"])
    reason: Name = Field(default="", description="Why; kept with the subscription.")


class Choosing(TheAddress):
    """Which sections a person wants, from the next edition on."""

    newsletter: Typed = Field(examples=["pulse"])
    sections: list[Typed] = Field(
        max_length=200, description="Names of sections; none: all of them.", examples=[["Policy"]]
    )


class Chosen(BaseModel, from_attributes=True):
    sections: list[str] = Field(description="What they get from now on; none: all of them.")
    changed: bool = Field(description="False where it was like that already.")


class Tie(BaseModel, from_attributes=True):
    newsletter: str
    status: SubscriptionStatus


class PersonLine(BaseModel, from_attributes=True):
    """A person who was found, and how they stand with each newsletter."""

    id: int
    address: str = Field(description="Empty once erased.", examples=["ann@example.org"])
    name: str
    organisation: str
    suppressed: SuppressionReason | None = Field(description="Why nothing is sent to them.")
    since: datetime.datetime
    ties: list[Tie]


class PeopleFound(BaseModel, from_attributes=True):
    people: list[PersonLine]
    after: int = Field(description="What the next page is asked for with; 0: this is the last.")


class Left(BaseModel):
    count: int = Field(description="So many subscriptions ended; 0: they were unsubscribed already.")


class RowShown(BaseModel):
    line: int
    address: str
    reason: str


class ImportShown(BaseModel):
    """What came of a file; or, after a dry run, what would."""

    encoding: str
    delimiter: str
    columns: dict[str, str] = Field(description="What was taken from which column.")
    ignored: list[str]
    dry_run: bool
    row_count: int
    joined_count: int
    updated_count: int
    unchanged_count: int
    repeated: list[RowShown]
    refused: list[RowShown]


class Erased(BaseModel):
    subscription_count: int
    delivery_count: int
    elsewhere: str = Field(description="What no program can find.")


@router.get("/newsletters/{slug}/subscribers")
def list_subscribers(
    slug: Slug,
    mailer: TheMailer,
    who: SeesPeople,
    status: Annotated[SubscriptionStatus | None, Query(description="Only those.")] = None,
    before: Annotated[
        Id | None, Query(description="Only those with smaller ids: the last one you have.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> list[SubscriberLine]:
    """Who is or was subscribed, the latest first; the next page begins `before` the last id of this one."""
    with mailer.database.reading() as database:
        found = find_newsletter(database, slug)
        lines = reading.subscribers(database, found, status=status, before=before, limit=limit)
        return [SubscriberLine.model_validate(line) for line in lines]


@router.post("/newsletters/{slug}/subscribers")
def add_subscriber(slug: Slug, new: NewSubscriber, mailer: TheMailer, who: SeesPeople) -> Joined:
    """Subscribe one person, who asked for it."""
    person = Person.parse(new.address, new.first_name, new.last_name, new.organisation)
    with mailer.database.transaction() as database:
        found = find_newsletter(database, slug)
        joined = joining.join(
            database, mailer.keys, found, person, way=Way.STAFF, actor=who.actor, wording=new.wording
        )
    return Joined(result=joined.result, status=joined.status)


@router.post(
    "/newsletters/{slug}/subscribers/import",
    max_body_size=MAX_CSV_BYTES,
    openapi_extra=takes(CSV, "CSV with a header, at most 50 MB."),
)
def import_subscribers(
    slug: Slug,
    mailer: TheMailer,
    who: SeesPeople,
    data: Uploaded,
    dry_run: Annotated[bool, Query(description="Say what would happen; store nothing.")] = False,
    columns: Annotated[
        list[Typed],
        Query(
            max_length=20,
            description="FIELD=COLUMN, where the header does not tell.",
            examples=[["email=Contact"]],
        ),
    ] = [],  # noqa: B006 - FastAPI copies it
    wording: Annotated[Name, Query(description="What the people agreed to, and where.")] = "",
) -> ImportShown:
    """Subscribe those in a file. Nobody who left, was suppressed or erased is subscribed again."""
    chosen = mapping(columns)
    with mailer.database.transaction() as database:
        report = importing.import_csv(
            database,
            mailer.keys,
            find_newsletter(database, slug),
            data,
            mapping=chosen,
            dry_run=dry_run,
            actor=who.actor,
            wording=wording,
        )
    return ImportShown.model_validate(report.as_json())


@router.get(
    "/newsletters/{slug}/subscribers/export",
    response_class=Response,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
def export_subscribers(slug: Slug, mailer: TheMailer, who: SeesPeople) -> Response:
    """The subscribers of a newsletter as CSV, with their status; an import reads it again."""
    with mailer.database.reading() as database:
        found = find_newsletter(database, slug)
    return StreamingResponse(exporting.export(mailer.database, found, actor=who.actor), media_type=CSV)


@router.get("/subscribers")
def find_subscribers(
    mailer: TheMailer,
    who: SeesPeople,
    text: Annotated[
        Typed, Query(description="An address, or how an address or a name begins.", examples=["ann"])
    ],
    after: Annotated[Id | None, Query(description="As the page before says it.")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> PeopleFound:
    """Find people by their address, or by how their address, first or last name begins; by address."""
    with mailer.database.reading() as database:
        found = searching.search(database, mailer.keys, text, after=after or 0, limit=limit)
    return PeopleFound.model_validate(found)


@router.get("/subscribers/{address}")
def show_subscriber(address: Typed, mailer: TheMailer, who: SeesPeople) -> SubscriberShown:
    """All that is kept of an address: names, subscriptions, when and how they joined and left."""
    asked = Address.parse(address)
    with mailer.database.reading() as database:
        return SubscriberShown.model_validate(reading.subscriber(database, mailer.keys, asked))


@router.get("/subscribers/{address}/data")
def disclose_subscriber(address: Typed, mailer: TheMailer, who: SeesPeople) -> dict[str, Any]:
    """Everything that is held of an address, for whoever asks what is known of them."""
    asked = Address.parse(address)
    return disclosing.disclose(mailer.database, mailer.keys, asked, actor=who.actor)


@router.post("/subscribers/choose")
def choose_sections(wish: Choosing, mailer: TheMailer, who: SeesPeople) -> Chosen:
    """Have a person get only some sections of a newsletter, from the next edition on; or all of them again."""
    asked = Address.parse(wish.address)
    with mailer.database.transaction() as database:
        found = find_newsletter(database, wish.newsletter)
        chosen = choosing.choose(database, mailer.keys, found, asked, wish.sections, actor=who.actor)
    return Chosen.model_validate(chosen)


@router.post("/subscribers/unsubscribe")
def unsubscribe(wish: Leaving, mailer: TheMailer, who: SeesPeople) -> Left:
    """Take an address off a newsletter, or off every one, at once."""
    asked = Address.parse(wish.address)
    with mailer.database.transaction() as database:
        found = None if wish.newsletter is None else find_newsletter(database, wish.newsletter)
        ended = leaving.leave_address(database, mailer.keys, asked, found, who.actor, reason=wish.reason)
    return Left(count=sum(left.was_active for left in ended))


@router.post("/subscribers/erase")
def erase_subscriber(wish: TheAddress, mailer: TheMailer, who: Operates) -> Erased:
    """Forget an address and whoever has it; it cannot be undone."""
    asked = Address.parse(wish.address)
    with mailer.database.transaction() as database:
        gone = erasing.erase(database, mailer.keys, asked, actor=who.actor)
    return Erased(
        subscription_count=gone.subscription_count,
        delivery_count=gone.delivery_count,
        elsewhere=erasing.ELSEWHERE,
    )
