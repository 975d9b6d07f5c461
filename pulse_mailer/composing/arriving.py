"""What to think of the page at a link's end: whether it is the one that was meant."""

import re
from urllib.parse import unquote, urlsplit

from lxml import etree
from lxml import html as lxml_html

from pulse_mailer.composing.finding import Code
from pulse_mailer.composing.linkchecks import comparable, shortened
from pulse_mailer.fetching import Page

Judgement = tuple[str, str, str]  #: code, words and remedy; all empty when it is in order

_GONE = frozenset({404, 410})
_LOCKED = frozenset({401, 407})
_SIGN_IN_HOSTS = re.compile(r"(?i)^(?:login|signin|sso|accounts|auth|adfs|idp)\.")
_SIGN_IN_PATH = re.compile(r"(?i)/(?:log-?in|sign-?in|log-?on|sso|adfs|saml2?|oauth2?|authorize)(?:[/.?]|$)")
_IN_ORDER: Judgement = "", "", ""
_MEND = "Find where the page is now, or take the link off."
_LOOK = "Open it in a browser."


def judged(url: str, page: Page) -> Judgement:
    """What is to be said of a page that somebody linked as `url`."""
    shown = shortened(url)
    if page.status in _GONE:
        return Code.LINK_BROKEN, f"{shown} is broken: the page is gone ({page.status}).", _MEND
    if page.status in _LOCKED or _asks_to_sign_in(url, page.url):
        what = f"{shown} asks people to sign in, and whoever has no account there sees nothing else."
        return Code.LINK_SIGN_IN, what, "Link a page that every reader can open."
    if page.status >= 400:
        what = f"{shown} could not be seen: its server answers {page.status}, maybe to programs alone."
        return Code.LINK_UNREACHABLE, what, _LOOK
    if _is_front_page(page.url) and not _is_front_page(url):
        what = (
            f"{shown} leads to the front page of {urlsplit(page.url).hostname}: what it led to may be gone."
        )
        return Code.LINK_MOVED, what, _MEND
    if page.moved and comparable(page.url) != comparable(url):
        what = f"{shown} has moved for good, to {shortened(page.url)}, as its server says."
        return Code.LINK_MOVED, what, "Look whether it is the same page, and link it there."
    if not _has_fragment(urlsplit(url).fragment, page):
        what = (
            f"{shown} leads to a page that is there, but has no place called {urlsplit(url).fragment[:60]}."
        )
        return Code.LINK_FRAGMENT, what, "Take off what follows the #, or look what the place is called now."
    return _IN_ORDER


def _asks_to_sign_in(url: str, arrived: str) -> bool:
    """Whether a link that was none ends at a page for signing in."""
    return _signs_in(arrived) and not _signs_in(url)


def _signs_in(url: str) -> bool:
    parts = urlsplit(url)
    return bool(_SIGN_IN_HOSTS.match(parts.hostname or "") or _SIGN_IN_PATH.search(parts.path))


def _is_front_page(url: str) -> bool:
    parts = urlsplit(url)
    return not parts.path.strip("/") and not parts.query


def _has_fragment(fragment: str, page: Page) -> bool:
    """Whether the page has the place, as far as can be told: scripts make some, and some are no places."""
    # ":~:text=" marks words, "!" and "/" are read by scripts, and "top" is always there.
    if not fragment or fragment.startswith((":~:", "!", "/")) or "=" in fragment or fragment.lower() == "top":
        return True
    if page.media_type not in {"text/html", "application/xhtml+xml"} or not page.body.strip():
        return True
    names = {fragment.partition(":~:")[0], unquote(fragment).partition(":~:")[0]}
    try:
        document = lxml_html.document_fromstring(page.body.decode(page.charset or "utf-8", "replace"))
    except (etree.ParserError, ValueError, LookupError):
        return True  # what cannot be read cannot be said to lack anything
    return any(document.xpath("//*[@id=$name or @name=$name]", name=name) for name in names)
