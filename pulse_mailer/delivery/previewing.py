"""An edition as one person gets it, without sending anything."""

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.composing.merging import Merger
from pulse_mailer.composing.merging import preview as as_read
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.merge_fields import FIELDS
from pulse_mailer.domain.subscriber import Subscriber, Subscription
from pulse_mailer.domain.variant import variant_of
from pulse_mailer.editions.reading import renderings
from pulse_mailer.errors import NotFound, UsageError
from pulse_mailer.keys import Keys
from pulse_mailer.links import FOR_SHOW, Links

FORMS = ("html", "text", "mjml", "eml")

_SAMPLE = Address("reader", "example.org")


def preview(
    database: Session, edition: Edition, keys: Keys, links: Links, *, form: str, address: str = ""
) -> bytes:
    """
    Give a mail in one of its forms, as it went out or would go out now.

    Args:
        form: html, text, mjml (as composed, with open fields) or eml (the whole message on the wire).
        address: the subscriber who gets it; empty for a sample reader whose links lead to nobody.

    Raises:
        UsageError: no such form.
        NotFound: no such subscriber.
        CompositionError: it cannot be made into mail.
    """
    if form not in FORMS:
        raise UsageError(f"There is no form {form!r}.", remedy=f"Choose one of {', '.join(FORMS)}.")
    delivery, choice = _delivery(database, edition, keys, links, address)
    made = _rendering(database, edition, links, delivery, choice)
    if form == "mjml":
        return made.mjml.encode()
    if form == "eml":
        return Merger(made).merge(delivery, links).data
    read = as_read(made, delivery, links)
    return (read.html if form == "html" else read.text).encode()


def delivery_as(database: Session, edition: Edition, keys: Keys, links: Links, address: str) -> Delivery:
    """
    The delivery that a subscriber has or would have; without an address that of a sample reader.

    Raises:
        NotFound: no such subscriber.
    """
    return _delivery(database, edition, keys, links, address)[0]


def _rendering(
    database: Session, edition: Edition, links: Links, delivery: Delivery, choice: str
) -> Rendering:
    """The mail that a delivery is made of, or would be of somebody who chose that."""
    if delivery.rendering_id is not None:
        return database.get_one(Rendering, delivery.rendering_id)
    variant = variant_of(edition, choice)
    if variant is None:
        raise NotFound(
            f"{delivery.address} chose only sections that {edition.key} does not have, and would get nothing.",
            remedy=f"See who gets what: pulse-mailer edition variants {edition.name}",
        )
    kept = {one.variant: one for one in renderings(database, edition.id)}
    return kept.get(variant) or render(edition, links, variant=variant)


def _delivery(
    database: Session, edition: Edition, keys: Keys, links: Links, address: str
) -> tuple[Delivery, str]:
    """A delivery, kept or made up, and the person's choice of sections."""
    if not address:
        return _sample(edition, links, _SAMPLE, FOR_SHOW), ""
    wanted = Address.parse(address)
    address_hash = keys.hash_address(wanted.key)
    kept = database.scalar(
        select(Delivery).where(Delivery.edition_id == edition.id, Delivery.address_hash == address_hash)
    )
    if kept is not None:
        return kept, ""
    found = database.execute(
        select(
            Subscription.public_id,
            Subscription.choice,
            *(getattr(Subscriber, name).label(name) for name in FIELDS),
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.address_hash == address_hash, Subscription.newsletter_id == edition.newsletter_id)
    ).one_or_none()
    if found is None:
        raise NotFound(
            f"{wanted} is not a subscriber of {edition.newsletter.name}.",
            remedy="Leave --as out to see it as a sample reader would.",
        )
    values = {name: getattr(found, name) for name in FIELDS}
    return _sample(edition, links, wanted, found.public_id, values), found.choice


def _sample(
    edition: Edition, links: Links, address: Address, public_id: str, values: dict[str, str] | None = None
) -> Delivery:
    domain = Address.parse(edition.newsletter.from_address).domain
    return Delivery(
        id=0,
        address=str(address),
        slots={"public_id": public_id, "kid": links.keys.signing_kid} | (values or {}),
        dated_at=now(),
        message_id=f"preview.{secrets.token_hex(8)}@{domain}",
    )
