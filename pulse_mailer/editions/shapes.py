"""What is told of editions as plain values, alike by commands (`--json`) and by the API; kept stable."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pulse_mailer.composing.designs import Design
from pulse_mailer.domain.correction import Correction
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import founding, reading
from pulse_mailer.editions.changing import Change
from pulse_mailer.editions.comparing import Difference
from pulse_mailer.editions.history import Spell
from pulse_mailer.editions.picking import Placed
from pulse_mailer.editions.reading import EditionLine

if TYPE_CHECKING:
    from pulse_mailer.composing.meter import Meter
    from pulse_mailer.editions.importing import Imported

_LINE = ("slug", "key", "period", "subject", "status", "item_count", "to_write", "changed_at")


def newsletter(found: Newsletter) -> dict[str, Any]:
    """What a newsletter says of itself, and its programme."""
    values: dict[str, Any] = {name: getattr(found, name) for name in ("slug", *founding.FIELDS)}
    values["contact_lines"] = [
        " ".join(part for part in (line.get("label", ""), line.get("text", "")) if part)
        for line in found.contact_lines
    ]
    values["theme"] = [f"{name} {value}" for name, value in found.theme.items()]
    values["logo"] = found.logo.picture.file_name if found.logo else ""
    values["sections"] = [section.name for section in found.sections]
    values["categories"] = [category.name for category in found.categories]
    return values


def programme(found: Newsletter) -> dict[str, Any]:
    """The sections and categories that editions of a newsletter may have, in their order."""
    return {
        "newsletter": found.slug,
        "sections": [
            {"name": one.name, "colour": one.colour, "is_news": one.is_news} for one in found.sections
        ],
        "categories": [one.name for one in found.categories],
    }


def design(found: Design, newsletters: Sequence[Newsletter]) -> dict[str, Any]:
    """A design, and which of these newsletters use it."""
    return {
        "name": found.name,
        "title": found.title,
        "about": found.about,
        "used_by": [one.slug for one in newsletters if one.design == found.name],
    }


def line(found: EditionLine) -> dict[str, Any]:
    """An edition in a list."""
    return {name: getattr(found, name) for name in _LINE}


def change(made: Change) -> dict[str, Any]:
    """What a change of an edition did; `changed` is false where it was like that already."""
    return {
        "edition": made.edition.name,
        "revision": made.edition.revision,
        "what": made.what,
        "items": list(made.numbers),
        "changed": made.made,
        "reopened": made.reopened,
    }


def imported(made: "Imported", *, stored: bool) -> dict[str, Any]:
    """What came of a document: the edition with everything in it, and what became of the document's items."""
    told = {"import": made.what, "items": made.tally.as_json(), "stored": stored}
    return reading.as_json(made.edition) | told


def size(edition: str, found: "Meter") -> dict[str, Any]:
    """What each part and item costs of the mail's HTML, and which to show short."""
    advice = found.advice()
    return {
        "edition": edition,
        "html_bytes": found.size,
        "parts": [{"name": name, "bytes": count} for name, count in found.parts],
        "items": [
            {
                "number": item.number,
                "title": item.title,
                "section": item.section,
                "short": item.is_short,
                "bytes": item.size,
                "short_saves": item.saves,
            }
            for item in found.items
        ],
        "advice": {
            "items": list(advice.numbers),
            "html_bytes": advice.size,
            "goal": advice.goal,
            "enough": advice.is_enough,
        },
    }


def correction(found: Correction) -> dict[str, Any]:
    """What was put right after an edition had gone out."""
    return {"at": found.at, "actor": found.actor, "note": found.note}


def placed(made: Placed) -> dict[str, Any]:
    """What went from the inbox into an edition."""
    edition = made.change.edition
    return {
        "edition": edition.name,
        "revision": edition.revision,
        "placed": [{"id": candidate.id, "item": item.number} for candidate, item in made.items],
        "notes": list(made.notes),
    }


def spell(found: Spell) -> dict[str, Any]:
    """One line of an edition's history."""
    return {name: getattr(found, name) for name in ("revision", "at", "actor", "what")}


def difference(found: Difference) -> dict[str, Any]:
    """What is different in one place, piece by piece."""
    return {
        "place": found.place,
        "item": found.number,
        "field": found.field,
        "what": found.what,
        "pieces": [{"mark": piece.mark, "text": piece.text} for piece in found.pieces],
    }
