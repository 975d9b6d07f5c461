"""`pulse-mailer edition item`: one entry after the other."""

from pathlib import Path
from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.cli.composing import (
    After,
    Before,
    First,
    Number,
    Numbers,
    Revision,
    ToCategory,
    done,
    picture_in,
    spot,
)
from pulse_mailer.cli.steering import Name
from pulse_mailer.errors import UsageError

app = typer.Typer(help="Add, change, move, merge, split, hide and remove items.", no_args_is_help=True)

Publisher = Annotated[str | None, typer.Option(help="Who says it.")]
Url = Annotated[str | None, typer.Option(help="Where to read it; tracking is taken off.")]
Summary = Annotated[str | None, typer.Option(help="What it says, in the small Markdown.")]
Picture = Annotated[Path | None, typer.Option(metavar="FILE", help="A picture: PNG, JPEG, GIF or WebP.")]
Alt = Annotated[str | None, typer.Option(help="The picture in words, for people who cannot see it.")]


@app.command()
def add(
    name: Name,
    title: Annotated[str, typer.Option(help="Its title.")],
    publisher: Publisher = None,
    url: Url = None,
    summary: Summary = None,
    to: ToCategory = "",
    before: Before = "",
    after: After = "",
    first: First = False,
    picture: Picture = None,
    alt: Alt = None,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Add an item: --to a category, or --before or --after another item."""
    from pulse_mailer.editions import items

    values = _values(title=title, publisher=publisher, url=url, summary=summary, picture_alt=alt)
    said = items.Said(values, picture=picture_in(picture))
    where = spot(to, before=before, after=after, first=first)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = items.add(database, name, said, where, actor=output.actor(), expected=revision)
    done(change, json=json)


@app.command("set")
def set_(
    name: Name,
    number: Number,
    title: Annotated[str | None, typer.Option(help="Its title.")] = None,
    publisher: Publisher = None,
    url: Url = None,
    summary: Summary = None,
    picture: Picture = None,
    alt: Alt = None,
    no_picture: Annotated[bool, typer.Option("--no-picture", help="Take its picture off.")] = False,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Change what an item says; what is not named stays. Longer summaries: `edition write EDITION item NUMBER`."""
    from pulse_mailer.editions import items

    values = _values(title=title, publisher=publisher, url=url, summary=summary, picture_alt=alt)
    if not (values or picture or no_picture):
        raise UsageError("Nothing was said to change.", remedy="See what can be: edition item set --help")
    said = items.Said(values, picture=picture_in(picture), without_picture=no_picture)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = items.change(database, name, number, said, actor=output.actor(), expected=revision)
    done(change, json=json)


@app.command()
def move(
    name: Name,
    numbers: Numbers,
    to: ToCategory = "",
    before: Before = "",
    after: After = "",
    first: First = False,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Move items: --to a category, --before or --after another item, or --first in theirs; else last in theirs."""
    from pulse_mailer.editions import arranging

    where = spot(to, before=before, after=after, first=first)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = arranging.move_items(database, name, numbers, where, actor=output.actor(), expected=revision)
    done(change, json=json)


@app.command()
def merge(
    name: Name,
    number: Number,
    other: Annotated[int, typer.Argument(metavar="OTHER", help="The item that goes into it.")],
    picture_of: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Whose picture stays; by default the first's, if it has one."),
    ] = None,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Merge OTHER into an item: its title and link become a line of the summary, its words follow."""
    from pulse_mailer.editions import uniting

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = uniting.unite_items(
            database, name, number, other, picture_of=picture_of, actor=output.actor(), expected=revision
        )
    done(change, json=json)


@app.command()
def split(
    name: Name,
    number: Number,
    title: Annotated[str, typer.Option(help="The new item's title.")],
    at: Annotated[
        int, typer.Option(min=1, metavar="PARAGRAPH", help="The first paragraph of the new item, from 1.")
    ] = 2,
    publisher: Publisher = None,
    url: Url = None,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Make an item of its own of what the summary says from one paragraph on."""
    from pulse_mailer.editions import items, splitting

    said = items.Said(_values(title=title, publisher=publisher, url=url))
    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = splitting.split_item(
            database, name, number, at, said, actor=output.actor(), expected=revision
        )
    done(change, json=json)


@app.command()
def hide(name: Name, numbers: Numbers, revision: Revision = None, *, json: output.Json = False) -> None:
    """Keep items, and do not show them to readers."""
    _hide(name, numbers, revision, hidden=True, json=json)


@app.command()
def show(name: Name, numbers: Numbers, revision: Revision = None, *, json: output.Json = False) -> None:
    """Show hidden items again."""
    _hide(name, numbers, revision, hidden=False, json=json)


@app.command()
def remove(name: Name, numbers: Numbers, revision: Revision = None, *, json: output.Json = False) -> None:
    """Take items out; what came from the inbox waits there again, and `edition restore` brings all back."""
    from pulse_mailer.editions import removing

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = removing.remove_items(database, name, numbers, actor=output.actor(), expected=revision)
    done(change, json=json)


def _hide(name: str, numbers: list[int], revision: int | None, *, hidden: bool, json: bool) -> None:
    from pulse_mailer.editions import hiding

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = hiding.hide_items(
            database, name, numbers, hidden=hidden, actor=output.actor(), expected=revision
        )
    done(change, json=json)


def _values(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
