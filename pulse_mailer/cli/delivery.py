"""`pulse-mailer delivery`: who got what."""

from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.cli.trees import plain_line
from pulse_mailer.delivery import answering, reading
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import Attempt, DeliveryStatus
from pulse_mailer.editions import reading as editions
from pulse_mailer.errors import UsageError

app = typer.Typer(help="Say who got what.", no_args_is_help=True)


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
        names = ("sentence", "newsletter_slug", "edition_key", "status", "at", "delivery_id")
        output.print_json([{name: getattr(answer, name) for name in names} for answer in answers])
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
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    offset: Annotated[int, typer.Option(min=0, help="Leave out so many first.")] = 0,
    *,
    json: output.Json = False,
) -> None:
    """List deliveries, the latest edition first."""
    status = _state(state)
    with output.mailer() as mailer, mailer.database.reading() as database:
        edition_id = None if edition is None else editions.edition(database, edition).id
        lines = reading.deliveries(database, edition_id=edition_id, status=status, limit=limit, offset=offset)
        count = reading.count(database, edition_id=edition_id, status=status)
    if json:
        output.print_json([plain_line(line) for line in lines])
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
        output.print_json(
            plain_line(line) | {"tries": [_plain_attempt(attempt) for attempt in detail.attempts]}
        )
        return
    output.say(f"{line.edition_key} to {line.address}: {line.status.value}", "bold")
    output.say(f"Message-ID <{line.message_id}>")
    if line.reason:
        output.say(line.reason)
    rows = [
        [
            attempt.number,
            answering.moment(attempt.started_at, line.timezone),
            attempt.outcome.value if attempt.outcome else "no answer",
            attempt.relay,
            f"{attempt.stage.value}{answering.words(attempt)}",
            _took(attempt),
        ]
        for attempt in detail.attempts
    ]
    output.print_table(
        ["Try", "Begun", "Outcome", "Asked", "Stage and answer", "Took"], rows, ["Try", "Took"]
    )


def _state(text: str | None) -> DeliveryStatus | None:
    if text is None:
        return None
    try:
        return DeliveryStatus(text)
    except ValueError as error:
        raise UsageError(
            f"There is no state {text!r}.", remedy=f"Choose one of {', '.join(DeliveryStatus)}."
        ) from error


def _took(attempt: Attempt) -> str:
    return (
        f"{(attempt.ended_at - attempt.started_at).total_seconds() * 1000:.0f} ms" if attempt.ended_at else ""
    )


def _plain_attempt(attempt: Attempt) -> dict[str, object]:
    names = (
        "number", "worker", "relay", "started_at", "ended_at", "stage", "outcome", "code", "enhanced_code", "reply",
    )  # fmt: skip
    return {name: getattr(attempt, name) for name in names}
