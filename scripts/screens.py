"""Take the pictures that README shows, from a demo of its own: `make screens`."""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from pulse_mailer.bootstrap import started
from pulse_mailer.settings import load
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from scripts.ensure_browser import find

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
PORT = 8025  # the mails' pictures are linked there


def main() -> None:
    executable = find()
    if executable is None:
        sys.exit("There is no browser: run `make browser`.")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "demo"
        subprocess.run(
            [sys.executable, "-m", "pulse_mailer", "demo", "--dir", home],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with (
            started(load(data_dir=home)) as mailer,
            running(create_app(mailer), port=PORT) as url,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
            take(browser, url)
            browser.close()


def take(browser: Browser, url: str) -> None:
    mail = f"{url}/staff/editions/civic-pulse/2026-11/preview"
    shots = {
        "mail-wide": (mail, 700, 1400, "light"),
        "mail-phone": (mail, 375, 1400, "light"),
        "mail-dark": (mail, 375, 1400, "dark"),
        "mailbox": (f"{url}/mailbox", 1100, 720, "light"),
        "edition": (f"{url}/staff/editions/civic-pulse/2026-11", 1100, 900, "light"),
        "delivery": (f"{url}/deliveries", 1100, 720, "light"),
    }
    for name, (address, width, height, scheme) in shots.items():
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-GB",
        )
        page = context.new_page()
        page.goto(address, wait_until="networkidle")
        keep(page, name)
        context.close()


def keep(page: Page, name: str) -> None:
    """Write a small PNG: flat pages lose nothing by having 256 colours."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(256)
    picture.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
