"""`pulse-mailer backend`: the ways out: what they may be given, whether they rest, whether they take our mail."""

import dataclasses
from typing import Annotated

import typer

from pulse_mailer import examining
from pulse_mailer.cli import output
from pulse_mailer.clock import now
from pulse_mailer.delivery import routes
from pulse_mailer.delivery.limits import PRESETS
from pulse_mailer.delivery.saying import moment
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.settings import variable

app = typer.Typer(
    help="Look at the ways out: limits, rests, and whether they take our mail.", no_args_is_help=True
)

TheName = Annotated[str, typer.Argument(metavar="NAME", help="Its name, such as smtp.")]


@app.command("list")
def list_(*, json: output.Json = False) -> None:
    """List the backends that settings and newsletters name, with their limits and what rests."""
    at = now()
    with output.mailer() as mailer, mailer.database.reading() as database:
        lines = examining.backend_lines(mailer, database, at)
    if json:
        output.print_json([dataclasses.asdict(line) for line in lines])
        return
    rows = [
        [
            line.name,
            line.relay or "a setting is missing",
            line.limits or "none",
            "not counted" if line.used_in_24_hours is None else f"{line.used_in_24_hours:,}",
            "resting" if line.rests_until else "ready" if line.relay else "",
        ]
        for line in lines
    ]
    output.print_table(["Name", "Asks", "Limits", "Used in 24 h", "State"], rows, ["Used in 24 h"])
    for line in lines:
        if line.missing:
            output.trouble(f"{line.name}: {line.missing}")
        if line.rests_until:
            output.trouble(f"{line.name} rests {moment(line.rests_until, at, 'until')} UTC: {line.why}")
            output.say(f"Have it asked at once: pulse-mailer backend wake {line.name}")


@app.command()
def check(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Only this one.")] = "",
) -> None:
    """Connect and sign in, as sending does; nothing is sent. Ends with 1 when one does not take our mail."""
    well = True
    with output.mailer() as mailer:
        with mailer.database.reading() as database:
            names = (
                [examining.known_backend(mailer, database, name)]
                if name
                else examining.in_use(mailer, database)
            )
        for each in names:
            try:
                (backend,) = mailer.backends([each])
                output.good(f"{each}: {backend.relay} answers: {backend.check()}")
            except PulseMailerError as error:
                well = False
                output.trouble(f"{each}: {error}")
    if not well:
        raise typer.Exit(1)


@app.command()
def wake(name: TheName) -> None:
    """End a backend's rest, so that it is asked at once."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        known = examining.known_backend(mailer, database, name)
        woken = routes.wake(database, known, actor=output.actor())
    if woken:
        output.good(f"{name} is asked again, by the next worker that has mail.")
    else:
        output.say(f"{name} does not rest; nothing changed.")


@app.command()
def limits(*, json: output.Json = False) -> None:
    """Show what providers allow, as presets for the limits."""
    if json:
        output.print_json([{"name": name, **dataclasses.asdict(preset)} for name, preset in PRESETS.items()])
        return
    for name, preset in PRESETS.items():
        output.say(f"{name}: {preset.limits}", "bold")
        output.say(f"    {preset.note}")
        how = "as others quote it" if preset.quoted else "read"
        output.say(f"    {preset.source}, {how} on {preset.read_on}")
    output.say()
    output.say(f"Use one: {variable('rates')}=smtp=microsoft-365, or figures: smtp=30/minute,10000/day")
