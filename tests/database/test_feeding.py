"""Feeds that fill the inbox: what is new, once, and never what somebody dropped."""

import datetime

import pytest
from sqlalchemy import select

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.inbox import Candidate, Feed
from pulse_mailer.editions import collecting, feeding, reading
from pulse_mailer.editions.feeding import Brought
from pulse_mailer.errors import NotFound, PageUnreadable, Refused, UsageError
from tests.database.inbox_given import programmed
from tests.unit.strangers import HOST, Stranger, fetcher, html, page, pages, stranger

TODAY = now().date()


def entry(name: str, age_days: int = 1, more: str = "") -> str:
    when = f"{TODAY - datetime.timedelta(days=age_days)}T12:00:00Z"
    return f'<entry><title>{name}</title><link href="/{name}"/><updated>{when}</updated>{more}</entry>'


def atom(*entries: str, **headers: str) -> bytes:
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Local Care</title>{"".join(entries)}</feed>'
    return page(feed.encode(), Content_Type="application/atom+xml", **headers)


@pytest.fixture(autouse=True)
def given(database: Database) -> None:
    with database.transaction() as session:
        programmed(session)


def kept(database: Database, server: Stranger, path: str = "/feed", **said: str) -> Feed:
    found = feeding.find(f"http://{HOST}:{server.port}{path}", fetcher())
    with database.transaction() as session:
        return feeding.add(session, reading.newsletter(session, "pulse"), found, said=said, actor="ann")


def fetched(database: Database, feed: Feed) -> Brought:
    with database.reading() as session:
        wanted = feeding.feed(session, feed.id)
    came = feeding.fetch(wanted, fetcher())
    with database.transaction() as session:
        return feeding.store(session, feed.id, came, actor="ann")


def titles(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Candidate.title).order_by(Candidate.id)))


def test_entries_become_candidates_with_their_place_and_publisher(database: Database) -> None:
    with stranger(pages({"/feed": atom(entry("new"), entry("older", 9))})) as server:
        feed = kept(database, server, section="care", category="reports", publisher="The Institute")
        brought = fetched(database, feed)
    assert titles(database) == ["older", "new"]
    made = brought.new[-1]
    assert (made.section, made.category, made.publisher, made.feed_id) == (
        "Care",
        "Reports",
        "The Institute",
        feed.id,
    )
    assert (made.url, made.source, made.feed_id) == (f"http://{HOST}:{server.port}/new", "feed", feed.id)
    assert made.published_on == TODAY - datetime.timedelta(days=1)


def test_second_time_only_what_is_new_comes_and_nothing_that_was_dropped(database: Database) -> None:
    answers = [atom(entry("one")), atom(entry("one")), atom(entry("two"), entry("one"))]
    with stranger(lambda *_: answers.pop(0)) as server:
        feed = kept(database, server)
        first = fetched(database, feed)
        with database.transaction() as session:
            collecting.drop(session, [first.new[0].id], actor="ann")
        second = fetched(database, feed)
    assert ([one.title for one in second.new], second.known_count) == (["two"], 1)
    assert second.new[0].publisher == "Local Care"


def test_what_an_edition_shows_and_what_is_old_is_no_news(database: Database) -> None:
    care = '<entry><title>Care</title><link href="https://www.example.org/care"/></entry>'
    with stranger(pages({"/feed": atom(care, entry("ancient", 93), entry("recent", 91))})) as server:
        brought = fetched(database, kept(database, server))
    assert titles(database) == ["recent"]
    assert (brought.known_count, brought.old_count) == (1, 1)


def test_unchanged_feed_is_not_sent_again(database: Database) -> None:
    def answer(_method: str, _path: str, headers: dict[str, str]) -> bytes:
        return page(b"", "304 Not Modified") if "if-none-match" in headers else atom(entry("one"), ETag='"1"')

    with stranger(answer) as server:
        feed = kept(database, server)
        assert len(fetched(database, feed).new) == 1
        again = fetched(database, feed)
    assert (again.new, again.feed.trouble, again.feed.etag) == ((), "", '"1"')
    assert server.asked[-1][2]["if-none-match"] == '"1"'


def test_trouble_is_kept_until_the_feed_is_well_again(database: Database) -> None:
    answers = [atom(), page(b"", "503 Busy"), html("Maintenance"), atom(entry("one"))]
    with stranger(lambda *_: answers.pop(0)) as server:
        feed = kept(database, server)
        assert "503" in fetched(database, feed).feed.trouble
        assert "no feed" in fetched(database, feed).feed.trouble
        well = fetched(database, feed)
        assert (well.feed.trouble, len(well.new)) == ("", 1)
    assert "Nobody answers" in fetched(database, feed).feed.trouble
    assert titles(database) == ["one"]


def test_page_leads_to_the_feed_that_it_names(database: Database) -> None:
    link = '<link rel="alternate" type="application/atom+xml" href="/news.xml">'
    with stranger(pages({"/blog": html("Blog", link), "/news.xml": atom()})) as server:
        feed = kept(database, server, "/blog")
    assert (feed.url, feed.title) == (f"http://{HOST}:{server.port}/news.xml", "Local Care")


@pytest.mark.parametrize("path", ["/page", "/gone"])
def test_what_is_no_feed_is_not_kept(database: Database, path: str) -> None:
    with stranger(pages({"/page": html("Page")})) as server, pytest.raises(PageUnreadable):
        kept(database, server, path)
    with database.reading() as session:
        assert session.scalars(select(Feed)).all() == []


def test_feed_is_kept_once_and_only_for_names_of_the_programme(database: Database) -> None:
    with stranger(pages({"/feed": atom()})) as server:
        with pytest.raises(UsageError, match="no section 'Gardens'"):
            kept(database, server, section="Gardens")
        kept(database, server)
        with pytest.raises(Refused, match="there already"):
            kept(database, server)


def test_removed_feed_leaves_what_it_brought_and_stores_no_more(database: Database) -> None:
    with stranger(pages({"/feed": atom(entry("one"))})) as server:
        feed = kept(database, server)
        fetched(database, feed)
        came = feeding.fetch(feed, fetcher())
        with database.transaction() as session:
            feeding.remove(session, feed.id, actor="ann")
    with pytest.raises(NotFound), database.transaction() as session:
        feeding.store(session, feed.id, came, actor="ann")
    assert titles(database) == ["one"]


def test_entry_without_a_link_is_kept_once_with_its_trouble(database: Database) -> None:
    bare = "<entry><title>Minutes of the board</title></entry>"
    with stranger(pages({"/feed": atom(bare)})) as server:
        feed = kept(database, server)
        first = fetched(database, feed)
        assert "no link" in first.new[0].trouble
        assert fetched(database, feed).new == ()
