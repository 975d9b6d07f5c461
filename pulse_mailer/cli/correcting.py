"""`pulse-mailer edition correct` and `corrections`: the web copy put right, after the mail went out."""

from pathlib import Path
from typing import Annotated

import typer

from pulse_mailer.cli import documents, output
from pulse_mailer.cli.steering import Name
from pulse_mailer.domain.correction import EDITION_FIELDS, ITEM_FIELDS, Fix
from pulse_mailer.editions import reading
from pulse_mailer.errors import UnreadableDocument, UsageError

_HOW = "Say NUMBER FIELD VALUE for an item, FIELD VALUE for the edition, or NUMBER with --hide or --show."


def correct(
    name: Name,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="[NUMBER] FIELD [VALUE]",
            help=f"An item's number and one of {', '.join(ITEM_FIELDS)}; or one of {', '.join(EDITION_FIELDS)}. "
            "Then what it shall say.",
        ),
    ],
    note: Annotated[
        str, typer.Option(metavar="TEXT", help="What was wrong and what is right, for readers of the page.")
    ],
    file: Annotated[
        Path | None, typer.Option(help="Take what it shall say from this file; for a letter or summary.")
    ] = None,
    hide: Annotated[
        bool | None, typer.Option("--hide/--show", help="Take the item off the page, or put it back.")
    ] = None,
    revision: Annotated[
        int | None, typer.Option(help="Only if it is still at this revision, as history names it.")
    ] = None,
) -> None:
    """
    Put right what an edition says whose sending has begun, or is over: on the web, in feeds and in the search.

    The mail stays as it was approved, also for those who get it later. The page says what was corrected, and when.
    To take a correction back, correct it again.
    """
    fix = _fix(what, file, hide)
    from pulse_mailer.editions import correcting

    with output.mailer() as mailer, mailer.database.transaction() as database:
        correcting.correct(
            database, mailer.links, name, [fix], note=note, actor=output.actor(), expected=revision
        )
        edition = reading.edition(database, name)
        address = mailer.links.web_copy(edition.newsletter.slug, edition.key)
    output.good(f"{edition.key}: the web copy is corrected, and says so. The mail is as it was.")
    output.say(f"Look at it: {address}")
    output.say(f"All of them: pulse-mailer edition corrections {edition.name}")


def corrections(name: Name, *, json: output.Json = False) -> None:
    """List what was put right of an edition since it went out, the newest first."""
    from pulse_mailer.editions import correcting, shapes

    with output.mailer() as mailer, mailer.database.reading() as database:
        edition = reading.edition(database, name)
        found = correcting.corrections(database, edition.id)
    if json:
        output.print_json([shapes.correction(one) for one in found])
    elif found:
        rows = [[f"{one.at:%Y-%m-%d %H:%M} UTC", one.actor, one.note] for one in found]
        output.print_table(["When", "Who", "Note"], rows)
    else:
        output.say(f"Nothing of {edition.key} was corrected.")
        output.say(f"How to: pulse-mailer edition correct {edition.name} --help")


def _fix(what: list[str], file: Path | None, hide: bool | None) -> Fix:
    number = int(what[0]) if what[0].isascii() and what[0].isdigit() else None
    rest = what if number is None else what[1:]
    if hide is not None:
        if number is None or rest or file is not None:
            raise UsageError("--hide and --show stand behind an item's number alone.", remedy=_HOW)
        return Fix(number, "is_hidden", hide)
    value = [_text(file)] if file is not None else rest[1:]
    if not rest or len(value) != 1 or len(rest) > (1 if file else 2):
        raise UsageError("That is not what to correct, and what it shall say.", remedy=_HOW)
    return Fix(number, rest[0].replace("-", "_"), value[0])


def _text(file: Path) -> str:
    name, data = documents.read(file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableDocument(
            f"{name} is not text in UTF-8.", remedy="Save it as plain text in UTF-8."
        ) from error
