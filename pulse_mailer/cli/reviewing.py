"""`pulse-mailer edition review`: the lines of a document that want a person's eye, ticked off one by one."""

from typing import Annotated, Any

import typer

from pulse_mailer.cli import output
from pulse_mailer.cli.steering import Name
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import reading, reviewing


def review(
    name: Name,
    lines: Annotated[
        list[int] | None, typer.Option("--done", metavar="LINE", help="Looked at; may be given often.")
    ] = None,
    items: Annotated[
        list[int] | None,
        typer.Option("--done-item", metavar="NUMBER", help="Looked at: all that belongs to this item."),
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what was looked at already.")] = False,
    json: output.Json = False,
) -> None:
    """
    List the lines of an edition's document that want a person's eye, whole, or tick them off.

    Ticking off changes nothing in the mail; an import of the same document leaves it ticked.
    """
    done = 0
    if lines or items:
        with output.mailer() as mailer, mailer.database.transaction() as database:
            edition, done = reviewing.tick_off(database, name, lines or [], items or [], actor=output.actor())
    else:
        with output.mailer() as mailer, mailer.database.reading() as database:
            edition = reading.edition(database, name)
    waiting = edition.open_review
    entries = edition.review if every else waiting
    if json:
        output.print_json(entries)
        return
    for entry in entries:
        _print(entry)
    _say(edition, done, len(waiting))


def _print(entry: dict[str, Any]) -> None:
    number = f", item {entry['item']}" if entry.get("item") else ""
    ticked = " (looked at)" if entry.get("done") else ""
    output.say(f"Line {entry['line']}{number}: {entry['doubt']}{ticked}", "bold")
    output.say(f"  {entry['why']}")
    for line in entry["text"].splitlines():
        output.say(f"  | {line}")


def _say(edition: Edition, done: int, waiting: int) -> None:
    if done:
        output.good(f"{edition.key}: {done} ticked off.")
    if waiting:
        output.trouble(f"{waiting} {'waits' if waiting == 1 else 'wait'} to be looked at.")
        output.say(f"Next: pulse-mailer edition review {edition.name} --done LINE")
    else:
        output.good("Nothing waits to be looked at.")
        output.say(f"Next: pulse-mailer edition check {edition.name}")
