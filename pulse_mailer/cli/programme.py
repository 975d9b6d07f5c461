"""`pulse-mailer newsletter programme`: the sections and categories that editions may have, in their order."""

from collections.abc import Sequence
from typing import Annotated

import typer

from pulse_mailer.cli import output, steering
from pulse_mailer.cli.composing import After, Before, First, spot
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import programme, reading, shapes
from pulse_mailer.editions.changing import Change
from pulse_mailer.editions.programme import Kind

app = typer.Typer(
    help="Show and change the sections and categories that editions of a newsletter may have.",
    no_args_is_help=True,
)

Part = Annotated[Kind, typer.Argument(metavar="section|category", help="Which of the two.")]
Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Its name; or several, in their order.")]
Which = Annotated[str, typer.Argument(metavar="NAME", help="Its name.")]
Slug = Annotated[str | None, typer.Option("--newsletter", help="The newsletter's short name.")]


@app.command()
def show(
    slug: Annotated[
        str | None, typer.Argument(help="The newsletter; may be left out when there is only one.")
    ] = None,
    *,
    json: output.Json = False,
) -> None:
    """Show the sections and categories in their order."""
    with output.mailer() as mailer, mailer.database.reading() as database:
        found = reading.newsletter(database, slug)
    if json:
        output.print_json(shapes.programme(found))
        return
    rows = [
        ["section", one.name, one.colour, "our own news" if one.is_news else ""] for one in found.sections
    ]
    rows += [["category", one.name, "", ""] for one in found.categories]
    if rows:
        output.print_table(["What", "Name", "Colour", ""], rows)
    else:
        output.say(f"{found.name} has no programme yet.")
        output.say('Begin it: pulse-mailer newsletter programme add section "Care and Health"')


@app.command()
def add(
    part: Part,
    names: Names,
    before: Before = "",
    after: After = "",
    first: First = False,
    news: Annotated[bool, typer.Option("--news", help="A section for our own news.")] = False,
    newsletter: Slug = None,
    *,
    json: output.Json = False,
) -> None:
    """Add a section or category, or several that stand together; without more, at the end. All of them, or none."""
    where = spot(before=before, after=after, first=first)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        for name in names:
            found = programme.add(database, newsletter, part, name, where, news=news, actor=output.actor())
            where = spot(after=name)
    what = f"the {part.value} {names[0]} is" if len(names) == 1 else f"{', '.join(names)} are"
    _done(found, f"{what} in the programme", json=json)


@app.command()
def rename(
    part: Part,
    name: Which,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")],
    newsletter: Slug = None,
    *,
    json: output.Json = False,
) -> None:
    """Rename a section or category, in editions that were not sent, too; subscribers' choices stay."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found, changes = programme.rename(database, newsletter, part, name, new, actor=output.actor())
    _done(found, f"{name} is called {new}", changes, json=json)


@app.command()
def move(
    part: Part,
    name: Which,
    before: Before = "",
    after: After = "",
    first: First = False,
    newsletter: Slug = None,
    *,
    json: output.Json = False,
) -> None:
    """Move a section or category, for editions to come; without more, to the end."""
    where = spot(before=before, after=after, first=first)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = programme.move(database, newsletter, part, name, where, actor=output.actor())
    _done(found, f"{name} moved {where.words}", json=json)


@app.command()
def colour(
    name: Which,
    value: Annotated[str, typer.Argument(metavar="#RRGGBB", help='The colour, or "" for the design\'s own.')],
    newsletter: Slug = None,
    *,
    json: output.Json = False,
) -> None:
    """Give a section a colour, for editions to come."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = programme.colour(database, newsletter, name, value, actor=output.actor())
    _done(found, f"{name} has {f'the colour {value}' if value else 'the colour of the design'}", json=json)


@app.command()
def remove(
    part: Part,
    name: Which,
    chosen_too: Annotated[
        bool, typer.Option("--chosen-too", help="Also when subscribers chose this section.")
    ] = False,
    newsletter: Slug = None,
    *,
    json: output.Json = False,
) -> None:
    """Take a section or category out of the programme; editions that there are keep theirs."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = programme.remove(database, newsletter, part, name, chosen=chosen_too, actor=output.actor())
    _done(found, f"{name} is not in the programme any more", json=json)


def _done(newsletter: Newsletter, what: str, changes: Sequence[Change] = (), *, json: bool) -> None:
    """Say what was changed, and in which editions likewise."""
    keys = [change.edition.key for change in changes]
    reopened = [change.edition.key for change in changes if change.reopened]
    if json:
        output.print_json(
            shapes.programme(newsletter) | {"what": what, "editions": keys, "reopened": reopened}
        )
        return
    output.good(f"{newsletter.name}: {what}.")
    if keys:
        output.say(f"Likewise in {', '.join(keys)}.")
    for key in reopened:
        output.trouble(steering.REOPENED.format(key))
    output.say(f"See it: pulse-mailer newsletter programme show {newsletter.slug}")
