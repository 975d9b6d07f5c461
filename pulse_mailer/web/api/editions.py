"""Editions: listed, shown, begun, and their words written; what was changed, and back again."""

import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.editions import beginning, drafting, history, reading, restoring, shapes
from pulse_mailer.editions.comparing import compare
from pulse_mailer.errors import UsageError
from pulse_mailer.web.api.calls import Changed, Key, Name, Number, Slug, Text, TheEdit, Typed
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Composes, Reads

router = APIRouter(tags=["editions"])

PATH = "/editions/{slug}/{key}"


class EditionLine(BaseModel):
    """An edition in a list."""

    slug: str = Field(description="The newsletter's.", examples=["pulse"])
    key: str = Field(examples=["2026-04"])
    period: str = Field(description="The time it covers.", examples=["April 2026"])
    subject: str
    status: EditionStatus
    item_count: int
    to_write: list[str] = Field(description="The fields that must still be written before it is sent.")
    changed_at: datetime.datetime = Field(description="In UTC.")


class Letter(BaseModel):
    text: str = Field(description="In the small Markdown.")
    closing: str
    signed_by: str
    signed_role: str


class PictureShown(BaseModel):
    file: str = Field(description="Its name under `/pictures/`.")
    alt: str = Field(description="The picture in words, for people who cannot see it.")


class ItemShown(BaseModel):
    number: int = Field(description="Its own, wherever it is moved to.", examples=[12])
    publisher: str
    title: str
    url: str
    summary: str = Field(description="In the small Markdown.")
    picture: PictureShown | None
    is_hidden: bool
    confidence: str | None = Field(
        description="How surely it was understood from a document: sure, likely or doubtful."
    )
    source_line: int | None = Field(description="Its line in that document.")


class CategoryShown(BaseModel):
    name: str
    is_hidden: bool
    items: list[ItemShown]


class SectionShown(BaseModel):
    name: str
    is_news: bool
    is_hidden: bool
    categories: list[CategoryShown]


class ReviewLine(BaseModel):
    """A line of an edition's document that wants a person's eye."""

    line: int
    doubt: str = Field(default="", description="What kind of doubt.", examples=["same-item"])
    text: str = Field(description="As it stands in the document.")
    why: str
    item: int | None = Field(default=None, description="The item that it belongs to.")
    done: bool = Field(default=False, description="Somebody has looked at it.")


class EditionShown(BaseModel):
    """An edition with everything in it."""

    newsletter: str = Field(examples=["Civic Pulse"])
    slug: str = Field(examples=["pulse"])
    edition: str = Field(description="Its key.", examples=["2026-04"])
    period: str
    status: EditionStatus
    revision: int = Field(description="How often it was changed; give it as If-Match with a change.")
    to_write: list[str]
    subject: str
    preheader: str
    letter: Letter
    sections: list[SectionShown]
    review: list[ReviewLine] = Field(description="Of its document, also those that were looked at.")


class NewEdition(BaseModel, extra="forbid"):
    """An edition to begin."""

    newsletter: Typed = Field(examples=["pulse"])
    key: Typed = Field(examples=["2026-12"])
    source: Typed | None = Field(
        default=None,
        description="Begin with the sections and the words of this edition (NEWSLETTER/KEY); "
        "left out: with the programme.",
        examples=["pulse/2026-11"],
    )
    period: Name = Field(default="", description="The time it covers; empty: what the key says.")


class Words(BaseModel, extra="forbid"):
    """What an edition says; what is left out stays."""

    subject: Name | None = Field(default=None, examples=["Tides, tolls and a new bridge"])
    preheader: Name | None = None
    period: Name | None = None
    letter: Text | None = Field(default=None, description="In the small Markdown.")
    closing: Name | None = None
    signed_by: Name | None = None
    signed_role: Name | None = None
    keep: list[Typed] = Field(
        default=[],
        max_length=len(drafting.FIELDS),
        description="Instead of values: fields that stay as the earlier edition had them.",
        examples=[["preheader"]],
    )


class Revision(BaseModel):
    """One change of an edition."""

    revision: int
    at: datetime.datetime = Field(description="In UTC.")
    actor: str = Field(examples=["ann@example.org"])
    what: str = Field(examples=["subject set"])


class Piece(BaseModel):
    mark: str = Field(description="kept, removed or inserted.")
    text: str


class Difference(BaseModel):
    place: str = Field(description="Where, in words.")
    item: int | None
    field: str
    what: str
    pieces: list[Piece]


class Compared(BaseModel):
    """What is different between two revisions."""

    edition: str
    from_: int = Field(alias="from")
    to: int
    differences: list[Difference]


class Restored(BaseModel, extra="forbid"):
    to: Number = Field(description="The revision to go back to.", examples=[7])


@router.get("/editions")
def list_editions(
    mailer: TheMailer, who: Reads, newsletter: Annotated[Typed | None, Query(description="Only its.")] = None
) -> list[EditionLine]:
    """All editions, the newest first."""
    with mailer.database.reading() as database:
        wanted = None if newsletter is None else reading.newsletter(database, newsletter).id
        lines = reading.editions(database, wanted)
    return [EditionLine.model_validate(shapes.line(line)) for line in lines]


@router.post("/editions", status_code=201)
def new_edition(wish: NewEdition, mailer: TheMailer, who: Composes, response: Response) -> EditionShown:
    """Begin an edition: sections and categories, without items."""
    with mailer.database.transaction() as database:
        source = None if wish.source is None else reading.edition(database, wish.source)
        found = reading.newsletter(database, wish.newsletter)
        made = beginning.begin(database, found, wish.key, actor=who.actor, source=source, period=wish.period)
        return _shown(made, response)


@router.get(PATH)
def show_edition(slug: Slug, key: Key, mailer: TheMailer, who: Reads, response: Response) -> EditionShown:
    """An edition with everything in it; `ETag` is its revision."""
    with mailer.database.reading() as database:
        return _shown(reading.edition(database, f"{slug}/{key}"), response)


@router.patch(PATH)
def write_edition(words: Words, edit: TheEdit) -> Changed:
    """Write an edition's words; one that waits to begin is a draft again then."""
    values = words.model_dump(exclude={"keep"}, exclude_none=True)
    if bool(values) == bool(words.keep):
        raise UsageError(
            "Fields are given values, or kept.", remedy=f"Name some of {', '.join(drafting.FIELDS)}."
        )
    if words.keep:
        return edit.do(drafting.keep, words.keep)
    return edit.do(drafting.change, values)


@router.get(f"{PATH}/history")
def list_history(slug: Slug, key: Key, mailer: TheMailer, who: Reads) -> list[Revision]:
    """Every revision, the newest first."""
    with mailer.database.reading() as database:
        versions = history.versions(database, reading.edition(database, f"{slug}/{key}").id)
    return [Revision.model_validate(shapes.spell(one)) for one in history.spells(versions, each=True)]


@router.get(f"{PATH}/diff", response_model_by_alias=True)
def compare_revisions(
    slug: Slug,
    key: Key,
    mailer: TheMailer,
    who: Reads,
    since: Annotated[Number | None, Query(description="Left out: the one before.")] = None,
    to: Annotated[Number | None, Query(description="Left out: as it is now.")] = None,
) -> Compared:
    """What is different between two revisions, by item and field, word by word."""
    with mailer.database.reading() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        last = edition.revision if to is None else to
        first = history.previous(database, edition, last) if since is None else since
        found = compare(
            history.content_at(database, edition, first), history.content_at(database, edition, last)
        )
    differences = [shapes.difference(one) for one in found]
    return Compared.model_validate(
        {"edition": edition.name, "from": first, "to": last, "differences": differences}
    )


@router.post(f"{PATH}/restore")
def restore_revision(wish: Restored, edit: TheEdit) -> Changed:
    """Make an edition say what it said after an earlier change; what was said since stays in its history."""
    return edit.do(restoring.restore, wish.to)


def _shown(edition: Edition, response: Response) -> EditionShown:
    response.headers["ETag"] = f'"{edition.revision}"'
    return EditionShown.model_validate(reading.as_json(edition))
