"""A mail that several pages show is composed once; another the moment that something is changed; afresh for a yes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from mjml import mjml2html

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import drafting, reading
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.database.api_given import V1, key
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter, joined
from tests.staff_given import cookies, csrf, given_staff

NAME = "pulse/2026-03"
BASE = f"/staff/editions/{NAME}"
PAGES = ("", "/preview", "/preview?form=text", "/check", "/approve", "/send", "/check")
CALLS = ("/check", "/variants", "/mail", "/mail?form=eml")


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every document that the compiler of MJML was given: two for a mail, which has a web copy."""
    given: list[str] = []

    def counting(source: str, **options: Any) -> Any:
        given.append(source)
        return mjml2html(source, **options)

    monkeypatch.setattr("pulse_mailer.composing.compiling.mjml2html", counting)
    return given


@dataclass(frozen=True, slots=True)
class Site:
    """Where people and programs get pages."""

    url: str
    program: dict[str, str]

    def get(self, path: str) -> str:
        who: dict[str, Any] = (
            {"headers": self.program} if path.startswith(V1) else {"cookies": cookies(Role.APPROVER)}
        )
        answer = requests.get(f"{self.url}{path}", timeout=30, **who)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def site(mailer: Mailer) -> Iterator[Site]:
    """A draft that preflight lets through, and a reader."""
    given_staff(mailer)
    with mailer.database.transaction() as database:
        newsletter = given_newsletter(database)
        draft(database, newsletter)
        joined(database, mailer.keys, newsletter, "reader-1@example.org")
    with running(create_app(mailer)) as url:
        yield Site(url, key(mailer))


def test_pages_of_the_same_draft_compose_it_once(site: Site, compiled: list[str]) -> None:
    for path in [f"{BASE}{page}" for page in PAGES] + [f"{V1}/editions/{NAME}{call}" for call in CALLS]:
        site.get(path)
    assert len(compiled) == 2

    for path in (f"{V1}/editions/{NAME}/size", f"{V1}/editions/{NAME}/size"):
        site.get(path)
    assert len(compiled) == 4  # with every item whole, and with every item short


def _change_newsletter(edition: Edition) -> None:
    edition.newsletter.name = "Another Pulse"


def _change_theme(edition: Edition) -> None:
    edition.newsletter.theme = {"brand": "#7A1F5C"}


def _change_item(edition: Edition) -> None:
    next(edition.items()).title = "What care costs"


@pytest.mark.parametrize(
    ("change", "words"),
    [(_change_newsletter, "Another Pulse"), (_change_theme, "#7A1F5C"), (_change_item, "What care costs")],
)
def test_a_change_that_no_revision_counts_is_shown_at_once(
    mailer: Mailer, site: Site, change: Callable[[Edition], None], words: str
) -> None:
    assert words.lower() not in site.get(f"{BASE}/preview").lower()
    with mailer.database.transaction() as database:
        change(reading.edition(database, NAME))

    assert words.lower() in site.get(f"{BASE}/preview").lower()


def test_what_is_to_mend_is_told_at_once_and_again_once_it_is_mended(mailer: Mailer, site: Site) -> None:
    assert "It can be sent" in site.get(f"{BASE}/check")
    for subject, words in (("", "has no subject"), ("Pulse, March 2026", "It can be sent")):
        with mailer.database.transaction() as database:
            drafting.change(database, NAME, {"subject": subject}, actor="composer@example.org")
        assert words in site.get(f"{BASE}/check")


def test_an_approval_composes_afresh_what_was_shown(mailer: Mailer, site: Site, compiled: list[str]) -> None:
    shown = site.get(f"{BASE}/approve")
    fingerprint = shown.split('name="fingerprint" value="')[1].split('"')[0]
    assert len(compiled) == 2
    answer = requests.post(
        f"{site.url}{BASE}/approve",
        data={"count": "1", "fingerprint": fingerprint},
        cookies=cookies(Role.APPROVER),
        headers=csrf(Role.APPROVER),
        timeout=60,
        allow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    assert len(compiled) == 6  # before everybody's mail is made, and when the approval is kept
    with mailer.database.reading() as database:
        assert reading.edition(database, NAME).status is EditionStatus.APPROVED
