"""A newsletter's own look within its design: colours, letters, logo."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from pulse_mailer import audit, pictures
from pulse_mailer.composing import designs, themes
from pulse_mailer.composing.themes import Shade, Theme
from pulse_mailer.domain.newsletter import Logo, Newsletter
from pulse_mailer.editions import founding
from pulse_mailer.errors import UsageError


def theme_of(newsletter: Newsletter) -> Theme:
    """
    Raises:
        NotFound, BrokenTemplate, UsageError: its design or its theme cannot be used.
    """
    return themes.theme(designs.load(newsletter.design), newsletter.theme)


def shades(newsletter: Newsletter) -> list[Shade]:
    """Every colour of words as asked for and as used: the theme's, then those of the programme's sections."""
    theme = theme_of(newsletter)
    sections = [
        theme.section_shade(section.name, section.colour, place)
        for place, section in enumerate(newsletter.sections)
    ]
    return [*theme.shades, *sections]


def choices(newsletter: Newsletter) -> dict[str, str]:
    """What is chosen besides colours, by the newsletter or else the design."""
    theme = theme_of(newsletter)
    chosen = {
        "design": newsletter.design,
        **theme.design.fonts,
        "scale": "regular",
        "masthead": theme.masthead,
    }
    chosen |= {name: value for name, value in newsletter.theme.items() if name in chosen}
    return chosen | {"logo": "yes" if newsletter.logo else "none"}


def as_json(newsletter: Newsletter) -> dict[str, Any]:
    """What `newsletter theme --json` and the API tell of a look; kept stable."""
    return {
        "newsletter": newsletter.slug,
        "theme": newsletter.theme,
        "chosen": choices(newsletter),
        "colours": [
            {
                "name": shade.name,
                "asked": shade.asked,
                "own": shade.is_own,
                "light": shade.light,
                "light_contrast": round(shade.light_contrast, 2),
                "dark": shade.dark,
                "dark_contrast": round(shade.dark_contrast, 2),
                "moved": shade.was_moved,
            }
            for shade in shades(newsletter)
        ],
    }


def change(
    database: Session, newsletter: Newsletter, tokens: Mapping[str, str], *, anew: bool = False, actor: str
) -> list[str]:
    """
    Set tokens of a newsletter's theme; an empty value gives a token back to the design.

    Gives the keys of editions that were to be sent as they looked before, and are drafts again.

    Args:
        anew: forget what was set before.

    Raises:
        UsageError: a token that the design does not know, or a value that it cannot have; nothing is changed.
    """
    before = dict(newsletter.theme)
    wanted = ({} if anew else before) | {name: _written(value) for name, value in tokens.items()}
    # An unknown name is one also where it would be given back.
    themes.theme(designs.load(newsletter.design), {name: value for name, value in wanted.items() if value})
    if unknown := sorted(set(tokens) - set(names(newsletter))):
        raise UsageError(
            f"The design {newsletter.design} knows no {unknown[0]!r}.",
            remedy=f"It knows: {', '.join(names(newsletter))}.",
        )
    after = {name: value for name, value in wanted.items() if value}
    if after == before:
        return []
    newsletter.theme = after
    return _changed(database, newsletter, "theme", before, after, actor)


def try_on(newsletter: Newsletter, tokens: Mapping[str, str], design: str = "") -> None:
    """
    Dress a newsletter in a theme without keeping it; for looking, in a session that only reads.

    Raises:
        UsageError, NotFound: a token that the design does not know, a value that it cannot have, no such design.
    """
    found = designs.load(design or newsletter.design)
    wanted = {name: _written(value) for name, value in tokens.items() if value.strip()}
    themes.theme(found, wanted)
    newsletter.design, newsletter.theme = found.name, wanted


def names(newsletter: Newsletter) -> list[str]:
    """What a theme may set in its design."""
    return [*sorted(designs.load(newsletter.design).light), *themes.CHOICES]


def set_logo(database: Session, newsletter: Newsletter, data: bytes, *, actor: str) -> list[str]:
    """
    Put a picture into the masthead. Gives keys as change() does.

    Raises:
        PictureRefused: it is no picture that mail can show.
    """
    picture = pictures.keep(database, data)
    before = newsletter.logo.picture_hash if newsletter.logo else None
    if before == picture.content_hash:
        return []
    newsletter.logo = Logo(picture_hash=picture.content_hash, picture=picture)
    return _changed(database, newsletter, "logo", before, picture.content_hash, actor)


def remove_logo(database: Session, newsletter: Newsletter, *, actor: str) -> list[str]:
    """
    Take the logo out of the masthead; the picture is kept for editions that were sent. Gives keys as change() does.
    """
    if newsletter.logo is None:
        return []
    before = newsletter.logo.picture_hash
    newsletter.logo = None
    return _changed(database, newsletter, "logo", before, None, actor)


def _written(value: str) -> str:
    """Colours are compared and kept in capitals; a shell's user may leave the # out."""
    value = value.strip()
    if len(value) == 6 and all(letter in "0123456789abcdefABCDEF" for letter in value):
        value = f"#{value}"
    return value.upper() if value.startswith("#") else value


def _changed(
    database: Session, newsletter: Newsletter, what: str, before: object, after: object, actor: str
) -> list[str]:
    audit.record(
        database,
        actor,
        "newsletter.changed",
        f"newsletter {newsletter.slug}",
        before={what: before},
        after={what: after},
    )
    database.flush()
    return founding.reopen_all(database, newsletter, f"{what} of the newsletter changed", actor=actor)
