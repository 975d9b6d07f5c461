"""Sites: which addresses are of one, and which part of a page's title is its name."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from pulse_mailer.importing.names import fold

_SEPARATOR = re.compile(r"\s+(?:[|–—·•»«-]|::|\|\|)\s+|\s*\|\s*")
_FRONTS = re.compile(r"^(?:www\d?|m|mobile|amp)\.")
#: What stands below a country's two letters without being anybody's site: co.uk, org.au.
_SHARED = frozenset({
    "ac", "co", "com", "edu", "gob", "gov", "gouv", "govt", "judiciary", "llyw", "ltd", "me", "mod", "net", "nhs",
    "nic", "or", "org", "parliament", "plc", "police", "sch",
})  # fmt: skip
#: Everybody's, below whose names each site is another's.
_HOSTED = ("github.io", "wordpress.com", "blogspot.com", "substack.com", "medium.com", "netlify.app", "web.app",
           "pages.dev", "azurewebsites.net", "herokuapp.com", "wixsite.com", "sharepoint.com")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Split:
    """A page's title without the name of its site, and that name; empty when the title does not hold it."""

    title: str
    site: str


def same(one: str, other: str) -> bool:
    """Whether two addresses are of one site, as far as their names tell."""
    first, second = _host(one), _host(other)
    return bool(first) and (first == second or _site(first) == _site(second))


def split(title: str, heading: str, known: Iterable[str], url: str) -> Split:
    """
    Take the site's name off a title.

    Args:
        heading: the page's own first heading.
        known: names that the page gives its site or its publisher; may be empty.
    """
    cuts = list(_SEPARATOR.finditer(title))
    if not cuts:
        return Split(title, "")
    names = {fold(name) for name in known} - {""}

    def is_name(part: str) -> bool:
        return fold(part) in names or _names_host(part, _host(url))

    first, last = title[: cuts[0].start()], title[cuts[-1].end() :]
    for cut in cuts:
        if fold(heading) and fold(title[: cut.start()]) == fold(heading):
            return Split(title[: cut.start()], last)
    if is_name(last):
        return Split(split(title[: cuts[-1].start()], heading, names, url).title, last)
    return Split(title[cuts[0].end() :], first) if is_name(first) else Split(title, "")


def _host(url: str) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return _FRONTS.sub("", host.lower())


def _site(host: str) -> str:
    """The part of a host's name that somebody registered."""
    labels = host.split(".")
    if host.endswith(_HOSTED) or re.fullmatch(r"[\d.]+|.*:.*", host):
        return host
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SHARED:
        return ".".join(labels[-3:])
    return ".".join(labels[-2:])


def _names_host(part: str, host: str) -> bool:
    """Whether words are a site's name: those of its host, or what its host abbreviates."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"['’]", "", part.lower()))
    labels = set(re.split(r"[.-]", host))
    if not words or len(words) > 8:
        return False
    joined = "".join(word for word in words if word != "the")
    initials = "".join(word[0] for word in re.findall(r"[A-Z]\w*", part)).lower()
    return (
        set(words) <= labels
        or (len(joined) >= 4 and joined in re.sub(r"[.-]", "", host))
        or (len(initials) >= 3 and initials in labels)
    )
