"""`pulse-mailer newsletter programme`: the sections and categories that editions may have, in their order."""

from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.cli.composing import After, Before, First, spot
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import programme, reading
from pulse_mailer.editions.programme import Kind

app = typer.Typer(
    help="Show and change the sections and categories that editions of a newsletter may have.",
    no_args_is_help=True,
)

Part = Annotated[Kind, typer.Argument(metavar="section|category", help="Which of the two.")]
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
        output.print_json(
            {
                "newsletter": found.slug,
                "sections": [
                    {"name": one.name, "colour": one.colour, "is_news": one.is_news} for one in found.sections
                ],
                "categories": [one.name for one in found.categories],
            }
        )
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
    name: Which,
    before: Before = "",
    after: After = "",
    first: First = False,
    news: Annotated[bool, typer.Option("--news", help="A section for our own news.")] = False,
    newsletter: Slug = None,
) -> None:
    """Add a section or category; without more, at the end."""
    where = spot(before=before, after=after, first=first)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = programme.add(database, newsletter, part, name, where, news=news, actor=output.actor())
    _done(found, f"the {part.value} {name} is in the programme")


@app.command()
def rename(
    part: Part,
    name: Which,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")],
    newsletter: Slug = None,
) -> None:
    """Rename a section or category, in editions that were not sent, too; subscribers' choices stay."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found, keys = programme.rename(database, newsletter, part, name, new, actor=output.actor())
    _done(found, f"{name} is called {new}")
    if keys:
        output.say(f"Likewise in {', '.join(keys)}.")


@app.command()
def move(
    part: Part,
    name: Which,
    before: Before = "",
    after: After = "",
    first: First = False,
    newsletter: Slug = None,
) -> None:
    """Move a section or category, for editions to come; without more, to the end."""
    where = spot(before=before, after=after, first=first)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = programme.move(database, newsletter, part, name, where, actor=output.actor())
    _done(found, f"{name} moved {where.words}")


@app.command()
def colour(
    name: Which,
    value: Annotated[str, typer.Argument(metavar="#RRGGBB", help='The colour, or "" for the design\'s own.')],
    newsletter: Slug = None,
) -> None:
    """Give a section a colour, for editions to come."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = programme.colour(database, newsletter, name, value, actor=output.actor())
    _done(found, f"{name} has {value or 'the colour of the design'}")


@app.command()
def remove(
    part: Part,
    name: Which,
    chosen_too: Annotated[
        bool, typer.Option("--chosen-too", help="Also when subscribers chose this section.")
    ] = False,
    newsletter: Slug = None,
) -> None:
    """Take a section or category out of the programme; editions that there are keep theirs."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = programme.remove(database, newsletter, part, name, chosen=chosen_too, actor=output.actor())
    _done(found, f"{name} is not in the programme any more")


def _done(newsletter: Newsletter, what: str) -> None:
    output.good(f"{newsletter.name}: {what}.")
    output.say(f"See it: pulse-mailer newsletter programme show {newsletter.slug}")
