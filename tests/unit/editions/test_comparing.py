"""Two contents of an edition are told apart as people would: moves are moves, and a new name is no new section."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pulse_mailer.domain.content import FIELDS, Content
from pulse_mailer.editions.comparing import compare

Change = Callable[[Content], None]


def item(number: int) -> dict[str, Any]:
    return {
        "number": number,
        "publisher": "Institute",
        "title": f"Title {number}",
        "url": f"https://example.org/{number}",
        "summary": "What was found.",
        "picture_hash": None,
        "picture_alt": "",
        "is_hidden": False,
        "is_short": False,
        "source_line": None,
        "source_key": "",
        "source_hash": "",
        "confidence": None,
    }


def section(name: str, **categories: list[int]) -> dict[str, Any]:
    return {
        "name": name,
        "colour": "",
        "is_news": False,
        "is_hidden": False,
        "categories": [
            {"name": category, "is_hidden": False, "items": [item(number) for number in numbers]}
            for category, numbers in categories.items()
        ],
    }


def content() -> Content:
    return {
        "fields": dict.fromkeys(FIELDS, "") | {"subject": "Pulse, March 2026"},
        "to_write": [],
        "sections": [
            section("Care", Reports=[1, 2, 3], Briefings=[4]),
            section("Housing", Reports=[5, 6]),
        ],
    }


def differences(change: Change) -> list[str]:
    after = copy.deepcopy(content())
    change(after)
    return [f"{one.place}: {one.what}" for one in compare(content(), after)]


def _move_item(after: Content) -> None:
    moved = after["sections"][0]["categories"][0]["items"].pop(0)
    after["sections"][1]["categories"][0]["items"].append(moved)


def _reorder_items(after: Content) -> None:
    items = after["sections"][0]["categories"][0]["items"]
    items.append(items.pop(0))


def _swap_sections(after: Content) -> None:
    after["sections"].reverse()


def _rename_section(after: Content) -> None:
    after["sections"][0]["name"] = "Social Care"


def _rename_category(after: Content) -> None:
    after["sections"][0]["categories"][0]["name"] = "Studies"


def _move_category(after: Content) -> None:
    after["sections"][1]["categories"].append(after["sections"][0]["categories"].pop())


def _remove_section(after: Content) -> None:
    del after["sections"][1]


def _add(after: Content) -> None:
    after["sections"].append(section("Justice", Reports=[7]))


def _set_item(after: Content) -> None:
    found = after["sections"][0]["categories"][1]["items"][0]
    found |= {"title": "Other", "url": "", "is_hidden": True, "picture_hash": "0" * 64}


def _write(after: Content) -> None:
    after["fields"]["subject"] = "Pulse, April 2026"
    after["to_write"] = ["letter"]


def _only_the_source(after: Content) -> None:
    after["sections"][0]["categories"][0]["items"][0] |= {"source_key": "a", "confidence": "sure"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda _after: None, []),
        (_move_item, ["Item 1 “Title 1”: moved from Care/Reports to Housing/Reports"]),
        (_reorder_items, ["Item 1 “Title 1”: moved within Care/Reports"]),
        (_swap_sections, ["Section Housing: moved to the beginning"]),
        (_rename_section, ["Section Social Care: was called Care"]),
        (_rename_category, ["Category Care/Studies: was called Reports"]),
        (_move_category, ["Category Housing/Briefings: moved here from Care/Briefings"]),
        (
            _remove_section,
            [
                "Section Housing: was removed",
                "Category Housing/Reports: was removed",
                "Item 5 “Title 5”: was removed from Housing/Reports",
                "Item 6 “Title 6”: was removed from Housing/Reports",
            ],
        ),
        (
            _add,
            [
                "Section Justice: is new",
                "Category Justice/Reports: is new",
                "Item 7 “Title 7”: is new in Justice/Reports",
            ],
        ),
        (
            _set_item,
            [
                "Item 4 “Other”: title changed",
                "Item 4 “Other”: link changed",
                "Item 4 “Other”: has a picture now",
                "Item 4 “Other”: is hidden",
            ],
        ),
        (_write, ["The subject: subject changed", "What is to be written: is letter now"]),
        (_only_the_source, []),  # what an import knows an item by is nobody's reading
    ],
)
def test_difference_is_said_as_people_would(change: Change, told: list[str]) -> None:
    assert differences(change) == told


def test_changed_words_come_with_their_pieces() -> None:
    after = copy.deepcopy(content())
    _write(after)
    first = compare(content(), after)[0]
    assert [(piece.mark, piece.text) for piece in first.pieces][1:3] == [
        ("removed", "March"),
        ("inserted", "April"),
    ]
