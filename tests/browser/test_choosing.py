"""Choosing sections in a real browser: by hand, without scripts, without a mouse, on a phone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy import select

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.subscriber import Subscription
from pulse_mailer.domain.variant import ids_of
from pulse_mailer.links import Purpose
from pulse_mailer.subscribers.choosing import names_of
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.database.subscribers_given import everything
from tests.pages_given import given_draft, given_reader, given_readers

pytestmark = pytest.mark.browser

HEALTH, CHILDREN = "Health and Social Care", "Children and Young People"


@pytest.fixture
def link(mailer: Mailer) -> Iterator[str]:
    """The address that stands in the reader's mail, on a site that runs."""
    given_draft(mailer)
    given_readers(mailer, 1)
    with running(create_app(mailer)) as site:
        yield f"{site}/p/{mailer.links.token(Purpose.PREFERENCES, given_reader(mailer).public_id)}"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """On a phone, without scripts: what works here works everywhere."""
    viewport: ViewportSize = {"width": 375, "height": 812}
    context = browser.new_context(viewport=viewport, java_script_enabled=False)
    yield context.new_page()
    context.close()


def chosen(mailer: Mailer) -> tuple[str, ...]:
    with mailer.database.reading() as database:
        wanted = select(Subscription.choice).where(Subscription.public_id == given_reader(mailer).public_id)
        choice = database.scalars(wanted).one()
        assert len(ids_of(choice)) == len(names_of(database, choice))
        return names_of(database, choice)


def test_choose_undo_and_choose_again(mailer: Mailer, link: str, page: Page) -> None:
    page.goto(link)
    expect(page.get_by_label("All sections, also new ones")).to_be_checked()
    expect(page.get_by_label(HEALTH)).to_be_hidden()
    page.get_by_label("Only these:").check()
    page.get_by_label(HEALTH).uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Your choice is saved")).to_be_visible()
    assert chosen(mailer) == (CHILDREN, "Justice and Safer Communities")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("all sections")).to_be_visible()
    assert chosen(mailer) == ()
    page.get_by_role("link", name="Choose again").click()
    expect(page.get_by_label("All sections, also new ones")).to_be_checked()


def test_nothing_ticked_is_said_where_it_happened(mailer: Mailer, link: str, page: Page) -> None:
    page.goto(link)
    page.get_by_label("Only these:").check()
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_have_text("Tick at least one section. Nothing was changed.")
    expect(page.get_by_label("Only these:")).to_be_checked()
    assert chosen(mailer) == ()


def test_it_needs_no_mouse(mailer: Mailer, link: str, page: Page) -> None:
    page.goto(link)
    page.keyboard.press("Tab")
    expect(page.get_by_label("All sections, also new ones")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.get_by_label(HEALTH)).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your choice is saved")).to_be_visible()
    assert HEALTH not in chosen(mailer)


def test_every_choice_is_easy_to_hit(link: str, page: Page) -> None:
    page.goto(link)
    page.get_by_label("Only these:").check()
    for choice in page.locator("label.choice").all():
        box = choice.bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_a_browser_that_runs_scripts_and_clicks_nothing_changes_nothing(
    mailer: Mailer, link: str, browser: Browser
) -> None:
    before = everything(mailer.database)
    page = browser.new_page()
    page.goto(link)
    page.wait_for_load_state("networkidle")
    assert page.locator("script").count() == 0
    assert page.context.cookies() == []
    page.close()
    assert everything(mailer.database) == before


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 375)])
def test_each_state_fits_and_is_accessible(link: str, browser: Browser, scheme: str, width: int) -> None:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": 900}
    )
    page = context.new_page()

    def looked_at(name: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"

    page.goto(link)
    looked_at("asking")
    page.get_by_label("Only these:").check()
    looked_at("choosing")
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    page.get_by_role("button", name="Save").click()
    looked_at("refused")
    page.get_by_label(HEALTH).check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    looked_at("saved")
    context.close()
