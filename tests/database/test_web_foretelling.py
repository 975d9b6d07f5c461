"""When a sending is done, and what a spam filter says, on the pages before it; over real HTTP."""

import datetime
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import reading
from pulse_mailer.settings import Settings
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.database.sending_given import drafted
from tests.staff_given import cookies, csrf, given_staff
from tests.unit.composing.test_spamd import GOOD, answering

BASE = "/staff/editions/pulse/2026-03"


@pytest.fixture
def filter_is_there() -> bool:
    return True


@pytest.fixture
def filter_port(filter_is_there: bool) -> Iterator[int]:
    """A spam filter that answers once, and gives six points."""
    if filter_is_there:
        with answering(GOOD.format(score=6.0).encode()) as port:
            yield port
    else:
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        yield port


@pytest.fixture
def settings(settings: Settings, filter_port: int) -> Settings:
    more = {"backend": "file", "rates": "file=1/minute", "spamd": f"127.0.0.1:{filter_port}"}
    return settings.model_copy(update=more)


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    given_staff(mailer)
    drafted(mailer.database, mailer.keys, people=15)
    with running(create_app(mailer)) as url:
        yield url + BASE


def get(url: str) -> str:
    answer = requests.get(url, cookies=cookies(Role.APPROVER), timeout=30)
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


def looked(site: str, **typed: Any) -> str:
    """What the page says of a chosen time, and sends nothing."""
    answer = requests.post(
        f"{site}/send",
        data={"look": "1", **typed},
        cookies=cookies(Role.APPROVER),
        headers=csrf(Role.APPROVER),
        timeout=30,
        allow_redirects=False,
    )
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


def test_the_end_follows_the_time_that_is_chosen(mailer: Mailer, site: str) -> None:
    shown = get(f"{site}/send")
    assert "It takes about 15 min at 1 a minute; done" in shown
    assert "Times are by the clock in Europe/London." in shown
    day = (now() + datetime.timedelta(days=40)).date()
    shown = looked(site, when="at", at=f"{day}T09:00")
    assert f"It begins on {day.day} {day:%b %Y} 09:00 " in shown
    assert "in Europe/London (" in shown
    assert f"done on {day.day} {day:%B} about 09:15." in shown
    assert f'value="{day}T09:00"' in shown
    with mailer.database.reading() as database:
        assert reading.edition(database, "pulse/2026-03").status is EditionStatus.DRAFT


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("", "Say when, and it says here"),
        ("2020-01-01T09:00", "is over."),
        ("soon", "is not a day and a time"),
    ],
)
def test_a_time_that_cannot_be_is_said_at_once(site: str, at: str, words: str) -> None:
    assert words in looked(site, when="at", at=at)


def test_a_check_shows_what_the_spam_filter_says_and_asks_it_once(site: str) -> None:
    assert "has not read this mail yet" in get(f"{site}/check")  # the page does not wait for it
    assert f'hx-get="{BASE}/check/spam"' in get(f"{site}/check")
    shown = get(f"{site}/check/spam")
    assert "SpamAssassin gives it 6 points; with 5 most servers file a mail as spam." in shown
    assert "BODY: Generic Test" in shown
    assert 'class="answer bad"' in shown
    assert "SpamAssassin gives it 6 points" in get(f"{site}/check")  # the filter answers no more


@pytest.mark.parametrize("filter_is_there", [False])
def test_a_spam_filter_that_is_away_stops_nothing(site: str) -> None:
    shown = get(f"{site}/check?ask=1")
    assert "Its spam score is not known. No spam filter answers at 127.0.0.1:" in shown
    assert "Ask the spam filter again" in shown
    assert "It can be sent" in shown
