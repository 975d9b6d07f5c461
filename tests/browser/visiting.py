"""A page as somebody of the staff has it open, which complains of whatever the browser complains of."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, Page

from pulse_mailer.domain.staff import Role
from tests.browser import steps
from tests.staff_given import sign_in


@contextmanager
def visiting(
    browser: Browser,
    url: str,
    role: Role | None,
    *,
    width: int = 1280,
    scripts: bool = True,
    meant: str = "$^",
    scheme: Literal["light", "dark"] = "light",
) -> Iterator[Page]:
    """
    An empty page of somebody of a role; on leaving it must have asked no other host, and met no error.

    Args:
        role: None: signed out.
        meant: a pattern of what the browser may complain of, since the test wants it.
    """
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
        locale="en-GB",
        java_script_enabled=scripts,
    )
    steps.count(context)
    if role:
        sign_in(context, url, role)
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("request", lambda asked: None if asked.url.startswith(url) else complaints.append(asked.url))
    try:
        yield page
    except BaseException as error:
        error.add_note(f"The browser complained of: {complaints}")
        raise
    finally:
        context.close()
    unmeant = [said for said in complaints if not re.search(meant, said)]
    assert not unmeant, unmeant


def drag(page: Page, number: int, onto: int) -> None:
    """Take an item by its handle, and let go of it over the lower part of another."""
    handle, goal = page.locator(f"#handle-{number}"), page.locator(f"#item-{onto}")
    goal.scroll_into_view_if_needed()
    handle.scroll_into_view_if_needed()
    begin, end = handle.bounding_box(), goal.bounding_box()
    assert begin
    assert end
    page.mouse.move(begin["x"] + 8, begin["y"] + 8)
    page.mouse.down()
    for part in (0.5, 0.9):
        page.mouse.move(end["x"] + 60, end["y"] + end["height"] * part, steps=8)
    page.mouse.up()
