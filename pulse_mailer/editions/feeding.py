"""
Feeds that fill the inbox: what is new in them becomes candidates, each once.

A feed is fetched outside of any transaction, and what came is stored in one of its own, so that one broken feed holds
up no other and an interruption loses nothing that was stored.
"""

import datetime
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.inbox import Candidate, Feed
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import collecting, naming
from pulse_mailer.editions.collecting import Proposal
from pulse_mailer.editions.wording import checked
from pulse_mailer.errors import FetchError, NotFound, PageUnreadable, Refused
from pulse_mailer.fetching import Fetcher, Kept, Page
from pulse_mailer.importing.feed import Entry, ReadFeed, advertised, read_feed

OLDEST_DAYS = 92  #: an entry that is older is no news
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that was looked at before it is added."""

    url: str
    feed: ReadFeed


@dataclass(frozen=True, slots=True)
class Fetched:
    """
    What came of asking for a feed.

    Attributes:
        feed: what it holds; None when nothing is new, or it could not be had.
        trouble: why it could not be had; empty when it could.
    """

    feed: ReadFeed | None = None
    kept: Kept = field(default_factory=Kept)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """
    Attributes:
        new: the candidates that it brought.
        known_count, old_count: entries that were seen before, and that are too old to be news.
    """

    feed: Feed
    new: tuple[Candidate, ...] = ()
    known_count: int = 0
    old_count: int = 0


def find(url: str, fetcher: Fetcher) -> Found:
    """
    Look at a feed before it is added; at the address of a web page, at the feed that the page names.

    Raises:
        UsageError: it is no web address.
        FetchError: it cannot be had, or is no feed.
    """
    page = _had(fetcher.fetch(collecting.web_address(url)))
    try:
        return Found(page.url, read_feed(page))
    except PageUnreadable:
        if not (other := advertised(page)):
            raise
    page = _had(fetcher.fetch(other))
    return Found(page.url, read_feed(page))


def add(database: Session, newsletter: Newsletter, found: Found, *, said: dict[str, str], actor: str) -> Feed:
    """
    Keep a feed.

    Args:
        said: section, category and publisher of its entries; may be empty.

    Raises:
        Refused: it is there already.
        UsageError: a name is not of the newsletter's programme.
    """
    collecting.web_address(found.url)  # where it was redirected to may be longer than what was asked for
    same = select(Feed).where(Feed.newsletter_id == newsletter.id, Feed.url == found.url)
    if (known := database.scalar(same)) is not None:
        raise Refused(
            f"The feed {found.url} is there already ({known.id}).",
            remedy=f"Remove it and add it again, to give it another section: pulse-mailer feed remove {known.id}",
        )
    names = {
        what: naming.spelled(database, newsletter, what, checked(what, said.get(what, "")))
        for what in ("section", "category")
    }
    feed = Feed(
        newsletter_id=newsletter.id,
        url=found.url,
        title=found.feed.title,
        publisher=checked("publisher", said.get("publisher", "")),
        created_at=now(),
        **names,
    )
    database.add(feed)
    database.flush()
    audit.record(database, actor, "feed.added", f"feed {feed.id}", after={"url": feed.url} | names)
    return feed


def feeds(database: Session, newsletter_id: int) -> list[Feed]:
    return list(database.scalars(select(Feed).where(Feed.newsletter_id == newsletter_id).order_by(Feed.id)))


def feed(database: Session, feed_id: int) -> Feed:
    """
    Raises:
        NotFound: there is none of that id.
    """
    found = database.get(Feed, feed_id)
    if found is None:
        raise NotFound(f"There is no feed {feed_id}.", remedy="See what there is: pulse-mailer feed list")
    return found


def remove(database: Session, feed_id: int, *, actor: str) -> Feed:
    """
    Forget a feed; what it brought stays.

    Raises:
        NotFound: there is none of that id.
    """
    found = feed(database, feed_id)
    database.delete(found)
    audit.record(database, actor, "feed.removed", f"feed {feed_id}", before={"url": found.url})
    return found


def fetch(wanted: Feed, fetcher: Fetcher) -> Fetched:
    """Ask for what is new in a feed; why that did not work is part of the answer."""
    try:
        page = fetcher.fetch(wanted.url, kept=Kept(wanted.etag, wanted.modified))
        if page.status == _NOT_MODIFIED:
            return Fetched(kept=Kept(wanted.etag, wanted.modified))
        found = read_feed(_had(page))
    except FetchError as error:
        return Fetched(trouble=error.what)
    return Fetched(found, page.kept)


def store(database: Session, feed_id: int, fetched: Fetched, *, actor: str) -> Brought:
    """
    Keep what came of asking for a feed: its new entries, or its trouble.

    Raises:
        NotFound: it was removed meanwhile.
    """
    found = feed(database, feed_id)
    found.trouble = fetched.trouble
    if fetched.trouble:
        return Brought(found)
    found.fetched_at, found.etag, found.modified = now(), fetched.kept.etag, fetched.kept.modified
    if fetched.feed is None:
        return Brought(found)
    found.title = fetched.feed.title or found.title
    newsletter = database.get_one(Newsletter, found.newsletter_id)
    oldest = now().date() - datetime.timedelta(days=OLDEST_DAYS)
    fresh = [one for one in fetched.feed.entries if one.published_on is None or one.published_on >= oldest]
    known = collecting.opened(database, newsletter)
    # What an edition showed is known, too, also when it never was in the inbox.
    unseen = [entry for entry in fresh if not known.pages(entry.url)]
    added = [
        collecting.propose(database, newsletter, known, _proposal(found, entry), actor=actor)
        for entry in reversed(unseen)
    ]
    new = tuple(one.candidate for one in added if one.what == "new")
    return Brought(found, new, len(fresh) - len(new), len(fetched.feed.entries) - len(fresh))


def as_json(found: Feed) -> dict[str, Any]:
    """What `feed list --json` prints; documented in docs/commands.md and kept stable."""
    names = ("id", "url", "title", "publisher", "section", "category", "fetched_at", "trouble")
    return {name: getattr(found, name) for name in names}


def told(came: Brought) -> dict[str, Any]:
    """The same of a feed that was fetched, with the ids of what it brought."""
    return as_json(came.feed) | {"new": [candidate.id for candidate in came.new]}


def _proposal(feed: Feed, entry: Entry) -> Proposal:
    made = Proposal(
        source="feed",
        title=entry.title,
        url=entry.url,
        publisher=feed.publisher or entry.publisher or feed.title,
        summary=entry.summary,
        published_on=entry.published_on,
        section=feed.section,
        category=feed.category,
        feed_id=feed.id,
    )
    return made if made.url else replace(made, trouble="The feed gives no link to it.")


def _had(page: Page) -> Page:
    if page.status >= 400:
        raise PageUnreadable(
            f"{page.url} could not be read: its server answers {page.status}.",
            remedy="Look for another address.",
        )
    return page
