"""Pages as governments, the NHS, think tanks and repositories write them; and as nobody should."""

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.fetching import Page
from pulse_mailer.importing.webpage import PageFacts, read_page

PAGES = Path(__file__).parent / "pages"
LONGEST = 300


def saved(name: str) -> bytes:
    return (PAGES / f"{name}.html").read_bytes()


def read(body: str | bytes, url: str = "https://www.example.org/reports/1", **said: str) -> PageFacts:
    found = {"media_type": "text/html"} | said
    return read_page(
        Page(
            url,
            200,
            found["media_type"],
            body if isinstance(body, bytes) else body.encode(),
            charset=found.get("charset", ""),
        )
    )


def test_government_page_is_by_its_department_and_its_crest_is_no_picture() -> None:
    url = "https://www.gov.uk/government/statistics/waiting-for-adult-social-care"
    assert read(saved("gov-uk"), f"{url}?utm_source=mail") == PageFacts(
        title="Waiting for adult social care: statistics to October 2026",
        publisher="Department for Care and Communities",
        summary="How many people waited for an assessment of their care needs, by council, and for how long.",
        published_on=datetime.date(2026, 11, 12),
        canonical_url=url,
    )


def test_nhs_page_brings_its_picture_with_what_it_shows() -> None:
    assert read(saved("nhs"), "http://nhs.uk/live-well/staying-well-at-home-this-winter") == PageFacts(
        title="Staying well at home this winter",
        publisher="NHS website",
        summary="What to do before it gets cold, and who can help with the cost of heating.",
        picture_url="https://www.nhs.uk/nhscwebservices/social-media/warm-room.png",
        picture_alt="A thermometer on the wall of a living room",
        canonical_url="https://www.nhs.uk/live-well/staying-well-at-home-this-winter/",
    )


def test_think_tank_page_is_read_through_its_graph_and_past_its_broken_script() -> None:
    assert read(saved("think-tank"), "https://localcare.example/p/77") == PageFacts(
        title="Homes first? What four councils learnt",
        publisher="Institute for Local Care",
        summary="Four councils moved people into homes before anything else. We followed them for three years "
        "& asked what lasted.",
        published_on=datetime.date(2026, 11, 18),
        picture_url="https://localcare.example/sites/default/files/2026-11/front%20door.jpg",
        canonical_url="https://www.localcare.example/publications/homes-first",
    )


def test_repository_page_is_read_by_its_citation_and_cannot_claim_another_site() -> None:
    assert read(saved("repository"), "https://papers.milbury.example/77") == PageFacts(
        title="Unpaid carers and the night",
        publisher="University of Milbury",
        summary="Interviews with 41 people who care for somebody at night.",
        published_on=datetime.date(2026, 9, 30),
        canonical_url="https://papers.milbury.example/77",
    )


@pytest.mark.parametrize("charset", ["", "utf-8", "iso-8859-15x"])
def test_welsh_page_keeps_its_letters_and_its_day(charset: str) -> None:
    found = read(saved("welsh"), "https://llyw.cymru/tai-cynnes", charset=charset)
    assert (found.title, found.publisher) == ("Tai cynnes: tystiolaeth o ogledd Cymru", "LLYW.CYMRU")
    assert found.summary.startswith("Tŷ oer, pobl sâl: beth y mae’r ystadegau")
    assert found.published_on == datetime.date(2026, 11, 3)


@pytest.mark.parametrize("charset", ["", "windows-1252", "utf-8"])  # the last one is wrong
def test_page_in_windows_1252_is_read_whatever_its_server_says(charset: str) -> None:
    assert read(saved("windows-1252"), "https://unit.example/tax", charset=charset) == PageFacts(
        title="Council tax – who pays late?",
        publisher="Milbury Policy Unit",
        summary="The unit’s “quick look” at arrears: café owners, £ and p.",
        published_on=datetime.date(2026, 11, 5),
        canonical_url="https://unit.example/tax",
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_mark_at_the_beginning_goes_before_what_the_server_says(encoding: str) -> None:
    assert read("<title>Tŷ oer</title>".encode(encoding), charset="windows-1252").title == "Tŷ oer"


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("Who waits? | The Institute", "Who waits? | The Institute"),  # nobody says that this is the site
        ("Who waits? - Example.org", "Who waits?"),
        ("Who waits? | Publications | Example", "Who waits? | Publications"),
        ("Example | Who waits? | And why", "Who waits? | And why"),
        ("Well-being at work", "Well-being at work"),
        ("A - B", "A - B"),
    ],
)
def test_sites_name_is_taken_off_a_title(title: str, left: str) -> None:
    assert read(f"<title>{title}</title>").title == left


@pytest.mark.parametrize(
    ("given", "here", "taken"),
    [
        ("https://example.org/b", "https://www.example.org/a", True),
        ("/b", "https://www.example.org/a", True),
        ("https://news.example.org.uk/b", "https://www.example.org.uk/a", True),
        ("https://other.org.uk/b", "https://www.example.org.uk/a", False),
        ("https://hospital.nhs.uk/b", "https://www.surgery.nhs.uk/a", False),
        ("https://ann.github.io/b", "https://bob.github.io/a", False),
        ("https://evil.example/b", "https://www.example.org/a", False),
        ("http://127.0.0.2/b", "http://127.0.0.1/a", False),
        ("javascript:alert(1)", "https://www.example.org/a", False),
        (
            "https://www.example.org/",
            "https://www.example.org/a",
            False,
        ),  # a site that gives one for all its pages
        ("http://[broken/", "https://www.example.org/a", False),
    ],
)
def test_page_may_name_another_address_of_its_own_site_only(given: str, here: str, taken: bool) -> None:
    found = read(f'<title>T</title><link rel="canonical" href="{given}">', here).canonical_url
    assert found.endswith("/b") == taken
    assert taken or found == here


def test_wrapped_address_becomes_the_pages_own() -> None:
    url = "https://www.google.com/url?q=https%3A%2F%2Fexample.org%2Fa%3Futm_source%3Dx"
    assert read("<title>T</title>", url).canonical_url == "https://example.org/a"


def test_pdf_is_called_by_its_file_and_says_so() -> None:
    found = read(
        b"%PDF-1.7", "https://example.org/files/Homes%20first_final-report.pdf", media_type="application/pdf"
    )
    assert (found.title, "a PDF" in found.trouble) == ("Homes first final report", True)


@pytest.mark.parametrize(
    "url", ["https://example.org/download?id=7", "https://example.org/7.pdf", "https://example.org"]
)
def test_file_whose_name_says_nothing_has_no_title(url: str) -> None:
    assert read(b"%PDF-1.7", url, media_type="application/pdf").title == ""


def test_markup_and_marks_in_what_a_page_says_are_taken_for_text_alone() -> None:
    found = read(
        '<meta property="og:title" content="&amp;lt;b&amp;gt;Bold&amp;lt;/b&amp;gt; \u202ewords&#7;\n here">'
    )
    assert found.title == "Bold words here"


def test_long_texts_are_cut_where_a_word_ends() -> None:
    found = read(f"<title>{'word ' * 1000}</title>")
    assert found.title.endswith("word…")
    assert len(found.title) <= LONGEST


@pytest.mark.parametrize("body", ["", " ", "<!-- -->", "\x00", "<", "<title></title>", "{}"])
def test_page_that_says_nothing_has_its_trouble(body: str) -> None:
    found = read(body)
    assert (found.title, found.canonical_url) == ("", "https://www.example.org/reports/1")
    assert found.trouble


def test_deep_nesting_ends_well() -> None:
    deep = '{"@graph":' * 100_000
    found = read(f'<title>Deep</title><script type="application/ld+json">{deep}</script>{"<div>" * 100_000}')
    assert found.title == "Deep"


SAVED = [saved(path.stem) for path in sorted(PAGES.glob("*.html"))]


@given(
    st.sampled_from(SAVED),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=6), st.integers(0, 40)), max_size=12),
    st.sampled_from(["", "utf-8", "utf-16", "windows-1252", "zlib", "unicode_escape", "x" * 50]),
)
def test_mutated_page_never_breaks_the_reader(
    body: bytes, changes: list[tuple[int, bytes, int]], charset: str
) -> None:
    for place, put, taken in changes:
        body = body[: place % len(body)] + put + body[place % len(body) + taken :] or b"x"
    found = read(body, charset=charset)
    assert len(found.title) <= LONGEST
    assert found.title or found.trouble
    assert found.canonical_url.startswith("https://www.example.org")
    assert not found.picture_url or found.picture_url.startswith(("http://", "https://"))
