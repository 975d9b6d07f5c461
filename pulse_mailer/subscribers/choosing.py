"""Which sections of a newsletter a person wants; nobody who chose none of them gets them all."""

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from pulse_mailer import audit
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.names import fold
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeSection
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionStatus
from pulse_mailer.domain.variant import choice_of, ids_of
from pulse_mailer.errors import NotFound, UsageError, WrongState
from pulse_mailer.keys import Keys


@dataclass(frozen=True, slots=True)
class Chosen:
    """
    Attributes:
        sections: the names of those that the person gets; empty: all of them.
        before: the choice that it replaces, as Subscriptions hold it.
        changed: whether it was otherwise before.
    """

    sections: tuple[str, ...]
    before: str
    changed: bool


def choose(
    database: Session,
    keys: Keys,
    newsletter: Newsletter,
    address: Address,
    names: Sequence[str],
    *,
    actor: str,
) -> Chosen:
    """
    Have a person get some sections of a newsletter, from the next edition on whose sending begins.

    Args:
        newsletter: with its programme loaded.
        names: of sections of the programme, in any case; none: all of them, also such as the programme gets later.

    Raises:
        NotFound: nobody is subscribed by that address.
        WrongState: the person has left.
        UsageError: a section that the programme does not have, or one that goes to everybody.
    """
    wanted = choice_named(newsletter, names)
    subscription = _held(
        database,
        Subscriber.address_hash == keys.hash_address(address.key),
        Subscription.newsletter_id == newsletter.id,
    )
    if subscription is None:
        raise NotFound(
            f"{address} is not a subscriber of {newsletter.name}.",
            remedy="Add them: pulse-mailer subscriber add ADDRESS",
        )
    return _choose(database, subscription, wanted, actor, f"{address} has left {newsletter.name}")


def choose_by_link(database: Session, public_id: str, ids: Collection[int] | None, *, actor: str) -> Chosen:
    """
    Have whom a link belongs to get some sections, as `choose()` does.

    Args:
        ids: of sections of the programme; None: all of them, also such as the programme gets later.

    Raises:
        NotFound: nobody is known by that public id.
        WrongState: they have left, or a section is no longer there to be chosen.
        UsageError: none was chosen.
    """
    subscription = _held(database, Subscription.public_id == public_id)
    if subscription is None:
        raise NotFound("Nobody is subscribed by this link.")
    if ids is not None:
        if not ids:
            raise UsageError("Tick at least one section.")
        there = {section.id for section in programme(database, subscription.newsletter_id).choosable}
        if not there.issuperset(ids):
            raise WrongState("The sections have changed since you opened the page. Please choose again.")
    return _choose(database, subscription, choice_of(list(ids or ())), actor, "You have left")


def programme(database: Session, newsletter_id: int) -> Newsletter:
    """A newsletter with its sections loaded."""
    sections = selectinload(Newsletter.sections)
    return database.get_one(Newsletter, newsletter_id, options=[sections], populate_existing=True)


def _held(database: Session, *which: ColumnElement[bool]) -> Subscription | None:
    found = select(Subscription).join(Subscriber, Subscriber.id == Subscription.subscriber_id)
    return database.scalar(found.where(*which).with_for_update(of=Subscription))


def _choose(database: Session, subscription: Subscription, after: str, actor: str, left: str) -> Chosen:
    if subscription.status is SubscriptionStatus.UNSUBSCRIBED:
        raise WrongState(f"{left}, and nothing can be chosen.")
    # All that there are is not the same as no choice: what the programme gets later was not chosen.
    before = subscription.choice
    if before != after:
        subscription.choice = after
        audit.record(
            database,
            actor,
            "subscription.sections-chosen",
            f"subscription {subscription.public_id}",
            before={"choice": before},
            after={"choice": after},
        )
    return Chosen(names_of(database, after), before, before != after)


def names_of(database: Session, choice: str) -> tuple[str, ...]:
    """The names of chosen sections, in the programme's order; one that it has no longer is called so."""
    wanted = ids_of(choice)
    if not wanted:
        return ()
    listed = select(ProgrammeSection.name).where(ProgrammeSection.id.in_(wanted))
    names = tuple(database.scalars(listed.order_by(ProgrammeSection.position, ProgrammeSection.id)))
    return names + ("(a section that is no more)",) * (len(wanted) - len(names))


def choice_named(newsletter: Newsletter, names: Sequence[str]) -> str:
    """
    Give a choice of sections as Subscriptions hold it, from their names in any case.

    Raises:
        UsageError: a section that the programme does not have, or one that goes to everybody.
    """
    return choice_of([_section_id(newsletter, name) for name in names])


def in_a_cell(names: Sequence[str]) -> str:
    """Names of sections with semicolons between; one that holds a semicolon stands in quotation marks."""
    cell = io.StringIO()
    csv.writer(cell, delimiter=";", lineterminator="").writerow(names)
    return cell.getvalue() if names else ""


def from_a_cell(newsletter: Newsletter, cell: str) -> str:
    """
    Give the choice of sections that a cell names, as `in_a_cell()` writes it; an empty one: all.

    Raises:
        UsageError: a section that the programme does not have, or one that goes to everybody.
    """
    names = [
        name.strip()
        for row in csv.reader([" ".join(cell.split())], delimiter=";", skipinitialspace=True)
        for name in row
    ]
    return choice_named(newsletter, [name for name in names if name])


def names_in(newsletter: Newsletter, words: Sequence[str]) -> list[str]:
    """The names of sections in what was typed: each a name, which may hold commas, or several with commas between."""
    whole = {fold(section.name) for section in newsletter.sections}
    return [
        name.strip()
        for one in words
        for name in ([one] if fold(one) in whole else one.split(","))
        if name.strip()
    ]


def _section_id(newsletter: Newsletter, name: str) -> int:
    for section in newsletter.sections:
        if fold(section.name) == fold(name):
            if section.is_news:
                raise UsageError(
                    f"{section.name} is news of the sender's own, which goes along with whatever is chosen.",
                    remedy="Leave it out.",
                )
            return section.id
    known = ", ".join(section.name for section in newsletter.choosable)
    raise UsageError(
        f"{newsletter.name} has no section {name!r}.",
        remedy=f"It has: {known}." if known else "Its programme has no sections yet.",
    )
