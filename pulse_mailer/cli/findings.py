"""How the findings of preflight look in a terminal and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

from pulse_mailer.cli import output
from pulse_mailer.domain.edition import Edition

if TYPE_CHECKING:
    from pulse_mailer.composing.preflight import Finding
    from pulse_mailer.delivery.approving import Checked


def print_findings(edition: Edition, checked: "Checked", forced: Sequence[str], *, json: bool) -> None:
    """What blocks sending, then what wants an eye, each place by place; then the counts and what to type next."""
    if json:
        output.print_json([as_json(finding, forced) for finding in checked.findings])
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
    size = len(checked.rendering.html.encode())
    counts = [f"{len(blocking)} blocking", f"{len(warnings)} to look at"]
    counts += [f"{len(overridden)} overridden"] if overridden else []
    summary = f"{edition.key}: {', '.join(counts)}; the HTML has {size:,} bytes."
    if blocking:
        output.trouble(f"{summary} It cannot be sent like this.")
        output.say(f"Mend them, and check again: pulse-mailer edition check {edition.name}")
    else:
        output.good(f"{summary} It may be sent: pulse-mailer edition send {edition.name}")


def as_json(finding: "Finding", forced: Sequence[str]) -> dict[str, object]:
    """A finding as JSON shows it; its names are stable."""
    at = asdict(finding.at)
    return {
        "severity": finding.severity.value,
        "code": finding.code.value,
        "overridden": finding.severity.value == "error" and finding.code in forced,
        "place": at.pop("words"),
        **at,
        "what": finding.what,
        "remedy": finding.remedy,
    }


def _print_places(found: "Iterable[Finding]", colour: str) -> None:
    """
    Each place once, with what was found there and its remedy.

    The findings come in reading order; what is not told apart by place, such as the mail as made, stays as it came.
    """
    for place, group in groupby(found, key=lambda finding: finding.place):
        output.say(f"{place}:")
        for finding in group:
            line = "" if finding.at.line is None else f"Line {finding.at.line}: "
            words = output.plain(f"{line}{finding.what} {finding.remedy}")
            output.console.print(f"  [{colour}]{finding.code}[/] {words}")
