"""The mail as a reader sees it: in Chromium at a phone's width and a desk's, light and dark, pictures on and off."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route

from pulse_mailer.composing import designs
from pulse_mailer.composing.colours import ENOUGH
from pulse_mailer.composing.merging import preview
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.edition import Edition
from tests.unit.composing import editions

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]

WIDTHS = [320, 375, 600, 680]
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]

# Mail is no page of its own: the mail program around it has the landmarks.
AXE = {
    "rules": {name: {"enabled": False} for name in ("region", "landmark-one-main", "page-has-heading-one")}
}

FAINT_WORDS = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = parts(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility() || element.closest("style")) continue;
    const [dim, bright] = [luminance(parts(getComputedStyle(element).color)), luminance(ground(element))]
      .sort((one, other) => one - other);
    words.push([text, (bright + 0.05) / (dim + 0.05)]);
  }
  return words;
}"""


EDITION = editions.edition()
DESIGNS = designs.names()


def shown(edition: Edition, design: str = "digest") -> str:
    edition.newsletter.design = design
    return preview(render(edition, editions.LINKS), editions.delivery(), editions.LINKS).html


@functools.cache
def sample(design: str) -> str:
    return shown(EDITION, design)


@contextmanager
def opened(
    browser: Browser,
    edition: Edition = EDITION,
    *,
    design: str = "digest",
    pictures: bool = True,
    **context: Any,
) -> Iterator[Page]:
    html = sample(design) if edition is EDITION else shown(edition, design)
    drawn = {item.picture.file_name: item.picture.data for item in edition.items() if item.picture}

    def answer(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if pictures and name in drawn:
            route.fulfill(body=drawn[name], content_type="image/png")
        else:
            route.abort()

    made = browser.new_context(**context)
    try:
        page = made.new_page()
        page.route("**/*", answer)
        page.set_content(html, wait_until="load")
        yield page
    finally:
        made.close()


def size(width: int) -> dict[str, int]:
    return {"width": width, "height": 900}


def overflow(page: Page) -> int:
    found: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("pictures", [True, False], ids=["pictures on", "pictures off"])
def test_nothing_is_cut_off_at_the_side(browser: Browser, design: str, width: int, pictures: bool) -> None:
    with opened(browser, design=design, pictures=pictures, viewport=size(width)) as page:
        assert overflow(page) == 0


@pytest.mark.parametrize("design", DESIGNS)
def test_even_a_word_without_end_stays_on_a_phone(browser: Browser, design: str) -> None:
    endless = editions.small(
        title="Unbreakable" * 20,
        publisher="P" * 120,
        summary=f"See <https://example.org/{'x' * 200}>\n\n- {'y' * 150}",
    )
    endless.newsletter.name = "Donaudampfschifffahrtsgesellschaft"
    with opened(browser, endless, design=design, viewport=size(375)) as page:
        assert overflow(page) == 0


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_words_stand_out_from_their_ground(
    browser: Browser, design: str, scheme: Literal["light", "dark"]
) -> None:
    with opened(browser, design=design, viewport=size(375), color_scheme=scheme) as page:
        words = page.evaluate(FAINT_WORDS)

    assert len(words) > 150
    assert [(text, round(ratio, 2)) for text, ratio in words if ratio < ENOUGH] == []


GROUNDS = {
    "light": ["rgb(242, 244, 245)", "rgb(255, 255, 255)"],
    "dark": ["rgb(20, 23, 26)", "rgb(26, 30, 34)"],  # dark, and not black
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_paper_lies_on_a_quiet_ground(browser: Browser, scheme: Literal["light", "dark"]) -> None:
    with opened(browser, viewport=size(680), color_scheme=scheme) as page:
        grounds = page.evaluate(
            "['body', '.paper'].map((at) => getComputedStyle(document.querySelector(at)).backgroundColor)"
        )

    assert grounds == GROUNDS[scheme]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing(browser: Browser, design: str, scheme: Literal["light", "dark"]) -> None:
    with opened(browser, design=design, viewport=size(375), color_scheme=scheme) as page:
        found = Axe().run(page, options=AXE)

    assert found.violations_count == 0, found.generate_report()


def test_pictures_are_small_at_a_desk_and_wide_on_a_phone(browser: Browser) -> None:
    widths = {}
    for width in (375, 680):
        with opened(browser, viewport=size(width)) as page:
            widths[width] = page.evaluate("[...document.images].map((picture) => picture.width)")

    assert widths[680] == [160, 112, 160, 112]
    assert widths[375] == [335, 112, 335, 112]  # covers, taller than wide, stay small


def test_without_pictures_their_words_stand_in_their_place(browser: Browser) -> None:
    with opened(browser, pictures=False, viewport=size(375)) as page:
        words = page.evaluate(
            "[...document.images].map((picture) => [picture.complete, picture.alt, picture.height])"
        )

    assert all(alt and height > 20 for _, alt, height in words)
    assert len(words) == 4


@pytest.mark.parametrize("design", DESIGNS)
def test_the_way_out_can_be_hit_with_a_thumb(browser: Browser, design: str) -> None:
    with opened(browser, design=design, viewport=size(375)) as page:
        box = page.get_by_role("link", name="Unsubscribe").bounding_box()

    assert box
    assert box["height"] >= 44


def test_the_preheader_is_read_by_the_inbox_and_not_seen_in_the_mail(browser: Browser) -> None:
    with opened(browser, viewport=size(375)) as page:
        assert EDITION.preheader not in page.locator("body").inner_text()
        assert page.locator("body").text_content(timeout=1_000)
        assert (page.locator("body").text_content() or "").strip().startswith(EDITION.preheader)


def test_screen_readers_hear_the_outline_of_the_edition(browser: Browser) -> None:
    with opened(browser, viewport=size(680)) as page:
        found = page.get_by_role("heading", level=2).all_inner_texts()

    assert found[0].lower() == "in this edition"
    assert found[1:] == [section.name for section in EDITION.sections]
