"""`pulse-mailer newsletter`: what people subscribe to."""

from typing import Annotated

import typer

from pulse_mailer.cli import output, programme, steering, theming
from pulse_mailer.editions import founding, reading, shapes

app = typer.Typer(help="Make a newsletter, and set what it says of itself.", no_args_is_help=True)
app.add_typer(programme.app, name="programme")

Slug = Annotated[str | None, typer.Argument(help="Its short name; may be left out when there is only one.")]


@app.command()
def add(
    slug: Annotated[str, typer.Argument(help="Its short name, such as civic-pulse; never changes.")],
    name: Annotated[str, typer.Option(help="Its name, as the masthead shows it.")],
    from_address: Annotated[str, typer.Option(help="The address that its mail comes from.")],
    from_name: Annotated[str, typer.Option(help="The sender's name; by default the newsletter's.")] = "",
    reply_to: Annotated[str, typer.Option(help="Where answers go; by default the sender.")] = "",
    postal_address: Annotated[
        str, typer.Option(help="The postal address in the footer; sending needs one.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why people get it, as the footer says it.")] = "",
    language: Annotated[str, typer.Option(help="Its language, such as en-GB.")] = "en-GB",
    timezone: Annotated[str, typer.Option(help="Its readers' time zone.")] = "Europe/London",
) -> None:
    """Make a newsletter."""
    values = {
        "name": name,
        "from_name": from_name or name,
        "from_address": from_address,
        "reply_to": reply_to,
        "postal_address": postal_address,
        "reason": reason,
        "language": language,
        "timezone": timezone,
    }
    with output.mailer() as mailer, mailer.database.transaction() as database:
        made = founding.found(database, slug, values, actor=output.actor())
    output.good(f"{made.name} is there.")
    output.say(f"With a document: pulse-mailer edition import FILE --newsletter {made.slug}")
    output.say("Without one: pulse-mailer newsletter programme add section NAME")


@app.command("list")
def list_(*, json: output.Json = False) -> None:
    """List the newsletters."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = reading.newsletters(database)
    if json:
        output.print_json([shapes.newsletter(newsletter) for newsletter in found])
    elif found:
        output.print_table(
            ["Short name", "Name", "From"], [[one.slug, one.name, one.from_address] for one in found]
        )
    else:
        output.say("There is no newsletter yet. Make one: pulse-mailer newsletter add --help")


@app.command()
def show(slug: Slug = None, *, json: output.Json = False) -> None:
    """Show what a newsletter says of itself, and its programme."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = shapes.newsletter(reading.newsletter(database, slug))
    if json:
        output.print_json(found)
        return
    for name, value in found.items():
        output.say(f"{name.replace('_', ' '):16} {_shown(value) or '-'}")


@app.command("set")
def set_(
    field: Annotated[str, typer.Argument(help=f"One of {', '.join(founding.FIELDS)}.")],
    value: Annotated[str, typer.Argument(help="Its new value.")],
    newsletter: Annotated[str | None, typer.Option(help="The newsletter's short name.")] = None,
) -> None:
    """
    Change one thing that a newsletter says of itself, or how it is sent.

    contact-lines are lines of "Telephone | 020 7946 0000 | tel:+442079460000", whose last part may be left out.
    told and backends take several, with commas between them; uncertain-policy is ask, gap or repeat; needs-second is
    yes or no: whether an edition is sent only after a second person has approved it.
    """
    field = field.replace("-", "_")
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = reading.newsletter(database, newsletter)
        reopened = founding.change(database, found, {field: value}, actor=output.actor())
        shown = founding.written(found)[field]
    output.good(f"{found.name}: {field.replace('_', ' ')} is {shown or 'empty'} now.")
    for key in reopened:
        output.trouble(steering.REOPENED.format(key))


app.command()(theming.theme)
app.command()(theming.logo)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
