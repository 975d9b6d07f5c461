"""A staff document becomes a draft edition, or brings one up to date; the same document again changes nothing."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import audit, pictures
from pulse_mailer.clock import now
from pulse_mailer.domain.edition import Edition, EditionStatus, Item
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeCategory, ProgrammeSection
from pulse_mailer.editions import changing, footers, founding, history, reading, reimporting, sources
from pulse_mailer.editions.wording import checked_key
from pulse_mailer.errors import NotFound, UnreadableDocument, UsageError
from pulse_mailer.importing import read_document
from pulse_mailer.importing.draft import Draft, Programme

ReadPicture = Callable[[str], bytes | None]


@dataclass(slots=True)
class Imported:
    """
    Attributes:
        what: "new", "changed" or "unchanged".
        tally: what became of each of the document's items.
        founded: whether the newsletter was made from the document too.
        new_names: sections and categories that the newsletter's programme did not know.
        reopened: whether it was to be sent, and is a draft again.
    """

    edition: Edition
    draft: Draft
    what: str
    tally: reimporting.Tally
    founded: bool = False
    new_names: tuple[str, ...] = ()
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What the person importing asked for beside the document.

    Attributes:
        newsletter: short name of the newsletter; None to go by the document's masthead.
        found: make the newsletter from the document when there is none.
        from_address: sender of a newsletter made so; empty to take the document's e-mail address.
        key: short name of the edition; empty to go by the document's period.
    """

    newsletter: str | None = None
    found: bool = False
    from_address: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class _Brought:
    """A document on its way into an edition."""

    name: str
    draft: Draft
    key: str
    actor: str


def import_document(
    database: Session, name: str, data: bytes, read_picture: ReadPicture, *, wish: Wish, actor: str
) -> Imported:
    """
    Read a document into a draft edition of a newsletter, made anew or brought up to date item by item.

    What staff changed, moved, hid or took out since the document came last stays as they left it.

    Raises:
        DocumentError: it cannot be read; nothing was stored.
        NotFound: its newsletter is not there, and making it was not asked for.
        UsageError: the document names no period and no key was given, or that cannot be a key.
        WrongState: the edition is no draft any more, and the document differs from it.
    """
    newsletter = None if wish.newsletter is None else reading.newsletter(database, wish.newsletter)
    draft = read_document(name, data, _programme(database, newsletter), read_picture)
    if not any(draft.items()):
        raise UnreadableDocument(
            f"{name} holds no item.",
            remedy="docs/importing.md shows what sections, categories and items look like.",
        )
    newsletter = newsletter or _named(database, draft.newsletter)
    founded = newsletter is None
    if newsletter is None:
        newsletter = _found(database, draft, wish, actor)
    else:
        footers.list_differences(draft, newsletter)
    brought = _Brought(name, draft, _key(name, wish.key or draft.key), actor)
    edition = database.scalar(
        reading.whole_edition().where(Edition.newsletter_id == newsletter.id, Edition.key == brought.key)
    )
    if edition is None:
        imported = _make(database, newsletter, brought)
    else:
        imported = _bring_up_to_date(database, edition, brought)
    imported.founded = founded
    if imported.what != "unchanged":
        imported.new_names = _extend_programme(newsletter, draft)
    return imported


def _key(name: str, key: str) -> str:
    if not key:
        raise UsageError(f"{name} names no month.", remedy="Say which edition it is: --key 2022-04")
    checked_key(key)
    return key


def _programme(database: Session, newsletter: Newsletter | None) -> Programme:
    known = [newsletter] if newsletter else reading.newsletters(database)
    publishers = select(Item.publisher).where(Item.publisher != "").distinct().order_by(Item.publisher)
    return Programme(
        sections=tuple(section.name for one in known for section in one.sections),
        categories=tuple(category.name for one in known for category in one.categories),
        publishers=tuple(database.scalars(publishers)),
    )


def _named(database: Session, name: str) -> Newsletter | None:
    folded = name.casefold()
    return next((one for one in reading.newsletters(database) if one.name.casefold() == folded), None)


def _found(database: Session, draft: Draft, wish: Wish, actor: str) -> Newsletter:
    if not draft.newsletter:
        raise UsageError(
            "The document does not say which newsletter it belongs to.", remedy="Name it: --newsletter"
        )
    if not wish.found:
        raise NotFound(
            f"There is no newsletter called {draft.newsletter!r}.",
            remedy="Name one with --newsletter, or add --new-newsletter to make it from what the document says.",
        )
    from_address = wish.from_address or _mail_address(draft)
    if not from_address:
        raise UsageError(
            "The document holds no e-mail address to send from.", remedy="Give one: --from-address"
        )
    values = {
        "name": draft.newsletter,
        "from_address": from_address,
        "postal_address": draft.postal_address,
        "reason": draft.reason,
    }
    slug = founding.slug_for(draft.newsletter)
    if not slug:
        raise UsageError(
            f"No short name can be made of {draft.newsletter!r}, which has no letters of a web address.",
            remedy="Make one first, and import into it by --newsletter: pulse-mailer newsletter add --help",
        )
    newsletter = founding.found(database, slug, values, actor=actor)
    newsletter.contact_lines = draft.contact_lines
    return newsletter


def _mail_address(draft: Draft) -> str:
    links = (line.get("url", "") for line in draft.contact_lines)
    return next((link.removeprefix("mailto:") for link in links if link.startswith("mailto:")), "")


def _bring_up_to_date(database: Session, edition: Edition, brought: _Brought) -> Imported:
    draft, said = brought.draft, _hash(brought.draft)
    same = Imported(edition, draft, "unchanged", reimporting.standing(edition))
    if edition.source_hash == said:
        return same
    told, fields = (
        sources.tell(draft, partial(pictures.keep, database)),
        sources.fields_of(draft, edition.newsletter),
    )
    with changing.changing(database, edition.name, actor=brought.actor) as change:
        if edition.source_hash == said:
            return same  # somebody else imported it while this one waited
        revision = edition.revision
        tally = reimporting.bring_in(edition, told, fields, draft)
        edition.source_name, edition.source_hash = brought.name, said
        change.what = f"{brought.name} imported: {tally.sentence}"
        change.after = {"document": brought.name}
    what = "unchanged" if edition.revision == revision else "changed"
    return Imported(edition, draft, what, tally, reopened=change.reopened)


def _make(database: Session, newsletter: Newsletter, brought: _Brought) -> Imported:
    draft = brought.draft
    edition = Edition(
        newsletter=newsletter,
        key=brought.key,
        status=EditionStatus.DRAFT,
        sections=[],
        source={},
        review=[],
        to_write=[],
        created_at=now(),
        changed_at=now(),
        source_name=brought.name,
        source_hash=_hash(draft),
    )
    told, fields = sources.tell(draft, partial(pictures.keep, database)), sources.fields_of(draft, newsletter)
    tally = reimporting.bring_in(edition, told, fields, draft)
    database.add(edition)
    database.flush()
    history.keep(database, edition, actor=brought.actor, what=f"{brought.name} imported")
    audit.record(
        database,
        brought.actor,
        "edition.imported",
        f"edition {edition.name}",
        after={"document": brought.name, "items": tally.new, "revision": edition.revision},
    )
    return Imported(edition, draft, "new", tally)


def _hash(draft: Draft) -> str:
    def plain(value: Any) -> Any:
        return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)

    said = json.dumps(dataclasses.asdict(draft), default=plain, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _extend_programme(newsletter: Newsletter, draft: Draft) -> tuple[str, ...]:
    known_sections = {section.name for section in newsletter.sections}
    new_sections = [section for section in draft.sections if section.name not in known_sections]
    known_categories = {category.name for category in newsletter.categories} | {""}
    named = (
        category.name for section in draft.sections if not section.is_news for category in section.categories
    )
    # A dict keeps the order in which the document names them first.
    new_categories = [name for name in dict.fromkeys(named) if name not in known_categories]
    newsletter.sections.extend(
        ProgrammeSection(position=place, name=section.name, is_news=section.is_news)
        for place, section in enumerate(new_sections, len(newsletter.sections) + 1)
    )
    newsletter.categories.extend(
        ProgrammeCategory(position=place, name=name)
        for place, name in enumerate(new_categories, len(newsletter.categories) + 1)
    )
    return (*(section.name for section in new_sections), *new_categories)
