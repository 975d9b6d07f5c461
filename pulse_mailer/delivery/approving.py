"""From a draft to a mail that may go out: composed, checked, and what was overridden by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pulse_mailer.composing import preflight, remembering
from pulse_mailer.composing.preflight import Finding, Severity, in_order
from pulse_mailer.composing.rendering import render
from pulse_mailer.delivery import looking_back
from pulse_mailer.delivery.variants import Plan, named
from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.errors import Unmended, UsageError
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


class _Ways(NamedTuple):
    """By what a mail is made and looked through."""

    render: Callable[..., Rendering]
    of_edition: Callable[[Edition], Sequence[Finding]]
    of_mail: Callable[[Edition, Rendering], Sequence[Finding]]


_AFRESH = _Ways(render, preflight.of_edition, preflight.of_mail)
_REMEMBERING = _Ways(remembering.render, remembering.of_edition, remembering.of_mail)


def check(edition: Edition, links: Links, variants: Sequence[str] = ()) -> Checked:
    """
    Compose an edition and run preflight over it, for what a person agrees to; stores nothing.

    Args:
        variants: the names of those to compose and check besides the whole edition.

    Raises:
        CompositionError: it cannot be made into mail.
    """
    return _checked(edition, links, variants, _AFRESH)


def look(edition: Edition, links: Links, variants: Sequence[str] = ()) -> Checked:
    """What `check()` gives, for people who look: what was made of the very same lately is not made once more."""
    return _checked(edition, links, variants, _REMEMBERING)


def _checked(edition: Edition, links: Links, variants: Sequence[str], ways: _Ways) -> Checked:
    rendering = ways.render(edition, links)
    findings = [*ways.of_edition(edition), *ways.of_mail(edition, rendering)]
    findings += looking_back.findings(edition)
    others = tuple(ways.render(edition, links, variant=name) for name in variants if name)
    known = {(finding.code, finding.at.words) for finding in findings}
    for other in others:
        findings += [
            named(edition, other, finding)
            for finding in ways.of_mail(edition, other)
            if (finding.code, finding.at.words) not in known
        ]
    return Checked(rendering, tuple(in_order(edition, findings)), others)


def by_variant(edition: Edition, found: Plan, checked: Checked) -> dict[str, Any]:
    """What `edition variants --json` and the API tell: which parts go to how many people, with size and findings."""
    made = {rendering.variant: rendering for rendering in checked.renderings}
    rows = [
        {
            "variant": one.name,
            "sections": one.sections,
            "people": one.count,
            "bytes": len(made[one.name].html.encode()),
            "findings": sorted(
                {finding.code.value for finding in remembering.of_mail(edition, made[one.name])}
            ),
        }
        for one in found.variants
    ]
    return {"variants": rows, "passed_over": found.passed_over}


def approve(
    edition: Edition, links: Links, *, forced: Sequence[str], variants: Sequence[str] = ()
) -> Checked:
    """
    Check an edition, and refuse one with errors that nobody overrode.

    Args:
        variants: as `check()`.

    Raises:
        UsageError: a code was named that preflight did not find.
        Unmended: errors are left; names them.
    """
    checked = check(edition, links, variants)
    refuse_unknown(edition, checked, forced)
    blocking = checked.blocking(forced)
    if blocking:
        codes = sorted({finding.code for finding in blocking})
        count = f"{counted(len(blocking), 'error')}"
        raise Unmended(
            f"Preflight found {count} in {edition.key}: {', '.join(codes)}.",
            remedy="See and mend them, or let one pass by its name, which is recorded: "
            f"pulse-mailer edition check {edition.name}, or --force CODE",
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
