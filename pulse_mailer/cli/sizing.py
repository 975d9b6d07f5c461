"""`pulse-mailer edition size` and `shorten`: what each item costs, and showing the costliest short."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.cli.composing import Revision, done
from pulse_mailer.cli.steering import Name
from pulse_mailer.errors import UsageError

if TYPE_CHECKING:
    from pulse_mailer.composing.meter import Advice, Meter

_COSTLIEST = 8
_BAR = 24  #: columns


def size(name: Name, *, json: output.Json = False) -> None:
    """Show the bytes of the mail's HTML by part and item, what showing each short saves, and which to choose."""
    from pulse_mailer.composing import remembering
    from pulse_mailer.editions import reading, shapes

    with output.mailer() as mailer, mailer.database.reading() as database:
        edition = reading.edition(database, name)
        measured = remembering.measure(edition, mailer.links)
        called = edition.name
    if json:
        output.print_json(shapes.size(called, measured))
        return
    most = max(count for _, count in measured.parts)
    rows = [[part, f"{count:,}", _bar(count, most)] for part, count in measured.parts]
    output.print_table(["Part", "Bytes", ""], rows, ["Bytes"])
    output.say()
    costly = sorted(measured.items, key=lambda item: -item.size)[:_COSTLIEST]
    output.print_table(
        ["Item", "Costliest", "Bytes", "Short saves"],
        [
            [item.number, item.title, f"{item.size:,}", _saves(item.saves, short=item.is_short)]
            for item in costly
        ],
        ["Item", "Bytes", "Short saves"],
    )
    output.say()
    _say_advice(called, measured)


def shorten(
    name: Name,
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="[NUMBER]...", help="The items' numbers.")
    ] = None,
    as_advised: Annotated[
        bool, typer.Option("--as-advised", help="The items that `edition size` advises.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Show them whole again; without numbers, all.")
    ] = False,
    revision: Revision = None,
    *,
    json: output.Json = False,
) -> None:
    """Let the mail show only how items begin, with a link to the rest on the web; the web copy shows all."""
    from pulse_mailer.composing import remembering
    from pulse_mailer.editions import reading, shortening

    if (as_advised and (undo or numbers)) or not (as_advised or undo or numbers):
        raise UsageError("Name items by their numbers, or say --as-advised, or --undo.")
    with output.mailer() as mailer, mailer.database.transaction() as database:
        if as_advised:
            advice = remembering.measure(reading.edition(database, name), mailer.links).advice()
            if not advice.numbers:
                output.say(f"No item need be shortened: the HTML has {advice.size:,} bytes.")
                return
            numbers = list(advice.numbers)
        change = shortening.shorten(
            database, name, numbers or [], short=not undo, actor=output.actor(), expected=revision
        )
        measured = remembering.measure(change.edition, mailer.links)
    done(change, json=json)
    if not json:
        output.say(f"The mail's HTML has {measured.size:,} bytes now.")


def _say_advice(called: str, measured: "Meter") -> None:
    from pulse_mailer.composing.mailchecks import SIZE_GOOD, SIZE_MOST

    advice = measured.advice()
    total = f"The mail's HTML has {measured.size:,} bytes; Gmail cuts off after about {SIZE_MOST:,}."
    if not advice.numbers and advice.is_enough:
        output.good(f"{total} Nothing need be shortened.")
        output.say(f"Next: pulse-mailer edition check {called}")
        return
    output.trouble(f"{total} Under {SIZE_GOOD:,} is safe.")
    _say_what_helps(advice)
    if advice.numbers:
        output.say(f"Do it: pulse-mailer edition shorten {called} --as-advised")


def _say_what_helps(advice: "Advice") -> None:
    numbers = ", ".join(map(str, advice.numbers))
    if not advice.numbers:
        output.say("No item can be shown shorter. Move some to the next edition.")
    elif advice.is_enough:
        output.say(f"Shown short, items {numbers} bring it to {advice.size:,}.")
    else:
        output.say(
            f"Shown short, items {numbers} bring it only to {advice.size:,}: move some to the next edition."
        )


def _saves(saves: int, *, short: bool) -> str:
    return f"{saves:,} saved" if short else f"{saves:,}" if saves else "-"


def _bar(count: int, most: int) -> str:
    block = "█" if (sys.stdout.encoding or "").lower().startswith("utf") else "#"
    return block * max(1, round(_BAR * count / most))
