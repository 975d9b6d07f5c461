"""A first sign-in in a real browser: from the printed link to a password and a second factor."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.cli.serve import print_link
from pulse_mailer.clock import now
from pulse_mailer.settings import Settings
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running

pytestmark = pytest.mark.browser

PASSWORD = "three unlikely words"


@pytest.fixture
def site(tmp_path: Path, migrated_sqlite: Path) -> Iterator[tuple[Mailer, int]]:
    """A program that was never started before, and its port."""
    (tmp_path / "pulse.db").write_bytes(migrated_sqlite.read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    settings = Settings(
        data_dir=tmp_path,
        database_url=SecretStr(f"sqlite:///{tmp_path}/pulse.db"),
        base_url=f"http://127.0.0.1:{port}",
    )
    with started(settings) as mailer, running(create_app(mailer), port=port):
        yield mailer, port


def well_made(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_from_the_first_link_to_a_second_factor(
    browser: Browser, site: tuple[Mailer, int], capsys: pytest.CaptureFixture[str]
) -> None:
    mailer, port = site
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 375, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"http://127.0.0.1:{port}/deliveries")
    well_made(page, "Sign in")

    print_link(mailer, mailer.settings, "127.0.0.1", port, anyway=False)
    link = re.search(r"http\S+", capsys.readouterr().out)
    assert link
    page.goto(link[0])
    well_made(page, "Come in")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is set.")
    well_made(page, "Your account")

    page.get_by_role("link", name="Turn it on").click()
    well_made(page, "Turn on the second factor")
    box = page.locator(".qr svg").bounding_box()
    assert box
    assert box["width"] > 150  # the policy lets it be seen
    secret = page.locator("code").inner_text()
    page.get_by_label("The code that it shows now").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Turn it on").click()
    expect(page.locator(".codes code")).to_have_count(10)
    well_made(page, "Your recovery codes")

    page.get_by_role("button", name="Sign out").click()
    page.goto(f"http://127.0.0.1:{port}/mailbox?search=a")
    page.get_by_label("Your e-mail address").fill("admin@localhost")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    well_made(page, "Your code")
    page.get_by_label("Code").fill(pyotp.TOTP(secret).at(now(), counter_offset=1))
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"http://127.0.0.1:{port}/mailbox?search=a")
    expect(page.get_by_role("link", name="Admin", exact=True)).to_be_visible()
    context.close()
    assert complaints == []


def test_a_wrong_password_is_told_where_it_was_typed(browser: Browser, site: tuple[Mailer, int]) -> None:
    _mailer, port = site
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/sign-in")
    page.get_by_label("Your e-mail address").fill("nobody@example.org")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("That address and password do not belong together.")
    expect(page.get_by_label("Your e-mail address")).to_have_value("nobody@example.org")
    assert page.get_by_label("Password").get_attribute("aria-describedby") == "problem"
    well_made(page, "Sign in")
    context.close()
