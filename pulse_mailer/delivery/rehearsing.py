"""Rehearsal: everybody's mail of an edition, made by the very Merger and thrown away, page by page."""

import datetime
import hmac
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Row

from pulse_mailer.clock import now
from pulse_mailer.composing.finding import Code, Finding, Spot, error
from pulse_mailer.composing.merging import Merger
from pulse_mailer.database import Database
from pulse_mailer.delivery.readying import Ready
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.subscriber import Subscription
from pulse_mailer.errors import BadLink, CompositionError, PulseMailerError, SendingBlocked
from pulse_mailer.links import Links
from pulse_mailer.subscribers.audience import audience

AT_ONCE = 1_000  #: people on a page
_NAMED = 20  #: addresses that are named; the others are counted

_Person = Row[int, str, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """
    What came of a rehearsal.

    Attributes:
        count: of mails that were made or could not be, or were made before and are the same.
        largest_bytes: the whole message, encoded.
        failed: how many could not be made.
        findings: an error for each of the first of those.
    """

    count: int
    largest_bytes: int
    failed: int
    findings: tuple[Finding, ...]

    def and_of(self, page: "Page") -> "Rehearsed":
        """The same, and of one more page."""
        return Rehearsed(
            self.count + page.mail_count,
            max(self.largest_bytes, page.proven.largest_bytes),
            self.failed + page.failed_count,
            (*self.findings, *page.findings)[:_NAMED],
        )

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
                remedy=f"{first.remedy} See them all: pulse-mailer edition check {edition.name} --everyone".lstrip(),
            )


class Proven(NamedTuple):
    """
    Readers whose mail could be made, each of them.

    Attributes:
        last_id: of their subscriptions; the first is the one after the page before.
        digest: of these readers and their mail; empty: not every mail could be made.
    """

    last_id: int
    digest: str
    largest_bytes: int


class Page(NamedTuple):
    """Some readers whose mails were made: what is to be kept of them, and what was found."""

    proven: Proven
    mail_count: int
    failed_count: int = 0
    findings: tuple[Finding, ...] = ()


class _Reader(NamedTuple):
    """One of the audience, with what a Merger asks of a delivery."""

    id: int
    address: str
    slots: dict[str, str]
    dated_at: datetime.datetime
    message_id: str


def pages(database: Database, made: Ready, links: Links, known: Sequence[Proven] = ()) -> Iterator[Page]:
    """
    Make everybody's mail, page by page; each is read in a short transaction of its own.

    Args:
        known: what was proven before. Readers of whom all is as it was then, and whose mail is the same, are passed
            over.
    """
    stage = _Stage(made, links)
    left, after = deque(known), 0
    while True:
        while left and left[0].last_id <= after:
            left.popleft()
        until = left[0] if left else None
        people = _people(database, made.edition.newsletter_id, after, until.last_id if until else None)
        if people:
            yield stage.page(people, until)
            after = people[-1].subscription_id
        elif until is None:
            return
        if until is not None and len(people) < AT_ONCE:
            after = until.last_id


class _Stage:
    """All that a mail of an edition is made of besides its reader, and the making of pages of them."""

    def __init__(self, made: Ready, links: Links) -> None:
        renderings: Mapping[str, Rendering] = {one.variant: one for one in made.renderings}
        self._links = links
        self._kid = links.keys.signing_kid
        self._key = links.keys.links[self._kid]
        self._message_id = (
            f"e{made.edition.id}.",
            f"@{Address.parse(made.edition.newsletter.from_address).domain}",
        )
        self._dated_at = now()
        by_choice = {choice: one.name for one in made.plan.variants for choice in one.choices}
        mergers = {name: Merger(renderings[name]) for name in made.plan.names}
        self._mergers = {choice: mergers[name] for choice, name in by_choice.items()}
        self._fingerprints = {choice: renderings[name].fingerprint for choice, name in by_choice.items()}

    def page(self, people: Sequence[_Person], known: Proven | None) -> Page:
        last_id, digest = people[-1].subscription_id, self._digest(people)
        if known is not None and known.digest == digest:
            return Page(Proven(last_id, digest, known.largest_bytes), self._count(people))
        count = largest = failed = 0
        findings: list[Finding] = []
        for merger, reader in self._readers(people):
            count += 1
            try:
                largest = max(largest, merger.merge(reader, self._links).size_bytes)
            except (CompositionError, BadLink) as trouble:
                failed += 1
                if len(findings) < _NAMED:
                    findings.append(_finding(reader.address, trouble))
        return Page(Proven(last_id, "" if failed else digest, largest), count, failed, tuple(findings))

    def _digest(self, people: Sequence[_Person]) -> str:
        """Of all that their mails are made of: the same digest means the same mails, but for their date."""
        mails = sorted((choice, self._fingerprints.get(choice)) for choice in {one.choice for one in people})
        told = repr((self._message_id, mails, [*map(tuple, people)]))
        # With the key that signs their links: so nobody can find out by trying who was among them.
        return hmac.digest(self._key, told.encode(), "sha256").hex()[:32]

    def _count(self, people: Iterable[_Person]) -> int:
        """How many of them get it."""
        return sum(one.choice in self._mergers for one in people)

    def _readers(self, people: Iterable[_Person]) -> Iterator[tuple[Merger, _Reader]]:
        """Each as a delivery would hold them."""
        kid, dated_at, (before, behind) = self._kid, self._dated_at, self._message_id
        for _, public_id, address, _, first_name, last_name, organisation, choice in people:
            if merger := self._mergers.get(choice):
                slots = {
                    "public_id": public_id,
                    "kid": kid,
                    "first_name": first_name,
                    "last_name": last_name,
                    "organisation": organisation,
                }
                yield merger, _Reader(0, address, slots, dated_at, f"{before}{public_id}{behind}")


def _people(database: Database, newsletter_id: int, after: int, until: int | None) -> Sequence[_Person]:
    """The next page of the audience, by their subscriptions."""
    query = audience(newsletter_id).where(Subscription.id > after)
    if until is not None:
        query = query.where(Subscription.id <= until)
    with database.reading() as session:
        return session.execute(query.order_by(Subscription.id).limit(AT_ONCE)).all()


def _finding(address: str, trouble: PulseMailerError) -> Finding:
    remedy = trouble.remedy or "Correct this person's address or names, or take them off."
    return error(Code.MERGE_FAILED, Spot(f"The mail to {address}"), trouble.what, remedy)
