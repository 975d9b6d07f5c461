"""`pulse-mailer audit`: who did what, and when."""

import datetime
from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.staff.records import PER_PAGE, as_json, records


def run(
    *,
    since: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Only from this day or moment (UTC) on."),
    ] = None,
    actor: Annotated[
        str, typer.Option(help="Only what somebody did: a piece of their name or address.")
    ] = "",
    text: Annotated[
        str,
        typer.Option(
            help="Only with these words in what was done, to what, or a value; or a reader’s address."
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")] = PER_PAGE,
    json: output.Json = False,
) -> None:
    """Show who did what, the newest first, with what was so before and after."""
    begun = since.replace(tzinfo=datetime.UTC) if since else None
    with output.mailer() as mailer, mailer.database.reading() as database:
        found = records(database, mailer.keys, actor=actor, text=text, since=begun, limit=limit)
    if json:
        output.print_json([as_json(one) for one in found])
    elif found:
        rows = [
            [f"{one.at:%Y-%m-%d %H:%M}", one.actor, f"{one.action} {one.subject}", _changed(one)]
            for one in found
        ]
        output.print_table(["When (UTC)", "Who", "What", "Before and after"], rows)
    else:
        output.say("Nothing is recorded that fits.")


def _changed(one: AuditRecord) -> str:
    before, after = one.before or {}, one.after or {}
    names = [*before, *(name for name in after if name not in before)]
    return "; ".join(
        f"{name} {before[name]} → {after.get(name, 'none')}" if name in before else f"{name} {after[name]}"
        for name in names
    )
