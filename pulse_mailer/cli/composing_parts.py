"""`pulse-mailer edition section` and `edition category`: how an edition is parted; the programme stays as it is."""

from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.cli.composing import (
    After,
    Before,
    Category,
    First,
    Revision,
    Section,
    ToSection,
    done,
    spot,
)
from pulse_mailer.cli.steering import Name
from pulse_mailer.errors import UsageError

sections = typer.Typer(
    help="Add, rename, colour, move, merge, hide and remove sections of one edition.", no_args_is_help=True
)
categories = typer.Typer(
    help="Add, rename, move, merge, split, hide and remove categories of one edition.", no_args_is_help=True
)

New = Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called.")]
WithItems = Annotated[bool, typer.Option("--with-items", help="Also with what stands in it.")]


@sections.command("add")
def add_section(
    name: Name,
    new: New,
    before: Before = "",
    after: After = "",
    first: First = False,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Add a section; one of the programme comes with its colour, and stands where the programme has it."""
    from pulse_mailer.editions import sections

    where = spot(before=before, after=after, first=first)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = sections.add_section(database, name, new, where, actor=output.actor(), expected=revision)
    done(change, json=json)


@sections.command("set")
def set_section(
    name: Name,
    section: Section,
    new: Annotated[str | None, typer.Option("--name", help="What it is to be called.")] = None,
    colour: Annotated[
        str | None, typer.Option(metavar="#RRGGBB", help="Its colour; empty: the design's own.")
    ] = None,
    news: Annotated[
        bool | None, typer.Option("--news/--no-news", help="Whether it holds our own news.")
    ] = None,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Rename a section of this edition, or set its colour."""
    from pulse_mailer.editions import sections

    said = {"name": new, "colour": colour, "is_news": None if news is None else ("yes" if news else "no")}
    values = {field: value for field, value in said.items() if value is not None}
    if not values:
        raise UsageError("Nothing was said to change.", remedy="Name one of: --name, --colour, --news")
    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = sections.change_section(
            database, name, section, values, actor=output.actor(), expected=revision
        )
    done(change, json=json)


@sections.command("move")
def move_section(
    name: Name,
    section: Section,
    before: Before = "",
    after: After = "",
    first: First = False,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Move a section --before or --after another, or --first; else last."""
    from pulse_mailer.editions import arranging

    where = spot(before=before, after=after, first=first)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = arranging.move_section(
            database, name, section, where, actor=output.actor(), expected=revision
        )
    done(change, json=json)


@sections.command("merge")
def merge_sections(
    name: Name,
    section: Section,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The section that goes into it.")],
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Merge OTHER into a section; categories of one name become one."""
    from pulse_mailer.editions import uniting

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = uniting.unite_sections(
            database, name, section, other, actor=output.actor(), expected=revision
        )
    done(change, json=json)


@sections.command("hide")
def hide_section(
    name: Name, section: Section, revision: Revision = None, *, json: output.Json = False
) -> None:
    """Keep a section, and do not show it to readers."""
    _hide_section(name, section, revision, hidden=True, json=json)


@sections.command("show")
def show_section(
    name: Name, section: Section, revision: Revision = None, *, json: output.Json = False
) -> None:
    """Show a hidden section again."""
    _hide_section(name, section, revision, hidden=False, json=json)


@sections.command("remove")
def remove_section(
    name: Name,
    section: Section,
    with_items: WithItems = False,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Take a section out of this edition."""
    from pulse_mailer.editions import removing

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = removing.remove_section(
            database, name, section, with_items=with_items, actor=output.actor(), expected=revision
        )
    done(change, json=json)


@categories.command("add")
def add_category(
    name: Name,
    new: New,
    to: ToSection = "",
    before: Before = "",
    after: After = "",
    first: First = False,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Add a category --to a section, or --before or --after another category."""
    from pulse_mailer.editions import sections

    where = spot(to, before=before, after=after, first=first)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = sections.add_category(database, name, new, where, actor=output.actor(), expected=revision)
    done(change, json=json)


@categories.command("set")
def set_category(
    name: Name,
    category: Category,
    new: Annotated[str, typer.Option("--name", help="What it is to be called.")],
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Rename a category of this edition."""
    from pulse_mailer.editions import sections

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = sections.rename_category(
            database, name, category, new, actor=output.actor(), expected=revision
        )
    done(change, json=json)


@categories.command("move")
def move_category(
    name: Name,
    category: Category,
    to: ToSection = "",
    before: Before = "",
    after: After = "",
    first: First = False,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Move a category with its items: --to a section, --before or --after another, or --first; else last."""
    from pulse_mailer.editions import arranging

    where = spot(to, before=before, after=after, first=first)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = arranging.move_category(
            database, name, category, where, actor=output.actor(), expected=revision
        )
    done(change, json=json)


@categories.command("merge")
def merge_categories(
    name: Name,
    category: Category,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The category that goes into it.")],
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Put the items of OTHER after those of a category, and take OTHER out."""
    from pulse_mailer.editions import uniting

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = uniting.unite_categories(
            database, name, category, other, actor=output.actor(), expected=revision
        )
    done(change, json=json)


@categories.command("split")
def split_category(
    name: Name,
    at: Annotated[int, typer.Argument(metavar="NUMBER", help="The first item of the new category.")],
    new: Annotated[str, typer.Option("--name", help="What the new one is to be called.")],
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Put an item, and those after it in its category, into a new category."""
    from pulse_mailer.editions import splitting

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = splitting.split_category(database, name, at, new, actor=output.actor(), expected=revision)
    done(change, json=json)


@categories.command("hide")
def hide_category(
    name: Name, category: Category, revision: Revision = None, *, json: output.Json = False
) -> None:
    """Keep a category, and do not show it to readers."""
    _hide_category(name, category, revision, hidden=True, json=json)


@categories.command("show")
def show_category(
    name: Name, category: Category, revision: Revision = None, *, json: output.Json = False
) -> None:
    """Show a hidden category again."""
    _hide_category(name, category, revision, hidden=False, json=json)


@categories.command("remove")
def remove_category(
    name: Name,
    category: Category,
    with_items: WithItems = False,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Take a category out of this edition."""
    from pulse_mailer.editions import removing

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = removing.remove_category(
            database, name, category, with_items=with_items, actor=output.actor(), expected=revision
        )
    done(change, json=json)


def _hide_section(name: str, section: str, revision: int | None, *, hidden: bool, json: bool) -> None:
    from pulse_mailer.editions import hiding

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = hiding.hide_section(
            database, name, section, hidden=hidden, actor=output.actor(), expected=revision
        )
    done(change, json=json)


def _hide_category(name: str, category: str, revision: int | None, *, hidden: bool, json: bool) -> None:
    from pulse_mailer.editions import hiding

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = hiding.hide_category(
            database, name, category, hidden=hidden, actor=output.actor(), expected=revision
        )
    done(change, json=json)
