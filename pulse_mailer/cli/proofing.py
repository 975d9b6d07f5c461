"""`pulse-mailer edition proof` and `proofs`: copies for staff before anything goes out."""

from typing import TYPE_CHECKING, Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.cli.steering import Name

if TYPE_CHECKING:
    from pulse_mailer.domain.approval import Proof


def proof(
    name: Name,
    to: Annotated[
        list[str], typer.Option(metavar="ADDRESS", help="Who gets it; repeatable, or several with commas.")
    ],
    as_: Annotated[
        str,
        typer.Option("--as", metavar="ADDRESS", help="As this subscriber would get it; by default a sample."),
    ] = "",
    variant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SECTION", help="As who chose this section; repeatable, or several with commas."
        ),
    ] = None,
) -> None:
    """
    Send a proof: the mail as it would go out now, marked as a proof, to any address.

    It is counted nowhere, and its unsubscribe link is for show. What preflight finds is shown and stops no proof.
    Ends with status 3 when it did not go to all.
    """
    from pulse_mailer.cli.findings import print_findings
    from pulse_mailer.delivery import proofing
    from pulse_mailer.delivery.approving import Checked
    from pulse_mailer.editions import reading

    with output.mailer() as mailer:
        with mailer.database.reading() as database:
            names = reading.edition(database, name).newsletter.backends
        wish = proofing.Wish(name, to, as_, variant or ())
        made = proofing.send(mailer.way(names), mailer.keys, wish, actor=output.actor())
    print_findings(made.edition, Checked(made.rendering, made.findings), (), json=False)
    for sentence in made.sentences:
        output.say(sentence)
    for address, posted in made.posted.items():
        line = f"{address}: {posted.words}"
        output.good(line) if posted.is_sent else output.trouble(f"NOT SENT to {line}")
    sent = sum(posted.is_sent for posted in made.posted.values())
    if not sent:
        output.trouble(f"Proof {made.number} went to nobody.")
        raise typer.Exit(1)
    output.say(f"Proof {made.number} went to {sent} of {len(made.posted)}.")
    output.say(f"All of them: pulse-mailer edition proofs {made.edition.name}")
    if sent < len(made.posted):
        raise typer.Exit(3)


def proofs(name: Name, *, json: output.Json = False) -> None:
    """List the proofs of an edition, the newest first: to whom, of which revision, and what the server said."""
    from pulse_mailer.delivery import proofing, shapes
    from pulse_mailer.editions import reading

    with output.mailer() as mailer, mailer.database.reading() as database:
        edition = reading.edition(database, name)
        found = proofing.proofs(database, edition.id)
    if json:
        output.print_json([shapes.proof(one) for one in found])
        return
    if not found:
        output.say(f"There is no proof of {edition.key} yet.")
        output.say(f"Send one: pulse-mailer edition proof {edition.name} --to ADDRESS")
        return
    rows = [
        [one.number, f"{one.at:%Y-%m-%d %H:%M}", one.actor, one.revision, one.address, _came_of(one)]
        for one in found
    ]
    columns = ["Proof", "When (UTC)", "By", "Revision", "To", "What the server said"]
    output.print_table(columns, rows, ["Proof", "Revision"])
    if found[0].revision != edition.revision:
        output.trouble(f"The edition is at revision {edition.revision} now: nobody was shown it as it is.")


def _came_of(proof: "Proof") -> str:
    return proof.reply if proof.is_sent else f"NOT SENT: {proof.reply}"
