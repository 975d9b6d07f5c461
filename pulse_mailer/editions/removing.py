"""Taking items, categories and sections out of an edition; history keeps them, and the inbox gets its own back."""

from collections.abc import Hashable, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.edition import Edition, Item
from pulse_mailer.domain.inbox import Candidate, CandidateStatus
from pulse_mailer.domain.names import fold
from pulse_mailer.domain.web_address import folded
from pulse_mailer.editions import places
from pulse_mailer.editions.arranging import said
from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.errors import Refused


def remove_items(
    database: Session, name: str, numbers: Sequence[int], *, actor: str, expected: int | None = None
) -> Change:
    """
    Take items out.

    Raises:
        NotFound: there is no such item.
        WrongState, Conflict: see `changing()`.
    """
    with changing(database, name, actor=actor, expected=expected) as change:
        found = places.items(change.edition, numbers)
        for one in found:
            one.category.items.remove(one.item)
        change.what = f"{said(numbers)} removed"
        _gone(database, change, [one.item for one in found])
    return change


def remove_category(
    database: Session,
    name: str,
    category: str,
    *,
    with_items: bool = False,
    actor: str,
    expected: int | None = None,
) -> Change:
    """
    Take a category out.

    Args:
        with_items: also when something stands in it.

    Raises:
        NotFound: there is no such category.
        UsageError: the name could mean several.
        Refused: something stands in it.
        WrongState, Conflict: see `changing()`.
    """
    with changing(database, name, actor=actor, expected=expected) as change:
        section, found = places.category(change.edition, category)
        _refuse_full(places.path(section, found), len(found.items), with_items=with_items)
        section.categories.remove(found)
        change.what = f"{places.path(section, found)} removed"
        _gone(database, change, found.items)
    return change


def remove_section(
    database: Session,
    name: str,
    section: str,
    *,
    with_items: bool = False,
    actor: str,
    expected: int | None = None,
) -> Change:
    """Likewise for a section."""
    with changing(database, name, actor=actor, expected=expected) as change:
        found = places.section(change.edition, section)
        _refuse_full(found.name, found.item_count, with_items=with_items)
        change.edition.sections.remove(found)
        change.what = f"{found.name} removed"
        _gone(database, change, [item for category in found.categories for item in category.items])
    return change


def taken_again(database: Session, edition: Edition, items: Sequence[Item]) -> None:
    """Mark as placed what waits in the inbox, by its page or else by publisher and title, and is an item again."""
    wanted = select(Candidate).where(
        Candidate.newsletter_id == edition.newsletter_id, Candidate.status == CandidateStatus.WAITING
    )
    waiting: dict[Hashable, Candidate] = {}
    if items:
        for candidate in database.scalars(wanted.order_by(Candidate.id).with_for_update(of=Candidate)):
            waiting.setdefault(_same(candidate), candidate)
    for item in items:
        if (found := waiting.pop(_same(item), None)) is not None:
            found.status = CandidateStatus.PLACED
            found.edition_id, found.item_number = edition.id, item.number


def _same(one: Candidate | Item) -> Hashable:
    """What an item and the candidate that it was have alike."""
    return folded(one.url) if one.url else (fold(one.publisher or ""), fold(one.title))


def _refuse_full(path: str, count: int, *, with_items: bool) -> None:
    if count and not with_items:
        raise Refused(
            f"{path} holds {counted(count, 'item')}.",
            remedy="Move them elsewhere first, hide it instead, or remove it --with-items.",
        )


def _gone(database: Session, change: Change, items: Sequence[Item]) -> None:
    change.before = {str(item.number): item.title for item in items}
    change.numbers = tuple(item.number for item in items)
    given_back(database, change.edition, change.numbers)


def given_back(database: Session, edition: Edition, numbers: Sequence[int]) -> None:
    """Let the inbox have again what came from it as items that are gone."""
    database.execute(
        update(Candidate)
        .where(Candidate.edition_id == edition.id, Candidate.item_number.in_(numbers))
        .values(status=CandidateStatus.WAITING, edition_id=None, item_number=None)
    )
