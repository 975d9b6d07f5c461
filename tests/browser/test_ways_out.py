"""The way out in a real browser: looking does nothing, even when scripts run; the buttons do what they say."""

import dataclasses
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.database.subscribers_given import everything
from tests.pages_given import Reader, given_draft, given_reader, given_readers

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 375, "height": 812}


@pytest.fixture
def reader(mailer: Mailer) -> Reader:
    given_draft(mailer)
    given_readers(mailer, 1)
    return given_reader(mailer)


@pytest.fixture
def link(mailer: Mailer, reader: Reader) -> Iterator[str]:
    """The address that stands in the reader's mail, on a site that runs."""
    with running(create_app(mailer)) as site:
        yield f"{site}/u/{reader.token}"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE)
    yield context.new_page()
    context.close()


def test_a_browser_that_runs_scripts_and_clicks_nothing_changes_nothing(
    mailer: Mailer, link: str, page: Page
) -> None:
    before = everything(mailer.database)
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method != "GET" else None)
    for address in (link, f"{link}/undo"):
        page.goto(address)
        page.mouse.move(100, 100)
        page.mouse.wheel(0, 400)
        page.wait_for_load_state("networkidle")
        page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    page.goto("about:blank")
    assert posted == []
    assert everything(mailer.database) == before


def test_the_pages_hold_no_script_and_set_no_cookie(link: str, page: Page) -> None:
    page.goto(link)
    assert page.locator("script").count() == 0
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    assert page.context.cookies() == []


def test_unsubscribe_and_undo(mailer: Mailer, link: str, page: Page) -> None:
    page.goto(link)
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    assert _status(mailer) == "unsubscribed"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="You are subscribed again")).to_be_visible()
    assert _status(mailer) == "active"
    page.get_by_role("link", name="Unsubscribe after all").click()
    expect(page.get_by_role("button", name="Unsubscribe")).to_be_visible()


def test_the_way_out_needs_no_scripts(mailer: Mailer, link: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    context.close()
    assert _status(mailer) == "unsubscribed"


def test_the_way_out_needs_no_mouse(mailer: Mailer, link: str, page: Page) -> None:
    page.goto(link)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Unsubscribe")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    assert _status(mailer) == "unsubscribed"


def test_the_button_is_easy_to_hit_and_seen_without_scrolling(link: str, page: Page) -> None:
    page.goto(link)
    box = page.get_by_role("button", name="Unsubscribe").bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["y"] + box["height"] <= PHONE["height"]


def test_reloading_after_leaving_leaves_once(mailer: Mailer, link: str, page: Page) -> None:
    page.goto(link)
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    before = everything(mailer.database)
    page.reload()  # posts the form again
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    assert everything(mailer.database) == before


def test_links_work_under_a_path_of_the_public_address(
    mailer: Mailer, reader: Reader, browser: Browser
) -> None:
    """Where the app stands behind https://example.org/news, its buttons lead to /news/u/..., not /u/..."""
    links = dataclasses.replace(mailer.links, base_url="https://example.org/news")
    with running(create_app(dataclasses.replace(mailer, links=links))) as site:
        page = browser.new_page()
        page.goto(f"{site}/u/{reader.token}")
        assert page.locator("form").get_attribute("action") == f"/news/u/{reader.token}"
        page.close()


def _status(mailer: Mailer) -> str:
    reader = given_reader(mailer)
    rows = everything(mailer.database)["subscriptions"]
    return str(next(row.status for row in rows if row.public_id == reader.public_id))
