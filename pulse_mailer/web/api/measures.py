"""What an edition costs and to whom which part of it goes; and what was put right after it had gone out."""

import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pulse_mailer.composing import remembering
from pulse_mailer.delivery import approving
from pulse_mailer.delivery.variants import plan
from pulse_mailer.domain.correction import EDITION_FIELDS, ITEM_FIELDS, Fix
from pulse_mailer.editions import correcting, reading, shapes
from pulse_mailer.errors import UsageError
from pulse_mailer.web.api.calls import Expected, Key, Name, Number, Slug, Text
from pulse_mailer.web.api.editions import PATH
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Composes, Reads

router = APIRouter(tags=["editions"])


class PartSize(BaseModel):
    name: str
    bytes: int


class ItemSize(BaseModel):
    """What one item costs of the mail's HTML."""

    number: int
    title: str
    section: str
    short: bool = Field(description="The mail shows only how it begins.")
    bytes: int
    short_saves: int = Field(description="What showing it short saves, or saved.")


class Advice(BaseModel):
    items: list[int] = Field(description="The fewest to show short; none: nothing need be.")
    html_bytes: int = Field(description="The mail's HTML then.")
    goal: int
    enough: bool = Field(description="Whether that brings it under the goal.")


class SizeShown(BaseModel):
    """The bytes of the mail's HTML, by part and item."""

    edition: str
    html_bytes: int = Field(description="Gmail cuts off what is over about 102,000.")
    parts: list[PartSize]
    items: list[ItemSize]
    advice: Advice


class VariantShown(BaseModel):
    """A part of an edition, for those who chose these sections."""

    variant: str = Field(description="Empty: the whole edition.")
    sections: list[str]
    people: int
    bytes: int
    findings: list[str] = Field(description="Codes of what preflight found in its mail.")


class VariantsShown(BaseModel):
    variants: list[VariantShown]
    passed_over: int = Field(description="So many chose only sections that it does not have.")


class Right(BaseModel, extra="forbid"):
    """One thing that was wrong, and what is right."""

    item: Number | None = Field(default=None, description="Its number; left out: of the edition itself.")
    field: Name = Field(
        default="",
        description=f"Of an item: {', '.join(ITEM_FIELDS)}. Of the edition: {', '.join(EDITION_FIELDS)}.",
        examples=["subject"],
    )
    value: Text = Field(default="", description="What it shall say.", examples=["Tides and tolls"])
    hide: bool | None = Field(
        default=None, description="Instead of a field: take the item off the page, or put it back."
    )

    def fix(self) -> Fix:
        if self.hide is None:
            return Fix(self.item, self.field, self.value)
        if self.item is None or self.field:
            raise UsageError("`hide` stands beside an item's number alone.")
        return Fix(self.item, "is_hidden", self.hide)


class NewCorrection(BaseModel, extra="forbid"):
    fixes: list[Right] = Field(min_length=1, max_length=100)
    note: Name = Field(
        description="What was wrong and what is right, for readers of the page.",
        examples=["The bridge opens in May, not in April."],
    )


class CorrectionShown(BaseModel):
    at: datetime.datetime = Field(description="In UTC.")
    actor: str
    note: str


@router.get(f"{PATH}/size")
def show_size(slug: Slug, key: Key, mailer: TheMailer, who: Reads) -> SizeShown:
    """What each part and item costs of the mail's HTML, what showing each short saves, and which to choose."""
    with mailer.database.reading() as database:
        edition = reading.edition(database, f"{slug}/{key}")
    return SizeShown.model_validate(shapes.size(edition.name, remembering.measure(edition, mailer.links)))


@router.get(f"{PATH}/variants")
def list_variants(slug: Slug, key: Key, mailer: TheMailer, who: Reads) -> VariantsShown:
    """Which parts of an edition go to how many people, as they chose sections."""
    with mailer.database.reading() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        found = plan(database, edition)
        checked = approving.look(edition, mailer.links, found.names)
    return VariantsShown.model_validate(approving.by_variant(edition, found, checked))


@router.get(f"{PATH}/corrections")
def list_corrections(slug: Slug, key: Key, mailer: TheMailer, who: Reads) -> list[CorrectionShown]:
    """What was put right of an edition since it went out, the newest first."""
    with mailer.database.reading() as database:
        found = correcting.corrections(database, reading.edition(database, f"{slug}/{key}").id)
    return [CorrectionShown.model_validate(shapes.correction(one)) for one in found]


@router.post(f"{PATH}/corrections", status_code=201)
def correct_edition(
    slug: Slug, key: Key, new: NewCorrection, mailer: TheMailer, who: Composes, expected: Expected
) -> CorrectionShown:
    """Put the web copy right of an edition whose sending has begun; its mail stays as it was approved."""
    fixes = [one.fix() for one in new.fixes]
    with mailer.database.transaction() as database:
        made = correcting.correct(
            database,
            mailer.links,
            f"{slug}/{key}",
            fixes,
            note=new.note,
            actor=who.actor,
            expected=expected,
        )
        return CorrectionShown.model_validate(shapes.correction(made))
