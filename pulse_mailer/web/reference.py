"""The API for people to read: every call with what it takes and gives, made of the document that programs read."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import JSONResponse, Response

from pulse_mailer.web.api import document
from pulse_mailer.web.given import ThePages
from pulse_mailer.web.signed_in import require

Schema = Mapping[str, Any]

_REF = "#/components/schemas/"

#: A session opens the document here, and nothing at all where programs come with a key.
router = APIRouter(dependencies=[Depends(require())])


@dataclass(frozen=True, slots=True)
class Kind:
    """
    What a value is.

    Attributes:
        shape: the name of the object that it is, or that it holds; empty: of none.
    """

    words: str
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """
    One value that is sent or told.

    Attributes:
        where: it is sent: path, query, header or body; empty where it is told.
    """

    name: str
    kind: Kind
    about: str
    is_needed: bool
    where: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """
    Attributes:
        what: it does, as paragraphs.
        gives: what it answers when all is well.
    """

    method: str
    path: str
    what: tuple[str, ...]
    takes: tuple[Value, ...]
    gives: Kind
    status: str


@dataclass(frozen=True, slots=True)
class Shape:
    """An object that calls take or tell."""

    name: str
    about: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """
    Calls about one kind of thing.

    Attributes:
        shapes: the objects that they take and tell, and those within them.
    """

    name: str
    calls: tuple[Call, ...]
    shapes: tuple[Shape, ...]


@router.api_route("/api-reference", methods=["GET", "HEAD"])
def show_all(pages: ThePages) -> Response:
    about = document.openapi()["info"]["description"]
    return pages.page("web/api_reference.html", about=about, groups=_groups())


@router.api_route("/api-reference/openapi.json", methods=["GET", "HEAD"])
def show_document() -> Response:
    return JSONResponse(document.openapi())


@router.api_route("/api-reference/{name}", methods=["GET", "HEAD"])
def show_group(name: str, pages: ThePages) -> Response:
    found = next((one for one in _groups() if one.name == name), None)
    if found is None:
        raise HTTPException(404)
    return pages.page("web/api_calls.html", group=found)


@functools.cache
def _groups() -> tuple[Group, ...]:
    return tuple(groups(document.openapi()))


def groups(found: Schema) -> Iterator[Group]:
    """The calls of an OpenAPI document by what they are about, in the words of the page."""
    schemas: Mapping[str, Schema] = found["components"]["schemas"]
    by_tag: dict[str, list[Call]] = {}
    for path, operations in found["paths"].items():
        for method, told in operations.items():
            by_tag.setdefault(told["tags"][0], []).append(_call(method, path, told, schemas))
    for name, calls in by_tag.items():
        named = {one.gives.shape for one in calls} | {one.kind.shape for call in calls for one in call.takes}
        shapes = (
            Shape(one, schemas[one].get("description", ""), tuple(_values(schemas[one], schemas)))
            for one in sorted(_within(named - {""}, schemas))
        )
        yield Group(name, tuple(calls), tuple(shapes))


def _call(method: str, path: str, told: Schema, schemas: Mapping[str, Schema]) -> Call:
    status, answer = next((code, one) for code, one in told["responses"].items() if code.startswith("2"))
    return Call(
        method.upper(),
        path,
        tuple(told["description"].split("\n\n")),
        tuple(_taken(told, schemas)),
        _of_content(answer.get("content", {}), schemas),
        status,
    )


def _taken(told: Schema, schemas: Mapping[str, Schema]) -> Iterator[Value]:
    for one in told.get("parameters", ()):
        about = one.get("description", "")
        yield Value(one["name"], _kind(one["schema"], schemas), about, one.get("required", False), one["in"])
    if (body := told.get("requestBody")) is None:
        return
    content = next(iter(body["content"].values()))["schema"]
    values = list(_values(schemas.get(_name(content), content), schemas, "body"))
    about = body.get("description", content.get("description", ""))
    yield from values or [Value("the body", _of_content(body["content"], schemas), about, True, "body")]


def _values(found: Schema, schemas: Mapping[str, Schema], where: str = "") -> Iterator[Value]:
    needed = found.get("required", ())
    for name, one in found.get("properties", {}).items():
        yield Value(name, _kind(one, schemas), one.get("description", ""), name in needed, where)


def _of_content(content: Mapping[str, Schema], schemas: Mapping[str, Schema]) -> Kind:
    media_type, told = next(iter(content.items()), ("nothing", {}))
    is_json = media_type == "application/json"
    return _kind(told.get("schema", {}), schemas) if is_json else Kind(media_type)


def _kind(found: Schema, schemas: Mapping[str, Schema]) -> Kind:
    if name := _name(found):
        return _kind(schemas[name], schemas) if "enum" in schemas[name] else Kind(name, name)
    if several := found.get("anyOf"):
        kinds = [_kind(one, schemas) for one in several]
        return Kind(" or ".join(one.words for one in kinds), _one([one.shape for one in kinds]))
    if "enum" in found:
        return Kind(", ".join(map(str, found["enum"])))
    if found.get("type") == "array":
        inner = _kind(found["items"], schemas)
        return Kind(f"list of {inner.words}", inner.shape)
    if isinstance(inside := found.get("additionalProperties"), Mapping):
        inner = _kind(inside, schemas)
        return Kind(f"object of {inner.words}", inner.shape)
    return Kind(found.get("format") or found.get("type") or "anything")


def _within(names: set[str], schemas: Mapping[str, Schema]) -> set[str]:
    """These names of objects, and those of the objects within them."""
    known, waiting = set[str](), names
    while waiting:
        known |= waiting
        inside = {value.kind.shape for name in waiting for value in _values(schemas[name], schemas)}
        waiting = inside - known - {""}
    return known


def _name(found: Schema) -> str:
    return str(found.get("$ref", "")).removeprefix(_REF)


def _one(names: Sequence[str]) -> str:
    return next(filter(None, names), "")
