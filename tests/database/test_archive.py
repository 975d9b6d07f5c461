"""The archive as anybody reads it: the list, the pages, the search, the feeds and the text; on both databases."""

import json
import re
from collections.abc import Iterator
from typing import Any

import feedparser
import pytest
import requests
from lxml import etree, html
from sqlalchemy import delete, select

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.domain.publication import ArchiveEntry, Publication
from pulse_mailer.editions import publishing
from pulse_mailer.editions.archive import FEED_LENGTH, PUBLIC
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.database.archive_given import SLUG, given_correction, given_edition, item

ATOM = {"a": "http://www.w3.org/2005/Atom"}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    given_edition(mailer, "2025-12", [item(1, "An older report", "Éclairage of rents.")])
    given_edition(
        mailer,
        "2026-01",
        [item(1, "Rents <rise> & fall", "What **tenants** pay."), item(2, "Hidden rents", is_hidden=True)],
    )
    given_edition(mailer, "2026-02", [item(1, "Schools")])
    given_edition(mailer, "2026-03", [item(1, "Drafted rents")], EditionStatus.DRAFT)
    with running(create_app(mailer)) as url:
        yield f"{url}/editions/{SLUG}"


def get(url: str, status: int = 200, headers: dict[str, str] | None = None) -> requests.Response:
    answer = requests.get(url, headers=headers, timeout=20)
    assert answer.status_code == status, answer.text
    return answer


def page(url: str) -> html.HtmlElement:
    return html.document_fromstring(get(url).content)


def links(found: html.HtmlElement) -> list[str]:
    return [str(one) for one in found.xpath("//main//li//a/@href")]


def read(found: html.HtmlElement) -> str:
    return " ".join(str(found.body.text_content()).split())


# The list


def test_the_list_is_by_year_the_newest_first(site: str) -> None:
    found = page(site)
    assert found.xpath("//h2/text()") == ["2026", "2025"]
    assert [one.rpartition("/")[2] for one in links(found)] == ["2026-02", "2026-01", "2025-12"]


def test_the_list_counts_what_readers_see(site: str) -> None:
    (entry,) = page(site).xpath("//li[a[contains(@href, '2026-01')]]")
    assert "1 item" in entry.text_content()


# The page of an edition


def test_a_page_leads_to_the_editions_beside_it(site: str) -> None:
    found = page(f"{site}/2026-01")
    assert found.xpath("//a[@rel='prev']/@href") == [f"/editions/{SLUG}/2025-12"]
    assert found.xpath("//a[@rel='next']/@href") == [f"/editions/{SLUG}/2026-02"]
    assert page(f"{site}/2025-12").xpath("//a[@rel='prev']") == []
    assert page(f"{site}/2026-02").xpath("//a[@rel='next']") == []


def test_every_item_and_section_links_to_itself(site: str) -> None:
    found = page(f"{site}/2026-01")
    named = {one.get("href"): one.get("aria-label") for one in found.xpath("//a[@class='pm-link']")}
    assert named == {
        "#section-1": "Link to this section",
        "#item-1": "Link to this item: Rents <rise> & fall",
    }
    assert {target[1:] for target in named} <= set(found.xpath("//@id"))


def test_a_hidden_item_is_nowhere(site: str) -> None:
    for path in ("/2026-01", "/2026-01.txt", "/feed.atom", "/feed.json", "/search?q=hidden"):
        assert "Hidden rents" not in get(site + path).text, path


def test_a_page_tells_others_what_it_is(site: str) -> None:
    found = page(f"{site}/2026-01")
    (here,) = found.xpath("//link[@rel='canonical']/@href")
    told = {one.get("property"): one.get("content") for one in found.xpath("//meta[@property]")}
    assert told["og:url"] == here
    assert told["og:title"] == "What January brought"
    assert told["og:description"] == "Three things to read."
    described = json.loads(found.xpath("//script[@type='application/ld+json']/text()")[0])
    assert (described["@type"], described["url"], described["inLanguage"]) == ("Article", here, "en-GB")
    assert found.get("lang") == "en-GB"


def test_what_it_is_cannot_end_its_script_element(mailer: Mailer, site: str) -> None:
    given_correction(mailer, "2026-01", 1, "title", "Rents", "</script><script>alert(1)</script>")
    found = page(f"{site}/2026-01")
    (script,) = found.xpath("//script")
    assert json.loads(script.text)["correction"][0]["text"] == "</script><script>alert(1)</script>"


def test_a_page_changes_its_tag_when_the_next_edition_appears(mailer: Mailer, site: str) -> None:
    before = get(f"{site}/2026-02").headers["ETag"]
    assert get(f"{site}/2026-02", 304, headers={"If-None-Match": f"W/{before}"}).content == b""
    given_edition(mailer, "2026-04", [item(1, "Later")])
    assert get(f"{site}/2026-02", headers={"If-None-Match": before}).headers["ETag"] != before


@pytest.mark.parametrize(
    "path", ["", "/2026-01", "/2026-01.txt", "/feed.atom", "/feed.json", "/search?q=rents"]
)
def test_a_head_says_what_a_get_would(site: str, path: str) -> None:
    asked = requests.head(site + path, timeout=20)
    given = get(site + path)
    assert (asked.status_code, asked.content) == (200, b"")
    for name in ("content-type", "content-length", "cache-control", "etag"):
        assert asked.headers.get(name) == given.headers.get(name), name


@pytest.mark.parametrize("path", ["/2026-03", "/2026-03.txt", "/1999-01", "/1999-01.txt"])
def test_what_did_not_go_out_is_not_found(site: str, path: str) -> None:
    get(site + path, 404)


# The text


def test_who_looks_for_what_is_not_there_is_led_to_what_is(site: str) -> None:
    lost = get(f"{site}/2031-01", status=404).text

    assert f'<a href="/editions/{SLUG}">All editions of this newsletter</a>' in lost
    assert "All editions" not in get(f"{site}-none", status=404).text


def test_the_text_is_a_page_to_print_without_anybodys_own_links(site: str) -> None:
    answer = get(f"{site}/2026-01.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "Rents <rise> & fall" in answer.text
    assert "nsubscribe" not in answer.text
    assert "was sent to" not in answer.text
    assert f"/editions/{SLUG}/2026-01" in answer.text
    assert max(len(line) for line in answer.text.splitlines()) <= 72


# The search


def test_all_of_several_words_are_looked_for_whatever_their_capitals(site: str) -> None:
    assert links(page(f"{site}/search?q=RENTS+tenants")) == [f"/editions/{SLUG}/2026-01#item-1"]
    assert links(page(f"{site}/search?q=rents+schools")) == []


def test_accents_make_no_difference(site: str) -> None:
    assert links(page(f"{site}/search?q=eclairage")) == [f"/editions/{SLUG}/2025-12#item-1"]


def test_letters_and_publishers_are_searched_too(site: str) -> None:
    assert f"/editions/{SLUG}/2026-02" in links(page(f"{site}/search?q=colleagues"))
    assert f"/editions/{SLUG}/2026-02#item-1" in links(page(f"{site}/search?q=publisher"))


def test_no_tag_of_a_page_is_among_its_words(mailer: Mailer, site: str) -> None:
    given_edition(
        mailer, "2026-04", [item(1, "Later", summary="A paragraph.\n\n- first\n- second\n\nAnother.")]
    )
    assert links(page(f"{site}/search?q=paragraph")) == [f"/editions/{SLUG}/2026-04#item-1"]
    with mailer.database.reading() as database:
        texts = database.scalars(select(ArchiveEntry.text)).all()
    assert "A paragraph. first second Another." in [" ".join(text.split()) for text in texts]
    assert [text for text in texts if "</" in text] == []


def test_what_was_found_is_marked_and_escaped(site: str) -> None:
    found = page(f"{site}/search?q=rise")
    assert found.xpath("//li//mark/text()") == ["rise"]
    assert "Rents <rise> & fall" in read(found)


@pytest.mark.parametrize("query", ["%25", "_", "%5C", "%27"])
def test_no_sign_stands_for_others(site: str, query: str) -> None:
    assert links(page(f"{site}/search?q={query}")) == []


def test_an_empty_search_and_one_without_result_say_what_to_do(site: str) -> None:
    assert "Type a word or several" in read(page(f"{site}/search"))
    assert "Nothing holds “zebra”. Fewer or shorter words find more." in read(page(f"{site}/search?q=zebra"))


def test_a_long_result_comes_page_by_page_each_item_once(mailer: Mailer, site: str) -> None:
    for month in (5, 6):
        given_edition(mailer, f"2026-0{month}", [item(number, f"Zebra {number}") for number in range(1, 26)])
    seen, path = [], "?q=zebra"
    for _ in range(3):
        found = page(f"{site}/search{path}")
        seen += links(found)
        path = next(iter(found.xpath("//a[@rel='next']/@href")), "")
    assert path == ""
    expected = [
        f"/editions/{SLUG}/2026-0{month}#item-{number}" for month in (6, 5) for number in range(1, 26)
    ]
    assert seen == expected


@pytest.mark.parametrize(
    ("query", "status"), [("q=" + "a" * 101, 422), ("q=a&after=nonsense", 400), ("q=a&after=2026-01.x", 400)]
)
def test_a_search_that_is_none_of_ours_is_refused(site: str, query: str, status: int) -> None:
    get(f"{site}/search?{query}", status)


def test_who_searches_without_end_is_asked_to_wait(mailer: Mailer) -> None:
    given_edition(mailer, "2026-01", [item(1, "Rents")])
    app = create_app(mailer)
    app.state.searches.limit = 2
    with running(app) as url:
        for _ in range(2):
            get(f"{url}/editions/{SLUG}/search?q=rents")
        assert get(f"{url}/editions/{SLUG}/search?q=rents", 429).headers["Retry-After"] == "60"
        get(f"{url}/editions/{SLUG}/2026-01")


def test_only_what_is_public_is_found(mailer: Mailer) -> None:
    for month, status in enumerate(EditionStatus, start=1):
        given_edition(mailer, f"2026-{month:02}", [item(1, "Zebra")], status)
    with running(create_app(mailer)) as url:
        found = links(page(f"{url}/editions/{SLUG}/search?q=zebra"))
    assert len(found) == len(PUBLIC)


# The feeds


def test_the_atom_feed_is_one(site: str) -> None:
    """The rules of RFC 4287, section 4.1: what a feed and an entry must have, and how."""
    answer = get(f"{site}/feed.atom")
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = etree.fromstring(answer.content)
    for of in (feed, *feed.findall("a:entry", ATOM)):
        for name in ("id", "title", "updated"):
            (found,) = of.findall(f"a:{name}", ATOM)
            assert found.text
        assert str(of.findtext("a:id", namespaces=ATOM)).startswith("urn:uuid:")
        assert RFC3339.fullmatch(str(of.findtext("a:updated", namespaces=ATOM)))
        assert len(of.findall("a:link[@rel='alternate']", ATOM)) == 1
    ids = [one.text for one in feed.iterfind(".//a:id", ATOM)]
    assert len(set(ids)) == len(ids) == 4
    assert feed.findtext("a:author/a:name", namespaces=ATOM) == "The Editor"


def test_a_feed_reader_reads_the_atom_feed(site: str) -> None:
    read_back = feedparser.parse(get(f"{site}/feed.atom").content)
    assert not read_back.bozo
    assert read_back.version == "atom10"
    assert [one.title for one in read_back.entries] == [
        "What February brought",
        "What January brought",
        "What December brought",
    ]
    content = read_back.entries[1].content[0]
    assert content.type == "text/html"
    assert "Rents &lt;rise&gt; &amp; fall" in content.value
    assert "<strong>tenants</strong>" in content.value
    assert "style=" not in get(f"{site}/feed.atom").text


def test_the_json_feed_is_one(site: str) -> None:
    """What the specification of JSON Feed 1.1 requires, and the same entries as the other."""
    answer = get(f"{site}/feed.json")
    assert answer.headers["Content-Type"] == "application/feed+json; charset=utf-8"
    feed: dict[str, Any] = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert [one["id"] for one in feed["items"]] == [
        one.id for one in feedparser.parse(get(f"{site}/feed.atom").content).entries
    ]
    for one in feed["items"]:
        assert one["content_html"]
        assert one["url"].startswith("http")
        assert RFC3339.fullmatch(one["date_published"])


@pytest.mark.parametrize("name", ["feed.atom", "feed.json"])
def test_who_has_the_newest_feed_gets_no_second(mailer: Mailer, site: str, name: str) -> None:
    given = get(f"{site}/{name}").headers
    assert get(f"{site}/{name}", 304, headers={"If-None-Match": given["ETag"]}).content == b""
    assert get(f"{site}/{name}", 304, headers={"If-Modified-Since": given["Last-Modified"]}).content == b""
    get(f"{site}/{name}", headers={"If-Modified-Since": "yesterday"})
    given_correction(mailer, "2026-01", 1, "title", "Rents", "It said otherwise.")
    get(f"{site}/{name}", headers={"If-None-Match": given["ETag"]})
    get(f"{site}/{name}", headers={"If-Modified-Since": given["Last-Modified"]})


def test_a_feed_holds_the_newest_alone(mailer: Mailer) -> None:
    for number in range(FEED_LENGTH + 2):
        given_edition(mailer, f"{2020 + number // 12}-{number % 12 + 1:02}", [item(1, "A title")])
    with running(create_app(mailer)) as url:
        feed = get(f"{url}/editions/{SLUG}/feed.json").json()
    assert len(feed["items"]) == FEED_LENGTH
    assert feed["items"][0]["url"].endswith("/2021-10")


@pytest.mark.parametrize("path", ["", "/2026-01", "/search"])
def test_browsers_find_the_feeds(site: str, path: str) -> None:
    found = page(site + path).xpath("//link[@rel='alternate'][contains(@type, '+')]/@href")
    assert found == [f"/editions/{SLUG}/feed.atom", f"/editions/{SLUG}/feed.json"]


# What the mail says otherwise


def test_nobody_is_addressed_by_name_and_nothing_is_shortened(mailer: Mailer) -> None:
    """A merge field says its default, and an item that is short in the mail is whole."""
    summary = f"Dear {{first_name|colleague}}. {'Many words stand between. ' * 40}The end of it."
    given_edition(mailer, "2026-01", [item(1, "Rents", summary, is_short=True)])
    with running(create_app(mailer)) as url:
        for path in ("/2026-01", "/2026-01.txt", "/feed.atom", "/feed.json", "/search?q=colleague+rents"):
            found = " ".join(get(f"{url}/editions/{SLUG}{path}").text.split())
            assert re.search("Dear (<mark>)?colleague", found), path
            assert "first_name" not in found, path
            assert "Read more" not in found, path
        assert len(links(page(f"{url}/editions/{SLUG}/search?q=end+of+it"))) == 1


# What an earlier release sent


def test_editions_of_an_earlier_release_come_into_the_search(mailer: Mailer, site: str) -> None:
    with mailer.database.transaction() as database:
        database.execute(delete(Publication))
        database.execute(delete(ArchiveEntry))
    assert links(page(f"{site}/search?q=schools")) == []
    assert read(page(site)).count("What January brought") == 1
    with mailer.database.transaction() as database:
        assert publishing.catch_up(database, mailer.links) == 3
        assert publishing.catch_up(database, mailer.links) == 0
    assert len(links(page(f"{site}/search?q=schools"))) == 1
