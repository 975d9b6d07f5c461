"""Feeds as blogs and press offices publish them; and what is none."""

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.errors import PageUnreadable
from pulse_mailer.fetching import Page
from pulse_mailer.importing import feed
from pulse_mailer.importing.feed import MOST_BYTES, MOST_ENTRIES, Entry, advertised, read_feed
from pulse_mailer.importing.fragment import MOST_LETTERS, of_html, of_text

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>Institute for Local Care &amp;amp; Homes</title><link>https://localcare.example</link>
<item><title>Older &lt;i&gt;news&lt;/i&gt;</title><link>https://localcare.example/older</link>
<pubDate>Sun, 01 Nov 2026 09:00:00 GMT</pubDate><description>Plain words, *not* emphasised.</description></item>
<item><title>Homes first</title><link>/homes?utm_source=rss&amp;id=1</link>
<pubDate>Wed, 18 Nov 2026 23:30:00 -0500</pubDate>
<description>&lt;p&gt;What
&lt;strong&gt;four&lt;/strong&gt; councils &lt;a href="/learnt"&gt;learnt&lt;/a&gt;.&lt;/p&gt;
&lt;ul&gt;&lt;li&gt;one&lt;/li&gt;&lt;li&gt;two &lt;script&gt;alert(1)&lt;/script&gt;&lt;/li&gt;&lt;/ul&gt;
&lt;p&gt;The post Homes first appeared first on Institute.&lt;/p&gt;</description></item>
<item><description>Nobody gave it a title.</description></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Ystadegau</title>
<entry><title>T\u0177 oer</title><link rel="alternate" href="https://llyw.example/ty"/>
<updated>2026-11-03T10:00:00Z</updated><source><title>Llywodraeth</title></source>
<content type="html">&lt;p&gt;Pobl s\u00e2l&lt;/p&gt;</content></entry></feed>"""


def fed(
    body: str | bytes, media_type: str = "application/xml", url: str = "https://localcare.example/feed"
) -> Page:
    return Page(url, 200, media_type, body if isinstance(body, bytes) else body.encode())


def test_rss_is_read_newest_first_with_its_html_as_markdown() -> None:
    found = read_feed(fed(RSS))
    assert found.title == "Institute for Local Care & Homes"
    assert found.entries == (
        Entry(
            url="https://localcare.example/homes?id=1",
            title="Homes first",
            summary="What **four** councils [learnt](https://localcare.example/learnt).\n\n- one\n- two",
            published_on=datetime.date(2026, 11, 19),
            publisher="",
        ),
        Entry(
            url="https://localcare.example/older",
            title="Older news",
            summary=r"Plain words, \*not\* emphasised.",
            published_on=datetime.date(2026, 11, 1),
            publisher="",
        ),
    )


def test_atom_names_whose_entry_it_is() -> None:
    (entry,) = read_feed(fed(ATOM)).entries
    assert (entry.title, entry.summary, entry.publisher) == ("T\u0177 oer", "Pobl s\u00e2l", "Llywodraeth")


@pytest.mark.parametrize("body", ["", "<html><body>News</body></html>", "{}", "\x00\x01", "<rss"])
def test_what_is_no_feed_says_so(body: str) -> None:
    with pytest.raises(PageUnreadable, match="no feed"):
        read_feed(fed(body))


def test_name_of_a_file_is_not_opened(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(RSS, encoding="utf-8")
    with pytest.raises(PageUnreadable):
        read_feed(fed(str(file)))


def test_entities_do_not_grow() -> None:
    grown = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE rss [<!ENTITY a0 "lol">{grown}<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    found = read_feed(
        fed(RSS.replace("<rss", f"{bomb}<rss", 1).replace("Homes first<", "Homes &a11;&file;<"))
    )
    assert sum(len(entry.title) for entry in found.entries) < 1000
    assert not any("root:" in entry.title for entry in found.entries)


def test_only_so_many_entries_are_looked_at() -> None:
    items = "".join(f"<item><title>News {number}</title></item>" for number in range(500))
    found = read_feed(fed(f'<rss version="2.0"><channel>{items}</channel></rss>'))
    assert len(found.entries) == MOST_ENTRIES


def test_of_a_huge_feed_the_beginning_is_read_and_nothing_of_the_rest() -> None:
    items = "".join(
        f"<item><title>News {number}</title><description>{'word ' * 400}</description></item>"
        for number in range(1000)
    )
    body = f'<rss version="2.0"><channel><title>Huge</title>{items}'
    found = read_feed(fed(body))
    assert found.title == "Huge"
    assert [entry.title for entry in found.entries] == [f"News {number}" for number in range(MOST_ENTRIES)]
    assert read_feed(fed(f"{body}{'<' * 3_000_000}")) == found


def test_cut_off_within_an_entry_it_is_read_up_to_the_one_before() -> None:
    entry = "<entry><title>First</title><updated>2026-11-03T10:00:00Z</updated></entry>"
    long = f"<entry><title>Second</title><content>{'x' * MOST_BYTES}</content></entry>"
    body = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title>{entry}{long}</feed>'
    assert [one.title for one in read_feed(fed(body)).entries] == ["First"]


def test_only_the_entries_that_are_kept_are_turned_into_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noted(text: str, base: str) -> str:
        asked.append(text)
        return of_html(text, base)

    monkeypatch.setattr(feed, "of_html", noted)
    items = "".join(
        f"<item><title>News {number}</title><description>&lt;p&gt;{number}&lt;/p&gt;</description>"
        f"<pubDate>Sun, {number % 28 + 1:02} Nov 2026 09:00:00 GMT</pubDate></item>"
        for number in range(280)
    )
    read_feed(fed(f'<rss version="2.0"><channel>{items}</channel></rss>'))
    assert len(asked) == MOST_ENTRIES
    assert {int(text.strip("</p>")) % 28 for text in asked} == {27, 26, 25, 24}


def test_tag_with_endless_attributes_is_refused_before_it_is_read() -> None:
    attributes = " ".join(f"a{number}='>'" for number in range(5_000))
    with pytest.raises(PageUnreadable, match="300 attributes"):
        read_feed(
            fed(f'<rss version="2.0"><channel><item {attributes}><title>x</title></item></channel></rss>')
        )
    escaped = "&lt;a href='x'&gt;" * 5_000
    found = read_feed(
        fed(f'<rss version="2.0"><channel><item><title>x</title><a>{escaped}</a></item></channel></rss>')
    )
    assert len(found.entries) == 1


def test_links_of_an_entry_start_from_its_own_base() -> None:
    body = ATOM.replace("<content ", '<content xml:base="https://other.example/blog/" ').replace(
        "Pobl", "&lt;a href='a'&gt;Pobl&lt;/a&gt;"
    )
    (entry,) = read_feed(fed(body)).entries
    assert entry.summary == "[Pobl](https://other.example/blog/a) sâl"


def test_page_names_its_feed() -> None:
    page = '<link rel="alternate" type="application/rss+xml" href="/feed.xml"><title>Blog</title>'
    assert (
        advertised(fed(page, "text/html", "https://localcare.example/blog"))
        == "https://localcare.example/feed.xml"
    )
    assert advertised(fed("<title>Blog</title>")) == ""
    assert advertised(fed("")) == ""


def test_html_becomes_the_markdown_of_its_parts() -> None:
    html = (
        "<h2>Findings</h2>Loose <em>words</em><br>and more<blockquote><p>Said so</p></blockquote>"
        "<ol><li>one<ul><li>inner</li></ul></li><li><p>two</p></li></ol><p><a href='javascript:x'>No</a> 1. link</p>"
        "<img src='https://tracker.example/x.gif'><p># not a heading</p>"
    )
    assert of_html(html) == (
        "**Findings**\n\nLoose *words*\n\nand more\n\n> Said so\n\n1. one\n   - inner\n2. two\n\nNo 1. link"
        "\n\n\\# not a heading"
    )


def test_long_html_ends_with_a_whole_paragraph() -> None:
    found = of_html(f"<p>{'word ' * 200}</p>" * 5)
    assert found.count("\n\n") == 0
    assert found.endswith("word")
    assert len(of_html(f"<p>{'word ' * 2000}</p>")) <= MOST_LETTERS


def test_text_shows_as_it_stands() -> None:
    assert of_text("- a *b* [c](d)\n\u202e<e>") == r"\- a \*b\* \[c\](d) \<e>"
    assert of_text(" \n ") == ""


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.binary(max_size=5), st.integers(0, 30)), max_size=10),
    st.sampled_from([RSS, ATOM]),
)
def test_mutated_feed_never_breaks_the_reader(changes: list[tuple[int, bytes, int]], text: str) -> None:
    body = text.encode()
    for place, put, taken in changes:
        body = body[: place % len(body)] + put + body[place % len(body) + taken :] or b"x"
    try:
        found = read_feed(fed(body))
    except PageUnreadable:
        return
    assert all(entry.title for entry in found.entries)


@given(st.text("<>/aplioubh3= \n\"'&;*_-[]()1.", max_size=200))
def test_any_html_gives_markdown(html: str) -> None:
    assert "<script" not in of_html(html)
