"""What records are about, as people call it: an edition, a newsletter, or a reader, whom no record names."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.orm import Session

from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber, Subscription


@dataclass(frozen=True, slots=True)
class Subject:
    """
    Attributes:
        kind: edition, newsletter or subscriber.
        key: by which it is found: "civic-pulse/2022-04", "civic-pulse", the number of the subscriber.
        name: "Civic Pulse, April 2022", "Civic Pulse", the address.
    """

    kind: str
    key: str
    name: str


def subjects(database: Session, records: Iterable[str]) -> dict[str, Subject]:
    """
    Args:
        records: what records are about, in their words: "edition civic-pulse/2022-04".

    Returns:
        Those that are still there and that people call something else, by those words.
    """
    keys: dict[str, set[str]] = {}
    for record in records:
        kind, _, key = record.partition(" ")
        keys.setdefault(kind, set()).add(key)
    found: dict[str, Subject] = {}
    for kind, find in _FINDERS.items():
        if kind in keys:
            found |= {f"{kind} {key}": subject for key, subject in find(database, keys[kind])}
    return found


_Found = Iterator[tuple[str, Subject]]


def _editions(database: Session, keys: set[str]) -> _Found:
    pairs = [tuple(key.split("/")) for key in keys if key.count("/") == 1]
    wanted = select(Newsletter.slug, Edition.key, Edition.period, Newsletter.name).join(
        Newsletter, Newsletter.id == Edition.newsletter_id
    )
    for slug, key, period, name in database.execute(
        wanted.where(tuple_(Newsletter.slug, Edition.key).in_(pairs))
    ):
        yield f"{slug}/{key}", Subject("edition", f"{slug}/{key}", f"{name}, {period or key}")


def _newsletters(database: Session, keys: set[str]) -> _Found:
    for slug, name in database.execute(
        select(Newsletter.slug, Newsletter.name).where(Newsletter.slug.in_(keys))
    ):
        yield slug, Subject("newsletter", slug, name)


def _people(database: Session, keys: set[str]) -> _Found:
    """By the beginning of the hash of their address, see `audit.about()`."""
    length = max(len(key) for key in keys)
    begins = or_(
        *(Subscriber.address_hash.between(key, f"{key}g") for key in keys)
    )  # "g" is after all of them
    for address_hash, number, address in database.execute(_named().where(begins)):
        yield address_hash[:length], Subject("subscriber", str(number), address)


def _subscribers(database: Session, keys: set[str]) -> _Found:
    """By the public id of one of their subscriptions."""
    wanted = _named().add_columns(Subscription.public_id).join(Subscription)
    for _, number, address, public_id in database.execute(wanted.where(Subscription.public_id.in_(keys))):
        yield public_id, Subject("subscriber", str(number), address)


def _named() -> Select[str, int, str]:
    """Subscribers who were not erased."""
    return select(Subscriber.address_hash, Subscriber.id, Subscriber.address).where(
        Subscriber.erased_at.is_(None)
    )


_FINDERS = {
    "edition": _editions,
    "newsletter": _newsletters,
    "address": _people,
    "subscription": _subscribers,
}
