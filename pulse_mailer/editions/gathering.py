"""A document's items, proposed for the inbox instead of making an edition of them."""

from dataclasses import dataclass

from pulse_mailer import pictures
from pulse_mailer.editions.collecting import Proposal
from pulse_mailer.editions.importing import ReadPicture
from pulse_mailer.errors import PictureRefused, UnreadableDocument
from pulse_mailer.importing import read_document
from pulse_mailer.importing.draft import DraftItem, DraftPicture, Programme
from pulse_mailer.pictures import Prepared


@dataclass(frozen=True, slots=True)
class Gathered:
    """
    Attributes:
        left_out: lines of the document that are no part of an item, or doubtful; dealt with as in an import.
    """

    proposals: tuple[Proposal, ...]
    left_out: int
    notes: tuple[str, ...]


def gather(name: str, data: bytes, programme: Programme, read_picture: ReadPicture) -> Gathered:
    """
    Raises:
        DocumentError: it cannot be read, or holds no item.
    """
    draft = read_document(name, data, programme, read_picture)
    notes: list[str] = []
    proposals = tuple(
        _proposal(item, section.name, category.name, notes)
        for section in draft.sections
        for category in section.categories
        for item in category.items
    )
    if not proposals:
        raise UnreadableDocument(
            f"{name} holds no item.",
            remedy="docs/importing.md shows what sections, categories and items look like.",
        )
    return Gathered(proposals, len(draft.review), tuple(notes))


def _proposal(item: DraftItem, section: str, category: str, notes: list[str]) -> Proposal:
    picture = _picture(item, item.picture, notes) if item.picture else None
    return Proposal(
        source="document",
        title=item.title,
        url=item.url if item.url.startswith(("http://", "https://")) else "",
        publisher=item.publisher,
        summary=item.summary,
        section=section,
        category=category,
        picture=picture,
        picture_alt=item.picture.alt if item.picture and picture else "",
        wakes=True,
    )


def _picture(item: DraftItem, found: DraftPicture, notes: list[str]) -> Prepared | None:
    try:
        return pictures.prepare(found.data)
    except PictureRefused as error:
        notes.append(f"The picture of “{item.title}” (line {item.line}) was left out. {error}")
        return None
