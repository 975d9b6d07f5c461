"""`pulse-mailer suppression`: the addresses that no newsletter is sent to."""

import dataclasses
import enum
from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.subscribers import suppressing

app = typer.Typer(help="List, add and remove addresses that we never write to.", no_args_is_help=True)

TheAddress = Annotated[str, typer.Argument(metavar="ADDRESS")]


class Reason(enum.StrEnum):
    """What a person may give as the reason; "erased" comes from erasing alone."""

    BOUNCED = SuppressionReason.BOUNCED.value
    COMPLAINED = SuppressionReason.COMPLAINED.value
    STAFF = SuppressionReason.STAFF.value


@app.command("list")
def list_(*, json: output.Json = False) -> None:
    """List them, the newest first. Of strangers only a keyed hash is kept, of which the beginning is shown."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = suppressing.suppressions(database)
    if json:
        output.print_json([dataclasses.asdict(one) for one in found])
    elif found:
        rows = [
            [
                one.address or f"(not kept: {one.address_hash[:8]})",
                one.reason.value,
                f"{one.since:%Y-%m-%d}",
                one.actor,
                one.note,
            ]
            for one in found
        ]
        output.print_table(["Address", "Reason", "Since", "By", "Note"], rows)
    else:
        output.say("No address is suppressed.")


@app.command()
def add(
    address: TheAddress,
    reason: Annotated[Reason, typer.Option(help="Why.")] = Reason.STAFF,
    note: Annotated[str, typer.Option(help="What a colleague should know about it.")] = "",
) -> None:
    """Never write to an address again, from any newsletter."""
    asked = Address.parse(address)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        why = SuppressionReason(reason.value)
        added = suppressing.suppress(
            database, mailer.keys, asked, reason=why, actor=output.actor(), note=" ".join(note.split())
        )
    if added:
        output.good(f"{asked} is suppressed.")
    else:
        output.say(f"{asked} was suppressed already; nothing changed.")


@app.command()
def remove(address: TheAddress) -> None:
    """Allow an address to be written to again."""
    asked = Address.parse(address)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        suppressing.lift(database, mailer.keys, asked, actor=output.actor())
    output.good(f"{asked} may be written to again.")
