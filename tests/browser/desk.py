"""An edition that is being written, with the composer's page open on it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect
from pydantic import SecretStr

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import reading
from pulse_mailer.settings import Settings
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.browser.visiting import visiting
from tests.database.editing_given import KEY, given_digest, item_of, shape
from tests.staff_given import given_staff
from tests.unit.strangers import HOST

COMPOSE = f"/staff/editions/pulse/{KEY}/compose"
CARE = "Care/Reports"


@dataclass(frozen=True)
class Site:
    """An edition: News: 1. Care: Reports 2, 3, 4; Briefings 5. Housing: Reports 6."""

    url: str
    mailer: Mailer
    browser: Browser

    @contextmanager
    def opened(
        self,
        role: Role = Role.COMPOSER,
        *,
        width: int = 1280,
        scripts: bool = True,
        meant: str = "$^",
        dark: bool = False,
    ) -> Iterator[Page]:
        """The composer's page as somebody has it open; complains of whatever the browser complains of."""
        scheme: Literal["light", "dark"] = "dark" if dark else "light"
        visit = visiting(
            self.browser, self.url, role, width=width, scripts=scripts, meant=meant, scheme=scheme
        )
        with visit as page:
            page.goto(COMPOSE)
            yield page

    def edition(self) -> Edition:
        with self.mailer.database.reading() as database:
            return reading.edition(database, KEY)

    def there(self, category: str = CARE) -> list[int]:
        with self.mailer.database.reading() as database:
            return shape(database)[category]

    def summary(self, number: int) -> str:
        with self.mailer.database.reading() as database:
            return item_of(database, number).summary


@contextmanager
def serving(browser: Browser, folder: Path, migrated: Path) -> Iterator[Site]:
    """The program, with the edition and somebody of each role."""
    (folder / "pulse.db").write_bytes(migrated.read_bytes())
    settings = Settings(
        data_dir=folder,
        database_url=SecretStr(f"sqlite:///{folder}/pulse.db"),
        fetch_also=f"{HOST}/32",
    )
    with started(settings) as mailer:
        given_staff(mailer)
        with mailer.database.transaction() as database:
            given_digest(database)
        with running(create_app(mailer)) as url:
            yield Site(url, mailer, browser)


def mail(page: Page) -> FrameLocator:
    return page.frame_locator("#mail iframe:not(.coming)")


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text(re.compile(r"^Saved at"))


def opened(page: Page, number: int) -> Locator:
    """An item's form."""
    page.locator(f"#form-{number} > summary").click()
    return page.locator(f"#form-{number}")
