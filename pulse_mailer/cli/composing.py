"""What the commands that change an edition have in common: their options, and the line in the end."""

from pathlib import Path
from typing import Annotated

import typer

from pulse_mailer.cli import documents, output, steering
from pulse_mailer.editions import shapes
from pulse_mailer.editions.changing import Change
from pulse_mailer.editions.spots import Spot

Number = Annotated[
    int, typer.Argument(metavar="NUMBER", help="The item's number, as `edition show` lists it.")
]
Numbers = Annotated[list[int], typer.Argument(metavar="NUMBER...", help="The items' numbers.")]
Revision = Annotated[
    int | None,
    typer.Option(metavar="N", help="The revision that you looked at; refused when it is another by now."),
]
Before = Annotated[str, typer.Option(metavar="WHICH", help="Right before this one.")]
After = Annotated[str, typer.Option(metavar="WHICH", help="Right after this one.")]
First = Annotated[bool, typer.Option("--first", help="At the beginning, instead of the end.")]
ToCategory = Annotated[str, typer.Option("--to", metavar="CATEGORY", help="Into this: Section/Category.")]
ToSection = Annotated[str, typer.Option("--to", metavar="SECTION", help="Into this section.")]
Category = Annotated[
    str, typer.Argument(metavar="CATEGORY", help="Its name, or Section/Category, or its place: #2/#1.")
]
Section = Annotated[str, typer.Argument(metavar="SECTION", help="Its name, or its place: #2.")]


def spot(into: str = "", *, before: str = "", after: str = "", first: bool = False) -> Spot:
    """The place that options name. Raises as `Spot`."""
    return Spot(into, before=before, after=after, first=first)


def done(change: Change, *, json: bool) -> None:
    """Say what was changed, and how to go back; as JSON: edition, revision, what, items, changed, reopened."""
    edition = change.edition
    if json:
        output.print_json(shapes.change(change))
        return
    if not change.made:
        output.say(f"{edition.key}: nothing to change; it is like that already.")
        return
    output.good(f"{edition.key}: {change.what}. It is at revision {edition.revision}.")
    if change.reopened:
        output.trouble(steering.REOPENED.format(edition.key))
    if edition.to_write:
        output.say(f"Still to be written: {', '.join(edition.to_write)}.")
    output.say(f"See it: pulse-mailer edition show {edition.name}")


def picture_in(file: Path | None) -> bytes | None:
    """
    The content of a picture's file; None when none is named.

    Raises:
        DocumentError: it is not there, not a file, not readable or too large.
    """
    return None if file is None else documents.read(file)[1]
