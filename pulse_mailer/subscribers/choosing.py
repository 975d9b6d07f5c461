"""Which sections of a newsletter a person wants; nobody who chose none of them gets them all."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeSection
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionStatus
from pulse_mailer.domain.variant import choice_of
from pulse_mailer.errors import NotFound, UsageError, WrongState
from pulse_mailer.keys import Keys


@dataclass(frozen=True, slots=True)
class Chosen:
    """
    Attributes:
        sections: the names of those that the person gets; empty: all of them.
        changed: whether it was otherwise before.
    """

    sections: tuple[str, ...]
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
    wanted = [_section_id(newsletter, name) for name in names]
    subscription = database.scalar(
        select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscriber.address_hash == keys.hash_address(address.key),
            Subscription.newsletter_id == newsletter.id,
        )
        .with_for_update(of=Subscription)
    )
    if subscription is None:
        raise NotFound(
            f"{address} is not a subscriber of {newsletter.name}.",
            remedy="Add them: pulse-mailer subscriber add ADDRESS",
        )
    if subscription.status is SubscriptionStatus.UNSUBSCRIBED:
        raise WrongState(f"{address} has left {newsletter.name}, and gets none of its sections.")
    # All that there are is not the same as no choice: what the programme gets later was not chosen.
    before, after = subscription.choice, choice_of(wanted)
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
    return Chosen(names_of(database, after), before != after)


def names_of(database: Session, choice: str) -> tuple[str, ...]:
    """The names of chosen sections, in the programme's order; one that it has no longer is called so."""
    wanted = [int(part) for part in choice.split(",") if part]
    if not wanted:
        return ()
    listed = select(ProgrammeSection.name).where(ProgrammeSection.id.in_(wanted))
    names = tuple(database.scalars(listed.order_by(ProgrammeSection.position, ProgrammeSection.id)))
    return names + ("(a section that is no more)",) * (len(wanted) - len(names))


def _section_id(newsletter: Newsletter, name: str) -> int:
    plain = " ".join(name.casefold().split())
    for section in newsletter.sections:
        if " ".join(section.name.casefold().split()) == plain:
            if section.is_news:
                raise UsageError(
                    f"{section.name} is news of the sender's own, which goes along with whatever is chosen.",
                    remedy="Leave it out.",
                )
            return section.id
    known = ", ".join(section.name for section in newsletter.sections if not section.is_news)
    raise UsageError(
        f"{newsletter.name} has no section {name!r}.",
        remedy=f"It has: {known}." if known else "Its programme has no sections yet.",
    )
