"""How a person stands with a newsletter, as the page behind the link in their mail needs it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.domain.address import Address
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionStatus
from pulse_mailer.errors import NotFound
from pulse_mailer.subscribers.leaving import can_undo


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Attributes:
        masked_address: the address without what makes it useful to others, since mail gets forwarded; empty once
            erased.
        may_come_back: they left by their own hand, and may take it back the same way.
    """

    newsletter_name: str
    newsletter_slug: str
    language: str
    masked_address: str
    is_unsubscribed: bool
    may_come_back: bool


def standing(database: Session, public_id: str) -> Standing:
    """
    Raises:
        NotFound: nobody is known by that public id.
    """
    found = database.execute(
        select(Subscription, Subscriber.address, Newsletter)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.public_id == public_id)
    ).one_or_none()
    if found is None:
        raise NotFound("Nobody is subscribed by this link.")
    subscription, address, newsletter = found
    is_unsubscribed = subscription.status is SubscriptionStatus.UNSUBSCRIBED
    return Standing(
        newsletter_name=newsletter.name,
        newsletter_slug=newsletter.slug,
        language=newsletter.language,
        # Not parsed again: a rule that came after it was stored must not stand in somebody's way out.
        masked_address=Address(*address.rsplit("@", 1)).masked if address else "",
        is_unsubscribed=is_unsubscribed,
        may_come_back=is_unsubscribed and can_undo(database, subscription.id),
    )
