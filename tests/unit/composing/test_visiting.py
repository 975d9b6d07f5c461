"""What preflight finds at the links' ends, at servers on this machine."""

import threading

import pytest

from pulse_mailer.composing.finding import Code, Finding, Severity
from pulse_mailer.composing.visiting import addresses, visit
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
    return visit(edition, using or fetcher(WORLD), lambda _done: None, seconds=seconds)


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
    }.get(path, page())


@pytest.mark.parametrize(
    ("path", "code", "what"),
    [
        ("/gone", Code.LINK_BROKEN, "gone (410)"),
        ("/missing", Code.LINK_BROKEN, "gone (404)"),
        ("/people-only", Code.LINK_UNREACHABLE, "403"),
        ("/old", Code.LINK_MOVED, "/new"),
        ("/to-inside", Code.LINK_REFUSED, "10.0.0.1"),
    ],
)
def test_what_is_wrong_at_the_end_of_a_link(path: str, code: Code, what: str) -> None:
    with stranger(answer) as server:
        (finding,) = found(linking(f"http://{SITE}:{server.port}{path}"))
    assert (finding.code, finding.severity) == (code, Severity.WARNING)
    assert finding.place.startswith("Item 1 “Title 0”")
    assert what in finding.what


@pytest.mark.parametrize("path", ["/", "/slashless", "/for-now", "/no-head", "/hangs-up-on-head", "/large"])
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
    visit(edition, fetcher(WORLD), done.append)
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
            visit(linking("http://inside.example/", *urls), fetcher(WORLD), stop)
        assert len(server.asked) < 5
