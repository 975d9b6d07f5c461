"""`pulse-mailer newsletter theme` and `logo`: a newsletter's own look within its design."""

from pathlib import Path
from typing import Annotated

import typer

from pulse_mailer.cli import documents, output, steering
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.errors import UsageError

_ON = "Colours are kept when they read well (contrast 4.5 or more), and else moved until they do."


def theme(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NEWSLETTER] [TOKEN=VALUE]...",
            help="Such as brand=#7A0019 headings=sans scale=large; brand= gives it back to the design.",
        ),
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget all that was set before.")] = False,
    *,
    json: output.Json = False,
) -> None:
    """
    Show a newsletter's theme, or change it: colours, fonts, scale, how the masthead shows a logo.

    Colours: brand, link, ink, muted, rule, paper, ground. headings, body: sans or serif. scale: small, regular or
    large. masthead: both (logo and name) or logo (in the name's place).
    """
    from pulse_mailer.editions import reading, theming

    slug, tokens = _read(arguments or [])
    with output.mailer() as mailer, mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, slug)
        reopened = []
        if tokens or reset:
            reopened = theming.change(database, newsletter, tokens, anew=reset, actor=output.actor())
            newsletter = reading.newsletter(database, newsletter.slug)
        if json:
            output.print_json(theming.as_json(newsletter) | {"reopened": reopened})
            return
        _print(newsletter)
    if tokens or reset:
        output.good(f"{newsletter.name}: the theme is set.")
    _say_reopened(reopened)
    output.say("See it in an edition: pulse-mailer edition render EDITION -o mail.html")


def logo(
    file: Annotated[Path | None, typer.Argument(help="A picture: PNG, JPEG, GIF or WebP.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the logo out of the masthead.")] = False,
    newsletter: Annotated[str | None, typer.Option(help="The newsletter's short name.")] = None,
) -> None:
    """
    Put a logo into the masthead, or take it out.

    It is shown at most 220 by 64 pixels, on a light plate in dark inboxes. `newsletter theme masthead=logo` puts it
    in the place of the name, which is then read in its stead.
    """
    from pulse_mailer.editions import reading, theming

    if (file is None) is not remove:
        raise UsageError("Name the logo's file, or say --remove.")
    data = b"" if file is None else documents.read(file)[1]
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = reading.newsletter(database, newsletter)
        if remove:
            reopened = theming.remove_logo(database, found, actor=output.actor())
        else:
            reopened = theming.set_logo(database, found, data, actor=output.actor())
    output.good(f"{found.name} has {'no logo' if remove else 'a logo'} now.")
    _say_reopened(reopened)
    output.say("See it in an edition: pulse-mailer edition render EDITION -o mail.html")


def _read(arguments: list[str]) -> tuple[str | None, dict[str, str]]:
    """The newsletter, if one is named, and the tokens."""
    slug = arguments[0] if arguments and "=" not in arguments[0] else None
    tokens = {}
    for argument in arguments[slug is not None :]:
        name, equals, value = argument.partition("=")
        if not equals:
            raise UsageError(
                f"{argument!r} sets nothing.", remedy="Write TOKEN=VALUE, such as brand=#7A0019."
            )
        tokens[name.strip()] = value
    return slug, tokens


def _print(newsletter: Newsletter) -> None:
    from pulse_mailer.editions import theming

    shades = theming.shades(newsletter)
    rows = [
        [
            shade.name,
            shade.asked if shade.is_own else f"{shade.asked} (design)",
            shade.light,
            f"{shade.light_contrast:.1f}",
            shade.dark,
            f"{shade.dark_contrast:.1f}",
        ]
        for shade in shades
    ]
    output.print_table(
        ["Colour", "Asked for", "Light", "Contrast", "Dark", "Contrast "], rows, ["Contrast", "Contrast "]
    )
    for shade in shades:
        if shade.was_moved:
            output.trouble(
                f"{shade.name}: {shade.asked} cannot be read on the page; the mail uses {shade.light} instead."
            )
    output.say(", ".join(f"{name} {value}" for name, value in theming.choices(newsletter).items()) + ".")
    output.say(_ON)


def _say_reopened(reopened: list[str]) -> None:
    for key in reopened:
        output.trouble(steering.REOPENED.format(key))
