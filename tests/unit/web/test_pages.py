import datetime
import hashlib
import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from pulse_mailer.domain.counting import counted
from pulse_mailer.errors import BrokenTemplate
from pulse_mailer.resources import prefer_templates, templates_dir
from pulse_mailer.web.pages import Pages, day, moment, noted
from pulse_mailer.web.who import Room

SUMMER = datetime.datetime(2026, 7, 1, 22, 30, tzinfo=datetime.UTC)
WORDS = {"title": "T", "what": "W", "remedy": "", "onward": ""}


@pytest.fixture
def pages() -> Pages:
    return Pages("https://example.org/news", (Room("/", "Editions"),))


def test_a_time_is_told_in_its_zone_with_the_zones_name() -> None:
    assert moment(SUMMER, "Europe/London") == "1 Jul 2026, 23:30 BST"


def test_a_day_is_the_day_where_the_readers_are() -> None:
    assert day(SUMMER, "Asia/Tokyo") == "2 July 2026"


def test_an_unknown_zone_is_told_in_utc() -> None:
    assert moment(SUMMER, "Mars/Olympus") == "1 Jul 2026, 22:30 UTC"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (["subject", "letter"], "subject, letter"),
        ({"line": 4, "open": True}, "line 4, open yes"),
        (12840, "12,840"),
        ("2026-12-01T09:00:00.449695+00:00", "1 Dec 2026, 09:00 UTC"),
        ("d614f4384f826055d6f22834ece0a0a8d846773eaed7bb6f1b2eacb2f4aa2a5c", "d614f4384f82…"),
        ("Director of Research", "Director of Research"),
        (0.5, "0.5"),
    ],
)
def test_what_a_record_keeps_is_told_without_brackets(value: object, told: str) -> None:
    assert noted(value) == told


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 people"), (1, "1 person"), (2, "2 people"), (1284, "1,284 people")]
)
def test_counts_agree_with_their_noun(number: int, told: str) -> None:
    assert counted(number, "person", "people") == told


def test_a_missing_value_fails_loudly(pages: Pages) -> None:
    with pytest.raises(UndefinedError):
        pages.page("web/problem.html")


def test_values_are_escaped(pages: Pages) -> None:
    page = pages.page("public/problem.html", words=WORDS | {"what": "<script>alert(1)</script>"})
    assert b"&lt;script&gt;" in page.body
    assert b"<script>" not in page.body


def test_links_begin_with_the_path_that_recipients_reach_the_app_by(pages: Pages) -> None:
    page = pages.page("public/problem.html", words=WORDS)
    assert f'href="/news/assets/{pages.style.name}"'.encode() in page.body


def test_an_assets_name_changes_with_its_content(pages: Pages) -> None:
    digest = hashlib.sha256((templates_dir() / "web" / "app.css").read_bytes()).hexdigest()
    assert pages.style.name == f"app.{digest[:12]}.css"


@pytest.mark.parametrize("folder", ["web", "public"])
def test_no_page_holds_anything_that_its_policy_forbids(folder: str) -> None:
    """No script but ours, and none at all for readers; no inline style, no handler, nothing from another host."""
    ours = r'<script src="{{ (script|composer)_url }}" defer></script>' if folder == "web" else "$^"
    for path in (templates_dir() / folder).glob("*.html"):
        source = re.sub(ours, "", path.read_text(encoding="utf-8").lower())
        for forbidden in (
            "<script",
            "style=",
            "<style",
            " onclick",
            " onload",
            "javascript:",
            "http:",
            "https:",
        ):
            assert forbidden not in source, f"{path.name} holds {forbidden}"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder public/ of a templates folder of one's own."""
    (tmp_path / "public").mkdir()
    prefer_templates(tmp_path)
    return tmp_path / "public"


def problem() -> str:
    page = Pages("https://example.org/news", ()).page("public/problem.html", words=WORDS)
    return bytes(page.body).decode()


def test_a_public_page_of_one_s_own_goes_before_the_shipped_one(own: Path) -> None:
    (own / "base.html").write_text(
        '{% extends "shipped/public/base.html" %}{% block head %}<meta name="ours">{% endblock %}'
    )

    assert '<meta name="ours">' in problem()
    assert "<p>W</p>" in problem()


def test_a_malformed_page_of_one_s_own_is_named_with_its_line_at_the_start(own: Path) -> None:
    (own / "problem.html").write_text("one\n{% if %}")

    with pytest.raises(BrokenTemplate, match=r"public/problem\.html, line 2"):
        problem()


def test_a_page_of_one_s_own_that_fails_gives_way_to_the_shipped_one(
    own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (own / "problem.html").write_text("one\n{{ words.nothing.at_all }}")

    assert "<p>W</p>" in problem()
    assert "public/problem.html, line 2" in caplog.text


def test_staff_s_pages_are_as_shipped(own: Path) -> None:
    (own.parent / "web").mkdir()
    (own.parent / "web" / "problem.html").write_text("ours")
    page = Pages("https://example.org", ()).page("web/problem.html", words=WORDS)

    assert bytes(page.body).decode() != "ours"


def test_the_page_of_an_edition_runs_nothing_and_asks_nothing_of_another_host() -> None:
    """It has styles in it, as mail has; its one script element holds data."""
    source = (templates_dir() / "archive" / "edition.html").read_text(encoding="utf-8").lower()
    assert source.replace('<script type="application/ld+json">', "").count("<script") == 0
    for forbidden in (" onclick", " onload", "javascript:", "http:", "https:", "url(", "@import"):
        assert forbidden not in source, forbidden
