"""Feeds (RSS and Atom) from their bytes. The only import of feedparser."""

import datetime
import io
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from lxml import etree
from lxml import html as lxml_html

from pulse_mailer.errors import PageUnreadable
from pulse_mailer.fetching import Page
from pulse_mailer.importing.fragment import of_html, of_text
from pulse_mailer.importing.pagetext import page_text
from pulse_mailer.importing.targets import judge
from pulse_mailer.importing.webpage import MOST_PUBLISHER, MOST_TITLE, words

MOST_ENTRIES = 40  #: looked at, the newest first
MOST_BYTES = 1_000_000  #: read of a feed, from its beginning, where the newest entries stand

_LOOK = "Look for the address of its RSS or Atom feed."
# The parser's time grows with the square of the attributes of one tag, of which no feed has more than a few.
_MANY_ATTRIBUTES = re.compile(rb"""<[^<>"'!?/](?:[^<>"']*+(?:"[^"<]*+"|'[^'<]*+')){300}""")
#: What ends a feed that was cut off behind one of its entries.
_ENDS = {b"</item>": b"</channel></rss>", b"</entry>": b"</feed>"}
_KINDS = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml"})


@dataclass(frozen=True, slots=True)
class Entry:
    """
    Attributes:
        url: canonical; empty when it has none.
        summary: in our Markdown.
        publisher: whose it is, where the feed gathers from others; else empty.
    """

    url: str
    title: str
    summary: str
    published_on: datetime.date | None
    publisher: str


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """
    Attributes:
        entries: with a title, the newest first, at most MOST_ENTRIES.
    """

    title: str
    entries: tuple[Entry, ...]


def read_feed(page: Page) -> ReadFeed:
    """
    Raises:
        PageUnreadable: it is no feed, or so damaged that none of its entries can be read.
    """
    found = _parsed(page)
    if not found.get("version"):
        raise PageUnreadable("It is no feed: neither RSS nor Atom.", remedy=_LOOK)
    named = [raw for raw in found.entries if _title(raw)]
    if found.bozo and not named:
        raise PageUnreadable(
            "The feed is damaged, and none of its entries can be read.", remedy="Tell its owner."
        )
    # Python's sort keeps the feed's own order among those of one day, and those without a day come last.
    named.sort(key=lambda raw: _published_on(raw) or datetime.date.min, reverse=True)
    title = words(str(found.feed.get("title", "")), MOST_TITLE)
    return ReadFeed(title, tuple(_entry(raw, page.url) for raw in named[:MOST_ENTRIES]))


def _parsed(page: Page) -> Any:
    import feedparser  # noqa: PLC0415 - only feeds need it

    said = f"{page.media_type}; charset={page.charset}" if page.charset else page.media_type
    headers = {"content-type": said, "content-location": page.url}
    body = _bounded(page.body)
    if _MANY_ATTRIBUTES.search(body):
        raise PageUnreadable(
            "The feed is damaged: a tag of it has over 300 attributes.", remedy="Tell its owner."
        )
    try:
        # As a stream: feedparser takes bare bytes for the name of a file, and opens it. HTML of entries is cleaned,
        # and its links made whole, by fragment.py, and only of the entries that are looked at.
        return feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # a damaged feed fails in feedparser in any way; the cause is chained
        raise PageUnreadable("The feed is damaged, and cannot be read.", remedy="Tell its owner.") from error


def _bounded(body: bytes) -> bytes:
    """The feed, or as many of its first entries as may be read, made whole again."""
    if len(body) <= MOST_BYTES:
        return body
    start = body[:MOST_BYTES]
    cut, end = max((start.rfind(end), end) for end in _ENDS)
    return start[: cut + len(end)] + _ENDS[end] if cut > 0 else start


def advertised(page: Page) -> str:
    """The address of the feed that a web page names as its own; empty when it names none."""
    parser = lxml_html.HTMLParser(encoding="utf-8")
    try:
        root = lxml_html.document_fromstring(
            page_text(page.body, page.charset).encode("utf-8", "replace"), parser
        )
    except (etree.ParserError, etree.XMLSyntaxError):
        return ""
    for link in root.iter("link"):
        if str(link.get("type") or "").strip().lower() in _KINDS and link.get("href"):
            return _url(page.url, str(link.get("href")))
    return ""


def _entry(raw: Any, base: str) -> Entry:
    told = [one for one in (raw.get("summary_detail"), *raw.get("content", ())) if one and one.get("value")]
    said = told[0] if told else {}
    return Entry(
        url=_url(base, str(raw.get("link", ""))),
        title=_title(raw),
        summary=_summary(str(raw.get("summary") or said.get("value", "")), str(said.get("base") or base)),
        published_on=_published_on(raw),
        publisher=words(str((raw.get("source") or {}).get("title", "")), MOST_PUBLISHER),
    )


def _title(raw: Any) -> str:
    return words(str(raw.get("title", "")), MOST_TITLE)


def _published_on(raw: Any) -> datetime.date | None:
    # dict.get: feedparser's own takes one day for the other where it is missing, and warns of it.
    return _day(dict.get(raw, "published_parsed") or dict.get(raw, "updated_parsed"))


def _summary(text: str, base: str) -> str:
    if re.search(r"<[a-zA-Z/!]|&[#\w]{1,30};", text):
        return of_html(text, base)
    return of_text(text)


def _url(base: str, link: str) -> str:
    try:
        url = judge(urljoin(base, link.strip())).url if link.strip() else ""
    except ValueError:
        return ""
    return url if url.startswith(("http://", "https://")) else ""


def _day(parsed: Any) -> datetime.date | None:
    """Of feedparser's time, which is in UTC."""
    try:
        return datetime.date(*parsed[:3]) if parsed else None
    except (TypeError, ValueError):
        return None
