"""A headless Chromium: which one, how it is started, and what a page must not do."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from scripts.ensure_browser import find
from tests.needs import missing

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# How long something may take says nothing of whether it is right, and a machine may have other work.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium, started once a session; a test opens a context of its own in it."""
    executable = find()
    if executable is None:
        missing(request.config, "A browser", "run: make browser")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield started
        started.close()
