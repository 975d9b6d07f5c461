"""From a draft to a mail that may go out: composed, checked, and what was overridden by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulse_mailer.composing.preflight import Finding, Severity, in_order, of_mail, preflight
from pulse_mailer.composing.rendering import render
from pulse_mailer.delivery import looking_back
from pulse_mailer.delivery.variants import named
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.errors import SendingBlocked, UsageError
from pulse_mailer.links import Links


@dataclass(frozen=True, slots=True)
class Checked:
    """
    An edition made into mail, and what preflight found.

    Attributes:
        rendering: of the whole edition.
        others: of its variants, for readers who chose sections.
    """

    rendering: Rendering
    findings: tuple[Finding, ...]
    others: tuple[Rendering, ...] = ()

    @property
    def renderings(self) -> tuple[Rendering, ...]:
        return (self.rendering, *self.others)

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    def blocking(self, forced: Sequence[str]) -> tuple[Finding, ...]:
        """The errors that nobody overrode by their code."""
        return tuple(finding for finding in self.errors if finding.code not in forced)


def check(edition: Edition, links: Links, variants: Sequence[str] = ()) -> Checked:
    """
    Compose an edition and run preflight over it; stores nothing.

    Args:
        variants: the names of those to compose and check besides the whole edition.

    Raises:
        CompositionError: it cannot be made into mail.
    """
    rendering = render(edition, links)
    findings = [*preflight(edition, rendering), *looking_back.findings(edition)]
    others = tuple(render(edition, links, variant=name) for name in variants if name)
    known = {(finding.code, finding.at.words) for finding in findings}
    for other in others:
        findings += [
            named(edition, other, finding)
            for finding in of_mail(edition, other)
            if (finding.code, finding.at.words) not in known
        ]
    return Checked(rendering, tuple(in_order(edition, findings)), others)


def findings_of(edition: Edition, rendering: Rendering) -> list[Finding]:
    """What preflight finds in one variant's mail as it was made."""
    return of_mail(edition, rendering)


def approve(
    edition: Edition, links: Links, *, forced: Sequence[str], variants: Sequence[str] = ()
) -> Checked:
    """
    Check an edition, and refuse one with errors that nobody overrode.

    Args:
        variants: as `check()`.

    Raises:
        UsageError: a code was named that preflight did not find.
        SendingBlocked: errors are left; names them.
    """
    checked = check(edition, links, variants)
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
