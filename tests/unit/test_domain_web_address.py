"""Web addresses in one form, and what is never made of them."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.domain.web_address import LONGEST, TRACKING, canonical, folded

SAFE = "https://nam02.safelinks.protection.outlook.com/?url="
V2 = "https://urldefense.proofpoint.com/v2/url?u="
V3 = "https://urldefense.com/v3/__"
PAGE = "https://example.org/a?id=7"
QUOTED = quote(PAGE, safe="")

WRAPPERS = (SAFE, "https://www.google.com/url?q=", V2, V3)
WRAPPED = [
    f"{SAFE}{QUOTED}&data=05%7C01&reserved=0",
    f"https://GBR01.SafeLinks.Protection.Outlook.com:443/?url={QUOTED}",
    f"https://eur01.safelinks.protection.outlook.com/GetUrlReputation?amp;url={QUOTED}",
    f"https://www.google.com/url?sa=t&q={QUOTED}&usg=x",
    f"https://google.com/url?url={QUOTED}",
    f"{V2}https-3A__example.org_a-3Fid-3D7&d=DwMFaQ&c=x&r=y&m=z&s=t&e=",
    f"{V3}https://example.org/a?id=7__;!!612Flbf0JvQ3kNJkRi5Jg!Ue6t$",
    # the letter "=" taken out, and the two slashes made one on the way
    f"{V3}https:/example.org/a?id*7__;PQ!!612Flbf0JvQ3kNJkRi5Jg!Ue6t$",
    # "?id" and "=7" taken out as runs of three and two
    f"{V3}https://example.org/a**B**A__;P2lkPTc!!x!y$",
    # a wrapper around a wrapper, quoted twice
    f"{SAFE}{quote(SAFE + quote(QUOTED, safe=''), safe='').replace(quote(quote(QUOTED)), quote(QUOTED))}",
    f"{SAFE}{quote('https://www.google.com/url?q=' + QUOTED, safe='')}",
]


@pytest.mark.parametrize("url", WRAPPED)
def test_wrapper_is_taken_off(url: str) -> None:
    assert canonical(url) == PAGE


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("HTTPS://Example.ORG/A?B=C#D", "https://example.org/A?B=C#D"),
        ("http://example.org:80/", "http://example.org/"),
        ("https://example.org:443/", "https://example.org/"),
        ("https://example.org:/", "https://example.org/"),
        ("https://example.org:80/", "https://example.org:80/"),  # another server
        ("https://example.org/#", "https://example.org/"),
        ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]/"),
        (
            "https://example.org/?UTM_Source=a&id=7&amp;gclid=b&mc_cid=c&mc_eid=d#top",
            "https://example.org/?id=7#top",
        ),
        ("https://example.org/?fbclid=a", "https://example.org/"),
        ("https://example.org?utm_id=a", "https://example.org"),
        # a space in the address that was wrapped
        (f"{SAFE}https%3A%2F%2Fexample.org%2Fa%20b", "https://example.org/a%20b"),
        # a plus is a plus: whoever wraps an address quotes it whole
        (f"{SAFE}https%3A%2F%2Fexample.org%2Fa+b", "https://example.org/a+b"),
        # what was wrapped is no web address: it wants judging, and must not hide in the wrapper
        (f"{SAFE}java%09script%3Aalert(1)", "javascript:alert(1)"),
        (f"{SAFE}mailto%3Aann%40example.org", "mailto:ann@example.org"),
    ],
)
def test_address_gets_its_one_form(url: str, becomes: str) -> None:
    assert canonical(url) == becomes


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mailto:Ann@Example.org?subject=utm_source",
        "Example.org/A",
        "https://",
        "https://ann:secret@Example.org/?utm_source=x",  # a name in it: readers take it for another host
        "https://example.org\\@example.net/?utm_source=x",
        "https://[broken/?utm_source=x",
        "https://example.org/?b=2&a=1&&c",  # order, repeats and empty pairs may mean something
        "https://example.org/?next=https%3A%2F%2Fexample.net",
        "https://example.org/?xutm_source=a&gclid2=b",
        "https://example.org/#utm_source=a",
        "https://example.org./a/../b//c/",
        "https://www.google.com/search?q=https%3A%2F%2Fexample.org",
        "https://www.google.example.net/url?q=https%3A%2F%2Fexample.org",
        "https://safelinks.protection.outlook.com.example.net/?url=https%3A%2F%2Fexample.org",
        # wrappers that cannot be read, or in two ways
        SAFE,
        f"{SAFE}example.org",
        f"{SAFE}https%3A%2F%2F%FF",
        f"{SAFE}https%3A%2F%2Fexample.org%00a",
        f"{SAFE}https%3A%2F%2Fann%40example.org&utm_source=x",
        f"{SAFE}https%3A%2F%2Fexample.org&url=https%3A%2F%2Fexample.net",
        "https://www.google.com/url?q=/search",
        f"{V3}https://example.org/*__;!!x!y$",  # a letter is missing
        f"{V3}https://example.org/__;PQ!!x!y$",  # a letter is left over
        f"{V3}https://example.org/*__;A!!x!y$",  # no base64
        "https://example.org/?utm_source=" + "x" * LONGEST,
    ],
)
def test_what_is_not_known_stays_byte_for_byte(url: str) -> None:
    assert canonical(url) == url


hosts = st.sampled_from(
    ["example.org", "Example.NET:443", "b\u00fccher.example", "[::1]", "a@b.example", "c\\.example"]
)
hosts |= st.text("aZ.:@\\/?#[]%\u0131\uff0f ", max_size=8)
names = st.sampled_from(["id", "url", "q", "u", *sorted(TRACKING)[:5], "utm_x", "amp;utm_y"])
queries = st.lists(st.tuples(names, st.text("a=%2F-_*;!", max_size=6)), max_size=4).map(
    lambda pairs: "&".join("=".join(pair) for pair in pairs)
)
pages = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "HTTPS", "javascript", ""]),
    hosts,
    st.text("/aB*_-;!~", max_size=8),
    queries.map("?{}".format) | st.just(""),
    st.sampled_from(["", "#", "#a", "##"]),
)


def wrap(page: str, wrapper: str, times: int) -> str:
    for _ in range(times):
        page = wrapper + quote(page, safe="")
    return page


urls = st.builds(wrap, pages, st.sampled_from(WRAPPERS), st.integers(0, 3)) | st.text() | pages


@given(urls, st.text("&#%=_;*!-A\x00", max_size=5))
def test_second_time_changes_nothing(url: str, behind: str) -> None:
    once = canonical(url + behind)
    assert canonical(once) == once
    assert len(once) <= len(url + behind)


@given(pages)
def test_link_without_a_wrapper_keeps_its_site(page: str) -> None:
    def site(url: str) -> str:
        scheme, _, rest = url.partition("://")
        authority = rest.replace("?", "/").replace("#", "/").partition("/")[0]
        port = {"http": ":80", "https": ":443"}.get(scheme.lower(), ":")
        return f"{scheme}://{authority}".lower().removesuffix(port).removesuffix(":")

    assert site(canonical(page)) == site(page)


@given(pages, st.sampled_from(WRAPPERS[:2]))
def test_wrapper_gives_what_was_wrapped_or_stays(page: str, wrapper: str) -> None:
    wrapped = wrapper + quote(page, safe="")
    assert canonical(wrapped) in {wrapped, canonical(page.strip().replace(" ", "%20"))}


@pytest.mark.parametrize(
    "other",
    [
        "http://www.example.org/a/?id=1",
        "https://EXAMPLE.org/a?id=1#part",
        "https://example.org/a?utm_source=x&id=1",
        " https://example.org:443/a/?id=1 ",
    ],
)
def test_addresses_of_one_page_are_equal_once_folded(other: str) -> None:
    assert folded(other) == folded("https://example.org/a?id=1")


def test_other_pages_and_what_is_no_web_address_stay_apart_once_folded() -> None:
    assert len({folded(f"https://example.org/{page}") for page in ("", "a", "A", "a?id=1", "a?id=2")}) == 5
    assert folded("mailto:ann@example.org") == "mailto:ann@example.org"
