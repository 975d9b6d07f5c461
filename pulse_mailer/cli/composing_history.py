"""`pulse-mailer edition history`, `diff` and `restore`: what was changed, by whom, and back again."""

import datetime
import zoneinfo
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import typer
from rich.text import Text

from pulse_mailer.cli import output
from pulse_mailer.cli.composing import Revision, done
from pulse_mailer.cli.steering import Name
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import history, reading, shapes
from pulse_mailer.editions.changing import is_open
from pulse_mailer.editions.comparing import Difference, compare
from pulse_mailer.editions.rewording import Piece

_SHOWN = 60  #: letters of what stayed beside a change
_MARKS = {"removed": ("[-", "-]", "red strike"), "inserted": ("{+", "+}", "green")}


def history_(
    name: Name,
    all_: Annotated[
        bool, typer.Option("--all", help="Each revision, also of one field set again and again.")
    ] = False,
    *,
    json: output.Json = False,
) -> None:
    """List the changes of an edition, the newest first; one field set many times in a row is one line."""
    with output.mailer() as mailer, mailer.database.reading() as database:
        edition = reading.edition(database, name)
        versions = history.versions(database, edition.id)
    spells = history.spells(versions, each=all_ or json)
    if json:
        output.print_json([shapes.spell(spell) for spell in spells])
        return
    if not spells:
        output.say(f"{edition.key} was not changed since its history is kept.")
        return
    rows = [[spell.revisions, _when(spell.at, edition), spell.actor, spell.words] for spell in spells]
    output.print_table(["Revision", "When", "Who", "What"], rows, ["Revision"])
    output.say(f"What the last one changed: pulse-mailer edition diff {edition.name}")


def diff(
    name: Name,
    first: Annotated[int | None, typer.Argument(metavar="REVISION", help="From this one.")] = None,
    second: Annotated[int | None, typer.Argument(metavar="REVISION", help="To this one.")] = None,
    *,
    json: output.Json = False,
) -> None:
    """
    Show what is different between two revisions, by item and field, word by word.

    With one revision: since then. With none: what the last change did.
    """
    with output.mailer() as mailer, mailer.database.reading() as database:
        edition = reading.edition(database, name)
        to = edition.revision if second is None else second
        since = history.previous(database, edition, to) if first is None else first
        found = compare(
            history.content_at(database, edition, since), history.content_at(database, edition, to)
        )
    if json:
        output.print_json(
            {
                "edition": edition.name,
                "from": since,
                "to": to,
                "differences": [shapes.difference(one) for one in found],
            }
        )
        return
    if not found:
        output.say(f"{edition.key}: revisions {since} and {to} say the same.")
        return
    print_differences(found)
    if is_open(edition):
        output.say(f"Go back: pulse-mailer edition restore {edition.name} {since}")
    else:
        output.say(
            f"It went out; what readers are told of it: pulse-mailer edition corrections {edition.name}"
        )


def restore(
    name: Name,
    to: Annotated[int, typer.Argument(metavar="REVISION", help="The one to go back to.")],
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Make an edition say what it said after an earlier change; what was said since stays in its history."""
    from pulse_mailer.editions import restoring

    with output.mailer() as mailer, mailer.database.transaction() as database:
        change = restoring.restore(database, name, to, actor=output.actor(), expected=revision)
    done(change, json=json)


def print_differences(found: Sequence[Difference]) -> None:
    """By item and field, word by word."""
    for place, group in groupby(found, key=lambda one: one.place):
        output.say(place, "bold")
        for one in group:
            _print(one)


def _when(at: datetime.datetime, edition: Edition) -> str:
    return f"{at.astimezone(zoneinfo.ZoneInfo(edition.newsletter.timezone)):%Y-%m-%d %H:%M}"


def _print(one: Difference) -> None:
    line = Text(f"  {one.what}")
    if one.pieces:
        line.append(": ")
        last = len(one.pieces) - 1
        for place, piece in enumerate(one.pieces):
            line.append_text(_shown(piece, begins=place == 0, ends=place == last))
    output.console.print(line)


def _shown(piece: Piece, *, begins: bool, ends: bool) -> Text:
    """A piece with its marks, which tell without colours; of what stayed only what is near a change."""
    if piece.mark != "kept":
        opening, closing, style = _MARKS[piece.mark]
        return Text(f"{opening}{output.steady(piece.text)}{closing}", style)
    text = output.steady(piece.text)
    if len(text) <= 2 * _SHOWN:
        return Text(text)
    head, tail = "" if begins else text[:_SHOWN], "" if ends else text[-_SHOWN:]
    return Text(f"{head} … {tail}")
