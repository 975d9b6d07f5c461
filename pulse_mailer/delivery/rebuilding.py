"""The mail of a delivery as it was sent, made again from what was kept: the Rendering, and the reader's values."""

import email
import email.policy
from dataclasses import dataclass

from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.composing.merging import Merger, read_back
from pulse_mailer.database import Database
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Rendering
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import NotFound, WrongState
from pulse_mailer.links import Links


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """
    Attributes:
        source: the whole mail; less the DKIM signature, which is made anew on every attempt.
        headers: name and value, in their order, as people read them.
    """

    source: bytes
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str


def rebuild(database: Session, links: Links, delivery_id: int) -> Rebuilt:
    """
    Raises:
        NotFound: there is no such delivery.
        WrongState: its reader was forgotten, and their values with them.
        CompositionError: a value cannot stand in a mail.
    """
    message = _message(database, links, delivery_id)
    parsed = email.message_from_bytes(message.data, policy=email.policy.default)
    shown = read_back(message)
    headers = tuple((name, str(value)) for name, value in parsed.items())
    return Rebuilt(message.data, headers, shown.html, shown.text)


def take_out(database: Database, links: Links, delivery_id: int, *, actor: str) -> bytes:
    """
    Give the whole mail as a file; who took it out is on record before. It holds the reader's own links.

    Raises:
        as `rebuild()`.
    """
    with database.reading() as session:
        source = rebuild(session, links, delivery_id).source
        address_hash = session.get_one(Delivery, delivery_id).address_hash
    with database.transaction() as session:
        audit.handed_out(session, actor, "delivery", address_hash, delivery=delivery_id)
    return source


def _message(database: Session, links: Links, delivery_id: int) -> Message:
    delivery = database.get(Delivery, delivery_id) if delivery_id < 2**63 else None
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    if not delivery.address:
        raise WrongState("Its reader asked to be forgotten; the mail cannot be made again.")
    return Merger(database.get_one(Rendering, delivery.rendering_id)).merge(delivery, links)
