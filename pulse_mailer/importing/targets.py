"""Where a document's links lead: wrappers taken off, tracking removed, and what mail cannot carry refused."""

import html
import re
from dataclasses import dataclass

from pulse_mailer.domain.web_address import canonical
from pulse_mailer.importing.draft import Doubt
from pulse_mailer.richtext import usable_url

PLACEHOLDER = "#"  #: the target that a link which leads nowhere is written with

_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@/:]+@[^\s@/:]+\.[a-z]{2,}", re.IGNORECASE)
_HOST = re.compile(
    r"(?:www\.|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|info|uk|eu|ie|gov|edu|int|io)(?:[/?#]|$))",
    re.IGNORECASE,
)
_NOWHERE = {
    "",
    "http:",
    "https:",
    "http:/",
    "https:/",
    "http://",
    "https://",
    "about:blank",
    "mailto:",
    "tel:",
}
_UNQUOTED = {
    " ": "%20",
    "(": "%28",
    ")": "%29",
    "<": "%3C",
    ">": "%3E",
    '"': "%22",
    "'": "%27",
    "`": "%60",
    "\\": "%5C",
}


@dataclass(frozen=True, slots=True)
class Target:
    """
    Attributes:
        url: absolute, for mail to carry; `PLACEHOLDER` for a link that leads nowhere; empty for a refused one.
        doubt: what is wrong with it, if anything.
    """

    url: str
    doubt: Doubt | None = None


def judge(href: str) -> Target:
    """What a link's target, as written in the document, is good for."""
    # Browsers drop white space and control characters inside a scheme, and so must whoever looks for one.
    bare = _INVISIBLE.sub("", html.unescape(href))
    if bare.lower() in _NOWHERE or bare.startswith("#") or bare.lower().startswith(("http://#", "https://#")):
        return Target(PLACEHOLDER, Doubt.PLACEHOLDER_LINK)
    url = usable_url(_quoted(canonical(_absolute(bare))))
    return Target(url) if url else Target("", Doubt.BAD_LINK)


def _absolute(href: str) -> str:
    if href.startswith("//"):
        return f"https:{href}"
    if _ADDRESS.fullmatch(href):
        return f"mailto:{href}"
    if _HOST.match(href) and not re.match(r"(?:https?|mailto|tel):", href, re.IGNORECASE):
        return f"https://{href}"
    return href


def _quoted(url: str) -> str:
    """With the scheme in lower case, and what would end the URL in Markdown or HTML percent-encoded."""
    scheme = _SCHEME.match(url)
    if scheme:
        url = scheme[0].lower() + url[scheme.end() :]
    return "".join(_UNQUOTED.get(letter, letter) for letter in url)
