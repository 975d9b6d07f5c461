"""What `edition check` prints of the findings."""

import json

import pytest

from pulse_mailer.cli.findings import print_findings
from pulse_mailer.composing.finding import LETTER, SUBJECT, Code, Finding, Spot, error, warning
from pulse_mailer.delivery.approving import Checked
from tests.unit.composing.test_preflight import edition, rendering

ITEM = Spot("Item 2 “Warm homes” in Reports, Care", 2, "Care", "Reports", "summary", 3)
FOUND = (
    error(Code.SUBJECT_MISSING, SUBJECT, "There is none.", "Write one."),
    error(Code.LINK_PLACEHOLDER, ITEM, "It leads nowhere.", "Put the real address in."),
    warning(Code.SPACING, LETTER, "Two spaces.", "Take one out."),
    warning(Code.PAIR_BROKEN, LETTER, "A [ has no partner.", "Put it in."),
)


def printed(
    capsys: pytest.CaptureFixture[str], *found: Finding, forced: tuple[str, ...] = (), json: bool = False
) -> str:
    print_findings(edition(), Checked(rendering(), found), forced, json=json)
    return capsys.readouterr().out


def test_what_blocks_comes_first_and_each_place_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, *FOUND).splitlines()[:11] == [
        "These block sending:",
        "The subject:",
        "  subject-missing There is none. Write one.",
        "Item 2 “Warm homes” in Reports, Care:",
        "  link-placeholder Line 3: It leads nowhere. Put the real address in.",
        "",
        "To look at:",
        "The letter:",
        "  spacing Two spaces. Take one out.",
        "  pair-broken A [ has no partner. Put it in.",
        "",
    ]


def test_closing_line_counts_and_says_what_to_type_next(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, *FOUND).splitlines()
    assert lines[-2].startswith("2026-11: 2 blocking, 2 to look at; the HTML has ")
    assert lines[-1].endswith("pulse-mailer edition check civic-pulse/2026-11")
    assert printed(capsys).splitlines()[-1].endswith("pulse-mailer edition send civic-pulse/2026-11")


def test_what_was_overridden_is_listed_apart(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, *FOUND, forced=("subject-missing",))
    assert out.index("Overridden by name:") > out.index("link-placeholder")
    assert "1 blocking, 2 to look at, 1 overridden" in out


def test_json_names_the_place_in_words_and_in_parts(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, *FOUND, forced=("subject-missing",), json=True))
    assert found[0]["overridden"] is True
    assert found[1] == {
        "severity": "error",
        "code": "link-placeholder",
        "overridden": False,
        "place": ITEM.words,
        "item": 2,
        "section": "Care",
        "category": "Reports",
        "field": "summary",
        "line": 3,
        "what": "It leads nowhere.",
        "remedy": "Put the real address in.",
    }


def test_what_many_places_in_a_row_have_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    spots = [Spot(f"Item {number} “Homes”", number, field="url") for number in range(1, 6)]
    found = [error(Code.LINK_MISSING, spot, "It has no link.", "Add it.") for spot in spots]
    lines = printed(
        capsys, *found, warning(Code.SPACING, spots[4], "Two spaces.", "Take one out.")
    ).splitlines()
    assert lines[1] == "link-missing 5 times: It has no link. Add it."
    assert lines[2:7] == [f"  Item {number} “Homes”" for number in range(1, 6)]
    assert lines[-2].count("bytes, the whole mail ") == 1
