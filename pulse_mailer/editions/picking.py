"""From the inbox into an edition: candidates become items."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from pulse_mailer.domain.edition import Category, Edition, Item
from pulse_mailer.domain.inbox import Candidate, CandidateStatus
from pulse_mailer.domain.names import fold
from pulse_mailer.domain.newsletter import ProgrammeCategory, ProgrammeSection
from pulse_mailer.domain.picture import Picture
from pulse_mailer.editions import following, inbox, reading
from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.editions.collecting import held, is_placed
from pulse_mailer.editions.duplicates import seen
from pulse_mailer.errors import NotFound, Refused, UsageError


@dataclass(frozen=True, slots=True)
class Place:
    """
    Attributes:
        edition: its key, or newsletter and key.
        section, category: where all of them go; empty: where each is meant to.
        again: also what the newsletter's editions show already.
        extend: names that the programme lacks are added to it.
        expected: the edition's revision that the person looked at.
    """

    edition: str
    section: str = ""
    category: str = ""
    again: bool = False
    extend: bool = False
    expected: int | None = None


@dataclass(slots=True)
class Placed:
    """
    Attributes:
        items: with the candidate that each was, in the order in which they were named.
        notes: what a person should know besides.
    """

    change: Change
    items: list[tuple[Candidate, Item]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def waiting(database: Session, where: Place) -> list[int]:
    """
    All of the inbox that wait and say where they go, in its order.

    Raises:
        NotFound: there is no such edition.
        UsageError: there is none.
    """
    lines = inbox.candidates(database, reading.edition(database, where.edition).newsletter_id)
    ids = [one.candidate.id for one in lines if one.candidate.section or where.section]
    if not ids:
        raise UsageError(
            "Nothing waits that names a section.", remedy="See what there is: pulse-mailer item list"
        )
    return ids


def place(database: Session, ids: Sequence[int], where: Place, *, actor: str) -> Placed:
    """
    Make items of candidates, each at the end of its category, which is made when the edition lacks it.

    All of them, or none.

    Raises:
        NotFound: there is no such candidate, edition or category, nor in the programme.
        Refused: one is placed already, or shown by an edition already; names each.
        UsageError: one says no section, or a name could be several.
        WrongState, Conflict: see `changing()`.
    """
    with changing(database, where.edition, actor=actor, expected=where.expected) as change:
        edition = change.edition
        by_id = {one.id: one for one in held(database, ids)}
        candidates = [by_id[one] for one in dict.fromkeys(ids)]
        _refuse(database, candidates, edition, again=where.again)
        placed = Placed(change)
        for candidate in candidates:
            category = _category(edition, candidate, where)
            placed.items.append((candidate, _item(database, edition, category, candidate, placed.notes)))
        change.numbers = tuple(item.number for _, item in placed.items)
        change.what = _said([item for _, item in placed.items])
        change.after = {"placed": {str(one.id): item.number for one, item in placed.items}}
    return placed


def _refuse(database: Session, candidates: list[Candidate], edition: Edition, *, again: bool) -> None:
    known = seen(database, edition.newsletter_id, inbox=False)
    problems = []
    for candidate in candidates:
        said = known.words(candidate.url, candidate.publisher, candidate.title)
        if candidate.newsletter_id != edition.newsletter_id:
            problems.append(f"{candidate.id} is in the inbox of another newsletter.")
        elif is_placed(database, candidate):
            problems.append(f"{candidate.id} is placed: {said[0] if said else 'already in an edition'}.")
        elif said and not again:
            problems.append(f"{candidate.id} {candidate.title}: {'; '.join(said)}.")
    if problems:
        remedy = "Leave those out, or place what is only repeated with --again."
        raise Refused("Nothing was placed. " + "\n".join(problems), remedy=remedy)


def _item(
    database: Session, edition: Edition, category: Category, candidate: Candidate, notes: list[str]
) -> Item:
    picture = database.get(Picture, candidate.picture_hash) if candidate.picture_hash else None
    if picture is not None and not candidate.picture_alt:
        # A picture that nobody can describe to who does not see it blocks sending.
        picture = None
        notes.append(
            f"{candidate.id} came without its picture, which is not described. "
            f'Describe it before it is placed, to have it: pulse-mailer item set {candidate.id} picture-alt "..."'
        )
    item = Item(
        number=edition.next_number(),
        publisher=candidate.publisher,
        title=candidate.title,
        url=candidate.url,
        summary=candidate.summary,
        picture=picture,
        picture_alt=candidate.picture_alt if picture else "",
        is_hidden=False,
        is_short=False,
    )
    category.items.append(item)
    candidate.status = CandidateStatus.PLACED
    candidate.edition_id, candidate.item_number = edition.id, item.number
    return item


def _category(edition: Edition, candidate: Candidate, where: Place) -> Category:
    section = where.section or candidate.section
    if not section:
        here = [one.name for one in edition.sections]
        known = ", ".join(dict.fromkeys([*here, *(one.name for one in edition.newsletter.sections)]))
        raise UsageError(
            f"{candidate.id} {candidate.title}: it says no section. Nothing was placed.",
            remedy=f"Name one with --section. There are: {known}."
            if known
            else "Name one: --section ... --new",
        )
    # A candidate's own category is of its own section.
    own = candidate.category if not where.section or fold(where.section) == fold(candidate.section) else ""
    name = where.category or own
    if where.extend:
        _extend(edition, section, name)
    try:
        return following.category(edition, f"{section}/{name}" if name else section)[1]
    except NotFound as error:
        raise NotFound(error.what, remedy=f"{error.remedy} To add it to the programme: --new") from error


def _extend(edition: Edition, section: str, category: str) -> None:
    """Add to the programme what neither it nor the edition has."""
    newsletter = edition.newsletter
    here = {fold(one.name) for one in edition.sections}
    if fold(section) not in here | {fold(one.name) for one in newsletter.sections}:
        place = len(newsletter.sections) + 1
        newsletter.sections.append(ProgrammeSection(position=place, name=section, colour="", is_news=False))
    if category and fold(category) not in {fold(one.name) for one in newsletter.categories}:
        newsletter.categories.append(
            ProgrammeCategory(position=len(newsletter.categories) + 1, name=category)
        )


def _said(items: list[Item]) -> str:
    numbers = ", ".join(str(item.number) for item in items)
    return f"{'item' if len(items) == 1 else 'items'} {numbers} placed from the inbox"
