"""An edition begun, filled, put in order, compared and restored by commands, and what they say to wrong ones."""

import json

import pytest

from tests.journeys.conftest import Program

E = "2026-12"


@pytest.fixture
def begun(program: Program) -> Program:
    steps = (
        ("newsletter", "add", "pulse", "--name", "Pulse", "--from-address", "editor@example.org"),
        ("newsletter", "programme", "add", "section", "Care", "Housing"),
        ("newsletter", "programme", "add", "category", "Reports", "Briefings"),
        ("edition", "new", E),
        (
            "edition",
            "item",
            "add",
            E,
            "--to",
            "Care/Reports",
            "--title",
            "Who cares",
            "--url",
            "https://example.org/1",
        ),
        (
            "edition",
            "item",
            "add",
            E,
            "--to",
            "care/reports",
            "--title",
            "Who moves",
            "--summary",
            "One.\n\nTwo.",
        ),
    )
    for step in steps:
        ended = program(*step)
        assert ended.status == 0, ended.err
    return program


def _ready(begun: Program) -> None:
    """Let it be such that it can be sent, to one person."""
    begun("newsletter", "set", "postal-address", "4 Mill Lane")
    begun("edition", "set", E, "subject", "What care costs, {first_name|reader}")
    begun("edition", "set", E, "preheader", "Two things to read on care, and on who has to move for it.")
    (begun.folder / "letter.md").write_text("Dear reader,\n\nHello.", encoding="utf-8")
    begun("edition", "write", E, "letter", "--file", "letter.md")
    begun("edition", "item", "set", E, "2", "--url", "https://example.org/2")
    (begun.folder / "readers.csv").write_text("Email\nann@example.org\n", encoding="utf-8")
    begun("subscriber", "import", "readers.csv")


def test_several_names_join_the_programme_where_the_first_is_put_or_none_does(begun: Program) -> None:
    added = begun("newsletter", "programme", "add", "section", "Police", "Courts", "--first", "--json")
    said = json.loads(added.out)
    assert said["what"] == "Police, Courts are in the programme"
    assert [section["name"] for section in said["sections"]] == ["Police", "Courts", "Care", "Housing"]
    assert begun("newsletter", "programme", "add", "section", "Prisons", "Care").status == 4
    said = json.loads(begun("newsletter", "programme", "show", "--json").out)
    assert "Prisons" not in [section["name"] for section in said["sections"]]


def test_the_programme_says_what_it_took_back(begun: Program) -> None:
    added = begun("newsletter", "programme", "add", "section", "Police", "--json")
    assert json.loads(added.out)["what"] == "the section Police is in the programme"
    said = json.loads(begun("newsletter", "programme", "rename", "section", "Housing", "Homes", "--json").out)
    assert (said["editions"], said["reopened"]) == ([E], [])
    assert [section["name"] for section in said["sections"]] == ["Care", "Homes", "Police"]
    _ready(begun)
    approved = begun("edition", "approve", E, "--confirm-count", "1")
    assert "“What care costs, reader” goes to 1 person who gets Pulse" in approved.out, approved.err
    renamed = begun("newsletter", "programme", "rename", "section", "Care", "Caring")
    assert f"Likewise in {E}." in renamed.out
    assert f"{E} was to be sent, and was taken back" in renamed.out
    again = begun("edition", "approve", E, "--confirm-count", "1")
    assert again.status == 0
    begun("newsletter", "set", "from-name", "Somebody else")
    void = begun("edition", "approval", E).out
    assert "(from name of the newsletter changed)" in void
    assert f"Approve it: pulse-mailer edition approve pulse/{E}" in void


def test_nobody_is_told_to_approve_what_is_being_sent(begun: Program) -> None:
    begun.set("BACKEND", "memory")
    _ready(begun)
    begun("edition", "approve", E, "--confirm-count", "1")
    assert begun("edition", "send", E, "--no-wait", "--confirm-count", "1").status == 0
    begun("newsletter", "set", "from-name", "Somebody else")
    shown = begun("edition", "approval", E).out
    assert "its sender or backends changed since" in shown
    assert "Approve it" not in shown


def test_an_edition_without_items_is_as_short_as_it_can_be(begun: Program) -> None:
    begun("edition", "item", "remove", E, "1", "2")
    undone = begun("edition", "shorten", E, "--undo")
    assert (undone.status, undone.err) == (0, "")
    assert "nothing to change" in undone.out


def test_nothing_is_shown_of_what_nobody_would_get_or_is_approved_already(begun: Program) -> None:
    begun("newsletter", "set", "postal-address", "4 Mill Lane")
    refused = begun("edition", "approve", E, "--confirm-count", "1")
    assert (refused.status, refused.out) == (4, "")
    assert "has no active subscriber" in refused.err


def test_verbs_put_an_edition_in_order(begun: Program) -> None:
    moved = begun("edition", "item", "move", E, "2", "--to", "Housing/Briefings", "--json")
    assert json.loads(moved.out) == {
        "edition": f"pulse/{E}",
        "revision": 4,
        "what": "item 2 moved to Housing/Briefings",
        "items": [2],
        "changed": True,
        "reopened": False,
    }
    assert begun("edition", "item", "split", E, "2", "--title", "Who stays").status == 0
    assert begun("edition", "category", "merge", E, "Housing/Briefings", "Care/Reports").status == 0
    assert begun("edition", "section", "move", E, "Housing", "--first").status == 0
    assert begun("edition", "item", "hide", E, "3").status == 0
    shown = begun("edition", "show", E)
    assert shown.out.index("Housing") < shown.out.index("Care")
    assert "3 Who stays (no link) (hidden)" in shown.out
    assert "Letter: 0 paragraphs (to be written)" in shown.out
    assert "draft, 3 to write" in begun("edition", "list").out


def test_words_come_from_a_file(begun: Program) -> None:
    (begun.folder / "letter.md").write_bytes("Dear readers,\r\n\r\nwelcome – again.\r\n".encode("cp1252"))
    written = begun("edition", "write", E, "letter", "--file", "letter.md")
    assert (written.status, written.err) == (0, "")
    assert "Still to be written: subject, preheader." in written.out
    found = json.loads(begun("edition", "show", E, "--json").out)
    assert found["letter"]["text"] == "Dear readers,\n\nwelcome – again."
    assert found["to_write"] == ["subject", "preheader"]


def test_history_tells_what_changed_and_gives_it_back(begun: Program) -> None:
    begun("edition", "item", "set", E, "1", "--title", "Who really cares")
    told = begun("edition", "diff", E)
    assert "Item 1 “Who really cares”" in told.out
    assert "title changed: Who {+really +}cares" in told.out
    begun("edition", "item", "remove", E, "1", "2")
    assert begun("edition", "restore", E, "4").status == 0
    kept = json.loads(begun("edition", "history", E, "--json").out)
    assert [one["what"] for one in kept[:3]] == [
        "revision 4 restored",
        "items 1 and 2 removed",
        "title of item 1 set",
    ]
    found = json.loads(begun("edition", "show", E, "--json").out)
    assert [item["number"] for item in found["sections"][0]["categories"][0]["items"]] == [1, 2]


#: The command after `edition`, its exit status, and words of its message.
WRONG: list[tuple[tuple[str, ...], int, str]] = [
    (("new", E), 4, "There is an edition pulse/2026-12 already"),
    (("new", "a b"), 2, "cannot be an edition's key"),
    (("new", "2027-01", "--from", "2020-01"), 1, "no edition '2020-01'"),
    (("item", "add", E, "--to", "Sport", "--title", "x"), 1, "no category 'Sport'"),
    (("item", "add", E, "--to", "Reports", "--title", "x"), 2, "could be several"),
    (("item", "set", E, "1"), 2, "Nothing was said to change"),
    (("item", "set", E, "1", "--url", "javascript:x"), 2, "is no web address"),
    (("item", "set", E, "1", "--title", "x", "--revision", "1"), 4, "nothing of yours was stored"),
    (("item", "set", E, "1", "--picture", "none.png", "--alt", "x"), 1, "none.png cannot be read"),
    (("item", "move", E, "1", "--before", "2", "--first"), 2, "three different places"),
    (("item", "merge", E, "1", "1"), 2, "one and the same"),
    (("section", "remove", E, "Care"), 4, "Care holds 2 items"),
    (("section", "set", E, "Care", "--colour", "red"), 2, "is no colour"),
    (("set", E, "subject"), 2, "given a value, or kept"),
    (("set", E, "subject", "--keep"), 2, "The subject is empty"),
    (("write", E, "item"), 2, "item NUMBER"),
    (("write", E, "letter", "--file", "none.md"), 1, "none.md cannot be read"),
    (("restore", E, "99"), 1, "no revision 99"),
    (("diff", E, "1", "99"), 1, "no revision 99"),
]


def test_wrong_commands_say_why_and_change_nothing(begun: Program) -> None:
    # One after the other in one folder: to make it anew for each takes much longer than they do.
    unlike = {}
    for command, status, says in WRONG:
        ended = begun("edition", *command)
        if ended.status != status or says not in ended.err or "Traceback" in ended.err:
            unlike[" ".join(command)] = (ended.status, ended.err)
    assert unlike == {}
    assert json.loads(begun("edition", "show", E, "--json").out)["revision"] == 3
