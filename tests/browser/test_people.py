"""Subscribers and newsletter settings in a real browser."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr
from sqlalchemy import select

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.domain.newsletter import ProgrammeSection
from pulse_mailer.domain.staff import Role
from pulse_mailer.domain.subscriber import Subscriber
from pulse_mailer.editions import reading
from pulse_mailer.settings import Settings
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.browser.visiting import visiting
from tests.pages_given import SLUG, given_sent
from tests.staff_given import given_staff

pytestmark = pytest.mark.browser

FILE = "Email,First name,Shoe size\nzoe@example.net,Zoë,4\nnonsense,X,5\nleft.before@example.org,L,6\n"


@dataclass(frozen=True)
class Site:
    url: str
    mailer: Mailer
    browser: Browser
    person: int

    @contextmanager
    def opened(self, path: str, *, scripts: bool = True) -> Iterator[Page]:
        """A page as an administrator has it open."""
        with visiting(self.browser, self.url, Role.ADMIN, scripts=scripts, meant="422") as page:
            page.goto(path)
            yield page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path, browser: Browser) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("people")
    (folder / "pulse.db").write_bytes(migrated_sqlite.read_bytes())
    with started(Settings(data_dir=folder, database_url=SecretStr(f"sqlite:///{folder}/pulse.db"))) as mailer:
        given_sent(mailer)
        given_staff(mailer, Role.ADMIN)
        with mailer.database.transaction() as database:
            newsletter = reading.newsletter(database, SLUG)
            if not newsletter.sections:
                for place, name in enumerate(("Care", "Housing"), 1):
                    database.add(ProgrammeSection(newsletter_id=newsletter.id, position=place, name=name))
            wanted = select(Subscriber).where(Subscriber.address == "full@example.org")
            person = database.scalars(wanted).one()
            person.first_name, person.last_name = "Margaret", "Okonkwo"
        with running(create_app(mailer)) as url:
            yield Site(url, mailer, browser, person.id)


def fits(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1
    found = Axe().run(page, options={"iframes": False})
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_file_is_brought_looked_at_and_imported(site: Site, scripts: bool) -> None:
    address = f"{'with' if scripts else 'without'}@example.net"
    with site.opened("/subscribers/import", scripts=scripts) as page:
        data = FILE.replace("zoe@example.net", address).encode()
        page.get_by_label("CSV file").set_input_files(
            {"name": "readers.csv", "mimeType": "text/csv", "buffer": data}
        )
        page.get_by_label("How did these people ask for it?").fill("Form at the conference")
        page.get_by_role("button", name="Show what would happen").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Check the import")
        expect(page.get_by_text("'nonsense' is not an e-mail address")).to_be_visible()
        expect(page.get_by_text("unsubscribed on")).to_be_visible()
        if scripts:
            fits(page, 1280)
        page.get_by_role("button", name="Subscribe 1 person").click()
        expect(page.get_by_role("status")).to_contain_text("1 person joined")
        page.get_by_role("link", name="See all subscribers").click()
        expect(page.get_by_role("link", name=address)).to_be_visible()


def test_somebody_is_found_taken_off_and_erased(site: Site) -> None:
    with site.opened("/subscribers") as page:
        page.get_by_label("Address, first or last name").fill("reader-2")
        page.get_by_role("button", name="Find").click()
        page.get_by_role("link", name="reader-2@example.org").click()
        page.get_by_text("Unsubscribe them").click()
        page.get_by_label("Why").first.fill("a letter from her")
        page.get_by_role("button", name="Unsubscribe from").click()
        expect(page.get_by_role("status")).to_contain_text("They are unsubscribed")
        expect(page.get_by_role("cell", name="a letter from her")).to_be_visible()
        page.get_by_role("link", name="Erase them").click()
        page.get_by_label("Type reader-2@example.org").fill("somebody@else.org")
        page.get_by_role("button", name="Erase this person").click()
        expect(page.get_by_role("alert")).to_contain_text("This is not their address")
        page.get_by_label("Type reader-2@example.org").fill("Reader-2@example.org")
        page.get_by_role("button", name="Erase this person").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("An erased person")
        expect(page.get_by_role("status")).to_contain_text("They are forgotten.")
        fits(page, 1280)
        assert "reader-2" not in page.content()


def test_a_look_is_seen_while_it_is_typed(site: Site) -> None:
    with site.opened(f"/newsletters/{SLUG}/look") as page:
        page.get_by_label("Brand").fill("#FFEE88")
        page.get_by_label("Brand").press("Tab")
        expect(page.get_by_text("Tried on; not saved yet.")).to_be_visible()
        expect(page.get_by_text("moved").first).to_be_visible()
        expect(page.frame_locator("iframe").locator("h1")).to_be_visible()
        page.get_by_label("Brand").fill("nonsense")
        page.get_by_label("Brand").press("Tab")
        expect(page.get_by_role("alert")).to_be_visible()


def test_everything_held_is_downloaded_as_a_file(site: Site) -> None:
    with site.opened(f"/subscribers/{site.person}") as page:
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download everything held of them").click()
        held = json.loads(Path(waiting.value.path()).read_text("utf-8"))
        assert held["subscriber"]["last_name"] == "Okonkwo"
        assert waiting.value.suggested_filename == f"subscriber-{site.person}.json"
