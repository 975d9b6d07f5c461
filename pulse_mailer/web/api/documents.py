"""Documents that staff wrote: read into an edition or into the inbox, and their lines that want a person's eye."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pulse_mailer.editions import (
    collecting,
    gathering,
    importing,
    inbox,
    naming,
    reading,
    reviewing,
    shapes,
)
from pulse_mailer.errors import NotAllowed, UsageError
from pulse_mailer.importing.decoding import LARGEST_BYTES
from pulse_mailer.staff.roles import Right
from pulse_mailer.web.api.calls import Key, Name, Number, Slug, Typed, Uploaded, takes
from pulse_mailer.web.api.editions import PATH, EditionShown, ReviewLine
from pulse_mailer.web.api.inbox import CandidateShown
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Composes, Reads

router = APIRouter()

_BODY = takes("application/octet-stream", "The document itself, at most 20 MB.")
_NAME = "The document's name; its end says what it is: .docx, .md, .txt."
FileName = Annotated[Typed, Query(description=_NAME, examples=["april.docx"])]


class Tally(BaseModel):
    """What became of a document's items."""

    new: int
    updated: int
    kept: int = Field(description="Both sides had changed; the edition's was kept.")
    unchanged: int
    gone: int = Field(description="The document has them no more; they were kept.")
    taken_out: int = Field(description="Staff had taken them out, and they stay so.")
    fields: list[str] = Field(description="What else was brought up to date.")


class ImportedEdition(EditionShown):
    """The edition that a document was read into."""

    import_: str = Field(alias="import", description="new, changed or unchanged.")
    items: Tally
    stored: bool = Field(description="False after a dry run.")


class Bringing(BaseModel):
    """What is asked for beside the document."""

    name: Typed = Field(description=_NAME, examples=["april.docx"])
    newsletter: Typed | None = Field(
        default=None, description="Its short name; left out: by the document's masthead.", examples=["pulse"]
    )
    key: Name = Field(default="", description="The edition's; empty: the document's month.")
    new_newsletter: bool = Field(
        default=False,
        description="Make the newsletter from what the document says of itself, where there is none; that wants the "
        "scope administer too.",
    )
    from_address: Name = Field(default="", description="The sender of a newsletter made so.")
    dry_run: bool = Field(default=False, description="Say what would happen; store nothing.")

    @property
    def wish(self) -> importing.Wish:
        return importing.Wish(self.newsletter, self.new_newsletter, self.from_address, self.key)


class Looked(BaseModel, extra="forbid"):
    """What somebody has looked at."""

    lines: list[Number] = Field(default=[], max_length=1_000, description="Of the document.", examples=[[14]])
    items: list[Number] = Field(
        default=[], max_length=1_000, description="All that belongs to items of these numbers."
    )


class Reviewed(BaseModel):
    done: int = Field(description="So many lines were ticked off.")
    waiting: int = Field(description="So many wait to be looked at.")


class Gathered(BaseModel):
    """What of a document went into the inbox."""

    candidates: list[CandidateShown] = Field(description="Also those that were there already.")
    left_out: int = Field(description="So many lines are doubtful, or no part of an item.")
    notes: list[str]


@router.post(
    "/editions/import",
    tags=["editions"],
    max_body_size=LARGEST_BYTES,
    openapi_extra=_BODY,
    response_model_by_alias=True,
)
def import_edition(
    mailer: TheMailer, who: Composes, data: Uploaded, asked: Annotated[Bringing, Query()]
) -> ImportedEdition:
    """
    Read a document into a draft edition, made anew or brought up to date item by item.

    What was changed in the edition since stays, and the same document again changes nothing. Pictures come along in
    Word documents alone.
    """
    if asked.new_newsletter and not who.may(Right.ADMINISTER):
        raise NotAllowed(
            f"The key {who.name} may not make newsletters: it lacks the scope administer.",
            remedy="Import into a newsletter that there is.",
        )
    with mailer.database.transaction() as database:
        made = importing.import_document(
            database, asked.name, data, lambda _path: None, wish=asked.wish, actor=who.actor
        )
        told = shapes.imported(made, stored=not asked.dry_run)
        if asked.dry_run:
            database.rollback()
    return ImportedEdition.model_validate(told)


@router.post(
    "/newsletters/{slug}/inbox/import", tags=["inbox"], max_body_size=LARGEST_BYTES, openapi_extra=_BODY
)
def import_into_inbox(
    slug: Slug, mailer: TheMailer, who: Composes, data: Uploaded, name: FileName
) -> Gathered:
    """Put the items of a document into the inbox, those aside that are there already."""
    with mailer.database.reading() as database:
        names = naming.known(database, reading.newsletter(database, slug))
    gathered = gathering.gather(name, data, names, lambda _path: None)
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, slug)
        known = collecting.opened(database, newsletter)
        added = [
            collecting.propose(database, newsletter, known, one, actor=who.actor)
            for one in gathered.proposals
        ]
        found = [inbox.as_json(inbox.candidate(database, one.candidate.id)) for one in added]
    return Gathered(
        candidates=[CandidateShown.model_validate(one) for one in found],
        left_out=gathered.left_out,
        notes=list(gathered.notes),
    )


@router.get(f"{PATH}/review", tags=["editions"])
def list_review(
    slug: Slug,
    key: Key,
    mailer: TheMailer,
    who: Reads,
    every: Annotated[bool, Query(alias="all", description="Also what was looked at already.")] = False,
) -> list[ReviewLine]:
    """The lines of an edition's document that want a person's eye."""
    with mailer.database.reading() as database:
        edition = reading.edition(database, f"{slug}/{key}")
    return [ReviewLine.model_validate(one) for one in (edition.review if every else edition.open_review)]


@router.post(f"{PATH}/review", tags=["editions"])
def tick_off(slug: Slug, key: Key, looked: Looked, mailer: TheMailer, who: Composes) -> Reviewed:
    """Tick lines off that were looked at; the mail is not touched, and an import of the same document keeps it so."""
    if not (looked.lines or looked.items):
        raise UsageError("It is not said what was looked at.", remedy="Name lines or items.")
    with mailer.database.transaction() as database:
        edition, done = reviewing.tick_off(
            database, f"{slug}/{key}", looked.lines, looked.items, actor=who.actor
        )
    return Reviewed(done=done, waiting=len(edition.open_review))
