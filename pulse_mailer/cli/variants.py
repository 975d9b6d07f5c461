"""`pulse-mailer edition variants`, and the rehearsal of everybody's mail."""

from typing import TYPE_CHECKING

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import output, progress
from pulse_mailer.cli.steering import Name
from pulse_mailer.domain.counting import counted, people
from pulse_mailer.editions import reading

if TYPE_CHECKING:
    from pulse_mailer.delivery.readying import Ready
    from pulse_mailer.delivery.rehearsing import Rehearsed
    from pulse_mailer.delivery.variants import Plan

_LISTED = 20


def variants(name: Name, *, json: output.Json = False) -> None:
    """Show which parts of an edition go to how many people, as they chose sections, each with size and findings."""
    from pulse_mailer.delivery import approving
    from pulse_mailer.delivery.variants import plan

    with output.mailer() as mailer, mailer.database.reading() as database:
        edition = reading.edition(database, name)
        found = plan(database, edition)
        checked = approving.look(edition, mailer.links, found.names)
    told = approving.by_variant(edition, found, checked)
    if json:
        output.print_json(told)
        return
    table = [
        [
            ", ".join(one["sections"]) if one["variant"] else "the whole edition",
            one["people"],
            f"{one['bytes']:,}",
            ", ".join(one["findings"]) or "-",
        ]
        for one in told["variants"]
    ]
    titles = ["Sections", "People", "Bytes of HTML", "Findings in the mail"]
    output.print_table(titles, table, ["People", "Bytes of HTML"])
    if found.remark:
        output.trouble(found.remark)
    output.good(f"{edition.key} goes to {people(found.count)} in {counted(len(found.variants), 'variant')}.")
    output.say("Have somebody get some sections: pulse-mailer subscriber choose ADDRESS SECTION ...")


def print_variants(found: "Plan") -> None:
    """How many people get which part, where not everybody gets the whole edition; and who gets nothing."""
    parts = [variant for variant in found.variants if variant.name]
    if parts:
        chose = sum(variant.count for variant in parts)
        get = f"{'gets' if chose == 1 else 'get'} {counted(len(parts), 'variant')}"
        output.say(f"{chose:,} of them chose sections, and {get} of it:")
        rows = [[", ".join(variant.sections), variant.count] for variant in parts[:_LISTED]]
        output.print_table(["Sections", "People"], rows, ["People"])
        if len(parts) > _LISTED:
            output.say(f"... and {len(parts) - _LISTED:,} more.")
    if found.remark:
        output.trouble(found.remark)


def rehearse(mailer: Mailer, made: "Ready") -> "Rehearsed":
    """
    Make everybody's mail once, showing how far it is, and throw it away.

    Raises:
        Refused: somebody stopped it on its page.
    """
    from pulse_mailer.delivery import rehearsals

    with progress.watched("Rehearsing", "mails", made.count) as told:
        return rehearsals.rehearse(mailer.database, made, mailer.links, progress=told)
