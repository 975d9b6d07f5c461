"""Newsletters: made, and what each says of itself."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pulse_mailer.editions import founding, reading, shapes
from pulse_mailer.web.api.calls import Name, Slug, Text, Typed, by_field
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Administers, Reads

router = APIRouter(prefix="/newsletters", tags=["newsletters"])


class NewsletterShown(BaseModel, extra="allow"):
    """What a newsletter says of itself, and its programme; with every field that `newsletter set` takes."""

    slug: str = Field(examples=["pulse"])
    name: str = Field(examples=["Civic Pulse"])
    from_name: str
    from_address: str = Field(examples=["news@example.org"])
    language: str = Field(examples=["en-GB"])
    timezone: str = Field(description="Of its readers, by its IANA name.", examples=["Europe/London"])
    sections: list[str] = Field(description="Of its programme.")
    categories: list[str] = Field(description="Likewise.")


class NewNewsletter(BaseModel, extra="forbid"):
    """A newsletter to make."""

    slug: Typed = Field(description="Its short name, which never changes.", examples=["pulse"])
    name: Name = Field(description="As the masthead shows it.", examples=["Civic Pulse"])
    from_address: Name = Field(examples=["news@example.org"])
    from_name: Name = Field(default="", description="Empty: the newsletter's name.")
    reply_to: Name = Field(default="", description="Empty: the sender.")
    postal_address: Name = Field(default="", description="In the footer; sending needs one.")
    reason: Name = Field(default="", description="Why people get it, as the footer says it.")
    language: Name = Field(default="en-GB", examples=["en-GB"])
    timezone: Name = Field(default="Europe/London", examples=["Europe/London"])


class NewsletterMade(NewsletterShown):
    reopened: list[str] = Field(
        description="Keys of editions that were to be sent, and are drafts again, since this stands in their mail."
    )


@router.get("")
def list_newsletters(mailer: TheMailer, who: Reads) -> list[NewsletterShown]:
    """All newsletters, by name."""
    with mailer.database.reading() as database:
        return [_shown(shapes.newsletter(one)) for one in reading.newsletters(database)]


@router.post("", status_code=201)
def add_newsletter(new: NewNewsletter, mailer: TheMailer, who: Administers) -> NewsletterShown:
    """Make a newsletter."""
    values = new.model_dump(exclude={"slug"}) | {"from_name": new.from_name or new.name}
    with mailer.database.transaction() as database:
        founding.found(database, new.slug, values, actor=who.actor)
    return show_newsletter(new.slug, mailer, who)


@router.get("/{slug}")
def show_newsletter(slug: Slug, mailer: TheMailer, who: Reads) -> NewsletterShown:
    """What a newsletter says of itself, and its programme."""
    with mailer.database.reading() as database:
        return _shown(shapes.newsletter(reading.newsletter(database, slug)))


@router.patch("/{slug}")
def change_newsletter(
    slug: Slug,
    mailer: TheMailer,
    who: Administers,
    values: Annotated[dict[Name, Text], by_field(founding.FIELDS, {"from_name": "Civic Pulse"})],
) -> NewsletterMade:
    """Change what a newsletter says of itself; what is not named stays."""
    with mailer.database.transaction() as database:
        found = reading.newsletter(database, slug)
        reopened = founding.change(database, found, values, actor=who.actor)
    with mailer.database.reading() as database:
        told = shapes.newsletter(reading.newsletter(database, slug))
    return NewsletterMade.model_validate(told | {"reopened": reopened})


def _shown(told: dict[str, Any]) -> NewsletterShown:
    return NewsletterShown.model_validate(told)
