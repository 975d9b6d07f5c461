"""Feeds that fill the inbox of a newsletter: kept, fetched and forgotten."""

import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pulse_mailer.editions import calling, feeding, reading
from pulse_mailer.web.api.calls import Id, Name, Slug, TheId, Typed
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Composes, Reads

router = APIRouter(tags=["inbox"])


class FeedShown(BaseModel):
    """A feed that fills the inbox."""

    id: int
    url: str
    title: str
    publisher: str
    section: str
    category: str
    fetched_at: datetime.datetime | None = Field(description="When it was read last, in UTC.")
    trouble: str


class NewFeed(BaseModel, extra="forbid"):
    url: Typed = Field(
        description="Of the feed, or of a page that names it.", examples=["https://example.org/feed"]
    )
    section: Name = ""
    category: Name = ""
    publisher: Name = ""


class Fetching(BaseModel, extra="forbid"):
    ids: list[Id] = Field(default=[], max_length=1_000, description="Of its feeds; none: all.")


class Fetched(FeedShown):
    """A feed that was fetched; what went wrong stands in `trouble`."""

    new: list[int] = Field(description="Ids of what it brought into the inbox.")


@router.get("/newsletters/{slug}/feeds")
def list_feeds(slug: Slug, mailer: TheMailer, who: Reads) -> list[FeedShown]:
    """The feeds, when each was read last, and which are in trouble."""
    with mailer.database.reading() as database:
        found = feeding.feeds(database, reading.newsletter(database, slug).id)
    return [FeedShown.model_validate(feeding.as_json(one)) for one in found]


@router.post("/newsletters/{slug}/feeds", status_code=201)
def add_feed(slug: Slug, new: NewFeed, mailer: TheMailer, who: Composes) -> FeedShown:
    """Keep a feed, after a look whether it is one."""
    with mailer.database.reading() as database:
        reading.newsletter(database, slug)
    found = feeding.find(new.url, mailer.fetcher())
    said = new.model_dump(exclude={"url"})
    with mailer.database.transaction() as database:
        made = feeding.add(database, reading.newsletter(database, slug), found, said=said, actor=who.actor)
    return FeedShown.model_validate(feeding.as_json(made))


@router.post("/newsletters/{slug}/feeds/fetch")
def fetch_feeds(slug: Slug, mailer: TheMailer, who: Composes, wish: Fetching) -> list[Fetched]:
    """Bring what is new in the feeds into the inbox; what came of one stays, whatever becomes of the others."""
    with mailer.database.reading() as database:
        newsletter = reading.newsletter(database, slug)
        wanted = [feeding.feed(database, one) for one in dict.fromkeys(wish.ids)]
        wanted = wanted or feeding.feeds(database, newsletter.id)
    fetcher = mailer.fetcher()
    brought = []
    for feed, found in calling.called(
        wanted, lambda feed: feeding.fetch(feed, fetcher), url_of=lambda feed: feed.url
    ):
        with mailer.database.transaction() as database:
            brought.append(feeding.store(database, feed.id, found, actor=who.actor))
    return [Fetched.model_validate(feeding.told(came)) for came in brought]


@router.delete("/feeds/{feed_id}")
def remove_feed(feed_id: TheId, mailer: TheMailer, who: Composes) -> FeedShown:
    """Forget a feed; what it brought stays in the inbox."""
    with mailer.database.transaction() as database:
        return FeedShown.model_validate(feeding.as_json(feeding.remove(database, feed_id, actor=who.actor)))
