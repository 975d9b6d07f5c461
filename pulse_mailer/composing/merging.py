"""merge(): one recipient's values put into a Rendering's open fields, giving a Message."""

import datetime
import email
import email.policy
import re
from email.message import EmailMessage
from email.utils import format_datetime
from typing import NamedTuple, Protocol

from pulse_mailer.composing.encoding import quoted_printable
from pulse_mailer.composing.signing import Signer
from pulse_mailer.composing.slots import SLOTS, Place
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Rendering
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import CompositionError
from pulse_mailer.links import Links, Purpose

_PLAIN = re.compile(r"[A-Za-z0-9@_+/:-][A-Za-z0-9@._+/:-]{0,74}").fullmatch


class Preview(NamedTuple):
    html: str
    text: str


class Addressed(Protocol):
    """What a mail is made of besides its Rendering: a delivery, or what a worker claimed of one."""

    @property
    def id(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def slots(self) -> dict[str, str]: ...
    @property
    def dated_at(self) -> datetime.datetime: ...
    @property
    def message_id(self) -> str: ...


class Merger:
    """
    Fills a Rendering for one recipient after another; its own work is done once, when it is made.

    Args:
        signer: signs each mail by DKIM; none: it goes out unsigned.
    """

    def __init__(self, rendering: Rendering, signer: Signer | None = None) -> None:
        self._signer = signer
        self._pieces = [piece.encode("ascii") for piece in rendering.segments]
        self._places: dict[str, list[tuple[int, Place]]] = {}
        for index, kind in list(enumerate(rendering.segments))[1::2]:
            place, slot = kind.split(".")
            self._places.setdefault(slot, []).append((index, Place(place)))
        self._from = _from_address(rendering)
        self._last_date = (datetime.datetime.min.replace(tzinfo=datetime.UTC), "")

    def merge(self, delivery: Addressed, links: Links) -> Message:
        """
        Give a delivery's mail; the same delivery always gives the same bytes.

        Raises:
            UnsafeText: a value cannot stand in a mail header.
            BadLink: the key that signed the delivery's link is gone.
            CompositionError: the delivery lacks the value of a slot.
        """
        slots = delivery.slots
        try:
            values = {
                **slots,
                "token": links.token(Purpose.UNSUBSCRIBE, slots["public_id"], kid=slots["kid"]),
                "address": delivery.address,
                "message_id": delivery.message_id,
                "date": self._date(delivery.dated_at),
            }
            pieces = self._pieces.copy()
            for slot, places in self._places.items():
                _fill(pieces, places, slot, values[slot])
        except KeyError as error:
            raise CompositionError(f"The delivery to {delivery.address} has no value for {error}.") from error
        if self._signer:
            pieces = [self._signer.sign(b"".join(pieces), delivery.dated_at)]
        return Message(
            delivery_id=delivery.id or 0,
            sender=links.envelope_sender(self._from, delivery.id or 0),
            recipient=delivery.address,
            message_id=delivery.message_id,
            pieces=tuple(pieces),
        )

    def _date(self, dated_at: datetime.datetime) -> str:
        # An audience is frozen in one moment, so that nearly all of an edition's mail has the same date.
        known, written = self._last_date
        if known != dated_at:
            written = format_datetime(dated_at.astimezone(datetime.UTC))
            self._last_date = (dated_at, written)
        return written


def from_domain(rendering: Rendering) -> str:
    """The domain that a Rendering's mail is from, lower case: the one that a signature must name."""
    return _from_address(rendering).rpartition("@")[2].lower()


def _from_address(rendering: Rendering) -> str:
    head = email.message_from_string(rendering.segments[0], policy=email.policy.default)
    return str(head["From"].addresses[0].addr_spec)


def preview(rendering: Rendering, delivery: Delivery, links: Links) -> Preview:
    """Give the HTML and the plain text of a delivery's mail as its reader's mail program decodes them."""
    return read_back(Merger(rendering).merge(delivery, links))


def read_back(message: Message) -> Preview:
    parsed = email.message_from_bytes(message.data, policy=email.policy.default)
    parts = {part.get_content_subtype(): part for part in parsed.walk() if isinstance(part, EmailMessage)}
    return Preview(html=_content(parts["html"]), text=_content(parts["plain"]))


def _content(part: EmailMessage) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def _fill(pieces: list[bytes], places: list[tuple[int, Place]], slot: str, value: str) -> None:
    if _PLAIN(value):
        # Nearly every value: nothing in it that any place would have to escape.
        whole = value.encode("ascii")
        for index, place in places:
            pieces[index] = whole if place is Place.HEADER else whole + b"=\r\n"
        return
    for index, place in places:
        escaped = SLOTS[slot][place](value)
        pieces[index] = (escaped if place is Place.HEADER else quoted_printable(escaped)).encode("ascii")
