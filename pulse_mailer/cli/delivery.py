"""`pulse-mailer delivery`: who got what, and what a person decides where nobody knows."""

import datetime
from pathlib import Path
from typing import Annotated

import typer

from pulse_mailer.cli import documents, output
from pulse_mailer.delivery import answering, browsing, deciding, doubts, exporting, reading, shapes
from pulse_mailer.delivery.browsing import Wanted
from pulse_mailer.delivery.choice import Choice, chosen
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import Attempt, DeliveryStatus, Outcome, Stage
from pulse_mailer.editions import reading as editions
from pulse_mailer.errors import UsageError

app = typer.Typer(help="Say who got what.", no_args_is_help=True)

Day = Annotated[datetime.datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY")]


@app.command()
def find(
    address: Annotated[str, typer.Argument(help="The reader's e-mail address, however it is written.")],
    edition: Annotated[str | None, typer.Option(help="Only about this edition.")] = None,
    *,
    json: output.Json = False,
) -> None:
    """Answer whether an address got an edition, and why or why not."""
    wanted = Address.parse(address)
    with output.mailer() as mailer, mailer.database.reading() as database:
        edition_id = None if edition is None else editions.edition(database, edition).id
        answers = answering.find(database, mailer.keys, wanted, edition_id=edition_id)
        otherwise = "" if answers else answering.standing(database, mailer.keys, wanted)
    if json:
        output.print_json([shapes.answer(answer) for answer in answers])
        return
    if not answers:
        output.say(otherwise)
        return
    for place, answer in enumerate(answers):
        output.say(answer.sentence, "" if place else "bold")
    rows = [
        [
            answer.edition_key,
            answer.status.value if answer.status else "left out",
            answering.moment(answer.at, answer.timezone),
            answer.delivery_id,
        ]
        for answer in answers
    ]
    output.print_table(["Edition", "State", "When", "Id"], rows, ["Id"])


@app.command("list")
def list_(
    edition: Annotated[str | None, typer.Option(help="Only of this edition.")] = None,
    state: Annotated[
        str | None, typer.Option(help=f"Only in this state: {', '.join(DeliveryStatus)}.")
    ] = None,
    since: Day = None,
    until: Day = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    offset: Annotated[int, typer.Option(min=0, help="Leave out so many first.")] = 0,
    *,
    json: output.Json = False,
) -> None:
    """
    List deliveries, the newest first.

    --since and --until name days, as for `delivery export`. Those that are uncertain, of all days, come with what
    helps to find out whether they went.
    """
    choice = Choice(edition=edition or "", status=_state(state), since=_day(since), until=_day(until))
    if choice.status is DeliveryStatus.UNCERTAIN and not (since or until):
        _list_doubts(edition, limit, offset, json=json)
        return
    with output.mailer() as mailer, mailer.database.reading() as database:
        wanted = chosen(database, mailer.keys, choice).wanted
        lines = browsing.page(database, wanted, limit=limit, offset=offset).lines
        count = browsing.count_all(database, wanted)
    if json:
        output.print_json([shapes.line(line) for line in lines])
        return
    if lines:
        rows = [
            [
                line.id,
                line.edition_key,
                line.status.value,
                line.address,
                answering.moment(line.changed_at, line.timezone),
            ]
            for line in lines
        ]
        output.print_table(["Id", "Edition", "State", "Address", "When"], rows, ["Id"])
    output.say(f"{len(lines):,} of {count:,} deliveries.")


def _list_doubts(edition: str | None, limit: int, offset: int, *, json: bool) -> None:
    """The uncertain ones, with all that helps to find out whether they went."""
    with output.mailer() as mailer, mailer.database.reading() as database:
        found_in = None if edition is None else editions.edition(database, edition)
        found = doubts.uncertain(database, found_in.id if found_in else None, limit=limit, offset=offset)
        count = browsing.count_all(database, Wanted(found_in, DeliveryStatus.UNCERTAIN))
    if json:
        output.print_json([shapes.doubt(doubt) for doubt in found])
        return
    for doubt in found:
        output.say(f"{doubt.id}  {doubt.edition_key} to {doubt.address}", "bold")
        output.say(f"    Message-ID <{doubt.message_id}>")
        output.say(f"    {_lost(doubt)}")
    output.say(f"{len(found):,} of {count:,} uncertain deliveries.")
    if found:
        output.say("Look for the Message-ID at the server that was asked. When it is there:")
        output.say("    pulse-mailer delivery settle ID ... --sent --why TEXT")
        output.say("When it is not: the same with --resend. For all of an edition: --edition EDITION --all")


def _lost(doubt: doubts.Doubt) -> str:
    """When, where and how far, as one line: 1 Apr 2026 09:02 BST, smtp at 127.0.0.1:1025, connection 2, ..."""
    at = answering.moment(doubt.began_at or doubt.at, doubt.timezone)
    known = doubt.stage is not None and doubt.stage is not Stage.MARKED
    stage = f"came as far as {doubt.stage.value}" if doubt.stage and known else "how far it came is not known"
    where = f"{doubt.backend or 'asked'} at {doubt.relay}" if doubt.relay else doubt.backend
    parts = [
        f"begun {at}",
        where,
        f"connection {doubt.connection}",
        stage,
        f"worker {doubt.worker}",
    ]
    return ", ".join(part for part in parts if part)


@app.command()
def settle(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Numbers of deliveries.")] = None,
    sent: Annotated[bool, typer.Option("--sent", help="They went: take them for sent.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="They did not go: send them once more.")] = False,
    why: Annotated[str, typer.Option(metavar="TEXT", help="How you know; kept with each.")] = "",
    edition: Annotated[str | None, typer.Option(help="With --all: of this edition.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that are uncertain now.")] = False,
) -> None:
    """End the doubt about deliveries that may or may not have gone; who did it and why is recorded."""
    if sent == resend:
        raise UsageError("Say what became of them.", remedy="Add --sent or --resend.")
    if bool(ids) == all_ or (all_ and edition is None):
        raise UsageError("Say which ones.", remedy="Name their numbers, or --edition EDITION --all.")
    with output.mailer() as mailer, mailer.database.transaction() as database:
        if all_ and edition is not None:
            found = editions.edition(database, edition)
            settled = deciding.settle_all(database, found, sent=sent, by=output.actor(), why=why)
        else:
            settled = deciding.settle(database, list(ids or ()), sent=sent, by=output.actor(), why=why)
    if sent:
        output.good(f"{settled.sent:,} taken for sent.")
        return
    output.good(f"{settled.queued:,} wait to be sent once more.")
    for name in settled.reopened:
        output.say(f"A running worker sends them, and so does: pulse-mailer edition send {name}")


@app.command()
def export(
    edition: Annotated[str | None, typer.Option(help="Only of this edition.")] = None,
    state: Annotated[
        str | None, typer.Option(help=f"Only in this state: {', '.join(DeliveryStatus)}.")
    ] = None,
    domain: Annotated[str, typer.Option(help="Only to addresses of this domain, within one edition.")] = "",
    code: Annotated[
        str, typer.Option(help='Only with this answer, within one edition: 550, "550 5.1.1".')
    ] = "",
    text: Annotated[
        str, typer.Option(help="What the page's box takes: an address, a Message-ID, a server's words.")
    ] = "",
    since: Day = None,
    until: Day = None,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="By default to standard output.")
    ] = None,
) -> None:
    """
    Write deliveries as CSV, the newest first.

    --since and --until name days, both with it, on which deliveries came to be as they are: in the newsletter's
    zone, or in UTC where several newsletters of different zones are meant. Without --edition, --domain, --code
    and a server's words are looked for in the latest edition.
    """
    choice = Choice(text, edition or "", _state(state), domain, code, _day(since), _day(until))
    with output.mailer() as mailer:
        with mailer.database.reading() as database:
            asked = chosen(database, mailer.keys, choice)
        if asked.problem:
            raise UsageError(asked.problem)
        documents.write_csv(file, exporting.export(mailer.database, asked.wanted, actor=output.actor()))


@app.command()
def show(
    delivery_id: Annotated[
        int, typer.Argument(metavar="ID", help="Its number, as `delivery list` shows it.")
    ],
    *,
    json: output.Json = False,
) -> None:
    """Show one delivery with every attempt at it."""
    with output.mailer() as mailer, mailer.database.reading() as database:
        detail = reading.delivery(database, delivery_id)
    line = detail.line
    if json:
        output.print_json(shapes.detail(detail))
        return
    output.say(f"{line.edition_key} to {line.address}: {line.status.value}", "bold")
    output.say(f"Message-ID <{line.message_id}>")
    if line.reason:
        output.say(line.reason)
    if not detail.attempts:
        output.say("It was not tried yet.")
        return
    rows = [
        [
            attempt.number,
            answering.moment(attempt.started_at, line.timezone),
            attempt.outcome.value,
            attempt.relay,
            f"{_stage(attempt)}{answering.words(attempt)}",
            _took(attempt),
        ]
        for attempt in detail.attempts
    ]
    output.print_table(
        ["Try", "Begun", "Outcome", "Asked", "Stage and answer", "Took"], rows, ["Try", "Took"]
    )


def _day(typed: datetime.datetime | None) -> datetime.date | None:
    return None if typed is None else typed.date()


def _state(text: str | None) -> DeliveryStatus | None:
    if text is None:
        return None
    try:
        return DeliveryStatus(text)
    except ValueError as error:
        raise UsageError(
            f"There is no state {text!r}.", remedy=f"Choose one of {', '.join(DeliveryStatus)}."
        ) from error


def _stage(attempt: Attempt) -> str:
    lost = attempt.outcome is Outcome.UNCERTAIN and attempt.stage is Stage.MARKED
    return "not known" if lost else attempt.stage.value


def _took(attempt: Attempt) -> str:
    return f"{(attempt.ended_at - attempt.started_at).total_seconds() * 1000:.0f} ms"
