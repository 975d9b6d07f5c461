"""Take the pictures that README and the docs show, from a demo of its own: `make screens`."""

import io
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.composing import designs
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import reading
from pulse_mailer.settings import load
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from scripts.ensure_browser import find
from tests.every_page import READY, SENT, SLUG, Shown, demo, every_page
from tests.staff_given import sign_in

DOCS = Path(__file__).resolve().parent.parent / "docs"
IMAGES = DOCS / "images"
GALLERY = IMAGES / "pages"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
PORT = 8025  # the mails' pictures are linked there
GAP = 24  # px, between two pages in one picture
TITLE = """# Every page

What staff, operators and readers see, at a desk and on a phone in the dark, on the newsletter of `make demo`.
`make screens` takes these pictures and writes this page."""


def main() -> None:
    executable = find()
    if executable is None:
        sys.exit("There is no browser: run `make browser`.")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "demo"
        demo(home)
        with (
            started(load(data_dir=home)) as mailer,
            running(create_app(mailer), port=PORT) as url,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
            pages = every_page(mailer)
            take(browser, url)
            take_designs(browser, mailer)
            take_pages(browser, url, pages)
            browser.close()
    (DOCS / "pages.md").write_text(gallery(pages))


@dataclass(frozen=True)
class Shot:
    """A picture of a page: how wide, from where on, in light or dark."""

    path: str
    width: int
    height: int
    from_text: str = ""
    scheme: Literal["light", "dark"] = "light"
    role: Role = Role.APPROVER


MAIL = f"/staff/editions/{SLUG}/{SENT}/preview"
SHOTS = {
    "mail-wide": Shot(MAIL, 680, 1400, from_text="Adult Social Care and Health"),
    "mail-phone": Shot(MAIL, 375, 1400),
    "mail-dark": Shot(MAIL, 375, 1400, from_text="Children and Young People", scheme="dark"),
    "mailbox": Shot("/mailbox", 1100, 640),
    "edition": Shot(f"/staff/editions/{SLUG}/{SENT}", 1100, 860),
    "composer": Shot(f"/staff/editions/{SLUG}/{READY}/compose", 1280, 900),
    "subscribers": Shot("/subscribers", 1100, 640),
    "subscriber": Shot("/subscribers/1", 1100, 720),
    "deliveries": Shot("/deliveries?q=amara.okafor@example.org", 1100, 560),
    "report": Shot(f"/staff/editions/{SLUG}/{SENT}/report", 1100, 860, role=Role.OPERATOR),
}


def take_designs(browser: Browser, mailer: Mailer) -> None:
    """The demo's edition in each design: at a desk, on a phone, on a phone in the dark."""
    for design in designs.names():
        with mailer.database.reading() as database:
            edition = reading.edition(database, SENT)
            edition.newsletter.design = design  # in memory: it was sent in another one, and that stays
            made = render(edition, mailer.links)
            database.rollback()
        html = re.sub(r"\[\[\w+\]\]", "reader@example.org", made.html)
        shots = {
            f"design-{design}-wide": Shot(MAIL, 640, 900),
            f"design-{design}-phone": Shot(MAIL, 375, 900, from_text="Adult Social Care and Health"),
            f"design-{design}-dark": Shot(
                MAIL, 375, 900, from_text="Children and Young People", scheme="dark"
            ),
        }
        for name, shot in shots.items():
            with opened(browser, shot) as page:
                page.set_content(html, wait_until="networkidle")
                keep(page, name, shot)


def take(browser: Browser, url: str) -> None:
    for name, shot in SHOTS.items():
        with opened(browser, shot) as page:
            sign_in(page.context, url, shot.role)
            page.goto(url + shot.path, wait_until="networkidle")
            keep(page, name, shot)


def take_pages(browser: Browser, url: str, pages: dict[str, Shown]) -> None:
    """Each page twice in one picture: at a desk, and on a phone in the dark."""
    GALLERY.mkdir(exist_ok=True)
    for name, shown in pages.items():
        desk, phone = Shot(shown.path, 1280, 900), Shot(shown.path, 375, 900, scheme="dark")
        taken = []
        for shot in (desk, phone):
            with opened(browser, shot) as page:
                if shown.role:
                    sign_in(page.context, url, shown.role)
                page.goto(url + shown.path, wait_until="networkidle")
                taken.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        both = Image.new("RGB", (desk.width + GAP + phone.width, desk.height), "white")
        both.paste(taken[0], (0, 0))
        both.paste(taken[1], (desk.width + GAP, 0))
        small = both.resize((both.width * 3 // 5, both.height * 3 // 5), Image.Resampling.LANCZOS)
        small.save(GALLERY / f"{name}.webp", quality=60, method=6)


def gallery(pages: dict[str, Shown]) -> str:
    """The document that shows them all."""
    shown = (
        f"### {one.says}\n\n![{one.says}: at a desk, and on a phone in the dark](images/pages/{name}.webp)"
        for name, one in pages.items()
    )
    return "\n\n".join((TITLE, *shown)) + "\n"


@contextmanager
def opened(browser: Browser, shot: Shot) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height}, color_scheme=shot.scheme, locale="en-GB"
    )
    yield context.new_page()
    context.close()


def keep(page: Page, name: str, shot: Shot) -> None:
    """Write a small PNG: flat pages lose nothing by having 256 colours."""
    if shot.from_text:
        place = page.get_by_role("heading", name=shot.from_text).bounding_box()
        page.evaluate("top => window.scrollTo(0, top)", place["y"] - 40 if place else 0)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(256)
    picture.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
