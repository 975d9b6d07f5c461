"""`pulse-mailer staff`: who belongs to the team, in which role, and how they come in."""

from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.staff import Role
from pulse_mailer.staff import api_keys, links, sessions, team

app = typer.Typer(help="The team: add people, set roles, make one-time sign-in links.", no_args_is_help=True)

TheAddress = Annotated[str, typer.Argument(metavar="ADDRESS", help="Their e-mail address.")]
TheRole = Annotated[Role, typer.Option(help="What they may do; docs/signing-in.md says which role may what.")]


@app.command("list")
def list_(*, json: output.Json = False) -> None:
    """List the team."""
    with output.mailer() as mailer, mailer.database.reading() as database:
        found = [team.as_json(one) for one in team.everybody(database)]
    if json:
        output.print_json(found)
    elif found:
        rows = [
            [
                one["address"],
                one["name"],
                one["role"] if one["is_active"] else "let go",
                "yes" if one["has_password"] else "no",
                "yes" if one["has_second_factor"] else "no",
            ]
            for one in found
        ]
        output.print_table(["Address", "Name", "Role", "Password", "Second factor"], rows)
    else:
        output.say(
            "Nobody belongs to the team. Add somebody: pulse-mailer staff add ADDRESS --name NAME --role admin"
        )


@app.command()
def add(address: TheAddress, name: Annotated[str, typer.Option(help="Their name.")], role: TheRole) -> None:
    """Take somebody into the team, and print the one-time link that lets them in."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        staff, token = team.invite(database, address, name, role, actor=output.actor())
    output.good(f"{staff.address} belongs to the team, as {staff.role.value}.")
    _print_link(mailer.links.base_url, token)


@app.command("role")
def set_role(address: TheAddress, role: Annotated[Role, typer.Argument(help="Their new role.")]) -> None:
    """Give somebody another role; it holds at once, and keys of theirs that may more work no more."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        staff = team.find(database, address)
        ended = team.set_role(database, staff, role, actor=output.actor())
    output.good(f"{staff.address} is {role.value}. {api_keys.ended(len(ended))}".strip())


@app.command()
def link(address: TheAddress) -> None:
    """Print a one-time sign-in link; those made before work no more."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        token = links.make(database, team.find(database, address), actor=output.actor())
    _print_link(mailer.links.base_url, token)


@app.command("sign-out")
def sign_out(address: TheAddress) -> None:
    """Sign somebody out everywhere; they may come in again."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        staff = team.find(database, address)
        count = sessions.end_all(database, staff, actor=output.actor())
    output.good(f"{staff.address} is signed out: {counted(count, 'session')} ended.")


@app.command()
def deactivate(address: TheAddress) -> None:
    """Let somebody in no more, and end their sessions and keys; what they did stays under their name."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        staff = team.find(database, address)
        ended = team.deactivate(database, staff, actor=output.actor())
    output.good(f"{staff.address} comes in no more. {api_keys.ended(len(ended))}".strip())


@app.command("reset-second-factor")
def reset_second_factor(address: TheAddress) -> None:
    """Turn somebody's second factor off, who lost it, and end their sessions."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        staff = team.find(database, address)
        team.reset_second_factor(database, staff, actor=output.actor())
    output.good(f"{staff.address} comes in by password or link alone.")


def _print_link(base_url: str, token: str) -> None:
    output.say(f"{base_url}/sign-in/link/{token}")
    output.say("It works once, within a day. Hand it over in a way that you trust.")
