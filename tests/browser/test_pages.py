"""Pages that show mails, the archive, and what all pages share, in a browser."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from pulse_mailer.bootstrap import started
from pulse_mailer.domain.correction import Fix
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions.correcting import correct
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.settings import Settings
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.browser.visiting import visiting
from tests.pages_given import KEY, SLUG, given_reader, given_second_draft, given_sent
from tests.staff_given import given_staff, sign_in

pytestmark = pytest.mark.browser

EDITION = f"/staff/editions/{SLUG}/{KEY}"


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
        given_staff(mailer, Role.ADMIN)
        with mailer.database.transaction() as database:
            fix = Fix(None, "signed_role", "Head of Research and Reading")
            correct(
                database, mailer.links, f"{SLUG}/{KEY}", [fix], note="Her role was cut short.", actor="ann"
            )
        token, mail = given_reader(mailer).token, mailer.mailbox.list(limit=1)[0].id
        with running(create_app(mailer), port=port) as url:
            yield Site(url, token, mail, mailer.mailbox)


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with visiting(browser, site.url, Role.ADMIN) as page:
        yield page


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
        sign_in(context, site.url)
        page = context.new_page()
        page.goto(f"{site.url}/mailbox/{mail}")
        expect(page.frame_locator("iframe").get_by_text("Hello")).to_be_visible()
        page.wait_for_load_state("networkidle")
        context.close()
        elsewhere.settimeout(0.2)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def test_the_web_copy_shows_pictures_and_fits(page: Page, site: Site) -> None:
    for width in (375, 1280):
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
    page.get_by_label("Reader’s address, Message-ID, edition").fill("reader-2@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Yes: May 2025 went to reader-2@example.org")


def test_the_first_key_leads_past_the_navigation(page: Page, site: Site) -> None:
    page.goto(site.address("/"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    reached = page.locator("main").get_by_role("textbox").first  # of what begins the next edition
    expect(reached).to_be_focused()


def test_tables_are_cards_on_a_phone(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 375, "height": 900})
    page.goto(site.address("/deliveries"))
    row = page.locator("tbody tr").first
    assert row.evaluate("found => getComputedStyle(found).display") == "block"
    page.set_viewport_size({"width": 1280, "height": 900})
    assert row.evaluate("found => getComputedStyle(found).display") == "table-row"
