"""The part of preflight that looks at links: where each leads, and what its words promise."""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from pulse_mailer import richtext
from pulse_mailer.composing.finding import (
    EDITION,
    LETTER,
    Code,
    Finding,
    PlacedItem,
    Spot,
    error,
    line_with,
    placed_items,
    warning,
)
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.web_address import canonical

LINKS_MOST = 150  #: a digest of 60 items has some 130

_SAYS_NOTHING = frozenset(
    {"here", "click here", "click", "link", "this link", "this", "this page", "see here"}
    | {"more", "read more", "find out more", "learn more", "see more", "read more here", "find out more here"}
    | {"available here", "download here", "read here", "follow this link", "this website", "more information"}
    | {"further information", "more details"}
)
_STAND_INS = frozenset({"tbc", "tba", "todo", "tbd", "url", "link", "xxx", "...", "…", "http://", "https://"})
# Names that only a network of one's own knows (RFC 6761, RFC 6762, RFC 8375, and what offices use).
_PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "corp", "home.arpa", "test", "invalid")
_BARE_ADDRESS = re.compile(r"(?i)(?:https?://(?:www\.)?|www\.)([^/?#\s]+)\S*")


@dataclass(frozen=True, slots=True)
class Link:
    """
    Attributes:
        words: what the reader sees; None where the reader sees something else, as at an item's title.
    """

    at: Spot
    url: str
    words: str | None = None


def _item_links(edition: Edition) -> Iterator[Finding]:
    for placed in placed_items(edition):
        if not placed.item.url.strip():
            yield error(
                Code.LINK_MISSING,
                placed.at("url"),
                "It has no link.",
                "Add the address where it can be read.",
            )


def _each_link(edition: Edition) -> Iterator[Finding]:
    for link in all_links(edition):
        yield from _target(link)
        if link.words is not None:
            yield from _words(link, " ".join(link.words.split()))


def _target(link: Link) -> Iterator[Finding]:
    url = link.url.strip()
    about = f"The link on “{shortened(link.words)}”" if link.words else "Its link"
    if url.startswith("#") or url.casefold() in _STAND_INS | {""}:
        what = f"{about} leads nowhere ({shortened(url) or 'it is empty'})."
        yield error(Code.LINK_PLACEHOLDER, link.at, what, "Put the real address in, or take the link off.")
    elif reason := _not_public(url):
        what = f"{about} {reason} ({shortened(url)})."
        yield error(Code.LINK_NOT_PUBLIC, link.at, what, "Use an address that every reader can open.")


def _words(link: Link, words: str) -> Iterator[Finding]:
    bare = _BARE_ADDRESS.fullmatch(words)
    if not words:
        what = f"The link to {shortened(link.url)} has no words, so nobody can see or hear it."
        yield error(Code.LINK_TEXT, link.at, what, "Give it words, or take it out.")
    elif bare and (host := _host(link.url)) and _without_www(bare[1]) != _without_www(host):
        what = f"The link reads “{shortened(words)}” but leads to {shortened(host)}, as a fraud's would."
        yield error(Code.LINK_MISLEADING, link.at, what, "Let the words say where the link leads.")
    elif bare:
        what = f"The link shows its bare address, “{shortened(words)}”."
        yield warning(Code.LINK_TEXT, link.at, what, "Link the words that say what is there.")
    elif words.casefold().strip(" .:>»→") in _SAYS_NOTHING:
        what = f"The link's words, “{shortened(words)}”, do not say what is behind it."
        yield warning(Code.LINK_TEXT, link.at, what, "Link the words that name what is there.")


def _repeats(edition: Edition) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for placed in placed_items(edition):
        url = comparable(placed.item.url)
        if url and url in first:
            what = f"Its link is the same as that of {first[url]}."
            yield warning(Code.LINK_TWICE, placed.at("url"), what, "Check which of the two is right.")
        first.setdefault(url, placed.place)


def _detours(edition: Edition) -> Iterator[Finding]:
    """Wrappers of mail filters, and parameters that count clicks: an import takes off both."""
    for link in all_links(edition):
        url = link.url.strip()
        page = canonical(url)
        if _host(page) != _host(url):
            what = (
                f"Its link goes by way of {shortened(_host(url))}, which learns who reads what, and may end."
            )
        elif _parameters(page) != _parameters(url):
            what = f"Its link, {shortened(url)}, carries what counts clicks elsewhere."
        else:
            continue
        yield warning(Code.LINK_TRACKING, link.at, what, f"Link the page itself: {shortened(page)}")


def _same_words(edition: Edition) -> Iterator[Finding]:
    """One and the same words that lead to two pages, which nobody can tell apart who jumps from link to link."""
    first: dict[str, str] = {}
    for link in all_links(edition):
        words = " ".join((link.words or "").split()).casefold()
        if not words or words.strip(" .:>»→") in _SAYS_NOTHING:
            continue
        page = comparable(link.url)
        if first.setdefault(words, page) != page:
            what = f"The words “{shortened(link.words or '')}” lead to another page here than before."
            yield warning(Code.LINK_WORDS_TWICE, link.at, what, "Let the words say how the two differ.")


def _number(edition: Edition) -> Iterator[Finding]:
    count = sum(1 for _ in all_links(edition))
    if count > LINKS_MOST:
        what = f"It has {count} links; spam filters take a mail with over {LINKS_MOST} for advertising."
        yield warning(Code.LINKS_MANY, EDITION, what, "Take out those that lead nowhere important.")


LINK_CHECKS: tuple[Callable[[Edition], Iterator[Finding]], ...] = (
    _item_links,
    _each_link,
    _repeats,
    _detours,
    _same_words,
    _number,
)


def all_links(edition: Edition) -> Iterator[Link]:
    """Every link that readers see, in reading order."""
    for words, url in _links_in(edition.letter):
        yield Link(LETTER.on(line_with(edition.letter, url)), url, words)
    for placed in placed_items(edition):
        yield from _links_of(placed)
    for line in edition.newsletter.contact_lines:
        if line.get("url"):
            words = f"The newsletter's contact line {line.get('label') or line.get('text', '')!r}"
            yield Link(Spot(words, field="newsletter.contact_lines"), line["url"])


def _links_of(placed: PlacedItem) -> Iterator[Link]:
    if placed.item.url.strip():
        yield Link(placed.at("url"), placed.item.url)
    for words, url in _links_in(placed.item.summary):
        yield Link(placed.at("summary", line_with(placed.item.summary, url)), url, words)


@lru_cache(maxsize=256)  # while somebody types, one text of an edition changes
def _links_in(markdown: str) -> tuple[tuple[str, str], ...]:
    return tuple(richtext.links_in(markdown))


def _not_public(url: str) -> str:
    """Why readers outside cannot open a URL, as the end of a sentence; empty when they can."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:  # brackets that do not close, a port that is no number
        return "is not a web address"
    if parts.scheme in {"mailto", "tel"}:
        return ""
    is_web = parts.scheme in {"http", "https"}
    reasons = {
        "is not a whole web address, which begins with https://": not parts.scheme or (is_web and not host),
        f"is of a kind that mail does not carry ({parts.scheme}:)": not is_web,
        "holds a space, a quote mark or another character that spoils links": not richtext.usable_url(url),
        "holds a name or password": parts.username is not None,
    }
    return next((reason for reason, is_so in reasons.items() if is_so), "") or _not_public_host(host)


def _not_public_host(host: str) -> str:
    labels = host.split(".")
    if ":" in host or re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]):  # how browsers tell a number from a name
        return "leads to a bare IP address" if _is_global(host) else "leads to a machine in a private network"
    if len(labels) == 1 or any(host == name or host.endswith(f".{name}") for name in _PRIVATE_NAMES):
        return "leads to a machine in a private network"
    return ""


def _is_global(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:  # 127.1, 0x7f000001: ways to write an address that only browsers read
        return False


def _parameters(url: str) -> int:
    return url.partition("#")[0].count("&") + url.count("?")


def _host(url: str) -> str:
    try:
        return urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""


def _without_www(host: str) -> str:
    return host.casefold().removeprefix("www.")


def comparable(url: str) -> str:
    """A URL without what makes no difference: scheme, www., fragment, slash at the end."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url.strip()
    query = f"?{parts.query}" if parts.query else ""
    return f"{_without_www(parts.netloc)}{parts.path.rstrip('/')}{query}"


def shortened(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= 80 else shown[:79] + "…"
