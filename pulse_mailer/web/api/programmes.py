"""A newsletter's programme: the sections and categories that its editions may have, in their order."""

from collections.abc import Sequence

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import programme, reading, shapes
from pulse_mailer.editions.changing import Change
from pulse_mailer.editions.programme import Kind
from pulse_mailer.editions.spots import Spot
from pulse_mailer.web.api.calls import Name, Slug, Typed
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Administers, Reads

router = APIRouter(prefix="/newsletters/{slug}/programme", tags=["newsletters"])


class SectionLine(BaseModel):
    name: str
    colour: str = Field(description="Empty: the design's own.")
    is_news: bool = Field(description="It holds our own news.")


class ProgrammeShown(BaseModel):
    """The sections and categories in their order."""

    newsletter: str
    sections: list[SectionLine]
    categories: list[str]


class ProgrammeMade(ProgrammeShown):
    editions: list[str] = Field(description="Keys of editions that were changed likewise.")
    reopened: list[str] = Field(description="Of them, those that were to be sent, and are drafts again.")


class Part(BaseModel, extra="forbid"):
    part: Kind = Field(examples=["section"])
    name: Typed = Field(examples=["Policy"])


class Standing(Part):
    """Where it is to stand: last, unless it says otherwise."""

    before: Name = Field(default="", description="Right before this one.", examples=[""])
    after: Name = Field(default="", description="Right after this one.", examples=[""])
    first: bool = Field(default=False, description="At the beginning instead of the end.")

    def spot(self) -> Spot:
        return Spot(before=self.before, after=self.after, first=self.first)


class NewPart(Standing):
    news: bool = Field(default=False, description="A section for our own news.")


class Renamed(Part):
    new: Typed = Field(description="What it is to be called.", examples=["Policy and law"])


class Coloured(BaseModel, extra="forbid"):
    name: Typed = Field(description="Of a section.", examples=["Policy"])
    value: Name = Field(description="#RRGGBB; empty: the design's own.", examples=["#1A5E63"])


class Gone(Part):
    chosen_too: bool = Field(default=False, description="Also when subscribers chose this section.")


@router.get("")
def show_programme(slug: Slug, mailer: TheMailer, who: Reads) -> ProgrammeShown:
    """The sections and categories in their order."""
    with mailer.database.reading() as database:
        return ProgrammeShown.model_validate(shapes.programme(reading.newsletter(database, slug)))


@router.post("", status_code=201)
def add_to_programme(slug: Slug, new: NewPart, mailer: TheMailer, who: Administers) -> ProgrammeMade:
    """Add a section or category."""
    with mailer.database.transaction() as database:
        return _made(
            programme.add(database, slug, new.part, new.name, new.spot(), news=new.news, actor=who.actor)
        )


@router.post("/rename")
def rename_in_programme(slug: Slug, wish: Renamed, mailer: TheMailer, who: Administers) -> ProgrammeMade:
    """Rename a section or category, in editions that were not sent, too; subscribers' choices stay."""
    with mailer.database.transaction() as database:
        return _made(*programme.rename(database, slug, wish.part, wish.name, wish.new, actor=who.actor))


@router.post("/move")
def move_in_programme(slug: Slug, wish: Standing, mailer: TheMailer, who: Administers) -> ProgrammeMade:
    """Move a section or category, for editions to come."""
    with mailer.database.transaction() as database:
        return _made(programme.move(database, slug, wish.part, wish.name, wish.spot(), actor=who.actor))


@router.post("/colour")
def colour_in_programme(slug: Slug, wish: Coloured, mailer: TheMailer, who: Administers) -> ProgrammeMade:
    """Give a section a colour, for editions to come."""
    with mailer.database.transaction() as database:
        return _made(programme.colour(database, slug, wish.name, wish.value, actor=who.actor))


@router.post("/remove")
def remove_from_programme(slug: Slug, wish: Gone, mailer: TheMailer, who: Administers) -> ProgrammeMade:
    """Take a section or category out of the programme; editions that there are keep theirs."""
    with mailer.database.transaction() as database:
        return _made(
            programme.remove(database, slug, wish.part, wish.name, chosen=wish.chosen_too, actor=who.actor)
        )


def _made(newsletter: Newsletter, changes: Sequence[Change] = ()) -> ProgrammeMade:
    return ProgrammeMade.model_validate(
        shapes.programme(newsletter)
        | {
            "editions": [change.edition.key for change in changes],
            "reopened": [change.edition.key for change in changes if change.reopened],
        }
    )
