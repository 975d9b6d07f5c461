"""Which sections a person may choose among and has chosen, as the page behind the link in their mail shows it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.domain.subscriber import Subscription
from pulse_mailer.domain.variant import ids_of
from pulse_mailer.subscribers.choosing import programme
from pulse_mailer.subscribers.standing import Standing, standing


@dataclass(frozen=True, slots=True)
class Offered:
    id: int
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """
    Attributes:
        sections: in the programme's order; all of them are chosen where there is no choice.
        along: the names of those that come with whatever is chosen.
        gets_all: all sections, also such as the programme gets later.
    """

    public_id: str
    who: Standing
    sections: tuple[Offered, ...]
    along: tuple[str, ...]
    gets_all: bool


def offer(database: Session, public_id: str) -> Offer:
    """
    Raises:
        NotFound: nobody is known by that public id.
    """
    who = standing(database, public_id)
    wanted = select(Subscription.newsletter_id, Subscription.choice)
    newsletter_id, choice = database.execute(wanted.where(Subscription.public_id == public_id)).one()
    newsletter, chosen = programme(database, newsletter_id), ids_of(choice)
    return Offer(
        public_id=public_id,
        who=who,
        sections=tuple(
            Offered(one.id, one.name, is_chosen=not chosen or one.id in chosen)
            for one in newsletter.choosable
        ),
        along=tuple(one.name for one in newsletter.sections if one.is_news),
        gets_all=not chosen,
    )
