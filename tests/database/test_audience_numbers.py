"""The audience counted from indexes is the audience looked at one by one, whatever people do."""

import random
from collections import Counter

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from pulse_mailer.database import Database
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionStatus, Way
from pulse_mailer.domain.suppression import Suppression, SuppressionReason
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.audience import (
    LeftOut,
    Numbers,
    anybody_chose,
    audience,
    first_left_out,
    left_out,
    numbers,
)
from pulse_mailer.subscribers.erasing import erase
from pulse_mailer.subscribers.leaving import leave, undo
from pulse_mailer.subscribers.reasons import CAUSE, Cause
from pulse_mailer.subscribers.suppressing import lift, suppress
from tests.database.subscribers_given import given_newsletter, joined, public_id

PEOPLE = [f"reader-{number}@example.org" for number in range(25)]
STEPS, CHECKED_EVERY = 240, 12


def test_numbers_are_those_of_a_count_one_by_one_after_any_steps(database: Database, keys: Keys) -> None:
    chance, seen = random.Random(20260301), set[Cause]()
    with database.transaction() as session:
        pulse, other = given_newsletter(session), given_newsletter(session, "other")
        for step in range(STEPS):
            newsletter, address = chance.choice((pulse, pulse, other)), chance.choice(PEOPLE)
            try:
                with session.begin_nested():
                    _step(session, keys, chance, newsletter, address)
            except PulseMailerError:
                continue  # who left is not joined again, a stranger cannot leave: that is no step
            finally:
                session.flush()
            if step % CHECKED_EVERY == 0:
                for one in (pulse, other):
                    assert numbers(session, one.id) == _one_by_one(session, one.id)
                    listed = left_out(session, one.id)
                    assert Counter(person.cause for person in listed) == numbers(session, one.id).left_out
                    assert left_out(session, one.id, limit=2) == listed[:2]
                    assert first_left_out(session, one.id, 2) == (listed[:2], len(listed))
                    if not anybody_chose(session, one.id):
                        assert numbers(session, one.id).by_choice.keys() <= {""}
                    assert _addresses(listed) == sorted(_addresses(listed))
                seen.update(numbers(session, pulse.id).left_out)
    assert seen == set(Cause)


def _step(session: Session, keys: Keys, chance: random.Random, newsletter: Newsletter, address: str) -> None:
    its = Subscription.newsletter_id == newsletter.id
    match chance.randrange(8):
        case 0 | 1:
            joined(session, keys, newsletter, address)
        case 2:
            if session.scalar(select(func.count()).select_from(Subscription)):
                who = chance.choice(session.scalars(select(Subscription.public_id)).all())
                leave(session, who, way=Way.PAGE, actor="subscriber")
        case 3:
            if (known := _known(session, newsletter, address)) is not None:
                undo(session, known)
        case 4:
            reason = chance.choice((SuppressionReason.BOUNCED, SuppressionReason.STAFF))
            suppress(session, keys, Address.parse(address), reason=reason, actor="ann")
        case 5:
            lift(session, keys, Address.parse(address), actor="ann")
        case 6:
            choice = chance.choice(("", "1", "1,2"))
            state = chance.choice((SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING))
            active = Subscription.status != SubscriptionStatus.UNSUBSCRIBED
            some = Subscription.subscriber_id % 3 == chance.randrange(3)
            session.execute(update(Subscription).where(its, active, some).values(choice=choice, status=state))
        case _:
            if chance.random() < 0.5:
                erase(session, keys, Address.parse(address), actor="ann")


def _known(session: Session, newsletter: Newsletter, address: str) -> str | None:
    wanted = (
        select(Subscription.id)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.address == address, Subscription.newsletter_id == newsletter.id)
    )
    return None if session.scalar(wanted) is None else public_id(session, address, newsletter)


def _one_by_one(session: Session, newsletter_id: int) -> Numbers:
    by_choice = Counter(row.choice for row in session.execute(audience(newsletter_id)))
    everybody = (
        select(CAUSE)
        .select_from(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(Suppression, Suppression.address_hash == Subscriber.address_hash)
        .where(Subscription.newsletter_id == newsletter_id)
    )
    causes = Counter(Cause(cause) for cause in session.scalars(everybody) if cause is not None)
    return Numbers(dict(by_choice), dict(causes))


def _addresses(listed: list[LeftOut]) -> list[str]:
    return [person.address for person in listed]
