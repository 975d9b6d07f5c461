"""What a page says of itself as linked data (JSON-LD with the words of schema.org)."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_MOST_LETTERS = 500_000  #: of one script
_MOST_NODES = 2_000
_WRAPPING = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*;?\s*$")
#: Where the thing that a page is about may stand; what it mentions, lists or belongs to stands elsewhere.
_INWARD = ("@graph", "mainEntity", "mainEntityOfPage")
_PAGES = frozenset(
    {"webpage", "itempage", "medicalwebpage", "aboutpage", "faqpage", "creativework", "qapage"}
)
_WORKS = frozenset({
    "article", "newsarticle", "analysisnewsarticle", "backgroundnewsarticle", "opinionnewsarticle",
    "reportagenewsarticle", "blogposting", "liveblogposting", "report", "scholarlyarticle", "medicalscholarlyarticle",
    "techarticle", "advertisercontentarticle", "satiricalarticle", "dataset", "digitaldocument", "publicationissue",
    "book", "guide", "event", "podcastepisode", "videoobject", "governmentservice", "specialannouncement", "course",
    "legislation", "howto", "thesis", "presentationdigitaldocument",
})  # fmt: skip
_BODIES = frozenset(
    {"ngo", "corporation", "collegeoruniversity", "hospital", "consortium", "school", "project"}
)

_Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stated:
    """All as it stands there; empty where nothing does."""

    title: str = ""
    publisher: str = ""
    summary: str = ""
    published: str = ""
    picture: str = ""


def stated(scripts: Iterable[str]) -> Stated:
    """What the scripts of a page say of the thing that it is about; what is no JSON in them is passed over."""
    nodes = list(_nodes([_read(script) for script in scripts]))
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}
    about = [node for kinds in (_WORKS, _PAGES) for node in nodes if _types(node) & kinds]
    return Stated(
        title=_first(_text(node.get(name)) for node in about for name in ("headline", "name")),
        publisher=_first(_publisher(node, by_id) for node in about),
        summary=_first(_text(node.get(name)) for node in about for name in ("description", "abstract")),
        published=_first(_text(node.get("datePublished")) for node in about),
        picture=_first(
            _picture(node.get(name), by_id) for node in about for name in ("image", "thumbnailUrl")
        ),
    )


def _read(script: str) -> Any:
    """None for what is no JSON, or nested beyond reason."""
    try:
        return json.loads(_WRAPPING.sub("", script[:_MOST_LETTERS]), strict=False)
    except (ValueError, RecursionError):
        return None


def _nodes(found: list[Any]) -> Iterator[_Node]:
    """The nodes, from the outermost inwards."""
    waiting, count = found, 0
    while waiting and count < _MOST_NODES:
        inner: list[Any] = []
        for one in waiting:
            count += 1
            if isinstance(one, list):
                inner += one
            elif isinstance(one, dict):
                yield one
                inner += [one[name] for name in _INWARD if name in one]
        waiting = inner[:_MOST_NODES]


def _types(node: _Node) -> set[str]:
    said = node.get("@type")
    every = said if isinstance(said, list) else [said]
    return {re.split(r"[/:#]", one)[-1].lower() for one in every if isinstance(one, str)}


def _publisher(node: _Node, by_id: dict[str, _Node]) -> str:
    """Who says it: an organisation that is its author, before the one that runs the site."""
    authors = [one for name in ("author", "creator") for one in _each(node.get(name), by_id)]
    bodies = [one for one in authors if any(_is_body(kind) for kind in _types(one))]
    run = [
        one
        for name in ("publisher", "sourceOrganization", "provider")
        for one in _each(node.get(name), by_id)
    ]
    return _first(_text(one.get("name")) for one in (*bodies, *run))


def _is_body(kind: str) -> bool:
    return kind.endswith("organization") or kind in _BODIES


def _each(value: Any, by_id: dict[str, _Node]) -> Iterator[_Node]:
    """The nodes that a value names, in place or by their ids; a bare name counts as one."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            yield {"name": one}
        elif isinstance(one, dict):
            yield by_id.get(str(one.get("@id")), one) if "name" not in one else one


def _picture(value: Any, by_id: dict[str, _Node]) -> str:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            node = by_id.get(str(one.get("@id")), one)
            found = _first(_text(node.get(name)) for name in ("url", "contentUrl"))
        else:
            found = _text(one)
        if found:
            return found
    return ""


def _text(value: Any) -> str:
    """A text, also one of several or with its language beside it."""
    for one in value if isinstance(value, list) else [value]:
        found = one.get("@value") if isinstance(one, dict) else one
        if isinstance(found, str) and found.strip():
            return found.strip()
    return ""


def _first(found: Iterable[str]) -> str:
    return next(filter(None, found), "")
