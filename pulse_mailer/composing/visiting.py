"""
Going to where the links lead; only when asked, since it calls strangers.

One page of a host after the other, with a pause between them, and a few hosts at a time; a server that asks for a
rest gets it. What comes of a link is an Outcome, which can be kept, so that nobody is asked twice in a day.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

from pulse_mailer.composing.arriving import judged
from pulse_mailer.composing.finding import EDITION, Code, Finding, error, warning
from pulse_mailer.composing.linkchecks import all_links, shortened
from pulse_mailer.domain.edition import Edition
from pulse_mailer.errors import FetchError, FetchRefused, HostUnknown, PageTooLarge
from pulse_mailer.fetching import Fetcher, Page

AT_ONCE = 6  #: hosts; of each one, one page after the other
SECONDS = 120.0  #: for all links of an edition
PAUSE_SECONDS = 0.5  #: between two pages of one host
REST_MOST = 10.0  #: seconds that a server may ask us to wait; a longer wish means: not now
OFFLINE_HOSTS = 3  #: when so many are tried and none answers, it is this machine that is cut off

#: What is found here and by nobody else.
CODES = frozenset(
    {Code.LINK_BROKEN, Code.LINK_MOVED, Code.LINK_UNREACHABLE, Code.LINK_REFUSED}
    | {Code.LINK_SIGN_IN, Code.LINK_FRAGMENT, Code.LINKS_UNSEEN}
)

_WAIT = frozenset({429, 503})
_MEND = "Find where the page is now, or take the link off."
_LOOK = "Open it in a browser."


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of a link.

    Attributes:
        code: empty when the page is there.
        answered: whether a server answered at all.
        is_final: whether it holds beyond this run; not so where time was over, or a server wants to be left alone.
    """

    code: str = ""
    words: str = ""
    remedy: str = ""
    answered: bool = True
    is_final: bool = True


def addresses(edition: Edition) -> list[str]:
    """The pages that the edition's links lead to, each once; what no web address is, preflight itself reports."""
    urls = (link.url.strip() for link in all_links(edition))
    return list(dict.fromkeys(url for url in urls if url.lower().startswith(("http://", "https://"))))


def visit(
    urls: Iterable[str],
    fetcher: Fetcher,
    told: Callable[[int], None],
    *,
    seconds: float = SECONDS,
    pause: float = PAUSE_SECONDS,
) -> dict[str, Outcome]:
    """
    Go to each of the URLs; gives what came of it.

    Args:
        told: hears how many are done.
    """
    round_ = _Round(fetcher, monotonic() + seconds, pause, threading.Event())
    outcomes: dict[str, Outcome] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="visit") as pool:
        try:
            hosts = [pool.submit(round_.host, host) for host in _by_host(urls)]
            for host in as_completed(hosts):
                outcomes |= host.result()
                told(len(outcomes))
        finally:
            round_.stopped.set()  # Ctrl-C waits for the pages on their way, and for no others
    return outcomes


def is_offline(outcomes: Mapping[str, Outcome]) -> bool:
    """Whether it is this machine that reaches nobody, and no link that is broken."""
    tried = {url: found for url, found in outcomes.items() if found.code != Code.LINK_REFUSED}
    hosts = {_host(url) for url in tried}
    return len(hosts) >= OFFLINE_HOSTS and not any(found.answered for found in tried.values())


def offline(outcomes: Mapping[str, Outcome]) -> Finding:
    """The one finding that stands for all links then."""
    what = f"None of {len(outcomes)} pages could be reached: this machine seems to be offline."
    return warning(Code.LINKS_UNSEEN, EDITION, what, "Check the links again when it is online.")


def findings(edition: Edition, outcomes: Mapping[str, Outcome]) -> Iterator[Finding]:
    """What is to be said of the outcomes, at each place that links there, in reading order."""
    for link in all_links(edition):
        outcome = outcomes.get(link.url.strip())
        if outcome and outcome.code:
            judge = error if outcome.code == Code.LINK_BROKEN else warning
            yield judge(Code(outcome.code), link.at, outcome.words, outcome.remedy)


@dataclass(frozen=True, slots=True)
class _Round:
    fetcher: Fetcher
    end: float
    pause: float
    stopped: threading.Event

    def host(self, urls: list[str]) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        for url in urls:
            if self.stopped.is_set() or (outcomes and self.stopped.wait(self._left(self.pause))):
                break
            outcomes[url] = found = self._visit(url)
            if found.answered and not found.is_final:  # it wants to be left alone
                outcomes |= {rest: _not_now(rest) for rest in urls if rest not in outcomes}
                break
        return outcomes

    def _left(self, wish: float) -> float:
        return max(0.0, min(wish, self.end - monotonic()))

    def _visit(self, url: str) -> Outcome:
        shown = shortened(url)
        if monotonic() >= self.end:
            what = f"{shown} was not visited: the time for all links was over."
            return Outcome(Code.LINK_UNREACHABLE, what, _LOOK, answered=False, is_final=False)
        try:
            page = self._fetched(url)
        except PageTooLarge:
            return Outcome()  # it is there, and that was the question
        except FetchRefused as fault:
            return Outcome(Code.LINK_REFUSED, f"{shown} was not visited. {fault.what}", fault.remedy)
        except HostUnknown as fault:
            return Outcome(Code.LINK_BROKEN, f"{shown} is broken. {fault.what}", _MEND, answered=False)
        except FetchError as fault:
            what = f"{shown} could not be seen. {fault.what}"
            return Outcome(Code.LINK_UNREACHABLE, what, _LOOK, answered=False)
        if page.status in _WAIT and page.retry_after is not None and page.retry_after > REST_MOST:
            return _not_now(url)
        return Outcome(*judged(url, page))

    def _fetched(self, url: str) -> Page:
        """The page; a second time where its server asks for a short rest first."""
        page = self._looked_at(url) or self.fetcher.fetch(url, seconds=self.end - monotonic())
        rest = page.retry_after
        if page.status in _WAIT and rest is not None and rest <= self._left(REST_MOST):
            self.stopped.wait(rest)
            page = self.fetcher.fetch(url, seconds=max(self.end - monotonic(), 0.1))
        return page

    def _looked_at(self, url: str) -> Page | None:
        """The page without its body; None where the body is wanted, or the server does not answer as it should."""
        if url.partition("#")[2]:
            return None
        try:
            page = self.fetcher.fetch(url, method="HEAD", seconds=self.end - monotonic())
        except (FetchRefused, HostUnknown):
            raise
        except FetchError:
            return None
        return page if page.status < 400 or page.status in _WAIT else None


def _not_now(url: str) -> Outcome:
    what = f"{shortened(url)} was not visited: its server asks not to be called again so soon."
    return Outcome(Code.LINK_UNREACHABLE, what, _LOOK, is_final=False)


def _by_host(urls: Iterable[str]) -> Iterable[list[str]]:
    hosts: dict[str, list[str]] = {}
    for url in urls:
        hosts.setdefault(_host(url), []).append(url)
    return hosts.values()


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # the fetcher says what is wrong with it
        return ""
