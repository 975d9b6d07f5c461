"""`pulse-mailer api-key`: what programs sign in with."""

from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.staff import api_keys
from pulse_mailer.staff.roles import Right

app = typer.Typer(help="Keys for programs: create, list and revoke them.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for; records name it.")],
    scope: Annotated[list[Right], typer.Option(help="What it may do; may be given several times.")],
    days: Annotated[
        int | None,
        typer.Option(min=1, max=3650, help="It expires after so many days; by default it does not."),
    ] = None,
) -> None:
    """Make a key and print it; it is not shown again."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        key, secret = api_keys.create(
            database, name, scope, actor=output.actor(), expires_at=api_keys.in_days(days)
        )
    output.good(f"Key {key.id} for {key.name}; it may {', '.join(key.scopes)}.")
    output.say(secret)
    output.say("Keep it now: only its hash is kept here, and it is not shown again.")


@app.command("list")
def list_(*, json: output.Json = False) -> None:
    """List all keys by their first letters."""
    with output.mailer() as mailer, mailer.database.reading() as database:
        found = [api_keys.as_json(key) for key in api_keys.every(database)]
    if json:
        output.print_json(found)
    elif found:
        columns = ["Id", "Name", "Begins", "Scopes", "State", "Made by", "Last used"]
        rows = [
            [
                one["id"],
                one["name"],
                one["prefix"],
                ", ".join(one["scopes"]),
                one["state"],
                one["created_by"],
                one["last_used_at"] or "never",
            ]
            for one in found
        ]
        output.print_table(columns, rows, numbers=["Id"])
    else:
        output.say("There is no key.")


@app.command()
def revoke(
    key_id: Annotated[int, typer.Argument(metavar="ID", min=1, help="Its number, as `list` shows it.")],
) -> None:
    """Let a key work no more, from this moment on."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        key = api_keys.revoke(database, key_id, actor=output.actor())
    output.good(f"Key {key.id} for {key.name} works no more.")
