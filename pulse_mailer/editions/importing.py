"""A staff document becomes a draft edition; the same document again changes nothing."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import audit, pictures
from pulse_mailer.clock import now
from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Item, Section
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeCategory, ProgrammeSection
from pulse_mailer.editions import changing, founding, history, reading
from pulse_mailer.errors import NotFound, PictureRefused, UnreadableDocument, UsageError, WrongState
from pulse_mailer.importing import read_document
from pulse_mailer.importing.draft import Doubt, DoubtfulLine, Draft, DraftItem, DraftPicture, Programme

ReadPicture = Callable[[str], bytes | None]

_KEY = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_KEY_LETTERS = 40


@dataclass(frozen=True, slots=True)
class Imported:
    """
    Attributes:
        what: "new", "changed" or "unchanged".
        founded: whether the newsletter was made from the document too.
        new_names: sections and categories that the newsletter's programme did not know.
        reopened: whether it was to be sent, and is a draft again.
    """

    edition: Edition
    draft: Draft
    what: str
    founded: bool
    new_names: tuple[str, ...]
    reopened: bool


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


def import_document(
    database: Session, name: str, data: bytes, read_picture: ReadPicture, *, wish: Wish, actor: str
) -> Imported:
    """
    Read a document into a draft edition of a newsletter, made anew or brought up to date.

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
    key = wish.key or draft.key
    if not key:
        raise UsageError(f"{name} names no month.", remedy="Say which edition it is: --key 2022-04")
    if not _KEY.fullmatch(key) or len(key) > _KEY_LETTERS:
        raise UsageError(
            f"{key[:_KEY_LETTERS]!r} cannot be an edition's key, which stands in web addresses.",
            remedy=f"Use letters, digits and single hyphens, at most {_KEY_LETTERS}, such as 2022-04.",
        )
    edition, what, reopened = _store(database, newsletter, key, name, draft, actor)
    new_names = () if what == "unchanged" else _extend_programme(newsletter, draft)
    return Imported(edition, draft, what, founded=founded, new_names=new_names, reopened=reopened)


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
            remedy="First: pulse-mailer newsletter add --help; then import with --newsletter.",
        )
    newsletter = founding.found(database, slug, values, actor=actor)
    newsletter.contact_lines = draft.contact_lines
    return newsletter


def _mail_address(draft: Draft) -> str:
    links = (line.get("url", "") for line in draft.contact_lines)
    return next((link.removeprefix("mailto:") for link in links if link.startswith("mailto:")), "")


def _store(
    database: Session, newsletter: Newsletter, key: str, name: str, draft: Draft, actor: str
) -> tuple[Edition, str, bool]:
    wanted = reading.whole_edition().where(Edition.newsletter_id == newsletter.id, Edition.key == key)
    # Sending may begin at the same moment; whoever holds the row goes first, and the other sees what came of it.
    edition = database.scalar(wanted.with_for_update(of=Edition))
    source_hash = _hash(draft)
    if edition is not None and edition.source_hash == source_hash:
        return edition, "unchanged", False
    reopened = edition is not None and changing.reopen(
        database, edition, actor=actor, why=f"import of {name}"
    )
    what = "new" if edition is None else "changed"
    if edition is None:
        edition = Edition(
            newsletter=newsletter, key=key, created_at=now(), status=EditionStatus.DRAFT, sections=[]
        )
        database.add(edition)
    elif edition.status is not EditionStatus.DRAFT:
        raise WrongState(
            f"The edition {key} is {edition.status.words}, and {name} differs from it.",
            remedy="An edition that went out is not changed; import under another key with --key.",
        )
    else:
        edition.revision += 1
    edition.source_name, edition.source_hash, edition.changed_at = name, source_hash, now()
    _fill(database, edition, newsletter, draft)
    database.flush()
    history.keep(database, edition, actor=actor, what=f"{name} imported")
    audit.record(
        database,
        actor,
        f"edition.imported-{what}",
        f"edition {newsletter.slug}/{key}",
        after={"document": name, "items": sum(1 for _ in draft.items()), "revision": edition.revision},
    )
    return edition, what, reopened


def _hash(draft: Draft) -> str:
    def plain(value: Any) -> Any:
        return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)

    said = json.dumps(dataclasses.asdict(draft), default=plain, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _fill(database: Session, edition: Edition, newsletter: Newsletter, draft: Draft) -> None:
    edition.period = draft.period
    edition.subject = draft.subject or ", ".join(part for part in (newsletter.name, draft.period) if part)
    edition.preheader = draft.preheader or _preheader(draft)
    edition.letter = draft.letter
    edition.closing, edition.signed_by, edition.signed_role = (
        draft.closing,
        draft.signed_by,
        draft.signed_role,
    )
    edition.sections = [
        Section(
            position=place,
            name=section.name,
            is_news=section.is_news,
            categories=[
                Category(
                    position=group,
                    name=category.name,
                    items=[
                        _item(database, edition, place, item, draft)
                        for place, item in enumerate(category.items, 1)
                    ],
                )
                for group, category in enumerate(section.categories, 1)
            ],
        )
        for place, section in enumerate(draft.sections, 1)
    ]
    edition.review = [
        {"line": doubt.line, "doubt": doubt.doubt.value, "text": doubt.text, "why": doubt.why}
        for doubt in sorted(draft.review, key=lambda doubt: doubt.line)
    ]


def _item(database: Session, edition: Edition, position: int, item: DraftItem, draft: Draft) -> Item:
    made = Item(
        position=position,
        number=edition.next_number(),
        publisher=item.publisher,
        title=item.title,
        url=item.url,
        summary=item.summary,
        source_line=item.line,
        picture=None,
    )
    if item.picture is not None:
        _attach(database, made, item.picture, draft)
    return made


def _attach(database: Session, item: Item, picture: DraftPicture, draft: Draft) -> None:
    try:
        item.picture = pictures.keep(database, picture.data)
        item.picture_alt = picture.alt
    except PictureRefused as error:
        draft.review.append(
            DoubtfulLine(
                line=item.source_line or 0,
                doubt=Doubt.PICTURE,
                text=picture.alt or item.title,
                why=f"The picture of this item was left out. {error}",
            )
        )


def _preheader(draft: Draft) -> str:
    sections = [section.name for section in draft.sections if not section.is_news]
    count = sum(section.item_count for section in draft.sections if not section.is_news)
    preheader = f"{count} {'entry' if count == 1 else 'entries'} this month: {', '.join(sections)}"
    return preheader if len(preheader) <= 130 else f"{count} entries in {len(sections)} sections this month"


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
