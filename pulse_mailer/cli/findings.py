"""How the findings of preflight look in a terminal and as JSON."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from pulse_mailer.cli import output
from pulse_mailer.domain.edition import Edition

if TYPE_CHECKING:
    from pulse_mailer.composing.preflight import Finding
    from pulse_mailer.delivery.approving import Checked

_ALIKE_LEAST = 4  #: places in a row that are listed under one sentence


def print_findings(edition: Edition, checked: "Checked", forced: Sequence[str], *, json: bool) -> None:
    """What blocks sending, then what wants an eye, each place by place; then the counts and what to type next."""
    if json:
        from pulse_mailer.delivery import shapes

        output.print_json([shapes.finding(finding, forced) for finding in checked.findings])
        return
    blocking = checked.blocking(forced)
    overridden = [finding for finding in checked.errors if finding not in blocking]
    warnings = [finding for finding in checked.findings if finding not in checked.errors]
    for title, colour, found in (
        ("These block sending:", "red", blocking),
        ("Overridden by name:", "yellow", overridden),
        ("To look at:", "yellow", warnings),
    ):
        if found:
            output.say(title, f"bold {colour}")
            _print_places(found, colour)
            output.say()
    from pulse_mailer.composing.mailchecks import wire_bytes

    size = len(checked.rendering.html.encode())
    counts = [f"{len(blocking)} blocking", f"{len(warnings)} to look at"]
    counts += [f"{len(overridden)} overridden"] if overridden else []
    wire = wire_bytes(checked.rendering)
    summary = f"{edition.key}: {', '.join(counts)}; the HTML has {size:,} bytes, the whole mail {wire:,}."
    if blocking:
        output.trouble(f"{summary} It cannot be sent like this.")
        output.say(f"Mend them, and check again: pulse-mailer edition check {edition.name}")
    else:
        output.good(f"{summary} It may be sent: pulse-mailer edition send {edition.name}")


def _print_places(found: "Iterable[Finding]", colour: str) -> None:
    """
    Each place once, with what was found there and its remedy; what several places in a row have, once for all.

    The findings come in reading order; what is not told apart by place, such as the mail as made, stays as it came.
    """
    places = [list(group) for _, group in groupby(found, key=lambda finding: finding.place)]
    for same, group in groupby(places, key=_alike):
        row = list(group)
        if same is not None and len(row) >= _ALIKE_LEAST:
            _print_finding(row[0][0], colour, f"{len(row)} times: ", indent="")
            for findings in row:
                output.say(f"  {findings[0].place}")
            continue
        for findings in row:
            output.say(f"{findings[0].place}:")
            for finding in findings:
                line = "" if finding.at.line is None else f"Line {finding.at.line}: "
                _print_finding(finding, colour, line, indent="  ")


def _alike(findings: "list[Finding]") -> tuple[str, str, str] | None:
    """What a place has in common with its neighbours, when it has one finding alone."""
    first = findings[0]
    return (first.code, first.what, first.remedy) if len(findings) == 1 and not first.at.line else None


def _print_finding(finding: "Finding", colour: str, before: str, *, indent: str) -> None:
    words = output.plain(f"{before}{finding.what} {finding.remedy}")
    output.console.print(f"{indent}[{colour}]{finding.code}[/] {words}")
