"""Whatever is sent to a page or a call, no route fails: it is done, refused, or not understood."""

import datetime
import enum
import itertools
import re
import types
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.staff import Role
from pulse_mailer.web.api import document
from pulse_mailer.web.api.calls import Calls
from pulse_mailer.web.app import create_app
from pulse_mailer.web.guards import SAFE_METHODS
from tests.database.api_given import key
from tests.databases import BOTH_DATABASES
from tests.pages_given import KEY, SLUG, given_draft, given_readers
from tests.staff_given import COOKIE, csrf, given_staff, token

DATABASES = BOTH_DATABASES  # each refuses other things

HOSTILE = [
    "\0", "a\0b", "99999999999999999999999", "-1", "0", "1", "'\"><script>alert(1)</script>", "\uffff", "=1+1",
    "{first_name|", "x" * 20_000,
]  # fmt: skip
#: What PostgreSQL takes in another way than SQLite.
HARD = ["\0", "a\0b", "99999999999999999999999", "\uffff", "x" * 20_000]
TRIED = [*(("sqlite", value) for value in HOSTILE), *(("postgresql", value) for value in HARD)]


@pytest.fixture
def client(mailer: Mailer) -> Iterator[TestClient]:
    given_staff(mailer)
    app = create_app(mailer)
    with TestClient(app, base_url="http://127.0.0.1:8025", raise_server_exceptions=False) as found:
        yield found


def names(dependant: Dependant) -> tuple[set[str], set[str]]:
    """What a route takes in its form and in its query."""
    form, query = set[str](), set[str]()
    for one in (dependant, *dependant.dependencies):
        form |= {name for param in one.body_params for name in _names(param)}
        query |= {name for param in one.query_params for name in _names(param)}
    return form, query


def _names(param: Any) -> list[str]:
    return list(getattr(param.field_info.annotation, "model_fields", {})) or [param.alias]


@pytest.mark.parametrize(
    ("database_url", "value"),
    TRIED,
    ids=[f"{kind}-{value!r:.24}" for kind, value in TRIED],
    indirect=["database_url"],
)
def test_no_route_fails(client: TestClient, mailer: Mailer, value: str) -> None:
    headers = csrf() | {"Cookie": f"{COOKIE}={token(Role.ADMIN)}"}
    failed = []
    for route in iter_route_contexts(create_app(mailer).routes):
        assert route.path is not None
        form, query = names(route.dependant)
        path = re.sub(r"\{(\w+)(:\w+)?\}", quote(value[:2000], safe=""), route.path)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            given_staff(mailer, Role.ADMIN)  # whatever the route before did
            data = dict.fromkeys(form, value) if method != "GET" else None
            answer = client.request(
                method,
                path,
                params=dict.fromkeys(query, value[:2000]),
                data=data,
                headers=headers,
                follow_redirects=False,
            )
            if answer.status_code >= 500:
                failed.append(f"{method} {route.path}: {answer.status_code}")
    assert failed == []


# The bodies of a program are of the right shape here, and what they are about is there: so the words in them come as
# far as the code that takes words. What is of no shape, or of nothing that there is, is sent above.

#: Words that a field may hold as far as its declaration says.
WORDS = ["'\"><script>alert(1)</script>", "{first_name|", "\uffff", "=1+1", "-1", "x" * 400, ""]
#: What stands in the path of a call that is about something.
THERE = {
    "slug": SLUG,
    "key": KEY,
    "number": "1",
    "kind": "sections",
    "name": "smtp",
    "address": "full@example.org",
}
#: Calls that ask elsewhere, or go on behind the answer.
ELSEWHERE = {"/api/v1/backends/{name}/check", "/links", "/rehearsal"}
_MADE: dict[Any, Callable[[Iterator[str]], object]] = {
    str: next,
    int: lambda _: 1,
    float: lambda _: 1.0,
    bool: lambda _: True,
    datetime.datetime: lambda _: "2026-12-01T09:00:00Z",
    datetime.date: lambda _: "2026-12-01",
}


def shaped(wanted: Any, words: Iterator[str]) -> Any:
    """A value of that type, with the next words wherever there is room for any."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin is Annotated:
        return shaped(inner[0], words)
    if origin in (Union, types.UnionType):
        return shaped(inner[0], words)
    if origin is list:
        return [shaped(inner[0], words)]
    if origin is dict:
        return {"title": shaped(inner[1], words)}
    if origin is Literal:
        return inner[0]
    if issubclass(wanted, BaseModel):
        fields = wanted.model_fields.items()
        return {field.alias or name: shaped(field.annotation, words) for name, field in fields}
    if issubclass(wanted, enum.Enum):
        return next(iter(wanted)).value
    return _MADE[wanted](words)


def test_no_call_fails_of_a_program_that_may_do_everything(client: TestClient, mailer: Mailer) -> None:
    assert isinstance(client.app, FastAPI)
    client.app.state.calls = Calls(100_000, 100_000)
    given_draft(mailer)
    given_readers(mailer)
    key(mailer)  # of the number that is asked to be revoked
    headers, failed, answered = key(mailer), [], set()
    for begin, route in itertools.product((0, 3), list(iter_route_contexts(document.router.routes))):
        path = str(route.path)
        if path.endswith(tuple(ELSEWHERE)):
            continue
        words = itertools.cycle(WORDS[begin:] + WORDS[:begin])
        body = route.dependant.body_params
        sent = shaped(body[0].field_info.annotation, words) if body else None
        there = re.sub(r"\{(\w+)(:\w+)?\}", lambda found: THERE.get(found[1], "1"), path)
        for method in sorted((route.methods or set()) - set(SAFE_METHODS)):
            given: dict[str, Any] = {"json": sent} if body else {"content": next(words).encode()}
            answer = client.request(method, there, headers=headers, params={"name": "a.md"}, **given)
            answered.add(answer.status_code)
            if answer.status_code >= 500:
                failed.append(f"{method} {path} {sent}: {answer.status_code}")
    assert failed == []
    assert {200, 201, 400, 404, 409, 422} - answered == set()  # some did as they were told
