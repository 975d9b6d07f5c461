"""The part of preflight that goes to where the links lead; only when asked, since it calls strangers."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

from pulse_mailer.composing.finding import Code, Finding, Spot, warning
from pulse_mailer.composing.linkchecks import all_links, comparable, shortened
from pulse_mailer.domain.edition import Edition
from pulse_mailer.errors import FetchError, FetchRefused, HostUnknown, PageTooLarge
from pulse_mailer.fetching import Fetcher, Page

AT_ONCE = 6  #: hosts; of each one, one page after the other
SECONDS = 120.0  #: for all links of an edition

#: What is found here and by nobody else.
CODES = frozenset({Code.LINK_BROKEN, Code.LINK_MOVED, Code.LINK_UNREACHABLE, Code.LINK_REFUSED})

_GONE = frozenset({404, 410})
_MEND = "Find where the page is now, or take the link off."
_LOOK = "Open it in a browser."


@dataclass(frozen=True, slots=True)
class _Visit:
    """What came of a link: the page, or why there is none; neither when the time was over before its turn."""

    page: Page | None = None
    error: FetchError | None = None


def addresses(edition: Edition) -> list[str]:
    """The pages that the edition's links lead to, each once; what no web address is, preflight itself reports."""
    urls = (link.url.strip() for link in all_links(edition))
    return list(dict.fromkeys(url for url in urls if url.lower().startswith(("http://", "https://"))))


def visit(
    edition: Edition, fetcher: Fetcher, told: Callable[[int], None], *, seconds: float = SECONDS
) -> list[Finding]:
    """
    Go to every link and report what is not there, or not there any more; in reading order.

    All are warnings: a server that is down now may be up when the mail arrives, and sending asks nobody.

    Args:
        told: hears how many of `addresses()` are done.
    """
    end = monotonic() + seconds
    stopped = threading.Event()
    visits: dict[str, _Visit] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="visit") as pool:
        try:
            hosts = [
                pool.submit(_visit_host, urls, fetcher, end, stopped) for urls in _by_host(addresses(edition))
            ]
            for host in as_completed(hosts):
                visits |= host.result()
                told(len(visits))
        finally:
            stopped.set()  # Ctrl-C waits for the pages on their way, and for no others
    return [
        finding
        for link in all_links(edition)
        if (visited := visits.get(link.url.strip()))
        for finding in _findings(link.at, link.url.strip(), visited)
    ]


def _by_host(urls: Iterable[str]) -> Iterable[list[str]]:
    hosts: dict[str, list[str]] = {}
    for url in urls:
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:  # the fetcher says what is wrong with it
            host = ""
        hosts.setdefault(host, []).append(url)
    return hosts.values()


def _visit_host(urls: list[str], fetcher: Fetcher, end: float, stopped: threading.Event) -> dict[str, _Visit]:
    return {url: _visit(url, fetcher, end) for url in urls if not stopped.is_set()}


def _visit(url: str, fetcher: Fetcher, end: float) -> _Visit:
    if monotonic() >= end:
        return _Visit()
    try:
        page = _looked_at(url, fetcher, end) or fetcher.fetch(url, seconds=end - monotonic())
    except PageTooLarge:
        return _Visit(Page(url, 200, "", b""))  # it is there, and that was the question
    except FetchError as error:
        return _Visit(error=error)
    return _Visit(page)


def _looked_at(url: str, fetcher: Fetcher, end: float) -> Page | None:
    """The page without its body; None where the server does not answer such a question as it should."""
    try:
        page = fetcher.fetch(url, method="HEAD", seconds=end - monotonic())
    except (FetchRefused, HostUnknown):
        raise
    except FetchError:
        return None
    return page if page.status < 400 else None


def _findings(at: Spot, url: str, visited: _Visit) -> Iterator[Finding]:
    shown, page, error = shortened(url), visited.page, visited.error
    if isinstance(error, FetchRefused):
        yield warning(Code.LINK_REFUSED, at, f"{shown} was not visited. {error.what}", error.remedy)
    elif isinstance(error, HostUnknown):
        yield warning(Code.LINK_BROKEN, at, f"{shown} is broken. {error.what}", _MEND)
    elif error is not None:
        yield warning(Code.LINK_UNREACHABLE, at, f"{shown} could not be seen. {error.what}", _LOOK)
    elif page is None:
        what = f"{shown} was not visited: the time for all links was over."
        yield warning(Code.LINK_UNREACHABLE, at, what, _LOOK)
    elif page.status in _GONE:
        yield warning(Code.LINK_BROKEN, at, f"{shown} is broken: the page is gone ({page.status}).", _MEND)
    elif page.status >= 400:
        what = f"{shown} could not be seen: its server answers {page.status}, maybe to programs alone."
        yield warning(Code.LINK_UNREACHABLE, at, what, _LOOK)
    elif page.moved and comparable(page.url) != comparable(url):
        what = f"{shown} has moved for good, to {shortened(page.url)}"
        yield warning(Code.LINK_MOVED, at, what, "Look whether it is the same page, and link it there.")
