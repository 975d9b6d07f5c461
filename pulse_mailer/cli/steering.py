"""`pulse-mailer edition pause`, `resume`, `stop`, `take-back` and `retry`: what a person does with a sending."""

import sys
from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.domain.counting import people
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import reading
from pulse_mailer.errors import UsageError

Name = Annotated[str, typer.Argument(metavar="EDITION", help="Its key, such as 2022-04, or NEWSLETTER/KEY.")]
Why = Annotated[str, typer.Option(metavar="TEXT", help="The reason, which is kept.")]

#: What is said of an edition that was to be sent, and was changed.
REOPENED = "{} was to be sent, and was taken back: nobody agreed to what it is now. Send it anew."


def pause(name: Name, why: Why = "") -> None:
    """Halt an edition that is being sent; the mails at hand are finished, the rest waits."""
    from pulse_mailer.delivery import steering

    with output.mailer() as mailer, mailer.database.transaction() as database:
        edition = reading.edition(database, name)
        steering.pause(database, edition.id, by=output.actor(), why=why)
    output.good(f"{edition.key} is paused; the mails at hand are still finished.")
    output.say(f"Let it go on: pulse-mailer edition resume {edition.name}")


def resume(
    name: Name,
    first: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only with so many more; then it pauses again.")
    ] = None,
    brake: Annotated[
        bool | None,
        typer.Option(
            "--brake/--no-brake", help="Whether many refusals pause it again; by default as before."
        ),
    ] = None,
) -> None:
    """Let a paused edition go on."""
    from pulse_mailer.delivery import steering

    with output.mailer() as mailer, mailer.database.transaction() as database:
        edition = reading.edition(database, name)
        steering.resume(database, edition, by=output.actor(), first=first, brake_on=brake)
    output.good(f"{edition.key} goes on{f' with the next {first:,}' if first else ''}.")
    if not edition.brake_on:
        output.say("However many are refused, it does not pause by itself.")
    _say_who_sends(edition)


def stop(
    name: Name,
    why: Why = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
) -> None:
    """End the sending of an edition for good: whoever waits does not get it."""
    from pulse_mailer.delivery import ledger, steering

    with output.mailer() as mailer:
        with mailer.database.reading() as database:
            edition = reading.edition(database, name)
            steering.refuse_to_stop(edition)
            waiting = ledger.waiting(database, edition.id)
        still = f"{people(waiting)} still {'waits' if waiting == 1 else 'wait'}"
        _ask(f"{still} for {edition.key}, and will not get it. Stop it?", yes=yes)
        with mailer.database.transaction() as database:
            edition = reading.edition(database, name)
            # What a program that is gone had in hand is given back first, and then cancelled like the rest.
            ledger.expire(database, edition.id)
            count = steering.stop(database, edition, by=output.actor(), why=why)
    output.good(f"{edition.key} is stopped: {people(count)} {'does' if count == 1 else 'do'} not get it.")
    output.say(f"See what came of it: pulse-mailer edition report {edition.name}")


def take_back(name: Name) -> None:
    """Make an edition that is held or scheduled a draft again; nothing of it was sent."""
    from pulse_mailer.delivery import scheduling

    with output.mailer() as mailer, mailer.database.transaction() as database:
        edition = reading.edition(database, name)
        scheduling.take_back(database, edition, by=output.actor())
    output.good(f"{edition.key} was taken back: nothing was sent, and it is a draft again.")


def retry(
    name: Name,
    code: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE", help="Only those refused with such a code, as 550 or 5.7.1; repeatable."
        ),
    ] = None,
    domain: Annotated[str, typer.Option(metavar="DOMAIN", help="Only those of this receiving domain.")] = "",
    temporary: Annotated[
        bool, typer.Option("--temporary", help="Only those whom no server refused for good (5xx).")
    ] = False,
    cancelled: Annotated[
        bool, typer.Option("--cancelled", help="Those whom `edition stop` left out, instead of the refused.")
    ] = False,
) -> None:
    """Let those wait again whom a server refused for good; whoever is suppressed since stays out."""
    from pulse_mailer.delivery import deciding

    if (code or domain or temporary) and cancelled:
        raise UsageError(
            "--code, --domain and --temporary go with the refused: nobody answered for the cancelled."
        )
    with output.mailer() as mailer, mailer.database.transaction() as database:
        edition = reading.edition(database, name)
        which = deciding.Selection(code, domain, permanent=not temporary, cancelled=cancelled)
        count = deciding.retry(database, edition, which, by=output.actor())
    if not count:
        output.say(f"Nobody of {edition.key} is to be tried again.")
        return
    output.good(f"{count:,} of {edition.key} wait again.")
    _say_who_sends(edition)


def _say_who_sends(edition: Edition) -> None:
    output.say(f"A running worker sends it, and so does: pulse-mailer edition send {edition.name}")


def _ask(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Nobody can be asked here.", remedy="Add --yes when it is meant.")
    typer.confirm(question, abort=True)
