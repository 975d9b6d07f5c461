"""What preflight finds at the links' ends, at servers on this machine."""

import threading
import time
from collections.abc import Callable

import pytest

from pulse_mailer.composing.finding import Code, Finding, Severity
from pulse_mailer.composing.visiting import Outcome, addresses, findings, is_offline, offline, visit
from pulse_mailer.domain.edition import Edition
from pulse_mailer.fetching import Fetcher
from tests.unit.composing.editions import item, numbered, small
from tests.unit.strangers import HOST, fetcher, moved, page, stranger

SITE = "pages.example"
WORLD = {SITE: [HOST], "other.example": [HOST], "inside.example": ["10.0.0.1"]}


def linking(*urls: str) -> Edition:
    made = small()
    made.newsletter.contact_lines = []
    made.sections[0].categories[0].items = [
        item(f"Title {number}", number, url=url) for number, url in enumerate(urls)
    ]
    return numbered(made)


def found(edition: Edition, using: Fetcher | None = None, seconds: float = 20) -> list[Finding]:
    return list(findings(edition, outcomes(edition, using, seconds=seconds)))


def outcomes(
    edition: Edition, using: Fetcher | None = None, *, seconds: float = 20, pause: float = 0
) -> dict[str, Outcome]:
    asked = addresses(edition)
    return visit(asked, using or fetcher(WORLD), lambda _done: None, seconds=seconds, pause=pause)


def answer(method: str, path: str, _headers: dict[str, str]) -> bytes:
    if path == "/no-head" and method == "HEAD":
        return page(status="405 Method Not Allowed")
    if path == "/hangs-up-on-head" and method == "HEAD":
        return b""
    return {
        "/gone": page(status="410 Gone"),
        "/missing": page(status="404 Not Found"),
        "/people-only": page(status="403 Forbidden"),
        "/old": moved("/new", "301 Moved Permanently"),
        "/slashless": moved("/slashless/", "301 Moved Permanently"),
        "/for-now": moved("/new"),
        "/to-inside": moved("http://inside.example/"),
        "/large": page(b"x" * 20_000, status="200 OK"),
        "/locked": page(status="401 Unauthorized"),
        "/to-login": moved("/account/login?next=/to-login"),
        "/deep/page": moved("/"),
        "/places": page(
            b"<h1 id='there'>x</h1><a name=old>y</a><p id='s\xc3\xbcd'>", Content_Type="text/html"
        ),
        "/no-page": page(b"not a page", Content_Type="application/pdf"),
        "/empty": page(b" ", Content_Type="text/html"),
    }.get(path, page())


@pytest.mark.parametrize(
    ("path", "code", "what"),
    [
        ("/gone", Code.LINK_BROKEN, "gone (410)"),
        ("/missing", Code.LINK_BROKEN, "gone (404)"),
        ("/people-only", Code.LINK_UNREACHABLE, "403"),
        ("/old", Code.LINK_MOVED, "/new"),
        ("/to-inside", Code.LINK_REFUSED, "10.0.0.1"),
        ("/locked", Code.LINK_SIGN_IN, "sign in"),
        ("/to-login", Code.LINK_SIGN_IN, "sign in"),
        ("/deep/page", Code.LINK_MOVED, "front page of pages.example"),
        ("/places#nowhere", Code.LINK_FRAGMENT, "no place called nowhere"),
    ],
)
def test_what_is_wrong_at_the_end_of_a_link(path: str, code: Code, what: str) -> None:
    with stranger(answer) as server:
        (finding,) = found(linking(f"http://{SITE}:{server.port}{path}"))
    severity = Severity.ERROR if code is Code.LINK_BROKEN else Severity.WARNING
    assert (finding.code, finding.severity) == (code, severity)
    assert finding.place.startswith("Item 1 “Title 0”")
    assert what in finding.what


IN_ORDER = ["/", "/slashless", "/for-now", "/no-head", "/hangs-up-on-head", "/large", "/account/login"]
IN_ORDER += [
    "/places#there",
    "/places#old",
    "/places#s%C3%BCd",
    "/places#top",
    "/places#:~:text=x",
    "/places#page=2",
]
IN_ORDER += ["/no-page#there", "/empty#there", "/large#there"]


@pytest.mark.parametrize("path", IN_ORDER)
def test_page_that_is_there_is_no_finding(path: str) -> None:
    with stranger(answer) as server:
        assert found(linking(f"http://{SITE}:{server.port}{path}")) == []


def test_body_is_not_fetched_where_the_head_is_enough() -> None:
    with stranger(answer) as server:
        found(linking(f"http://{SITE}:{server.port}/"))
    assert [method for method, *_ in server.asked] == ["HEAD"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://nowhere.example/", Code.LINK_BROKEN),
        ("http://inside.example/", Code.LINK_REFUSED),
        ("http://[broken/", Code.LINK_REFUSED),
        (f"http://{SITE}:9/", Code.LINK_UNREACHABLE),
    ],
)
def test_link_that_leads_to_no_server(url: str, code: Code) -> None:
    assert [finding.code for finding in found(linking(url))] == [code]


def test_page_is_visited_once_and_reported_at_each_place() -> None:
    with stranger(answer) as server:
        url = f"http://{SITE}:{server.port}/gone"
        assert [finding.place[:6] for finding in found(linking(url, url))] == ["Item 1", "Item 2"]
    assert len(server.asked) == 2  # HEAD, and GET to be sure


def test_what_is_no_web_address_is_not_visited() -> None:
    edition = linking("mailto:ann@example.org", "#", "https://pages.example/")
    edition.letter = "Read [this](http://other.example/)."
    assert addresses(edition) == ["http://other.example/", "https://pages.example/"]


def test_host_gets_one_visit_at_a_time_and_hosts_go_side_by_side() -> None:
    both = threading.Barrier(2, timeout=5)

    def meets(_method: str, path: str, _headers: dict[str, str]) -> bytes:
        if path == "/meet":
            both.wait()  # breaks unless the two hosts are visited at once
        return page()

    with stranger(meets) as one, stranger(meets) as other:
        urls = [f"http://{SITE}:{one.port}/{path}" for path in ("meet", "b", "c")]
        assert found(linking(*urls, f"http://other.example:{other.port}/meet")) == []
    assert (one.most_at_once, other.most_at_once) == (1, 1)
    assert not both.broken


def test_when_the_time_is_over_the_rest_is_said_to_be_unseen() -> None:
    (finding,) = found(linking(f"http://{SITE}/"), seconds=0)
    assert finding.code is Code.LINK_UNREACHABLE
    assert "time for all links" in finding.what


def test_progress_reaches_the_number_of_addresses() -> None:
    done: list[int] = []
    edition = linking("http://inside.example/a", "http://inside.example/b", "http://nowhere.example/")
    visit(addresses(edition), fetcher(WORLD), done.append)
    assert done[-1] == len(addresses(edition)) == 3


def test_who_stops_it_waits_for_no_page_that_was_not_begun() -> None:
    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    slow = threading.Event()

    def answers(_method: str, _path: str, _headers: dict[str, str]) -> bytes:
        slow.wait(0.2)
        return page()

    with stranger(answers) as server:
        urls = [f"http://{SITE}:{server.port}/{number}" for number in range(50)]
        with pytest.raises(KeyboardInterrupt):
            visit(["http://inside.example/", *urls], fetcher(WORLD), stop)
        assert len(server.asked) < 5


def waits(seconds: str, status: str = "429 Too Many Requests") -> Callable[[str, str, dict[str, str]], bytes]:
    """An answer that asks for a rest once, and gives the page from then on."""
    asked: list[str] = []

    def answers(_method: str, _path: str, _headers: dict[str, str]) -> bytes:
        asked.append(_path)
        return page(status=status, Retry_After=seconds) if len(asked) == 1 else page()

    return answers


def test_server_that_asks_for_a_short_rest_gets_it() -> None:
    with stranger(waits("1")) as server:
        begun = time.monotonic()
        assert found(linking(f"http://{SITE}:{server.port}/")) == []
        assert time.monotonic() - begun >= 1
    assert len(server.asked) == 2


def test_server_that_asks_for_a_long_rest_is_left_alone() -> None:
    with stranger(waits("3600", "503 Service Unavailable")) as server:
        urls = [f"http://{SITE}:{server.port}/{number}" for number in range(3)]
        came = outcomes(linking(*urls))
    assert len(server.asked) == 1
    assert [(one.code, one.is_final) for one in came.values()] == [(Code.LINK_UNREACHABLE, False)] * 3
    assert "not to be called again so soon" in came[urls[2]].words


def test_pages_of_one_host_are_asked_for_with_a_pause() -> None:
    with stranger(answer) as server:
        begun = time.monotonic()
        outcomes(linking(*(f"http://{SITE}:{server.port}/{number}" for number in "abc")), pause=0.2)
        assert time.monotonic() - begun >= 0.4


def test_machine_that_reaches_nobody_says_so_once() -> None:
    nowhere = linking(*(f"http://{name}.example/{page}" for name in "abc" for page in range(3)))
    came = outcomes(nowhere)
    assert is_offline(came)
    assert (offline(came).code, offline(came).place) == (Code.LINKS_UNSEEN, "The edition")
    assert "None of 9 pages" in offline(came).what


def test_two_broken_hosts_or_one_that_answers_mean_no_offline_machine() -> None:
    assert not is_offline(outcomes(linking("http://a.example/", "http://b.example/")))
    assert not is_offline(outcomes(linking(*(f"http://inside.example/{number}" for number in range(5)))))
    with stranger(answer) as server:
        urls = [f"http://{name}.example/" for name in "abcd"]
        assert not is_offline(outcomes(linking(*urls, f"http://{SITE}:{server.port}/missing")))
