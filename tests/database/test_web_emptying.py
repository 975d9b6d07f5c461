"""A field that staff empty is empty afterwards, or refused in words that say so; it is never kept in silence."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from fastapi import params
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import founding, programme, reading
from pulse_mailer.editions.programme import Kind
from pulse_mailer.editions.spots import Spot
from pulse_mailer.web.app import create_app
from pulse_mailer.web.guards import SAFE_METHODS
from tests.database.editing_given import KEY, given_digest
from tests.database.test_web_people import client_of
from tests.unit.pictures_given import png

PULSE, EDITION = "/newsletters/pulse", f"/staff/editions/pulse/{KEY}/compose"

#: Nobody types these: they are chosen of a list, or stand in the page already.
CHOSEN = {"part", "other", "into", "field", "page", "went", "when", "reason", "next", "forced", "section"}


@pytest.fixture
def client(mailer: Mailer) -> TestClient:
    with mailer.database.transaction() as database:
        given_digest(database)
    return client_of(mailer, Role.ADMIN)


def typed_fields(dependant: Dependant) -> Iterator[tuple[str, FieldInfo]]:
    """The texts that FastAPI itself reads from a form, by name."""
    for one in dependant.body_params:
        info, shape = one.field_info, one.field_info.annotation
        if isinstance(info, params.Form) and not isinstance(info, params.File):
            if isinstance(shape, type) and issubclass(shape, BaseModel):
                yield from ((name, of) for name, of in shape.model_fields.items() if _is_text(of.annotation))
            elif _is_text(shape):
                yield one.name, info
    for other in dependant.dependencies:
        yield from typed_fields(other)


def _is_text(annotation: Any) -> bool:
    return annotation is str or any(_is_text(one) for one in get_args(annotation))


def test_every_text_of_a_form_is_declared_so_that_it_can_be_emptied(mailer: Mailer) -> None:
    found: dict[tuple[str | None, str], FieldInfo] = {}
    for route in iter_route_contexts(create_app(mailer).routes):
        if (route.methods or set()) - set(SAFE_METHODS) and getattr(route, "dependant", None):
            found |= {(route.path, name): info for name, info in typed_fields(route.dependant)}
    assert len(found) > 60
    kept = {where for where, info in found.items() if info.is_required() or info.default != ""}
    assert {where for where in kept if where[1] not in CHOSEN} == {
        ("/suppressions/remove", "address")  # of the page that asks once more
    }


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/texts", ("subject", "preheader", "period", "letter", "closing", "signed_by", "signed_role")),
        ("/items/2", ("publisher", "url", "summary", "picture_alt")),
    ],
)
def test_a_text_of_an_edition_is_emptied(
    mailer: Mailer, client: TestClient, path: str, fields: tuple[str, ...]
) -> None:
    client.post(
        f"{EDITION}/items/2/picture", files={"picture": ("a.png", png(40, 40))}, data={"picture_alt": "A"}
    )
    for words in ("https://example.org/full", ""):
        for field in fields:
            revision = _edition(mailer).revision
            answer = client.post(f"{EDITION}{path}", data={"revision": revision, field: words})
            assert answer.status_code == 303, answer.text
        edition = _edition(mailer)
        item = next(one for one in edition.items() if one.number == 2)
        assert {getattr(item if "items" in path else edition, field) for field in fields} == {words}


def test_what_a_newsletter_says_of_itself_is_emptied(mailer: Mailer, client: TestClient) -> None:
    full = {
        "reply_to": "answers@example.org",
        "postal_address": "1 Quay",
        "reason": "You asked for it.",
        "contact_lines": "Office | 1 Quay",
        "told": "ann@example.org",
        "backends": "smtp",
    }
    for values in (full, dict.fromkeys(full, "")):
        assert client.post(PULSE, data=values).status_code == 303
        with mailer.database.reading() as database:
            written = founding.written(reading.newsletter(database, "pulse"))
        assert {name: written[name] for name in values} == values


def test_a_colour_of_the_programme_is_emptied(mailer: Mailer, client: TestClient) -> None:
    with mailer.database.transaction() as database:
        programme.add(database, "pulse", Kind.SECTION, "Parks", Spot(), news=False, actor="ann")
    for colour in ("#005EA5", ""):
        answer = client.post(f"{PULSE}/programme", data={"do": "colour", "name": "Parks", "value": colour})
        assert answer.status_code == 303
        with mailer.database.reading() as database:
            parts = reading.newsletter(database, "pulse").sections
        assert next(one.colour for one in parts if one.name == "Parks") == colour


@pytest.mark.parametrize(
    ("path", "values", "words"),
    [
        (f"{EDITION}/sections", {"name": ""}, "name must not be empty"),
        (f"{EDITION}/sections/name", {"part": "Care", "name": ""}, "name must not be empty"),
        (f"{EDITION}/categories", {"part": "Care", "name": ""}, "name must not be empty"),
        (f"{EDITION}/categories/name", {"part": "Care/Reports", "name": ""}, "name must not be empty"),
        (f"{EDITION}/items/2", {"revision": 1, "title": ""}, "must not be empty"),
        (PULSE, {"name": ""}, "name must not be empty"),
        (PULSE, {"from_address": ""}, "from address must not be empty"),
        ("/account/name", {"name": ""}, "A name has 1 to"),
        ("/workers/pause", {"why": ""}, "why"),
    ],
)
def test_what_cannot_be_empty_is_refused_in_words(
    mailer: Mailer, client: TestClient, path: str, values: dict[str, Any], words: str
) -> None:
    before = _edition(mailer).revision
    answer = client.post(path, data=values)
    assert answer.status_code in (400, 422)
    assert words in answer.text
    assert _edition(mailer).revision == before


def _edition(mailer: Mailer) -> Any:
    with mailer.database.reading() as database:
        return reading.edition(database, f"pulse/{KEY}")
