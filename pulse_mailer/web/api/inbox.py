"""The inbox of a newsletter: pages that may come into an edition."""

import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pulse_mailer.domain.inbox import CandidateStatus
from pulse_mailer.editions import collecting, inbox, looking, naming, picking, reading, shapes
from pulse_mailer.editions.picking import Place
from pulse_mailer.errors import UsageError
from pulse_mailer.web.api.calls import Expected, Id, Ids, Key, Name, Slug, Text, TheId, Typed, by_field
from pulse_mailer.web.api.editions import PATH
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Composes, Reads

router = APIRouter(tags=["inbox"])


class CandidateShown(BaseModel):
    """What may come into an edition."""

    id: int
    status: CandidateStatus
    source: str = Field(description="page, feed or document.")
    title: str
    publisher: str
    url: str
    summary: str = Field(description="In the small Markdown.")
    published_on: datetime.date | None
    section: str
    category: str
    picture_alt: str
    trouble: str
    feed_id: int | None
    added_by: str
    added_at: datetime.datetime = Field(description="In UTC.")
    item_number: int | None
    picture: str | None
    edition: str | None
    seen: list[str] = Field(description="Where else it was seen, in words.")


class Page(BaseModel, extra="forbid"):
    """A page to read into the inbox; what is said here goes before what the page says."""

    url: Typed = Field(examples=["https://example.org/report"])
    title: Name = ""
    publisher: Name = ""
    summary: Text = ""
    section: Name = ""
    category: Name = ""
    with_picture: bool = True


class Dropped(BaseModel, extra="forbid"):
    ids: Ids = Field(examples=[[1]])
    back: bool = Field(default=False, description="Take in again what was dropped.")


class Placing(BaseModel, extra="forbid"):
    """What of the inbox is to become items."""

    ids: Annotated[list[Id], Field(max_length=1_000)] = Field(
        default=[], description="In the order they are to stand in.", examples=[[1]]
    )
    every: bool = Field(
        default=False, alias="all", description="Instead of ids: all that wait and name a section."
    )
    section: Name = Field(default="", description="Empty: the one that each is meant for.")
    category: Name = Field(default="", description="Likewise.")
    again: bool = Field(default=False, description="Also what an edition shows already.")
    new: bool = Field(default=False, description="Add a section or category that the programme lacks to it.")


class Pair(BaseModel):
    id: int
    item: int = Field(description="The number that it has in the edition.")


class PlacedShown(BaseModel):
    edition: str
    revision: int
    placed: list[Pair]
    notes: list[str]


@router.get("/newsletters/{slug}/inbox")
def list_inbox(
    slug: Slug,
    mailer: TheMailer,
    who: Reads,
    state: Annotated[CandidateStatus, Query()] = CandidateStatus.WAITING,
) -> list[CandidateShown]:
    """What waits in the inbox, with what was seen before."""
    with mailer.database.reading() as database:
        found = reading.newsletter(database, slug)
        lines = inbox.candidates(database, found.id, (state,))
        return [CandidateShown.model_validate(inbox.as_json(one)) for one in lines]


@router.post("/newsletters/{slug}/inbox", status_code=201)
def add_page(slug: Slug, page: Page, mailer: TheMailer, who: Composes) -> CandidateShown:
    """Read a page, and put what it says into the inbox; what is there already is not stored twice."""
    url = collecting.web_address(page.url)
    said = page.model_dump(exclude={"url", "with_picture"})
    with mailer.database.reading() as database:
        found = reading.newsletter(database, slug)
        for what in ("section", "category"):
            said[what] = naming.spelled(database, found, what, said[what])
    looked = looking.look(url, mailer.fetcher(), with_picture=page.with_picture)
    proposal = looking.proposal(looked, looking.spoken(said))
    with mailer.database.transaction() as database:
        found = reading.newsletter(database, slug)
        known = collecting.opened(database, found)
        added = collecting.propose(database, found, known, proposal, actor=who.actor)
        return _shown(inbox.candidate(database, added.candidate.id))


@router.get("/inbox/{candidate_id}")
def show_candidate(candidate_id: TheId, mailer: TheMailer, who: Reads) -> CandidateShown:
    """All that is known of something in the inbox."""
    with mailer.database.reading() as database:
        return _shown(inbox.candidate(database, candidate_id))


@router.patch("/inbox/{candidate_id}")
def change_candidate(
    candidate_id: TheId,
    mailer: TheMailer,
    who: Composes,
    values: Annotated[dict[Name, Text], by_field(collecting.FIELDS, {"title": "A bridge for bats"})],
) -> CandidateShown:
    """Change what is said of something that waits in the inbox."""
    with mailer.database.transaction() as database:
        collecting.change(database, candidate_id, values, actor=who.actor)
        return _shown(inbox.candidate(database, candidate_id))


@router.post("/inbox/drop")
def drop_candidates(wish: Dropped, mailer: TheMailer, who: Composes) -> list[Id]:
    """Put candidates aside, so that no feed brings them again; gives their ids."""
    with mailer.database.transaction() as database:
        return [one.id for one in collecting.drop(database, wish.ids, actor=who.actor, back=wish.back)]


@router.post(f"{PATH}/place", tags=["items"])
def place_candidates(
    slug: Slug, key: Key, wish: Placing, mailer: TheMailer, who: Composes, expected: Expected
) -> PlacedShown:
    """Make items of the inbox items of an edition, at the end of their category; all of them, or none."""
    where = Place(
        f"{slug}/{key}", wish.section, wish.category, again=wish.again, extend=wish.new, expected=expected
    )
    if bool(wish.ids) == wish.every:
        raise UsageError("It is not said which.", remedy="Name ids, or say all.")
    with mailer.database.transaction() as database:
        ids = wish.ids or picking.waiting(database, where)
        placed = picking.place(database, ids, where, actor=who.actor)
    return PlacedShown.model_validate(shapes.placed(placed))


def _shown(found: inbox.Waiting) -> CandidateShown:
    told: dict[str, Any] = inbox.as_json(found)
    return CandidateShown.model_validate(told)
