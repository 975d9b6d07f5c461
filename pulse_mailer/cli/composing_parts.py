"""`pulse-mailer edition section` and `edition category`: how an edition is parted; the programme stays as it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

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
from pulse_mailer.editions.changing import Change
from pulse_mailer.errors import UsageError

sections = typer.Typer(
    help="Add, rename, colour, move, merge, hide and remove sections of one edition.", no_args_is_help=True
)
categories = typer.Typer(
    help="Add, rename, move, merge, split, hide and remove categories of one edition.", no_args_is_help=True
)

New = Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called.")]
Which = Annotated[
    str, typer.Argument(metavar="WHICH", help="Its name, or its place: #2 a section, #2/#1 a category.")
]
Other = Annotated[str, typer.Argument(metavar="OTHER", help="The one that goes into it.")]
WithItems = Annotated[bool, typer.Option("--with-items", help="Also with what stands in it.")]


@dataclass(frozen=True, slots=True)
class _Verbs:
    """What `editions` does alike to sections and to categories."""

    unite: Callable[..., Change]
    hide: Callable[..., Change]
    remove: Callable[..., Change]


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
    _made(lambda database: sections.add_section(database, name, new, where, **_by(revision)), json=json)


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
    _made(
        lambda database: sections.change_section(database, name, section, values, **_by(revision)), json=json
    )


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
    _made(lambda database: arranging.move_section(database, name, section, where, **_by(revision)), json=json)


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
    _made(lambda database: sections.add_category(database, name, new, where, **_by(revision)), json=json)


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

    _made(
        lambda database: sections.rename_category(database, name, category, new, **_by(revision)), json=json
    )


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
    _made(
        lambda database: arranging.move_category(database, name, category, where, **_by(revision)), json=json
    )


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

    _made(lambda database: splitting.split_category(database, name, at, new, **_by(revision)), json=json)


def _alike(app: typer.Typer, noun: str, verbs: Callable[[], _Verbs]) -> None:
    """The commands that sections and categories have alike."""

    @app.command("merge", help=f"Merge OTHER into a {noun}, and take it out; what stands in both is kept.")
    def _merge(
        name: Name, which: Which, other: Other, revision: Revision = None, *, json: output.Json = False
    ) -> None:
        _made(lambda database: verbs().unite(database, name, which, other, **_by(revision)), json=json)

    @app.command("hide", help=f"Keep a {noun}, and do not show it to readers.")
    def _hide(name: Name, which: Which, revision: Revision = None, *, json: output.Json = False) -> None:
        _made(lambda database: verbs().hide(database, name, which, hidden=True, **_by(revision)), json=json)

    @app.command("show", help=f"Show a hidden {noun} again.")
    def _show(name: Name, which: Which, revision: Revision = None, *, json: output.Json = False) -> None:
        _made(lambda database: verbs().hide(database, name, which, hidden=False, **_by(revision)), json=json)

    @app.command("remove", help=f"Take a {noun} out of this edition.")
    def _remove(
        name: Name,
        which: Which,
        with_items: WithItems = False,
        revision: Revision = None,
        *,
        json: output.Json = False,
    ) -> None:
        _made(
            lambda database: verbs().remove(database, name, which, with_items=with_items, **_by(revision)),
            json=json,
        )


def _of_sections() -> _Verbs:
    from pulse_mailer.editions import hiding, removing, uniting

    return _Verbs(uniting.unite_sections, hiding.hide_section, removing.remove_section)


def _of_categories() -> _Verbs:
    from pulse_mailer.editions import hiding, removing, uniting

    return _Verbs(uniting.unite_categories, hiding.hide_category, removing.remove_category)


def _by(revision: int | None) -> dict[str, Any]:
    """Who changes it, and what they looked at, as every verb of `editions` takes it."""
    return {"actor": output.actor(), "expected": revision}


def _made(verb: Callable[[Session], Change], *, json: bool) -> None:
    """Make a change in a transaction of its own, and say it."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = verb(database)
    done(change, json=json)


_alike(sections, "section", _of_sections)
_alike(categories, "category", _of_categories)
