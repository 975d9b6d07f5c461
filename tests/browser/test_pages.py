"""Every page at two widths, light and dark: nothing sticks out, nothing is blocked, and axe finds no fault."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from pulse_mailer.bootstrap import started
from pulse_mailer.domain.correction import Fix
from pulse_mailer.editions.correcting import correct
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.settings import Settings
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.pages_given import KEY, SLUG, given_reader, given_second_draft, given_sent

pytestmark = pytest.mark.browser

WIDTHS = (375, 1280)
Scheme = Literal["light", "dark"]
EDITION = f"/staff/editions/{SLUG}/{KEY}"
PAGES = {
    "first page": "/",
    "sent edition": EDITION,
    "draft": f"/staff/editions/{SLUG}/2025-06",
    "draft on a phone, as text": f"/staff/editions/{SLUG}/2025-06?show=text&width=375",
    "deliveries": "/deliveries",
    "an answer": "/deliveries?address=reader-1@example.org",
    "no address": "/deliveries?address=nonsense",
    "a delivery": "/deliveries/1",
    "mailbox": "/mailbox",
    "a mail": "/mailbox/{mail}",
    "its headers": "/mailbox/{mail}?show=headers",
    "its source": "/mailbox/{mail}?show=source",
    "nothing there": "/nothing",
    "way out": "/u/{token}",
    "dead link": "/u/nonsense",
    "archive": f"/editions/{SLUG}",
    "search": f"/editions/{SLUG}/search",
    "search, found": f"/editions/{SLUG}/search?q=neighbourhood+teams",
    "search, nothing": f"/editions/{SLUG}/search?q=zebra",
    "corrected edition on the web": f"/editions/{SLUG}/{KEY}",
}
#: The browser reports these answers as errors; the pages themselves are what is meant.
MEANT = ("status of 404", "status of 422")


@dataclass(frozen=True)
class Site:
    url: str
    token: str
    mail: str
    mailbox: Mailbox

    def address(self, path: str) -> str:
        return self.url + path.format(token=self.token, mail=self.mail)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Site]:
    """A site with a sent edition, a draft and a mailbox, that knows its own address."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "pulse.db").write_bytes(migrated_sqlite.read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    settings = Settings(
        data_dir=folder,
        database_url=SecretStr(f"sqlite:///{folder}/pulse.db"),
        base_url=f"http://127.0.0.1:{port}",
    )
    with started(settings) as mailer:
        given_sent(mailer)
        given_second_draft(mailer)
        with mailer.database.transaction() as database:
            fix = Fix(None, "signed_role", "Head of Research and Reading")
            correct(
                database, mailer.links, f"{SLUG}/{KEY}", [fix], note="Her role was cut short.", actor="ann"
            )
        token, mail = given_reader(mailer).token, mailer.mailbox.list(limit=1)[0].id
        with running(create_app(mailer), port=port) as url:
            yield Site(url, token, mail, mailer.mailbox)


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains of: blocked by a policy, missing, or asked of another host."""
    return []


@pytest.fixture
def scheme() -> Scheme:
    return "light"


@pytest.fixture
def page(browser: Browser, site: Site, complaints: list[str], scheme: Scheme) -> Iterator[Page]:
    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce", locale="en-GB")
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith(site.url) else complaints.append(asked.url))
    yield page
    context.close()
    assert [said for said in complaints if not any(meant in said for meant in MEANT)] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 375)])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_is_accessible(page: Page, site: Site, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(site.address(PAGES[name]))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == 1
    found = Axe().run(page, options={"iframes": False})
    assert found.violations_count == 0, found.generate_report()


def test_axe_finds_planted_faults(page: Page, site: Site) -> None:
    page.goto(site.address("/"))
    page.evaluate("document.querySelector('main').innerHTML = '<img src=\"/favicon.ico\"><input>'")
    assert Axe().run(page, options={"iframes": False}).violations_count >= 2


@pytest.mark.parametrize("path", [EDITION, "/mailbox/{mail}"])
def test_the_mail_stands_in_its_frame_with_its_own_style(page: Page, site: Site, path: str) -> None:
    page.goto(site.address(path))
    frame = page.frame_locator("iframe")
    expect(frame.locator("h1")).to_have_text("Harbour Review")
    title = frame.get_by_text("Ten years of neighbourhood teams").last
    assert title.evaluate("found => getComputedStyle(found).fontSize") == "18px"


def test_the_frame_shows_pictures(page: Page, site: Site) -> None:
    page.goto(site.address(f"{EDITION}/preview"))
    widths = page.locator("img").evaluate_all("every => every.map(one => one.naturalWidth)")
    assert widths
    assert all(widths)


def test_a_mail_from_a_stranger_asks_for_nothing_elsewhere(browser: Browser, site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        address = f"https://127.0.0.1:{elsewhere.getsockname()[1]}"
        html = (
            f'<link rel="preconnect" href="{address}"><meta http-equiv="refresh" content="0;url={address}">'
            f'<img src="{address}/a.png"><script src="{address}/a.js"></script>'
            f'<style>@import url({address}/a.css)</style><p style="background: url({address}/b.png)">Hello</p>'
        )
        source = f"Subject: Hello\r\nContent-Type: text/html\r\n\r\n{html}\r\n".encode()
        mail = site.mailbox.keep("stranger@example.net", ["reader@example.org"], source)
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(f"{site.url}/mailbox/{mail}")
        expect(page.frame_locator("iframe").get_by_text("Hello")).to_be_visible()
        page.wait_for_load_state("networkidle")
        context.close()
        elsewhere.settimeout(0.2)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def test_the_web_copy_shows_pictures_and_fits(page: Page, site: Site) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(site.address(f"/editions/{SLUG}/{KEY}"))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    widths = page.locator("img").evaluate_all("every => every.map(one => one.naturalWidth)")
    assert widths
    assert all(widths)


def test_an_item_of_the_web_copy_links_to_itself_by_mouse_and_by_key(page: Page, site: Site) -> None:
    page.goto(site.address(f"/editions/{SLUG}/{KEY}"))
    link = page.get_by_role("link", name="Link to this item: Ten years of neighbourhood teams")
    assert link.evaluate("found => getComputedStyle(found).opacity") == "0"
    link.focus()
    assert link.evaluate("found => getComputedStyle(found).opacity") == "1"
    page.keyboard.press("Enter")
    assert page.url.endswith("#item-2")


def test_the_archive_leads_from_list_to_search_to_item(page: Page, site: Site) -> None:
    page.goto(site.address(f"/editions/{SLUG}"))
    page.get_by_label("Search past editions").fill("neighbourhood teams")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Ten years of neighbourhood teams: what changed").click()
    expect(page.locator("#item-2")).to_be_in_viewport()
    page.get_by_role("link", name="All editions").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour Review")


def test_the_preview_is_as_wide_as_chosen(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(site.address(EDITION))
    page.get_by_role("link", name="Phone").click()
    assert page.locator("iframe").evaluate("found => found.clientWidth") == 375
    page.get_by_role("link", name="Computer").click()
    assert page.locator("iframe").evaluate("found => found.clientWidth") == 640


def test_did_this_reader_get_it_is_one_field_and_enter(page: Page, site: Site) -> None:
    page.goto(site.address("/deliveries"))
    page.get_by_label("Reader’s e-mail address").fill("reader-2@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Yes: May 2025 went to reader-2@example.org")


def test_the_first_key_leads_past_the_navigation(page: Page, site: Site) -> None:
    page.goto(site.address("/"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("main a").first).to_be_focused()


def test_tables_are_cards_on_a_phone(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 375, "height": 900})
    page.goto(site.address("/deliveries"))
    row = page.locator("tbody tr").first
    assert row.evaluate("found => getComputedStyle(found).display") == "block"
    page.set_viewport_size({"width": 1280, "height": 900})
    assert row.evaluate("found => getComputedStyle(found).display") == "table-row"
