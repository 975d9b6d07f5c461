"""A newsletter's look: the designs there are, its own colours and letters, its logo."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pulse_mailer import pictures
from pulse_mailer.composing import designs
from pulse_mailer.editions import reading, shapes, theming
from pulse_mailer.errors import UsageError
from pulse_mailer.web.api.calls import Name, Slug, Uploaded, takes
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Administers, Reads

router = APIRouter(tags=["newsletters"])


class DesignShown(BaseModel):
    name: str
    title: str
    about: str
    used_by: list[str] = Field(description="Short names of newsletters.")


class ColourShown(BaseModel):
    """A colour of words as asked for and as used: moved where it could not be read."""

    name: str
    asked: str
    own: bool = Field(description="Set by the newsletter, and not the design's.")
    light: str
    light_contrast: float
    dark: str
    dark_contrast: float
    moved: bool


class ThemeShown(BaseModel):
    """A newsletter's own look within its design."""

    newsletter: str
    theme: dict[str, str] = Field(description="What the newsletter sets itself.")
    chosen: dict[str, str] = Field(
        description="Letters, scale and masthead, the newsletter's or the design's."
    )
    colours: list[ColourShown]


class ThemeMade(ThemeShown):
    reopened: list[str] = Field(description="Keys of editions that were to be sent, and are drafts again.")


class ThemeWish(BaseModel, extra="forbid"):
    tokens: dict[Name, Name] = Field(
        default={},
        max_length=50,
        description="Such as brand, headings, scale; an empty value gives it back to the design.",
        examples=[{"brand": "#7A0019"}],
    )
    reset: bool = Field(default=False, description="Forget all that was set before.")


@router.get("/designs")
def list_designs(mailer: TheMailer, who: Reads) -> list[DesignShown]:
    """The designs that a newsletter can have, and which newsletters use each."""
    with mailer.database.reading() as database:
        users = reading.newsletters(database)
    return [DesignShown.model_validate(shapes.design(designs.load(one), users)) for one in designs.names()]


@router.get("/newsletters/{slug}/theme")
def show_theme(slug: Slug, mailer: TheMailer, who: Reads) -> ThemeShown:
    """Colours with their contrast, letters, scale, and how the masthead shows a logo."""
    with mailer.database.reading() as database:
        return ThemeShown.model_validate(theming.as_json(reading.newsletter(database, slug)))


@router.patch("/newsletters/{slug}/theme")
def change_theme(slug: Slug, mailer: TheMailer, who: Administers, wish: ThemeWish) -> ThemeMade:
    """Change a newsletter's look; what is not named stays."""
    if not (wish.tokens or wish.reset):
        raise UsageError("Nothing was said to change.", remedy="Name a token, or reset them.")
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, slug)
        reopened = theming.change(database, newsletter, wish.tokens, anew=wish.reset, actor=who.actor)
    return _made(mailer, slug, reopened)


@router.put(
    "/newsletters/{slug}/logo",
    max_body_size=pictures.MAX_BYTES,
    openapi_extra=takes("application/octet-stream", "PNG, JPEG, GIF or WebP, at most 5 MB."),
)
def put_logo(slug: Slug, mailer: TheMailer, who: Administers, data: Uploaded) -> ThemeMade:
    """Put a logo into the masthead."""
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, slug)
        reopened = theming.set_logo(database, newsletter, data, actor=who.actor)
    return _made(mailer, slug, reopened)


@router.delete("/newsletters/{slug}/logo")
def remove_logo(slug: Slug, mailer: TheMailer, who: Administers) -> ThemeMade:
    """Take the logo out of the masthead."""
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, slug)
        reopened = theming.remove_logo(database, newsletter, actor=who.actor)
    return _made(mailer, slug, reopened)


def _made(mailer: TheMailer, slug: str, reopened: list[str]) -> ThemeMade:
    with mailer.database.reading() as database:
        told = theming.as_json(reading.newsletter(database, slug))
    return ThemeMade.model_validate(told | {"reopened": reopened})
