"""Two into one: items, categories and sections merged, with every word and link of both kept."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from pulse_mailer.domain.edition import Category, Edition, Item, Section
from pulse_mailer.domain.inbox import Candidate
from pulse_mailer.domain.names import fold
from pulse_mailer.editions import places
from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.editions.places import PlacedItem
from pulse_mailer.editions.wording import checked_text
from pulse_mailer.errors import Refused, UsageError
from pulse_mailer.importing.inline import Run, write


def unite_items(
    database: Session,
    name: str,
    number: int,
    other: int,
    *,
    picture_of: int | None = None,
    actor: str,
    expected: int | None = None,
) -> Change:
    """
    Merge the other item into the first, which keeps its number, place and title.

    What the other was called, its publisher and its link stand as a line of the summary, with its own words below.

    Args:
        picture_of: whose picture stays, by number; None: the first's, or the other's where that has none.

    Raises:
        NotFound: there is no such item.
        UsageError: it is the same item, the picture is of neither, or the summary would be too long for mail.
        Refused: readers do not see the other, and would see its words.
        WrongState, Conflict: see `changing()`.
    """
    if number == other:
        raise _same()
    if picture_of not in (None, number, other):
        raise UsageError(f"Item {picture_of} is neither of the two.", remedy=f"Name {number} or {other}.")
    with changing(database, name, actor=actor, expected=expected) as change:
        into, gone = places.item(change.edition, number), places.item(change.edition, other)
        kept = into.item
        _refuse_showing(change.edition, into, gone)
        change.before = {str(one.number): one.title for one in (kept, gone.item)}
        kept.summary = joined_summary(kept, gone.item)
        chosen = f", with the picture of {picture_of or number}" if kept.picture and gone.item.picture else ""
        _take_picture(kept, gone.item, own=picture_of == number, others=picture_of == other)
        gone.category.items.remove(gone.item)
        change.what = f"item {other} merged into item {number}{chosen}"
        change.numbers = (number,)
        _hand_over(database, change.edition, other, number)
    return change


def joined_summary(kept: Item, gone: Item) -> str:
    """
    Raises:
        UsageError: it would be too long for mail.
    """
    # A bracket in an address would end the link.
    url = gone.url.replace("(", "%28").replace(")", "%29")
    title = Run(gone.title, target=url) if url else Run(gone.title, bold=True)
    publisher = [Run(f"{gone.publisher}. ")] if gone.publisher else []
    parts = (kept.summary, write([*publisher, title]), gone.summary)
    return checked_text("joined summary", "\n\n".join(part for part in parts if part))


def unite_categories(
    database: Session, name: str, category: str, other: str, *, actor: str, expected: int | None = None
) -> Change:
    """
    Put the items of the other category after those of the first, and take the other out.

    Raises:
        NotFound: there is no such category.
        UsageError: a name could mean several, or both mean one.
        WrongState, Conflict: see `changing()`.
    """
    with changing(database, name, actor=actor, expected=expected) as change:
        section, kept = places.category(change.edition, category)
        other_section, gone = places.category(change.edition, other)
        if kept is gone:
            raise _same()
        was = places.path(other_section, gone)
        _take_items(kept, gone, hidden=other_section.is_hidden and other_section is not section)
        other_section.categories.remove(gone)
        change.what = f"{was} merged into {places.path(section, kept)}"
    return change


def unite_sections(
    database: Session, name: str, section: str, other: str, *, actor: str, expected: int | None = None
) -> Change:
    """
    Put what stands in the other section into the first, categories of one name together; take the other out.

    Raises:
        NotFound: there is no such section.
        UsageError: a name could mean several, or both mean one.
        WrongState, Conflict: see `changing()`.
    """
    with changing(database, name, actor=actor, expected=expected) as change:
        kept, gone = places.section(change.edition, section), places.section(change.edition, other)
        if kept is gone:
            raise _same()
        for category in list(gone.categories):
            gone.categories.remove(category)
            _take_category(kept, category, hidden=gone.is_hidden)
        change.edition.sections.remove(gone)
        change.what = f"{gone.name} merged into {kept.name}"
    return change


def _take_category(kept: Section, category: Category, *, hidden: bool) -> None:
    alike = next((one for one in kept.categories if fold(one.name) == fold(category.name)), None)
    if alike is not None:
        _take_items(alike, category, hidden=hidden)
        return
    category.is_hidden = category.is_hidden or hidden
    kept.categories.append(category)


def _take_items(kept: Category, gone: Category, *, hidden: bool) -> None:
    """What readers were not to see stays hidden, whatever hid it."""
    for item in list(gone.items):
        gone.items.remove(item)
        item.is_hidden = item.is_hidden or gone.is_hidden or hidden
        kept.items.append(item)


def _refuse_showing(edition: Edition, kept: PlacedItem, gone: PlacedItem) -> None:
    """What was hidden from readers must not come before them as words of something that they see."""
    if gone.is_hidden and not kept.is_hidden:
        raise Refused(
            f"Readers do not see item {gone.item.number}, and would see its words in item {kept.item.number}.",
            remedy=f"Show it first: pulse-mailer edition item show {edition.name} {gone.item.number}",
        )


def _take_picture(kept: Item, gone: Item, *, own: bool, others: bool) -> None:
    if gone.picture is not None and (others or (kept.picture is None and not own)):
        kept.picture, kept.picture_alt = gone.picture, gone.picture_alt


def _hand_over(database: Session, edition: Edition, gone: int, kept: int) -> None:
    """Whoever looks for the candidate that became the one item finds it in the other."""
    database.execute(
        update(Candidate)
        .where(Candidate.edition_id == edition.id, Candidate.item_number == gone)
        .values(item_number=kept)
    )


def _same() -> UsageError:
    return UsageError("These are one and the same.", remedy="Name two.")
