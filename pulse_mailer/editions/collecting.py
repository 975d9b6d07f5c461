"""The inbox of a newsletter: what may come into an edition, added by its address, from a feed or from a document."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import audit, pictures
from pulse_mailer.clock import now
from pulse_mailer.domain.edition import Category, Item, Section
from pulse_mailer.domain.inbox import Candidate, CandidateStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import naming
from pulse_mailer.editions.duplicates import Seen, seen
from pulse_mailer.editions.wording import checked, checked_text, refuse_unknown
from pulse_mailer.errors import NotFound, Refused, UsageError
from pulse_mailer.importing.days import day
from pulse_mailer.importing.targets import judge
from pulse_mailer.pictures import Prepared

MOST_URL = 2_000  #: letters; a longer one is of no page that people could be sent to, and no index takes it

#: What staff may set on a candidate.
FIELDS = ("title", "publisher", "url", "summary", "section", "category", "picture_alt", "published_on")


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    What somebody, a feed or a document proposes for an edition.

    Attributes:
        source: "page", "feed" or "document".
        url: canonical; may be empty.
        summary: in our Markdown.
        trouble: why its page could not be read; empty when it was.
        wakes: whether what was dropped before comes back; True where a person asks for it.
    """

    source: str
    title: str
    url: str = ""
    publisher: str = ""
    summary: str = ""
    published_on: datetime.date | None = None
    section: str = ""
    category: str = ""
    picture: Prepared | None = None
    picture_alt: str = ""
    trouble: str = ""
    feed_id: int | None = None
    wakes: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """
    Attributes:
        what: "new", "known" (nothing was stored) or "back" (it had been dropped).
        words: where it was seen before, for people.
    """

    candidate: Candidate
    what: str
    words: tuple[str, ...] = ()


def web_address(url: str) -> str:
    """
    The canonical form of an address that somebody typed or pasted.

    Raises:
        UsageError: it is none, or too long.
    """
    found = judge(url).url
    if len(found) > MOST_URL:
        raise UsageError(
            f"{found[:60]}… has {len(found):,} letters; {MOST_URL:,} is the most for an address.",
            remedy="Look whether the page has a shorter one.",
        )
    if not found.startswith(("http://", "https://")):
        raise UsageError(
            f"{url!r} is not the address of a web page.", remedy="Use one such as https://example.org/report"
        )
    return found


def opened(database: Session, newsletter: Newsletter) -> Seen:
    """All that was seen before; nobody else adds to the newsletter's inbox until this transaction ends."""
    # Of two who add the same page at once, one waits here, and then sees what the other added.
    held = select(Newsletter.id).where(Newsletter.id == newsletter.id).with_for_update(key_share=True)
    database.execute(held)
    return seen(database, newsletter.id)


def propose(
    database: Session, newsletter: Newsletter, known: Seen, proposal: Proposal, *, actor: str
) -> Added:
    """
    Put a proposal into the inbox, unless it is there.

    Args:
        known: from `opened()`; learns of what is added.
    """
    if len(proposal.url) > MOST_URL:
        trouble = f"Its address, {proposal.url[:60]}…, is too long to be kept."
        proposal = replace(proposal, url="", trouble=trouble)
    words = tuple(known.words(proposal.url, proposal.publisher, proposal.title))
    if (same := _same(database, known, proposal)) is not None:
        if same.status is not CandidateStatus.DROPPED or not proposal.wakes:
            return Added(same, "known", words)
        same.status = CandidateStatus.WAITING
        audit.record(database, actor, "candidate.taken-back", f"candidate {same.id}")
        return Added(same, "back", words)
    picture = pictures.store(database, proposal.picture) if proposal.picture else None
    candidate = Candidate(
        newsletter_id=newsletter.id,
        status=CandidateStatus.WAITING,
        picture=picture,
        added_by=actor,
        added_at=now(),
        **{name: getattr(proposal, name) for name in _TAKEN},
    )
    database.add(candidate)
    database.flush()
    known.note_candidate(candidate)
    source = {"source": candidate.source, "url": candidate.url, "title": candidate.title}
    audit.record(database, actor, "candidate.added", f"candidate {candidate.id}", after=source)
    return Added(candidate, "new", words)


_TAKEN = (
    "source", "title", "url", "publisher", "summary", "published_on", "section", "category", "picture_alt", "trouble",
    "feed_id",
)  # fmt: skip


def _same(database: Session, known: Seen, proposal: Proposal) -> Candidate | None:
    """The candidate that it is already: of the same page; without one, of the same publisher and title."""
    found = known.pages(proposal.url) or (
        [] if proposal.url else known.heads("", proposal.publisher, proposal.title)
    )
    ids = [one.candidate_id for one in found if one.candidate_id is not None]
    return database.get(Candidate, ids[0]) if ids else None


def change(database: Session, candidate_id: int, values: dict[str, str], *, actor: str) -> Candidate:
    """
    Set fields of a candidate, by their names in FIELDS.

    Raises:
        NotFound: there is no such candidate.
        Refused: it is placed.
        UsageError: there is no such field, or a value is wrong; says which, and nothing is changed.
    """
    refuse_unknown(values, FIELDS, "An item of the inbox")
    (candidate,) = held(database, [candidate_id])
    if is_placed(database, candidate):
        raise Refused(
            f"{candidate_id} is placed, and what is said of it here shows nowhere.",
            remedy="Change the item in its edition.",
        )
    newsletter = database.get_one(Newsletter, candidate.newsletter_id)
    after = {name: _right(database, newsletter, name, value) for name, value in values.items()}
    before = {name: _plain(getattr(candidate, name)) for name in after}
    for name, value in after.items():
        setattr(candidate, name, value)
    plain = {name: _plain(value) for name, value in after.items()}
    audit.record(
        database, actor, "candidate.changed", f"candidate {candidate_id}", before=before, after=plain
    )
    return candidate


def drop(database: Session, ids: Sequence[int], *, actor: str, back: bool = False) -> list[Candidate]:
    """
    Put candidates aside, so that no feed brings them again; or, with `back`, take them in again.

    Raises:
        NotFound: there is no such candidate.
        Refused: one is placed; nothing was changed.
    """
    found = held(database, ids)
    if placed := [str(one.id) for one in found if is_placed(database, one)]:
        raise Refused(
            f"In an edition already: {', '.join(placed)}. Nothing was changed.",
            remedy="Remove the item there; that gives it back to the inbox.",
        )
    status = CandidateStatus.WAITING if back else CandidateStatus.DROPPED
    for candidate in found:
        if candidate.status is not status:
            candidate.status = status
            candidate.edition_id = candidate.item_number = None
            what = "candidate.taken-back" if back else "candidate.dropped"
            audit.record(database, actor, what, f"candidate {candidate.id}")
    return found


def held(database: Session, ids: Sequence[int]) -> list[Candidate]:
    """
    Candidates as they are now, in the order of their ids; nobody else changes them until this transaction ends.

    Raises:
        NotFound: one of them is not there.
    """
    wanted = (
        select(Candidate).where(Candidate.id.in_(ids)).order_by(Candidate.id).with_for_update(of=Candidate)
    )
    found = list(database.scalars(wanted, execution_options={"populate_existing": True}))
    if missing := sorted(set(ids) - {candidate.id for candidate in found}):
        raise NotFound(
            f"The inbox holds no {', '.join(map(str, missing))}.",
            remedy="See what there is: pulse-mailer item list",
        )
    return found


def is_placed(database: Session, candidate: Candidate) -> bool:
    """Whether the item that it became is there still; it may have been merged away, or undone by a restore."""
    if candidate.status is not CandidateStatus.PLACED or candidate.edition_id is None:
        return False
    there = (
        select(Item.id)
        .join(Category, Category.id == Item.category_id)
        .join(Section, Section.id == Category.section_id)
        .where(Section.edition_id == candidate.edition_id, Item.number == candidate.item_number)
    )
    return database.scalar(there.limit(1)) is not None


def _right(database: Session, newsletter: Newsletter, name: str, value: str) -> str | datetime.date | None:
    text = checked_text(name, value) if name == "summary" else checked(name, value)
    if name == "title" and not text:
        raise UsageError("The title must not be empty.")
    if name == "url":
        return web_address(text) if text else ""
    if name == "published_on":
        if text and day(text) is None:
            raise UsageError(f"{text!r} is no day.", remedy="Use one such as 2026-03-14.")
        return day(text)
    if name in ("section", "category"):
        return naming.spelled(database, newsletter, name, text)
    return text


def _plain(value: object) -> str:
    return "" if value is None else str(value)
