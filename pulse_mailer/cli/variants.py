"""`pulse-mailer edition variants`, and the rehearsal of everybody's mail."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import output, progress
from pulse_mailer.cli.steering import Name
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.editions import reading

if TYPE_CHECKING:
    from pulse_mailer.delivery.rehearsing import Rehearsal
    from pulse_mailer.delivery.variants import Plan

_LISTED = 20


def variants(name: Name, *, json: output.Json = False) -> None:
    """Show which parts of an edition go to how many people, as they chose sections, each with size and findings."""
    from pulse_mailer.delivery import approving
    from pulse_mailer.delivery.variants import plan

    with output.mailer() as mailer, mailer.database.reading() as database:
        edition = reading.edition(database, name)
        found = plan(database, edition)
        checked = approving.check(edition, mailer.links, found.names)
    made = {rendering.variant: rendering for rendering in checked.renderings}
    sizes = {one: len(rendering.html.encode()) for one, rendering in made.items()}
    codes = {
        one: sorted({finding.code.value for finding in approving.findings_of(edition, rendering)})
        for one, rendering in made.items()
    }
    if json:
        rows = [
            {"variant": one.name, "sections": one.sections, "people": one.count, "bytes": sizes[one.name]}
            | {"findings": codes[one.name]}
            for one in found.variants
        ]
        output.print_json({"variants": rows, "passed_over": found.passed_over})
        return
    table = [
        [
            ", ".join(one.sections) if one.name else "the whole edition",
            one.count,
            f"{sizes[one.name]:,}",
            ", ".join(codes[one.name]) or "-",
        ]
        for one in found.variants
    ]
    titles = ["Sections", "People", "Bytes of HTML", "Findings in the mail"]
    output.print_table(titles, table, ["People", "Bytes of HTML"])
    if found.remark:
        output.trouble(found.remark)
    output.good(f"{edition.key} goes to {output.people(found.count)} in {_counted(len(found.variants))}.")
    output.say("Have somebody get some sections: pulse-mailer subscriber choose ADDRESS SECTION ...")


def print_variants(found: "Plan") -> None:
    """How many people get which part, where not everybody gets the whole edition; and who gets nothing."""
    parts = [variant for variant in found.variants if variant.name]
    if parts:
        people = sum(variant.count for variant in parts)
        output.say(f"{people:,} of them chose sections, and get {_counted(len(parts))} of it:")
        rows = [[", ".join(variant.sections), variant.count] for variant in parts[:_LISTED]]
        output.print_table(["Sections", "People"], rows, ["People"])
        if len(parts) > _LISTED:
            output.say(f"... and {len(parts) - _LISTED:,} more.")
    if found.remark:
        output.trouble(found.remark)


def rehearse(
    mailer: Mailer, database: Session, edition: Edition, found: "Plan", renderings: Sequence[Rendering]
) -> "Rehearsal":
    """Make everybody's mail once, showing how far it is, and throw it away."""
    from pulse_mailer.delivery import rehearsing

    made = {rendering.variant: rendering for rendering in renderings}
    with progress.watched("Rehearsing", "mails", found.count) as told:
        return rehearsing.rehearse(database, edition, found, made, mailer.links, progress=told)


def _counted(count: int) -> str:
    return f"{count:,} variant{'' if count == 1 else 's'}"
