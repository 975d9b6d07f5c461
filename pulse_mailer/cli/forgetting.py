"""`pulse-mailer subscriber data` and `erase`: what somebody may ask for of what is held of them."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from pulse_mailer.cli import documents, output
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.counting import counted
from pulse_mailer.errors import UsageError
from pulse_mailer.subscribers import disclosing, erasing

TheAddress = Annotated[str, typer.Argument(metavar="ADDRESS")]


def data(
    address: TheAddress,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="By default to standard output.")
    ] = None,
) -> None:
    """Write everything that is held of an address as JSON, for whoever asks what we know of them."""
    asked = Address.parse(address)
    with output.mailer() as mailer:
        found = disclosing.disclose(mailer.database, mailer.keys, asked, actor=output.actor())
    documents.write(file, f"{json.dumps(found, indent=2, ensure_ascii=False)}\n".encode())


def erase(
    address: TheAddress,
    confirm: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address once more; else it is asked for.")
    ] = "",
) -> None:
    """
    Forget an address and whoever has it; it cannot be undone.

    Names, choices, what they agreed to and servers' answers are blanked; a keyed hash of the address stays, so that
    no import brings them back and nobody writes to them again.
    """
    asked = Address.parse(address)
    if not confirm and not sys.stdin.isatty():
        raise UsageError(
            f"Erasing {asked} cannot be undone, and wants the address once more.",
            remedy=f"Add --confirm {asked}, or run it at a terminal.",
        )
    typed = confirm or typer.prompt(f"This cannot be undone. Type {asked} to erase it")
    if Address.parse(typed).key != asked.key:
        raise UsageError(f"You confirmed another address than {asked}. Nothing was erased.")
    with output.mailer() as mailer, mailer.database.transaction() as database:
        gone = erasing.erase(database, mailer.keys, asked, actor=output.actor())
    kept = counted(gone.delivery_count, "mail")
    output.good(
        f"{asked} is forgotten: {counted(gone.subscription_count, 'subscription')}, {kept} without a name."
    )
    if gone.audit_count:
        output.trouble(erasing.still_named(gone.audit_count))
    output.say(erasing.ELSEWHERE)
