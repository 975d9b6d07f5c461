"""From a draft to a mail that may go out: composed, checked, and what was overridden by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulse_mailer.composing.preflight import Finding, Severity, in_order, preflight
from pulse_mailer.composing.rendering import render
from pulse_mailer.delivery import looking_back
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.errors import SendingBlocked, UsageError
from pulse_mailer.links import Links


@dataclass(frozen=True, slots=True)
class Checked:
    """An edition made into mail, and what preflight found."""

    rendering: Rendering
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    def blocking(self, forced: Sequence[str]) -> tuple[Finding, ...]:
        """The errors that nobody overrode by their code."""
        return tuple(finding for finding in self.errors if finding.code not in forced)


def check(edition: Edition, links: Links) -> Checked:
    """
    Compose an edition and run preflight over it; stores nothing.

    Raises:
        CompositionError: it cannot be made into mail.
    """
    rendering = render(edition, links)
    found = [*preflight(edition, rendering), *looking_back.findings(edition)]
    return Checked(rendering, tuple(in_order(edition, found)))


def approve(edition: Edition, links: Links, *, forced: Sequence[str]) -> Checked:
    """
    Check an edition, and refuse one with errors that nobody overrode.

    Raises:
        UsageError: a code was named that preflight did not find.
        SendingBlocked: errors are left; names them.
    """
    checked = check(edition, links)
    refuse_unknown(edition, checked, forced)
    blocking = checked.blocking(forced)
    if blocking:
        codes = sorted({finding.code for finding in blocking})
        count = f"{len(blocking)} error{'s' if len(blocking) > 1 else ''}"
        raise SendingBlocked(
            f"Preflight found {count} in {edition.key}: {', '.join(codes)}.",
            remedy=f"See and mend them (pulse-mailer edition check {edition.name}), "
            "or override one by name (--force CODE), which is recorded.",
        )
    return checked


def refuse_unknown(edition: Edition, checked: Checked, forced: Sequence[str]) -> None:
    """
    Raises:
        UsageError: a code was named that preflight did not find: most likely misspelled.
    """
    unknown = set(forced) - {finding.code for finding in checked.errors}
    if unknown:
        raise UsageError(
            f"Preflight found no error called {', '.join(sorted(unknown))}.",
            remedy=f"See what it found: pulse-mailer edition check {edition.name}",
        )
