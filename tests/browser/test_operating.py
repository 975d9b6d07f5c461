"""What operators do, in a browser."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.staff import Role
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.settings import Settings
from pulse_mailer.subscribers.suppressing import suppress
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.browser.visiting import visiting
from tests.pages_given import KEY, SLUG, given_sent
from tests.staff_given import given_staff

pytestmark = pytest.mark.browser

EDITION = f"/staff/editions/{SLUG}/{KEY}"


@dataclass(frozen=True)
class Site:
    mailer: Mailer
    url: str

    def address(self, path: str) -> str:
        return self.url + path


@pytest.fixture
def site(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Site]:
    (tmp_path / "pulse.db").write_bytes(migrated_sqlite.read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    settings = Settings(
        data_dir=tmp_path,
        database_url=SecretStr(f"sqlite:///{tmp_path}/pulse.db"),
        base_url=f"http://127.0.0.1:{port}",
    )
    with started(settings) as mailer:
        given_sent(mailer)
        given_staff(mailer)
        with running(create_app(mailer), port=port) as url:
            yield Site(mailer, url)


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with visiting(browser, site.url, Role.ADMIN) as page:
        yield page


def test_short_words_of_a_table_stand_on_one_line(page: Page, site: Site) -> None:
    note = "2025-05: 127.0.0.1:41105: 550 5.1.1 No such mailbox here, nor was there ever one; ask elsewhere"
    with site.mailer.database.transaction() as database:
        suppress(
            database,
            site.mailer.keys,
            Address.parse("reader-1@example.org"),
            reason=SuppressionReason.BOUNCED,
            actor="dispatcher",
            note=note,
        )
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(site.url + "/suppressions")
    row = page.get_by_role("row").filter(has_text="reader-1@example.org")
    for word in ("reader-1@example.org", "dispatcher", "Remove"):
        lines = row.get_by_text(word).first.evaluate(
            """(holder) => {
                const range = document.createRange();
                range.selectNodeContents(holder.firstChild);
                return range.getClientRects().length;
            }"""
        )
        assert (word, lines) == (word, 1)


def test_who_was_refused_for_good_is_retried_with_a_tick_and_by_keyboard(page: Page, site: Site) -> None:
    page.goto(site.address(f"{EDITION}/retry?code=550+5.1.1"))
    page.get_by_label("Also the 1 refused for good").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="May 2025 Sending")).to_be_visible()


def test_everything_is_paused_and_goes_on(page: Page, site: Site) -> None:
    page.goto(site.address("/workers"))
    page.get_by_label("Why; everybody sees it").fill("The relay is being moved.")
    page.get_by_role("button", name="Pause all sending").click()
    page.goto(site.address("/"))
    expect(page.get_by_role("status")).to_contain_text("All sending is paused")
    assert Axe().run(page, options={"iframes": False}).violations_count == 0
    page.get_by_role("status").get_by_role("link", name="Workers").click()
    page.get_by_role("button", name="Let all workers go on").click()
    expect(page.get_by_text("Sending goes on where it was.")).to_be_visible()


def test_the_file_is_of_what_is_shown(page: Page, site: Site) -> None:
    page.goto(site.address(f"/deliveries?edition={SLUG}/{KEY}"))
    page.get_by_role("navigation", name="State").get_by_role("link", name="Refused").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download as CSV").click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert len(lines) == 2
    assert "gone@example.org" in lines[1]
