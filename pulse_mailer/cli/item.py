"""`pulse-mailer item`: the inbox, filled through the month and placed into an edition."""

from pathlib import Path
from typing import Annotated

import typer

from pulse_mailer.cli import collecting, output
from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.inbox import CandidateStatus
from pulse_mailer.editions import collecting as inbox_changes
from pulse_mailer.editions import inbox, picking, reading
from pulse_mailer.errors import UsageError

app = typer.Typer(
    help="Collect what may come into an edition: the inbox of a newsletter.", no_args_is_help=True
)

Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="Numbers, as `item list` shows them.")]
Newsletter = Annotated[
    str | None, typer.Option(help="Its short name; may be left out when there is only one.")
]
Section = Annotated[str, typer.Option(help="The section that it is meant for.")]
Category = Annotated[str, typer.Option(help="The category that it is meant for.")]

_STATES = ("waiting", "placed", "dropped", "all")


@app.command()
def add(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="Where to read it.")],
    newsletter: Newsletter = None,
    section: Section = "",
    category: Category = "",
    publisher: Annotated[str, typer.Option(help="Who says it, instead of what the page says.")] = "",
    title: Annotated[str, typer.Option(help="Its title, instead of the page's; for one URL.")] = "",
    summary: Annotated[
        str, typer.Option(help="Its summary in Markdown, instead of the page's; for one URL.")
    ] = "",
    *,
    no_picture: Annotated[bool, typer.Option("--no-picture", help="Leave the page's picture.")] = False,
    json: output.Json = False,
) -> None:
    """
    Read pages, and put what they say into the inbox: title, publisher, summary, day, picture.

    A page that cannot be read is kept when you give its title. What is there already is not stored twice. Ends with
    status 3 when some were not added; those that were stay.
    """
    if len(urls) > 1 and (title or summary):
        raise UsageError("--title and --summary are for one URL.", remedy="Add that page alone.")
    said = {
        "title": title,
        "summary": summary,
        "publisher": publisher,
        "section": section,
        "category": category,
    }
    with output.mailer() as mailer:
        collecting.add(mailer, urls, newsletter, said, with_picture=not no_picture, json=json)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A document as `edition import` reads it, at most 20 MB.")],
    newsletter: Newsletter = None,
    *,
    json: output.Json = False,
) -> None:
    """Put the items of a document into the inbox, those aside that are there already."""
    with output.mailer() as mailer:
        collecting.import_document(mailer, file, newsletter, json=json)


@app.command("list")
def list_(
    newsletter: Newsletter = None,
    state: Annotated[
        str, typer.Option(metavar="|".join(_STATES), help="Which of them.")
    ] = CandidateStatus.WAITING.value,
    *,
    json: output.Json = False,
) -> None:
    """List what waits in the inbox, with what was seen before."""
    if state not in _STATES:
        raise UsageError(f"{state!r} is no state of an item.", remedy=f"There are: {', '.join(_STATES)}.")
    statuses = tuple(CandidateStatus) if state == "all" else (CandidateStatus(state),)
    with output.mailer() as mailer, mailer.database.reading() as database:
        found = reading.newsletter(database, newsletter)
        lines = inbox.candidates(database, found.id, statuses)
    if json:
        output.print_json([inbox.as_json(line) for line in lines])
    elif lines:
        collecting.print_list(lines)
        count = counted(len(lines), "item")
        output.say(f"{count} {'in all' if state == 'all' else state} in the inbox of {found.name}.")
        output.say("Next: pulse-mailer item place ID ... --edition EDITION")
    else:
        output.say("Nothing is there. Add a page: pulse-mailer item add URL")


@app.command()
def show(
    number: Annotated[int, typer.Argument(metavar="ID", help="Its number.")], *, json: output.Json = False
) -> None:
    """Show all that is known of an item of the inbox."""
    with output.mailer() as mailer, mailer.database.reading() as database:
        found = inbox.candidate(database, number)
    if json:
        output.print_json(inbox.as_json(found))
    else:
        collecting.print_one(found)


@app.command("set")
def set_(
    number: Annotated[int, typer.Argument(metavar="ID", help="Its number.")],
    field: Annotated[
        str, typer.Argument(help=f"One of {', '.join(inbox_changes.FIELDS).replace('_', '-')}.")
    ],
    value: Annotated[str, typer.Argument(help="Its new value; may be empty, save the title.")],
) -> None:
    """Change one thing of an item that waits in the inbox."""
    name = field.replace("-", "_")
    with output.mailer() as mailer, mailer.database.transaction() as database:
        changed = inbox_changes.change(database, number, {name: value}, actor=output.actor())
        shown = getattr(changed, name)
    output.good(f"{number}: {field.replace('-', ' ').replace('_', ' ')} is {shown or 'empty'} now.")
    output.say("Next: pulse-mailer item list")


@app.command()
def drop(
    numbers: Ids,
    *,
    back: Annotated[bool, typer.Option("--back", help="Take in again what was dropped.")] = False,
) -> None:
    """Put items aside: they are not listed any more, and no feed brings them again."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = inbox_changes.drop(database, numbers, actor=output.actor(), back=back)
    count = counted(len(found), "item")
    if back:
        output.good(f"{count} in the inbox again.")
    else:
        output.good(f"{count} dropped.")
        output.say(
            f"To have them back: pulse-mailer item drop {' '.join(str(one.id) for one in found)} --back"
        )


@app.command()
def place(
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="ID...", help="Numbers, in the order they are to stand in.")
    ] = None,
    edition: Annotated[
        str, typer.Option(help="Its key (2026-12), or newsletter and key (civic-pulse/2026-12).")
    ] = "",
    section: Annotated[
        str, typer.Option(help="The section; by default the one that each is meant for.")
    ] = "",
    category: Annotated[str, typer.Option(help="The category; likewise.")] = "",
    revision: Annotated[
        int | None, typer.Option(metavar="N", help="Only if the edition is still at this revision.")
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that wait and name a section.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what an edition shows already.")] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Add a section or category that the programme lacks to it.")
    ] = False,
    json: output.Json = False,
) -> None:
    """Make items of the inbox items of an edition, at the end of their category; all of them, or none."""
    if not edition:
        raise UsageError("It is not said which edition.", remedy="Name it: --edition 2026-12")
    if bool(numbers) == every:
        raise UsageError("Say which: numbers, or --all.", remedy="See what waits: pulse-mailer item list")
    where = picking.Place(edition, section, category, again=again, extend=new, expected=revision)
    with output.mailer() as mailer:
        collecting.place(mailer, numbers or [], where, json=json)
