"""
What a document says, in the form in which an edition keeps it, so that the two can be held beside one another.

An edition keeps the hashes of what its document said last (`Edition.source`). Of each value there are then three:
what the document said, what it says, and what stands in the edition.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.edition import Item, Section
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.picture import Picture
from pulse_mailer.errors import PictureRefused
from pulse_mailer.importing.draft import Doubt, DoubtfulLine, Draft, DraftItem, DraftSection
from pulse_mailer.importing.names import fold

#: A section and a category in it, by their folded names; the second of one name has its number after a line feed.
Place = tuple[str, str]
Values = dict[str, str]
KeepPicture = Callable[[bytes], Picture]

_LONGEST_PREHEADER = 130


@dataclass(slots=True)
class Told:
    """
    One item as the document tells it.

    Attributes:
        key: what it is known by when the document comes again: a hash of publisher and title.
        values: what the edition would keep of it, by name; the picture by its hash.
        picture: as it is kept; None when there is none, or it was refused.
    """

    key: str
    place: Place
    item: DraftItem
    values: Values
    picture: Picture | None


def tell(draft: Draft, keep: KeepPicture) -> list[Told]:
    """
    The items of a document in their order; a picture that is refused goes to its review.

    Args:
        keep: stores a picture's bytes, or raises PictureRefused.
    """
    found: list[Told] = []
    seen: Counter[tuple[str, str]] = Counter()
    for places, section in zip(places_of(draft.sections), draft.sections, strict=True):
        for place, category in zip(places, section.categories, strict=True):
            for item in category.items:
                name = (fold(item.publisher), fold(item.title))
                seen[name] += 1
                picture = _kept(keep, item, draft)
                values = {
                    "publisher": item.publisher,
                    "title": item.title,
                    "url": item.url,
                    "summary": item.summary,
                    "picture": picture.content_hash if picture else "",
                    "picture_alt": item.picture.alt if picture and item.picture else "",
                }
                found.append(Told(key_of(*name, seen[name]), place, item, values, picture))
    return found


def key_of(publisher: str, title: str, count: int = 1) -> str:
    """What an item is known by; `count` tells apart those of one publisher and title in one document."""
    return _hash([fold(publisher), fold(title), count])[:32]


def values_of(item: Item) -> Values:
    """What stands in the edition, by the same names as in `Told.values`."""
    return {
        "publisher": item.publisher or "",
        "title": item.title,
        "url": item.url or "",
        "summary": item.summary or "",
        "picture": item.picture.content_hash if item.picture else "",
        "picture_alt": item.picture_alt or "",
    }


def hash_of(values: Values) -> str:
    """SHA-256 of an item's values, for `Item.source_hash`."""
    return _hash(values)


def short_hash(value: str) -> str:
    """Enough of a hash to tell whether a value is the same."""
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:16]


def source_of(told: Iterable[Told], fields: Values, draft: Draft) -> dict[str, Any]:
    """What `Edition.source` keeps of a document."""
    return {
        "sections": section_keys(draft.sections),
        "places": [list(place) for section in places_of(draft.sections) for place in section],
        "fields": {name: short_hash(value) for name, value in fields.items()},
        "items": {
            one.key: {
                "place": list(one.place),
                "values": {name: short_hash(value) for name, value in one.values.items()},
            }
            for one in told
        },
    }


def section_keys(sections: Sequence[DraftSection | Section]) -> list[str]:
    """What the sections of a document or an edition are known by."""
    return _numbered(section.name for section in sections)


def places_of(sections: Sequence[DraftSection | Section]) -> list[list[Place]]:
    """For each section of a document or an edition the places of its categories."""
    return [
        [(key, name) for name in _numbered(category.name or "" for category in section.categories)]
        for key, section in zip(section_keys(sections), sections, strict=True)
    ]


def fields_of(draft: Draft, newsletter: Newsletter) -> Values:
    """What the document says beside its items; subject and preheader are made where it has none."""
    made_subject = ", ".join(part for part in (newsletter.name, draft.period) if part)
    return {
        "period": draft.period,
        "subject": draft.subject or made_subject,
        "preheader": draft.preheader or _preheader(draft),
        "letter": draft.letter,
        "closing": draft.closing,
        "signed_by": draft.signed_by,
        "signed_role": draft.signed_role,
    }


def own_fields(draft: Draft) -> set[str]:
    """The names of the fields that the document itself fills."""
    names = ("period", "subject", "preheader", "letter", "closing", "signed_by", "signed_role")
    return {name for name in names if getattr(draft, name)}


def _numbered(names: Iterable[str]) -> list[str]:
    seen: Counter[str] = Counter()
    found = []
    for name in map(fold, names):
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}\n{seen[name]}")
    return found


def _kept(keep: KeepPicture, item: DraftItem, draft: Draft) -> Picture | None:
    if item.picture is None:
        return None
    try:
        return keep(item.picture.data)
    except PictureRefused as error:
        why = f"The picture of this item was left out. {error}"
        text = item.picture.alt or item.title
        draft.review.append(DoubtfulLine(item.line, Doubt.PICTURE, text, why, item.line))
        return None


def _hash(value: Any) -> str:
    said = json.dumps(value, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _preheader(draft: Draft) -> str:
    sections = [section.name for section in draft.sections if not section.is_news]
    count = sum(section.item_count for section in draft.sections if not section.is_news)
    preheader = f"{counted(count, 'entry', 'entries')} this month: {', '.join(sections)}"
    if len(preheader) <= _LONGEST_PREHEADER:
        return preheader
    return f"{counted(count, 'entry', 'entries')} in {counted(len(sections), 'section')} this month"
