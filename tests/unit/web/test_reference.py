"""The page about the API says what its document says."""

import pytest

from pulse_mailer.web.api import document
from pulse_mailer.web.reference import Call, Group, Kind, groups


@pytest.fixture(scope="module")
def reference() -> list[Group]:
    return list(groups(document.openapi()))


def call(reference: list[Group], method: str, path: str) -> Call:
    found = [
        one
        for group in reference
        for one in group.calls
        if (one.method, one.path) == (method, f"/api/v1{path}")
    ]
    assert len(found) == 1
    return found[0]


def test_each_call_is_there_once_by_its_kind(reference: list[Group]) -> None:
    told = {
        (method.upper(), path)
        for path, operations in document.openapi()["paths"].items()
        for method in operations
    }
    shown = [(one.method, one.path) for group in reference for one in group.calls]
    assert sorted(shown) == sorted(told)
    assert len({group.name for group in reference}) == len(reference)


def test_every_object_that_is_named_is_described_on_the_same_page(reference: list[Group]) -> None:
    for group in reference:
        values = [value for one in group.calls for value in one.takes] + [
            value for shape in group.shapes for value in shape.values
        ]
        named = {one.gives.shape for one in group.calls} | {value.kind.shape for value in values}
        assert named - {""} == {shape.name for shape in group.shapes}


def test_a_call_says_what_it_takes_where_and_what_it_gives(reference: list[Group]) -> None:
    found = call(reference, "POST", "/editions/{slug}/{key}/items/merge")
    assert {(one.name, one.where, one.is_needed) for one in found.takes} == {
        ("slug", "path", True),
        ("key", "path", True),
        ("if-match", "header", False),
        ("item", "body", True),
        ("other", "body", True),
        ("picture_of", "body", False),
    }
    assert (found.status, found.gives) == ("200", Kind("Changed", "Changed"))
    assert found.what[-1] == "Scope: compose."


def test_kinds_are_said_in_words(reference: list[Group]) -> None:
    kinds = {one.name: one.kind for one in call(reference, "POST", "/api-keys").takes}
    assert kinds["scopes"].words.startswith("list of read, compose,")
    assert kinds["days"] == Kind("integer or null")
    assert call(reference, "GET", "/editions").gives == Kind("list of EditionLine", "EditionLine")
    upload = call(reference, "PUT", "/newsletters/{slug}/logo").takes[-1]
    assert (upload.name, upload.kind) == ("the body", Kind("application/octet-stream"))
