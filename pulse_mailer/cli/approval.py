"""`pulse-mailer edition approve`, `unapprove` and `approval`: a person's yes before an edition is sent."""

from typing import TYPE_CHECKING, Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.cli.steering import Name, Why
from pulse_mailer.domain.counting import people

if TYPE_CHECKING:
    from pulse_mailer.delivery.approvals import Standing
    from pulse_mailer.domain.edition import Edition

By = Annotated[
    str, typer.Option(metavar="NAME", help="Who does it; by default PULSE_MAILER_ACTOR or the account.")
]


def approve(
    name: Name,
    confirm_count: Annotated[
        int | None, typer.Option(help="How many people it goes to; asked for at a terminal when left out.")
    ] = None,
    by: By = "",
    force: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Override a preflight error by its code.")
    ] = None,
) -> None:
    """
    Approve an edition as it is: its mail is kept, and sent later byte for byte.

    Any change makes that void. Where the newsletter needs a second person (newsletter set needs-second yes), whoever
    changed the edition cannot approve it, and it cannot be sent before.
    """
    from pulse_mailer.cli import agreeing

    actor = output.actor(by)
    options = agreeing.Options(confirm_count, forced=tuple(force or ()))
    with output.mailer() as mailer:
        approval = agreeing.approve(mailer, name, options, actor)
    output.good(
        f"Approved by {approval.actor}: revision {approval.revision}, for {people(approval.audience_count)}."
    )
    output.say(f"Seal: {approval.seal}")
    output.say(f"Send it: pulse-mailer edition send {approval.facts['edition']}")


def unapprove(name: Name, why: Why = "", by: By = "") -> None:
    """Take an approval back: the edition is a draft again."""
    from pulse_mailer.delivery import consenting
    from pulse_mailer.editions import reading

    with output.mailer() as mailer, mailer.database.transaction() as database:
        edition = reading.edition(database, name)
        consenting.unapprove(database, edition, by=output.actor(by), why=why)
    output.good(f"{edition.key} is a draft again: its approval was taken back.")


def approval(name: Name, *, json: output.Json = False) -> None:
    """Show whether an edition is approved, by whom, what was signed, and what changed since."""
    from pulse_mailer.cli.composing_history import print_differences
    from pulse_mailer.delivery import approvals, seconding, shapes
    from pulse_mailer.domain.edition import EditionStatus
    from pulse_mailer.editions import reading
    from pulse_mailer.subscribers.audience import numbers

    with output.mailer() as mailer, mailer.database.reading() as database:
        edition = reading.edition(database, name)
        standing = approvals.standing(database, edition)
        count = numbers(database, edition.newsletter_id).audience
        edited_by = seconding.editors(database, edition.id)
        differences = approvals.differences(database, edition, standing)
    if json:
        output.print_json(shapes.approval(edition, standing, count, edited_by))
        return
    if standing is None:
        output.say(f"Nobody has approved {edition.key} yet.")
    else:
        _print(edition, standing, count)
        print_differences(differences)
    # Once its sending has begun, nobody can approve it again.
    if edition.status in (EditionStatus.DRAFT, EditionStatus.APPROVED) and not (standing and standing.holds):
        if edition.newsletter.needs_second:
            output.say(seconding.who(edited_by))
        output.say(f"Approve it: pulse-mailer edition approve {edition.name}")


def _print(edition: "Edition", standing: "Standing", count: int) -> None:
    from pulse_mailer.delivery import approvals, seconding, wallclock

    signed = standing.approval
    at = wallclock.said(signed.at, edition.newsletter.timezone)
    output.say(
        f"{signed.actor} approved revision {signed.revision} of {edition.key} on {at}, "
        f"for {people(signed.audience_count)}; now it would go to {count:,}."
    )
    if standing.holds:
        output.good(f"It holds. Seal: {signed.seal}")
        if seconding.is_alone(edition, signed.actor, signed.facts["edited_by"]):
            output.trouble(f"It needs a second person now: {signed.actor} had changed it.")
    else:
        output.trouble(f"It does not hold: {approvals.broken(standing)}.")
    for line in standing.changes:
        output.say(f"  {line}")
