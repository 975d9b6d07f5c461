"""Every page, at two widths, light and dark: nothing sticks out, nothing is blocked, and axe finds no fault."""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Browser, Page, expect

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.domain.staff import Role
from pulse_mailer.settings import load
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.browser.visiting import visiting
from tests.every_page import NO_PAGE, Shown, demo, every_page

pytestmark = pytest.mark.browser

#: Everything that axe knows, and what it leaves out by itself though WCAG 2.2 AA asks for it.
AXE = {"iframes": False, "resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
#: Of these alone the scheme decides; the others need to be asked for once at each width.
COLOURS = AXE | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
LOOKS = [(1280, "light", AXE), (1280, "dark", COLOURS), (375, "dark", AXE), (375, "light", COLOURS)]


@dataclass(frozen=True)
class Site:
    url: str
    mailer: Mailer
    pages: dict[str, Shown]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("demo") / "home"
    demo(home)
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    settings = load(data_dir=home).model_copy(update={"base_url": f"http://127.0.0.1:{port}"})
    with started(settings) as mailer, running(create_app(mailer), port=port) as url:
        yield Site(url, mailer, every_page(mailer))


def test_every_page_fits_and_is_accessible(browser: Browser, site: Site) -> None:
    faults = []
    for name, shown in site.pages.items():
        faults += [f"{name} ({shown.path}): {fault}" for fault in judged(browser, site, shown)]
    assert not faults, "\n".join(faults)


def judged(browser: Browser, site: Site, shown: Shown) -> Iterator[str]:
    """What is wrong with a page."""
    # Chromium reports an answer of 404 as an error; of these pages it is what is meant.
    meant = f"status of {shown.status}"
    with visiting(browser, site.url, shown.role, meant=meant) as page:
        answer = page.goto(shown.path)
        if answer is None or answer.status != shown.status:
            yield f"answers {answer and answer.status}, not {shown.status}"
        expect(page.locator(".htmx-request")).to_have_count(0)
        yield from _fits(page)


def _fits(page: Page) -> Iterator[str]:
    for place in ("h1", "main"):
        if (count := page.locator(place).count()) != 1:
            yield f"has {count} {place}"
    page.evaluate(AXE_SCRIPT)
    for width, scheme, rules in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        if (needed := page.evaluate("document.documentElement.scrollWidth")) > width:
            yield f"is {needed} px wide at {width}"
        found = AxeResults(page.evaluate("rules => axe.run(rules)", rules))
        if found.violations_count:
            yield f"at {width}, {scheme}: {found.generate_report()}"


def test_axe_finds_planted_faults(browser: Browser, site: Site) -> None:
    with visiting(browser, site.url, Role.ADMIN) as page:
        page.goto("/")
        page.evaluate(
            "document.querySelector('main').innerHTML = "
            "'<h1>x</h1><img src=\"/favicon.ico\"><input><pre>' + 'wide'.repeat(400) + '</pre>'"
        )
        faults = list(_fits(page))
    assert any("image-alt" in fault for fault in faults)
    assert any("px wide at 375" in fault for fault in faults)


def test_no_page_is_forgotten(site: Site) -> None:
    paths = {shown.path.partition("?")[0] for shown in site.pages.values()}
    for route in iter_route_contexts(create_app(site.mailer).routes):
        if "GET" in (route.methods or ()):
            is_shown = any(route.path_regex.match(path) for path in paths)
            is_none = any(str(route.path).startswith(beginning) for beginning in NO_PAGE)
            assert is_shown or is_none, f"{route.path} stands in tests/every_page.py nowhere"


def test_the_docs_show_every_page(site: Site) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "pages.md").read_text()
    assert re.findall(r"images/pages/([\w-]+)\.webp", text) == list(site.pages), "run `make screens`"
