"""`pulse-mailer edition new`, `set` and `write`: an edition begun, and its words."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pulse_mailer.cli import documents, output, writing
from pulse_mailer.cli.composing import Revision, done
from pulse_mailer.cli.steering import Name
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import drafting, places, reading
from pulse_mailer.editions.changing import Change
from pulse_mailer.errors import UsageError

if TYPE_CHECKING:
    from pulse_mailer.bootstrap import Mailer


def new(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its short name, such as 2026-12.")],
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="EDITION", help="Begin with the sections and the words of this one."),
    ] = None,
    newsletter: Annotated[str | None, typer.Option(help="Short name of the newsletter.")] = None,
    period: Annotated[
        str, typer.Option(help='The time it covers, such as "December 2026"; by default what the key says.')
    ] = "",
    *,
    json: output.Json = False,
) -> None:
    """
    Begin an edition: the sections and categories of the programme, or of --from, without items.

    What each edition says anew (subject, preheader, letter) is marked, and sending waits until it is written.
    """
    from pulse_mailer.editions import beginning

    with output.mailer() as mailer, mailer.database.transaction() as database:
        source = None if from_ is None else reading.edition(database, from_)
        slug = source.newsletter.slug if source is not None and newsletter is None else newsletter
        found = reading.newsletter(database, slug)
        if not (period or beginning.period_of(key, found.language)) and sys.stdin.isatty():
            period = typer.prompt("Which time does it cover, as its masthead says it?")
        made = beginning.begin(database, found, key, actor=output.actor(), source=source, period=period)
    if json:
        output.print_json(reading.as_json(made))
        return
    output.good(f"{found.name} {made.key} is a new draft{f' for {made.period}' if made.period else ''}.")
    where = f"of {made.begun_from}" if made.begun_from else "of the programme"
    output.say(f"It has {_sections(len(made.sections))} {where}, and no items yet.")
    output.say(f"To be written before it is sent: {', '.join(made.to_write)}.")
    output.say(f"Next: pulse-mailer edition write {made.name} letter")


def set_(
    name: Name,
    field: Annotated[str, typer.Argument(help=f"One of {', '.join(drafting.FIELDS)}.")],
    value: Annotated[str | None, typer.Argument(help="Its new value.")] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="It is to stay as the earlier edition had it; takes no value.")
    ] = False,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Change one field of a draft; an edition that waits to begin is a draft again then."""
    field = field.replace("-", "_")
    if keep is (value is not None):
        raise UsageError("A field is given a value, or kept: --keep.", remedy="Say which of the two.")
    with output.mailer() as mailer, mailer.database.transaction() as database:
        if value is None:
            change = drafting.keep(database, name, [field], actor=output.actor(), expected=revision)
        else:
            change = drafting.change(database, name, {field: value}, actor=output.actor(), expected=revision)
    done(change, json=json)


def write(
    name: Name,
    what: Annotated[str, typer.Argument(metavar="letter|item", help="The letter, or an item's summary.")],
    number: Annotated[int | None, typer.Argument(metavar="NUMBER", help="Of which item.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Take it from there; - is standard input. By default your editor opens."),
    ] = None,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """
    Write the letter, or the summary of an item, in the small Markdown: from a file, standard input or your editor.

    What was written in the editor is never lost: when it cannot be stored, the message says where it lies.
    """
    if what not in ("letter", "item") or (what == "item") is (number is None):
        raise UsageError(f"{what!r} cannot be written so.", remedy="Say: letter, or: item NUMBER")
    with output.mailer() as mailer:
        if file is None and sys.stdin.isatty():
            with mailer.database.reading() as database:
                edition = reading.edition(database, name)
                said = _said(edition, number)
            text = writing.edited(said)
            # Whoever changed it while the editor was open is not overwritten.
            with writing.saved(text):
                change = _store(mailer, name, number, text, revision or edition.revision)
        else:
            text = documents.text(file)
            change = _store(mailer, name, number, text, revision)
    done(change, json=json)


def _said(edition: Edition, number: int | None) -> str:
    return edition.letter if number is None else places.item(edition, number).item.summary


def _store(mailer: "Mailer", name: str, number: int | None, text: str, revision: int | None) -> Change:
    from pulse_mailer.editions import items

    with mailer.database.transaction() as database:
        if number is None:
            return drafting.change(database, name, {"letter": text}, actor=output.actor(), expected=revision)
        said = items.Said({"summary": text})
        return items.change(database, name, number, said, actor=output.actor(), expected=revision)


def _sections(count: int) -> str:
    return {0: "no section", 1: "the one section"}.get(count, f"the {count:,} sections")
