"""Rehearsal: the mail of everybody who would get an edition, made by the very Merger and thrown away."""

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.composing.finding import Code, Finding, Spot, error
from pulse_mailer.composing.merging import Merger
from pulse_mailer.delivery.variants import Plan
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.merge_fields import FIELDS
from pulse_mailer.errors import BadLink, CompositionError, PulseMailerError, SendingBlocked
from pulse_mailer.links import Links
from pulse_mailer.subscribers.audience import audience

_AT_ONCE = 1_000
_NAMED = 20  #: addresses that are named; the others are counted


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """
    Attributes:
        count: of mails that were made or could not be.
        largest_bytes: the whole message, encoded.
        failed: how many could not be made.
        findings: an error for each of the first of those.
    """

    count: int
    largest_bytes: int
    failed: int
    findings: tuple[Finding, ...]

    @property
    def sentence(self) -> str:
        size = f"the largest has {self.largest_bytes:,} bytes"
        return f"Everybody's mail was made once in rehearsal, {self.count:,} of them; {size}."

    def refuse(self, edition: Edition) -> None:
        """
        Raises:
            SendingBlocked: somebody's mail cannot be made; names the first of them.
        """
        if self.failed:
            first = self.findings[0]
            more = f", and {self.failed - 1:,} more" if self.failed > 1 else ""
            raise SendingBlocked(
                f"{first.place} cannot be made{more}: {first.what}",
                remedy=f"See them all: pulse-mailer edition check {edition.name} --everyone. {first.remedy}",
            )


class _Reader(NamedTuple):
    """One of the audience, with what a Merger asks of a delivery."""

    id: int
    address: str
    slots: dict[str, str]
    dated_at: datetime.datetime
    message_id: str


def rehearse(
    database: Session,
    edition: Edition,
    plan: Plan,
    renderings: Mapping[str, Rendering],
    links: Links,
    *,
    progress: Callable[[int], None] = lambda _count: None,
) -> Rehearsal:
    """
    Make everybody's mail, and name those whose mail cannot be made. Nothing is stored.

    Args:
        renderings: by variant, all that the plan names.
        progress: told how many were made so far, every thousand.
    """
    mergers = {name: Merger(renderings[name]) for name in plan.names}
    whose = {choice: mergers[variant.name] for variant in plan.variants for choice in variant.choices}
    count = largest = failed = 0
    findings: list[Finding] = []
    for choice, reader in _readers(database, edition, links):
        merger = whose.get(choice)
        if merger is None:
            continue
        count += 1
        try:
            largest = max(largest, merger.merge(reader, links).size_bytes)
        except (CompositionError, BadLink) as trouble:
            failed += 1
            if len(findings) < _NAMED:
                findings.append(_finding(reader.address, trouble))
        if count % _AT_ONCE == 0:
            progress(count)
    progress(count)
    return Rehearsal(count, largest, failed, tuple(findings))


def _readers(database: Session, edition: Edition, links: Links) -> Iterator[tuple[str, _Reader]]:
    """Everybody in the audience as a delivery would hold them, with what they chose."""
    people = audience(edition.newsletter_id).subquery()
    domain = Address.parse(edition.newsletter.from_address).domain
    kid, at = links.keys.signing_kid, now()
    for person in database.execute(select(people), execution_options={"yield_per": _AT_ONCE}):
        values = {name: getattr(person, name) for name in FIELDS}
        slots = {"public_id": person.public_id, "kid": kid} | values
        message_id = f"e{edition.id}.{person.public_id}@{domain}"
        yield person.choice, _Reader(0, person.address, slots, at, message_id)


def _finding(address: str, trouble: PulseMailerError) -> Finding:
    remedy = trouble.remedy or "Correct this person's address or names, or take them off."
    return error(Code.MERGE_FAILED, Spot(f"The mail to {address}"), trouble.what, remedy)
