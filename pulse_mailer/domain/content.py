"""
An edition's content as plain values: what history keeps, what is compared, and what an approval signs.

The same content always gives the same bytes. Pictures stand in it by the hash of theirs.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pulse_mailer.domain.edition import Category, Confidence, Edition, Item, Section
from pulse_mailer.domain.picture import Picture

Content = dict[str, Any]

#: What an edition says besides its sections.
FIELDS = ("period", "subject", "preheader", "letter", "closing", "signed_by", "signed_role")
_ITEM = (
    "number", "publisher", "title", "url", "summary", "picture_hash", "picture_alt", "is_hidden", "is_short",
    "source_line", "source_key", "source_hash", "confidence",
)  # fmt: skip


def content_of(edition: Edition) -> Content:
    """All that an edition says, its sections, categories and items loaded."""
    return {
        "fields": {name: getattr(edition, name) or "" for name in FIELDS},
        "to_write": list(edition.to_write or []),
        "sections": [
            {
                "name": section.name,
                "colour": section.colour or "",
                "is_news": bool(section.is_news),
                "is_hidden": bool(section.is_hidden),
                "categories": [
                    {
                        "name": category.name or "",
                        "is_hidden": bool(category.is_hidden),
                        "items": [_item(item) for item in category.items],
                    }
                    for category in section.categories
                ],
            }
            for section in edition.sections
        ],
    }


def put_content(edition: Edition, content: Content, pictures: Mapping[str, Picture]) -> None:
    """
    Make an edition say what `content` says; its items keep their numbers.

    Args:
        pictures: those that the content names, by the hash of their bytes.
    """
    for name in FIELDS:
        setattr(edition, name, content["fields"][name])
    edition.to_write = list(content["to_write"])
    edition.sections = [
        Section(
            position=place,
            name=section["name"],
            colour=section["colour"],
            is_news=section["is_news"],
            is_hidden=section["is_hidden"],
            categories=[
                Category(
                    position=group,
                    name=category["name"],
                    is_hidden=category["is_hidden"],
                    items=[_made(item, number, pictures) for number, item in enumerate(category["items"], 1)],
                )
                for group, category in enumerate(section["categories"], 1)
            ],
        )
        for place, section in enumerate(content["sections"], 1)
    ]
    edition.last_number = max([edition.last_number or 0, *(item.number for item in edition.items())])


def as_bytes(content: Content) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def hash_of(content: Content) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(as_bytes(content)).hexdigest()


def _item(item: Item) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(item, name) for name in _ITEM}
    found["picture_hash"] = item.picture.content_hash if item.picture else None
    for name in ("is_hidden", "is_short"):
        found[name] = bool(found[name])
    for name in ("publisher", "url", "summary", "picture_alt", "source_key", "source_hash"):
        found[name] = found[name] or ""
    found["confidence"] = item.confidence.value if item.confidence else None
    return found


def _made(item: dict[str, Any], position: int, pictures: Mapping[str, Picture]) -> Item:
    kept = {name: item[name] for name in _ITEM if name not in ("picture_hash", "confidence")}
    picture, confidence = item["picture_hash"], item["confidence"]
    return Item(
        position=position,
        picture=pictures[picture] if picture else None,
        confidence=Confidence(confidence) if confidence else None,
        **kept,
    )
