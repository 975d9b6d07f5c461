"""The pages before sending, with their scripts: one waits and goes on by itself, one follows what is typed."""

import datetime
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.clock import now
from pulse_mailer.delivery import readying, rehearsals
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import reading
from pulse_mailer.settings import Settings
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.browser.holding import SILENCE, Held
from tests.browser.visiting import visiting
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter, joined
from tests.staff_given import given_staff, sign_in
from tests.unit.composing.test_spamd import GOOD, answering

pytestmark = pytest.mark.browser

NAME = "pulse/2026-03"
BASE = f"/staff/editions/{NAME}"


@dataclass(frozen=True)
class Site:
    mailer: Mailer
    url: str

    def under_way(self) -> rehearsals.Run:
        """A rehearsal that another program has begun, and that goes on until the test ends it."""
        with self.mailer.database.reading() as database:
            made = readying.ready(database, reading.edition(database, NAME), self.mailer.links)
        return rehearsals.begin(self.mailer.database, made, self.mailer.links)

    def end(self, run: rehearsals.Run) -> None:
        rehearsals.go(self.mailer.database, run, self.mailer.links)

    def status(self) -> EditionStatus:
        with self.mailer.database.reading() as database:
            return reading.edition(database, NAME).status


@pytest.fixture
def site(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Site]:
    (tmp_path / "pulse.db").write_bytes(migrated_sqlite.read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    with answering(GOOD.format(score=3.5).encode()) as filter_port:
        settings = Settings(
            data_dir=tmp_path,
            database_url=SecretStr(f"sqlite:///{tmp_path}/pulse.db"),
            base_url=f"http://127.0.0.1:{port}",
            backend="file",
            rates="file=1/minute",
            spamd=f"127.0.0.1:{filter_port}",
        )
        with started(settings) as mailer:
            given_staff(mailer)
            with mailer.database.transaction() as database:
                newsletter = given_newsletter(database)
                draft(database, newsletter)
                for number in range(15):
                    joined(database, mailer.keys, newsletter, f"reader-{number}@example.org")
            with running(create_app(mailer), port=port) as url:
                yield Site(mailer, url)


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    # A refusal that a test asks for is an error to the browser, and no fault.
    with visiting(browser, site.url, Role.APPROVER, meant=r"409 \(Conflict\)|of 401|Error Code 401") as page:
        yield page


def is_well(page: Page) -> None:
    """It fits a phone, and axe finds no fault."""
    page.set_viewport_size({"width": 375, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    found = Axe().run(page, options={"iframes": False})
    assert found.violations_count == 0, found.generate_report()


def test_a_page_waits_for_everybodys_mail_and_goes_on_by_itself(page: Page, site: Site) -> None:
    run = site.under_way()
    page.goto(f"{site.url}{BASE}/approve")
    page.get_by_role("button", name="Approve for 15 people").click()
    expect(page.get_by_role("status")).to_contain_text("0 of 15 mails made")
    is_well(page)
    assert site.status() is EditionStatus.DRAFT
    site.end(run)
    expect(page.get_by_role("button", name="Take the approval back")).to_be_visible()
    assert site.status() is EditionStatus.APPROVED


def test_a_page_that_waits_can_be_stopped(page: Page, site: Site) -> None:
    site.under_way()
    page.goto(f"{site.url}{BASE}/send")
    page.get_by_role("button", name="Send to 15 people").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("alert")).to_contain_text("You stopped it.")
    assert site.status() is EditionStatus.DRAFT


def test_the_forecast_follows_the_time_and_the_spam_score_comes_by_itself(page: Page, site: Site) -> None:
    page.goto(f"{site.url}{BASE}/send")
    expect(page.locator("#forecast")).to_contain_text("It takes about 15 min")
    day = (now() + datetime.timedelta(days=40)).date()
    page.get_by_label("At a time, by the clock in").check()
    expect(page.locator("#forecast")).to_contain_text("Say when")
    page.get_by_label("Day and time in").fill(f"{day}T09:00")
    page.get_by_label("Day and time in").blur()
    expect(page.locator("#forecast")).to_contain_text(f"done on {day.day} {day:%B} about 09:15.")
    is_well(page)
    page.goto(f"{site.url}{BASE}/check")
    expect(page.get_by_role("status")).to_contain_text("SpamAssassin gives it 3.5 points")
    is_well(page)


def test_a_button_pressed_twice_asks_once(page: Page, site: Site) -> None:
    page.goto(f"{site.url}{BASE}/approve")
    approval = Held(page, "**/approve", times=2)
    page.get_by_role("button", name="Approve for 15 people").dblclick(no_wait_after=True)
    approval.goes()
    expect(page.get_by_role("button", name="Take the approval back")).to_be_visible()
    assert len(approval.asked) == 1


def test_what_was_waited_for_is_asked_for_once_though_it_is_told_twice(page: Page, site: Site) -> None:
    run = site.under_way()
    page.goto(f"{site.url}{BASE}/approve")
    page.get_by_role("button", name="Approve for 15 people").click()
    expect(page.get_by_role("status")).to_contain_text("0 of 15 mails made")
    looks, approval = Held(page, "**/rehearsal", times=2), Held(page, "**/approve", times=2)
    looks.comes()
    page.wait_for_timeout(1_500)  # the page looks every second, and would like to look again
    site.end(run)
    looks.goes(0)
    approval.comes()
    looks.goes(1)
    page.wait_for_timeout(500)
    approval.goes()
    expect(page.get_by_role("button", name="Take the approval back")).to_be_visible()
    assert len(approval.asked) == 1


def test_a_page_that_follows_something_says_when_nobody_answers(browser: Browser, site: Site) -> None:
    run = site.under_way()
    with visiting(browser, site.url, Role.APPROVER, meant=SILENCE) as page:
        page.goto(f"{site.url}{BASE}/approve")
        page.get_by_role("button", name="Approve for 15 people").click()
        expect(page.get_by_role("status")).to_contain_text("0 of 15 mails made")
        page.context.set_offline(True)
        expect(page.get_by_role("alert")).to_contain_text("Nobody answers")
        page.context.set_offline(False)
        expect(page.get_by_role("alert")).to_have_count(0)
        site.end(run)
        expect(page.get_by_role("button", name="Take the approval back")).to_be_visible()


def test_who_is_signed_out_while_a_page_follows_something_is_told(page: Page, site: Site) -> None:
    site.under_way()
    page.goto(f"{site.url}{BASE}/approve")
    page.get_by_role("button", name="Approve for 15 people").click()
    expect(page.get_by_role("status")).to_contain_text("0 of 15 mails made")
    page.context.clear_cookies()
    expect(page.get_by_role("alert")).to_contain_text("Sign in first")
    sign_in(page.context, site.url, Role.APPROVER)
    expect(page.get_by_role("alert")).to_have_count(0)
