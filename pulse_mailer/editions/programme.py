"""The programme of a newsletter: the sections and categories that its editions may have, in their order."""

import enum
from typing import Any

from sqlalchemy import func, literal, select, update
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.inbox import Candidate, CandidateStatus, Feed
from pulse_mailer.domain.names import fold
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeCategory, ProgrammeSection
from pulse_mailer.domain.subscriber import Subscription
from pulse_mailer.editions import reading
from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.editions.sections import right_value
from pulse_mailer.editions.spots import Spot
from pulse_mailer.editions.wording import checked_name
from pulse_mailer.errors import NotFound, Refused, UsageError

_OPEN = (EditionStatus.DRAFT, EditionStatus.APPROVED, EditionStatus.SCHEDULED)


class Kind(enum.StrEnum):
    SECTION = "section"
    CATEGORY = "category"


def add(
    database: Session, slug: str | None, kind: Kind, name: str, spot: Spot, *, news: bool = False, actor: str
) -> Newsletter:
    """
    Add a section or category.

    Args:
        slug: the newsletter's short name; None: the only one there is.
        news: whether a section holds our own news.

    Raises:
        NotFound: there is no such newsletter, or nothing of the name that it is to stand beside.
        UsageError: the name cannot stand in mail.
        Refused: there is one of that name.
    """
    newsletter = _held(database, slug)
    name = checked_name(f"{kind.value}'s name", name)
    if news and kind is Kind.CATEGORY:
        raise UsageError("Only a section can hold our own news.")
    _refuse_twice(newsletter, kind, name)
    made = (
        ProgrammeSection(name=name, colour="", is_news=news)
        if kind is Kind.SECTION
        else ProgrammeCategory(name=name)
    )
    _put(newsletter, kind, made, spot)
    _note(database, newsletter, actor, f"{kind.value} {name} added")
    return newsletter


def rename(
    database: Session, slug: str | None, kind: Kind, name: str, new: str, *, actor: str
) -> tuple[Newsletter, list[Change]]:
    """
    Give a section or category another name; whoever chose it has chosen it still.

    Gives the newsletter, and the changes of its unsent editions, which call it so too from now on.

    Raises:
        NotFound: there is no such newsletter, section or category.
        UsageError: the new name cannot stand in mail.
        Refused: there is another of that name.
    """
    newsletter = _held(database, slug)
    found = _named(newsletter, kind, name)
    new = checked_name(f"{kind.value}'s name", new)
    _refuse_twice(newsletter, kind, new, but=found)
    old, found.name = found.name, new
    column = Feed.section if kind is Kind.SECTION else Feed.category
    database.execute(
        update(Feed).where(Feed.newsletter_id == newsletter.id, column == old).values({column: new})
    )
    column = Candidate.section if kind is Kind.SECTION else Candidate.category
    waiting = (Candidate.newsletter_id == newsletter.id, Candidate.status == CandidateStatus.WAITING)
    database.execute(update(Candidate).where(*waiting, column == old).values({column: new}))
    _note(database, newsletter, actor, f"{kind.value} {old} is called {new}")
    return newsletter, _rename_in_editions(database, newsletter, kind, old, new, actor)


def move(database: Session, slug: str | None, kind: Kind, name: str, spot: Spot, *, actor: str) -> Newsletter:
    """
    Move a section or category among its like; editions that there are keep their order.

    Raises:
        NotFound: there is no such newsletter, section or category.
        UsageError: it is to stand beside itself.
    """
    newsletter = _held(database, slug)
    found = _named(newsletter, kind, name)
    if spot.beside and _named(newsletter, kind, spot.beside) is found:
        raise UsageError("Nothing can stand beside itself.")
    _parts(newsletter, kind).remove(found)
    _put(newsletter, kind, found, spot)
    _note(database, newsletter, actor, f"{kind.value} {found.name} moved {spot.words}")
    return newsletter


def colour(database: Session, slug: str | None, section: str, value: str, *, actor: str) -> Newsletter:
    """
    Give a section a colour, which new editions take over; empty: the design's own.

    Raises:
        NotFound: there is no such newsletter or section.
        UsageError: the value is no colour.
    """
    newsletter = _held(database, slug)
    found = _named(newsletter, Kind.SECTION, section)
    found.colour = str(right_value("colour", value))
    _note(
        database, newsletter, actor, f"section {found.name} has the colour {found.colour or 'of the design'}"
    )
    return newsletter


def remove(
    database: Session, slug: str | None, kind: Kind, name: str, *, chosen: bool = False, actor: str
) -> Newsletter:
    """
    Take a section or category out of the programme; editions keep theirs.

    Args:
        chosen: also when subscribers chose the section, who then get nothing for it.

    Raises:
        NotFound: there is no such newsletter, section or category.
        Refused: subscribers chose the section.
    """
    newsletter = _held(database, slug)
    found = _named(newsletter, kind, name)
    count = _choosers(database, newsletter, found.id) if kind is Kind.SECTION else 0
    if count and not chosen:
        raise Refused(
            f"{counted(count, 'subscriber')} chose the section {found.name}.",
            remedy="Rename it instead, or remove it --chosen-too: they then get the others that they chose.",
        )
    _parts(newsletter, kind).remove(found)
    _number(newsletter)
    _note(database, newsletter, actor, f"{kind.value} {found.name} removed")
    return newsletter


def _held(database: Session, slug: str | None) -> Newsletter:
    """The newsletter with its programme, which nobody else changes until this transaction ends."""
    newsletter = reading.newsletter(database, slug)
    database.execute(select(Newsletter.id).where(Newsletter.id == newsletter.id).with_for_update())
    database.refresh(newsletter, ["sections", "categories"])
    return newsletter


def _parts(newsletter: Newsletter, kind: Kind) -> list[Any]:
    return newsletter.sections if kind is Kind.SECTION else newsletter.categories


def _named(newsletter: Newsletter, kind: Kind, name: str) -> Any:
    parts = _parts(newsletter, kind)
    for found in parts:
        if fold(found.name) == fold(name):
            return found
    listed = "; ".join(one.name for one in parts)
    raise NotFound(
        f"The programme of {newsletter.slug} has no {kind.value} {name!r}.",
        remedy=f"It has: {listed}." if listed else f"It has no {kind.value} yet.",
    )


def _put(newsletter: Newsletter, kind: Kind, thing: Any, spot: Spot) -> None:
    if spot.into:
        raise UsageError("What stands in a programme stands in nothing else.")
    beside = _named(newsletter, kind, spot.beside) if spot.beside else None
    spot.put([thing], _parts(newsletter, kind), beside)
    _number(newsletter)


def _number(newsletter: Newsletter) -> None:
    for kind in Kind:
        for place, part in enumerate(_parts(newsletter, kind), 1):
            part.position = place


def _refuse_twice(newsletter: Newsletter, kind: Kind, name: str, *, but: Any = None) -> None:
    if fold(name) in [fold(one.name) for one in _parts(newsletter, kind) if one is not but]:
        raise Refused(f"The programme of {newsletter.slug} has a {kind.value} {name!r} already.")


def _note(database: Session, newsletter: Newsletter, actor: str, what: str) -> None:
    audit.record(
        database, actor, "newsletter.programme-changed", f"newsletter {newsletter.slug}", after={"what": what}
    )
    database.flush()


def _choosers(database: Session, newsletter: Newsletter, section_id: int) -> int:
    chosen = literal(",") + Subscription.choice + literal(",")
    wanted = select(func.count(Subscription.id)).where(
        Subscription.newsletter_id == newsletter.id, chosen.contains(f",{section_id},")
    )
    return database.scalars(wanted).one()


def _rename_in_editions(
    database: Session, newsletter: Newsletter, kind: Kind, old: str, new: str, actor: str
) -> list[Change]:
    """A choice of the section finds it in an edition by its name, so that the two must not part."""
    wanted = select(Edition.key).where(Edition.newsletter_id == newsletter.id, Edition.status.in_(_OPEN))
    renamed = []
    what = f"{kind.value} {old} is called {new}, as in the programme"
    for key in list(database.scalars(wanted.order_by(Edition.key))):
        with changing(database, f"{newsletter.slug}/{key}", actor=actor, what=what) as change:
            for section in change.edition.sections:
                parts = [section] if kind is Kind.SECTION else section.categories
                taken = [
                    fold(one.name) for one in (change.edition.sections if kind is Kind.SECTION else parts)
                ]
                for part in parts:
                    if fold(part.name) == fold(old) and (fold(new) not in taken or fold(new) == fold(old)):
                        part.name = new
        if change.made:
            renamed.append(change)
    return renamed
