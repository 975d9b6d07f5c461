"""merge(): one recipient's values put into a Rendering's open fields, giving a Message."""

import datetime
import email
import email.policy
import re
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime
from typing import NamedTuple, Protocol

from pulse_mailer.composing.encoding import quoted_printable
from pulse_mailer.composing.headers import subject
from pulse_mailer.composing.signing import Signer
from pulse_mailer.composing.slots import EVERYWHERE, SLOTS, SUBJECT, Place
from pulse_mailer.domain import merge_fields
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Rendering
from pulse_mailer.domain.merge_fields import FIELDS, Field
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import CompositionError
from pulse_mailer.links import Links, Purpose

_PLAIN = re.compile(r"[A-Za-z0-9@_+/:-][A-Za-z0-9@._+/:-]{0,74}").fullmatch
_PLAIN_NAME = re.compile(r"[A-Za-z]{1,40}").fullmatch
_MOST_KNOWN = 20_000  #: names whose encoded form is kept, since many readers share theirs


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
        self._fields: dict[Field, list[tuple[int, Place]]] = {}
        self._subject: tuple[int, list[str | Field]] | None = None
        self._known: dict[tuple[int, str | None], bytes] = {}
        self._known_subjects: dict[str, bytes] = {}
        for index, kind in list(enumerate(rendering.segments))[1::2]:
            place, slot, written = _kind(kind)
            if slot == SUBJECT:
                self._subject = index, list(merge_fields.parse(written))
            elif slot in FIELDS:
                self._fields.setdefault(Field(slot, written), []).append((index, Place(place)))
            else:
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
            if "preferences" in self._places:
                values["preferences"] = links.token(Purpose.PREFERENCES, slots["public_id"], kid=slots["kid"])
            pieces = self._pieces.copy()
            for slot, places in self._places.items():
                _fill(pieces, places, SLOTS[slot], values[slot])
        except KeyError as error:
            raise CompositionError(f"The delivery to {delivery.address} has no value for {error}.") from error
        if self._fields or self._subject:
            self._fill_fields(pieces, slots)
        if self._signer:
            pieces = [self._signer.sign(b"".join(pieces), delivery.dated_at)]
        return Message(
            delivery_id=delivery.id or 0,
            sender=links.envelope_sender(self._from, delivery.id or 0),
            recipient=delivery.address,
            message_id=delivery.message_id,
            pieces=tuple(pieces),
        )

    def _fill_fields(self, pieces: list[bytes], slots: dict[str, str]) -> None:
        """Put a person's values where staff wrote merge fields; one that the delivery does not have is unknown."""
        for field, places in self._fields.items():
            raw = slots.get(field.name)
            if raw and _PLAIN_NAME(raw):
                whole = raw.encode("ascii") + b"=\r\n"
                for index, _place in places:
                    pieces[index] = whole
            elif (places[0][0], raw) in self._known:
                for index, _place in places:
                    pieces[index] = self._known[index, raw]
            else:
                _fill(pieces, places, EVERYWHERE, merge_fields.value_of(field, raw))
                if len(self._known) < _MOST_KNOWN:
                    self._known.update({(index, raw): pieces[index] for index, _place in reversed(places)})
        if self._subject:
            pieces[self._subject[0]] = self._filled_subject(self._subject[1], slots)

    def _filled_subject(self, parts: list[str | Field], slots: dict[str, str]) -> bytes:
        words = []
        for part in parts:
            if isinstance(part, Field):
                raw = slots.get(part.name)
                words.append(raw if raw and _PLAIN_NAME(raw) else merge_fields.value_of(part, raw))
            else:
                words.append(part)
        whole = "".join(words)
        if (known := self._known_subjects.get(whole)) is None:
            known = subject(whole).encode("ascii")
            if len(self._known_subjects) < _MOST_KNOWN:
                self._known_subjects[whole] = known
        return known

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


def fields_used(rendering: Rendering) -> frozenset[str]:
    """The names of the merge fields that its mail needs a person's values for."""
    found = set[str]()
    for kind in rendering.segments[1::2]:
        _, slot, written = _kind(kind)
        if slot == SUBJECT:
            found |= {field.name for field in merge_fields.fields_in(written)}
        elif slot in FIELDS:
            found.add(slot)
    return frozenset(found)


def _kind(kind: str) -> tuple[str, str, str]:
    """A slot's place, its name, and what staff wrote of it: "html.first_name|colleague"."""
    place, _, name = kind.partition(".")
    slot, _, written = name.partition("|")
    return place, slot, written


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


def _fill(
    pieces: list[bytes],
    places: list[tuple[int, Place]],
    escapes: dict[Place, Callable[[str], str]],
    value: str,
) -> None:
    if _PLAIN(value):
        # Nearly every value: nothing in it that any place would have to escape.
        whole = value.encode("ascii")
        for index, place in places:
            pieces[index] = whole if place is Place.HEADER else whole + b"=\r\n"
        return
    for index, place in places:
        escaped = escapes[place](value)
        pieces[index] = (escaped if place is Place.HEADER else quoted_printable(escaped)).encode("ascii")
