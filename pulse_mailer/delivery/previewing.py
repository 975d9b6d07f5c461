"""An edition as one person gets it, without sending anything."""

import secrets
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.composing import remembering
from pulse_mailer.composing.merging import Merger
from pulse_mailer.composing.merging import preview as as_read
from pulse_mailer.database import Database
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.merge_fields import FIELDS
from pulse_mailer.domain.subscriber import Subscriber, Subscription
from pulse_mailer.domain.variant import variant_of
from pulse_mailer.editions import reading
from pulse_mailer.editions.reading import renderings
from pulse_mailer.errors import NotFound, UsageError
from pulse_mailer.keys import Keys
from pulse_mailer.links import FOR_SHOW, Links
from pulse_mailer.subscribers.choosing import choice_named, names_in

FORMS = ("html", "text", "mjml", "eml")

_SAMPLE = Address("reader", "example.org")


def preview(
    database: Session,
    edition: Edition,
    keys: Keys,
    links: Links,
    *,
    form: str,
    address: str = "",
    is_for_show: bool = False,
) -> bytes:
    """
    Give a mail in one of its forms, as it went out or would go out now.

    Args:
        form: html, text, mjml (as composed, with open fields) or eml (the whole message on the wire).
        address: the subscriber who gets it; empty for a sample reader whose links lead to nobody.
        is_for_show: their own links lead to nobody either, so that who only looks at it cannot unsubscribe them.

    Raises:
        UsageError: no such form.
        NotFound: no such subscriber.
        CompositionError: it cannot be made into mail.
    """
    if form not in FORMS:
        raise UsageError(f"There is no form {form!r}.", remedy=f"Choose one of {', '.join(FORMS)}.")
    delivery, choice = _delivery(database, edition, keys, links, address)
    made = _rendering(database, edition, links, delivery, choice)
    if is_for_show:
        delivery = _for_show(delivery, links)
    if form == "mjml":
        return made.mjml.encode()
    if form == "eml":
        return Merger(made).merge(delivery, links).data
    read = as_read(made, delivery, links)
    return (read.html if form == "html" else read.text).encode()


def take_out(
    database: Database, name: str, keys: Keys, links: Links, *, form: str, address: str, actor: str
) -> bytes:
    """
    Give `preview()` as a file. It holds a reader's own links and name, where it is as one would get it: who took it
    out is on record before.

    Args:
        name: the edition's, as `reading.edition()` takes it.

    Raises:
        NotFound, UsageError: see `reading.edition()`, and as `preview()`.
    """
    with database.reading() as session:
        edition = reading.edition(session, name)
        made = preview(session, edition, keys, links, form=form, address=address)
    if address:
        address_hash = keys.hash_address(Address.parse(address).key)
        with database.transaction() as session:
            audit.handed_out(session, actor, "mail", address_hash, edition=edition.name, form=form)
    return made


def made_anew(edition: Edition, links: Links) -> str:
    """
    An edition's HTML as it would be made at this moment, for a sample reader; also of one that was sent otherwise.

    Raises:
        CompositionError: it cannot be made into mail.
    """
    return as_read(remembering.render(edition, links), _sample(edition, links, _SAMPLE, FOR_SHOW), links).html


def mail_as(
    database: Session, edition: Edition, keys: Keys, links: Links, address: str, sections: Sequence[str] = ()
) -> tuple[Delivery, Rendering]:
    """
    The delivery that a subscriber has or would have, and the mail that it is made of; without an address those of a
    sample reader.

    Args:
        sections: names of the programme's sections, as if they had chosen these; none: what they did choose.

    Raises:
        NotFound: no such subscriber, or the edition has nothing of what was chosen.
        UsageError: the programme has no such section to choose.
        CompositionError: it cannot be made into mail.
    """
    delivery, choice = _delivery(database, edition, keys, links, address)
    if sections:
        wanted = choice_named(edition.newsletter, names_in(edition.newsletter, sections))
        return delivery, _variant(database, edition, links, wanted, "Such a reader")
    return delivery, _rendering(database, edition, links, delivery, choice)


def _rendering(
    database: Session, edition: Edition, links: Links, delivery: Delivery, choice: str
) -> Rendering:
    """The mail that a delivery is made of, or would be of somebody who chose that."""
    if delivery.rendering_id is not None:
        return database.get_one(Rendering, delivery.rendering_id)
    return _variant(database, edition, links, choice, delivery.address)


def _variant(database: Session, edition: Edition, links: Links, choice: str, who: str) -> Rendering:
    variant = variant_of(edition, choice)
    if variant is None:
        raise NotFound(
            f"{who} chose only sections that {edition.key} does not have, and would get nothing.",
            remedy=f"See who gets what: pulse-mailer edition variants {edition.name}",
        )
    kept = {one.variant: one for one in renderings(database, edition.id)}
    return kept.get(variant) or remembering.render(edition, links, variant=variant)


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


def _for_show(like: Delivery, links: Links) -> Delivery:
    """A delivery with the same person's name and fields, whose links lead to nobody."""
    return Delivery(
        id=0,
        address=like.address,
        slots=like.slots | {"public_id": FOR_SHOW, "kid": links.keys.signing_kid},
        dated_at=like.dated_at,
        message_id=like.message_id,
    )
