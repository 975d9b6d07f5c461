"""What a web page says of itself, read from its bytes: the facts that make it an item."""

import datetime
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree
from lxml import html as lxml_html

from pulse_mailer.domain.web_address import folded
from pulse_mailer.fetching import Page
from pulse_mailer.importing import linked_data, sites
from pulse_mailer.importing.days import day
from pulse_mailer.importing.decoding import printable
from pulse_mailer.importing.linked_data import Stated
from pulse_mailer.importing.pagetext import page_text
from pulse_mailer.importing.targets import judge

MOST_TITLE = 300  #: letters; longer ones are cut
MOST_PUBLISHER = 120
MOST_SUMMARY = 800

_HTML = frozenset({"", "text/html", "application/xhtml+xml"})
_ELEMENTS = 200_000  #: looked at
_OF_PUBLICATION = re.compile(r"pub|posted|entry-date", re.IGNORECASE)
# A site's own sign says nothing about the page.
_SIGN = re.compile(r"logo|crest|favicon|placeholder|opengraph|open-graph|default[-_]", re.IGNORECASE)

_TITLES = ("og:title", "citation_title", "dc.title", "dcterms.title", "twitter:title")
_PUBLISHERS = (
    "govuk:primary-publishing-organisation", "citation_publisher", "citation_technical_report_institution",
    "dc.publisher", "dcterms.publisher", "dc.creator.corporate",
)  # fmt: skip
_SITES = ("og:site_name", "application-name", "apple-mobile-web-app-title")
_SUMMARIES = (
    "og:description", "description", "dcterms.description", "dc.description", "twitter:description",
    "citation_abstract",
)  # fmt: skip
_DAYS = (
    "article:published_time", "govuk:first-published-at", "citation_publication_date", "citation_online_date",
    "citation_date", "dcterms.issued", "dcterms.created", "dc.date.issued", "dc.date", "dcterms.date",
    "datepublished", "date", "publish-date", "pubdate",
)  # fmt: skip
_PICTURES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")


@dataclass(frozen=True, slots=True)
class PageFacts:
    """
    Text without markup; empty, or None, where the page says nothing.

    Attributes:
        canonical_url: the page's address as the page itself gives it, where it may; else where it was found.
        picture_alt: what the picture shows, in the page's own words.
        trouble: why there is no more, as people read it; empty when it could be read.
    """

    title: str = ""
    publisher: str = ""
    summary: str = ""
    published_on: datetime.date | None = None
    picture_url: str = ""
    picture_alt: str = ""
    canonical_url: str = ""
    trouble: str = ""


@dataclass(slots=True)
class _Head:
    """What stands where in a page, in reading order."""

    named: dict[str, list[str]] = field(default_factory=dict)  #: of <meta>, by name in small letters
    title: str = ""
    heading: str = ""
    canonical: str = ""
    picture: str = ""
    days: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)

    def first(self, names: Iterable[str]) -> str:
        return next((value for name in names for value in self.named.get(name, ())), "")


def read_page(page: Page) -> PageFacts:
    """The facts of a page that was fetched; of what is no HTML only a title made from its name, and why."""
    if page.media_type not in _HTML or page.body.startswith(b"%PDF-"):
        return unread(page.url, f"It is {_kind(page)}, so that its title is only the name of its file.")
    root = _parsed(page_text(page.body, page.charset))
    if root is None:
        return unread(page.url, "The page is empty.")
    head = _head(root)
    return _facts(head, linked_data.stated(head.scripts), page.url)


def unread(url: str, trouble: str) -> PageFacts:
    """What the address alone tells of a page: a title, where its file has a name that says something."""
    name = PurePosixPath(unquote(urlsplit(url).path)).name
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", name)
    title = words(re.sub(r"[\s_+-]+", " ", stem), MOST_TITLE)
    has_words = re.search(r"[^\W\d_]{3}", title) is not None and name != stem
    return PageFacts(
        title=title[:1].upper() + title[1:] if has_words else "",
        canonical_url=judge(url).url,
        trouble=trouble,
    )


def _kind(page: Page) -> str:
    kinds = {"application/pdf": "a PDF", "text/plain": "plain text"}
    is_pdf = page.body.startswith(b"%PDF-")
    return "a PDF" if is_pdf else kinds.get(page.media_type, f"no web page ({page.media_type})")


def _parsed(text: str) -> lxml_html.HtmlElement | None:
    # As bytes, since lxml takes no text that names an encoding, as XHTML does.
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        return lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def _head(root: lxml_html.HtmlElement) -> _Head:
    head = _Head()
    for element, _ in zip(
        root.iter("meta", "title", "link", "script", "time", "h1"), range(_ELEMENTS), strict=False
    ):
        _take(head, element)
    return head


def _take(head: _Head, element: lxml_html.HtmlElement) -> None:
    def said(name: str) -> str:
        return str(element.get(name) or "")

    if element.tag == "meta":
        _take_named(head, {said("property"), said("name"), said("itemprop")}, said("content").strip())
    elif element.tag == "link":
        kinds = said("rel").lower().split()
        head.canonical = head.canonical or (said("href") if "canonical" in kinds else "")
        head.picture = head.picture or (said("href") if "image_src" in kinds else "")
    elif element.tag == "script":
        is_data = said("type").strip().lower().startswith("application/ld+json")
        head.scripts += [str(element.text or "")] if is_data else []
    elif element.tag == "time":
        says_publication = _OF_PUBLICATION.search(
            f"{said('class')} {said('itemprop')} {'pubdate' * ('pubdate' in element.attrib)}"
        )
        written = said("datetime") or str(element.text_content())
        head.days.insert(0 if says_publication else len(head.days), written)
    elif element.tag == "h1":
        head.heading = head.heading or str(element.text_content())
    elif not any(parent.tag == "svg" for parent in element.iterancestors()):  # a drawing has titles, too
        head.title = head.title or str(element.text_content())


def _take_named(head: _Head, names: set[str], value: str) -> None:
    for name in names - {""} if value else ():
        head.named.setdefault(name.strip().lower(), []).append(value)


def _facts(head: _Head, linked: Stated, url: str) -> PageFacts:
    site = words(head.first(_SITES), MOST_PUBLISHER)
    publisher = words(head.first(_PUBLISHERS) or linked.publisher or site, MOST_PUBLISHER)
    heading = words(head.heading, MOST_TITLE)
    whole = words(
        head.first(_TITLES[:1]) or linked.title or head.first(_TITLES[1:]) or head.title, MOST_TITLE
    )
    split = sites.split(whole or heading, heading, (site, publisher), url)
    named = sites.split(words(head.title, MOST_TITLE), heading, (site, publisher), url).site
    author = next(
        (one for one in head.named.get("author", ()) if not one.startswith(("http:", "https:"))), ""
    )
    facts = PageFacts(
        title=split.title,
        publisher=publisher or split.site or named or words(author, MOST_PUBLISHER),
        summary=words(
            head.first(_SUMMARIES[:1]) or linked.summary or head.first(_SUMMARIES[1:]), MOST_SUMMARY
        ),
        published_on=_published(head, linked),
        canonical_url=_canonical(head, url),
        trouble="" if split.title else "The page has no title.",
    )
    return _with_picture(facts, head, linked, url)


def _published(head: _Head, linked: Stated) -> datetime.date | None:
    named = (value for name in _DAYS for value in head.named.get(name, ()))
    return next(filter(None, map(day, (linked.published, *named, *head.days[:5]))), None)


def _canonical(head: _Head, url: str) -> str:
    """The address that the page gives as its own, as long as it leads to the same site, and to a page of it."""
    here = judge(url).url
    for said in (head.canonical, head.first(("og:url",))):
        target = _absolute(said, url)
        if not target or not sites.same(target, url):
            continue
        if folded(target) == folded(here) and here.startswith("https:"):
            return target if target.startswith("https:") else here
        if urlsplit(target).path.strip("/") or not urlsplit(url).path.strip("/"):
            return target
    return here


def _with_picture(facts: PageFacts, head: _Head, linked: Stated, url: str) -> PageFacts:
    for name, said in _pictures(head, linked):
        picture = _absolute(said, url)
        if not picture or _SIGN.search(PurePosixPath(urlsplit(picture).path).name):
            continue
        alt = head.first((f"{name.split(':')[0]}:image:alt",)) if name else ""
        return replace(facts, picture_url=picture, picture_alt=words(alt, MOST_TITLE))
    return facts


def _pictures(head: _Head, linked: Stated) -> Iterator[tuple[str, str]]:
    """Each with the name it stands under."""
    for name in _PICTURES:
        if value := head.first((name,)):
            yield name, value
    yield from (("", value) for value in (linked.picture, head.picture) if value)


def _absolute(said: str, url: str) -> str:
    try:
        joined = urljoin(url, said.strip()) if said.strip() else ""
    except ValueError:
        return ""
    target = judge(joined).url if joined else ""
    return target if target.startswith(("http://", "https://")) else ""


def words(text: str, most: int) -> str:
    """One line of text, without markup that was escaped twice, and cut where a word ends."""
    text = printable(html.unescape(text[: 10 * most]))
    text = " ".join(re.sub(r"</?[A-Za-z][^<>]{0,300}>", " ", text).split())
    if len(text) <= most:
        return text
    kept = text[:most].rpartition(" ")[0] or text[: most - 1]
    return f"{kept.rstrip(' ,;:–-')}…"
