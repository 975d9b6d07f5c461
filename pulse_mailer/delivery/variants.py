"""
Who gets which variant of an edition, and every variant's mail.

Readers who chose the same sections share one Rendering, composed once; so do those whose choices come to the same in
this edition.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from pulse_mailer.composing.finding import Finding
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.variant import WHOLE, numbers, seen_sections, variant_of
from pulse_mailer.errors import Conflict
from pulse_mailer.links import Links
from pulse_mailer.subscribers.audience import anybody_chose
from pulse_mailer.subscribers.audience import numbers as numbers_of
from pulse_mailer.subscribers.reasons import Cause


@dataclass(frozen=True, slots=True)
class Variant:
    """
    Attributes:
        name: the numbers of its sections, "1,3"; empty for the whole edition.
        sections: their names.
        choices: what the people chose who get it, as Subscriptions hold it.
        count: how many people.
    """

    name: str
    sections: tuple[str, ...]
    choices: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Attributes:
        variants: the whole edition first, also where nobody gets it, since the web copy is made with it.
        nothing_for: the choices of those who chose only sections that this edition does not have.
        passed_over: how many they are; they get nothing.
        left_out: how many of the newsletter's subscribers are not in the audience, by cause.
    """

    variants: tuple[Variant, ...]
    nothing_for: tuple[str, ...]
    passed_over: int
    left_out: dict[Cause, int]

    @property
    def count(self) -> int:
        """How many people get the edition."""
        return sum(variant.count for variant in self.variants)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(variant.name for variant in self.variants)

    @property
    def remark(self) -> str:
        """Who is passed over, as a sentence; empty when nobody is."""
        return passed_over_words(self.passed_over)


def passed_over_words(count: int) -> str:
    gets = "gets" if count == 1 else "get"
    return (
        f"{count:,} chose only sections that this edition does not have, and {gets} nothing." if count else ""
    )


def plan(database: Session, edition: Edition) -> Plan:
    """
    Args:
        edition: with its sections and its newsletter's programme loaded.
    """
    found = numbers_of(database, edition.newsletter_id)
    counts = found.by_choice
    by_name: dict[str, list[str]] = {WHOLE: []}
    nothing_for = []
    for choice in sorted(counts):
        name = variant_of(edition, choice)
        if name is None:
            nothing_for.append(choice)
        else:
            by_name.setdefault(name, []).append(choice)
    made = [_variant(edition, name, choices, counts) for name, choices in by_name.items()]
    made.sort(key=lambda variant: (variant.name != WHOLE, -variant.count))
    passed_over = sum(counts[choice] for choice in nothing_for)
    return Plan(tuple(made), tuple(nothing_for), passed_over, found.left_out)


def names(database: Session, edition: Edition) -> tuple[str, ...]:
    """The names that `plan()` has; nobody is counted where all get the whole edition."""
    if not anybody_chose(database, edition.newsletter_id):
        return (WHOLE,)
    return plan(database, edition).names


def compile_missing(
    edition: Edition, links: Links, kept: Collection[Rendering], wanted: Sequence[str]
) -> list[Rendering]:
    """
    Compose the variants that are wanted and not kept yet, from the source that was agreed to.

    Raises:
        Conflict: the source or the design no longer gives the mail that was agreed to.
    """
    there = {rendering.variant: rendering for rendering in kept}
    missing = [name for name in wanted if name not in there]
    if not missing:
        return []
    again = render(edition, links)
    if WHOLE not in there or again.fingerprint != there[WHOLE].fingerprint:
        raise Conflict(
            f"Readers of {edition.key} chose their sections since, and it cannot be composed for them: its design or "
            "its newsletter is no longer what was agreed to.",
            remedy=f"Look at it, and agree anew: pulse-mailer edition send {edition.name}",
        )
    return [render(edition, links, variant=name) for name in missing]


def named(edition: Edition, rendering: Rendering, finding: Finding) -> Finding:
    """A finding in a variant's mail, its place saying in which."""
    names = ", ".join(sections_of(edition, rendering.variant))
    return replace(finding, at=replace(finding.at, words=f"{finding.at.words} for those who chose {names}"))


def _variant(edition: Edition, name: str, choices: list[str], counts: dict[str, int]) -> Variant:
    return Variant(
        name=name,
        sections=sections_of(edition, name),
        choices=tuple(choices),
        count=sum(counts[choice] for choice in choices),
    )


def sections_of(edition: Edition, name: str) -> tuple[str, ...]:
    """The names of the sections that a variant holds."""
    seen = seen_sections(edition)
    wanted = numbers(name) or seen.keys()
    return tuple(section.name for number, section in seen.items() if number in wanted)
