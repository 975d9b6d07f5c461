"""
What was made of an edition lately, so that whoever looks at it again need not wait for it to be made once more.

It is known by all that it was made of, and by nothing else: every value of the edition and its newsletter, the files
of the design, and where links lead. Whatever of these becomes another, in whichever way, has it made anew; time plays
no part. What is approved and what is sent is never taken from here: that is composed afresh.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from pulse_mailer.clock import now
from pulse_mailer.composing import designs, meter, rendering
from pulse_mailer.composing import preflight as checks
from pulse_mailer.composing.finding import Finding
from pulse_mailer.composing.meter import Meter
from pulse_mailer.domain.base import loaded
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.variant import WHOLE
from pulse_mailer.links import Links

#: So many letters of what was made are remembered altogether: some fifty usual mails.
MOST_LETTERS = 20_000_000
_SLOT_LETTERS = 1_000  #: what a place itself takes, however little is in it

Thing = TypeVar("Thing")

_MAIL = ("design", "subject", "segments", "mjml", "html", "text", "web_html", "fingerprint")


class _Slot:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value: Any = None
        self.letters = _SLOT_LETTERS


class Memory:
    """Things by what they were made of; those that nobody asked for longest are forgotten first."""

    def __init__(self, most_letters: int) -> None:
        self._most_letters = most_letters
        self._lock = threading.Lock()
        self._slots: OrderedDict[Hashable, _Slot] = OrderedDict()

    @property
    def letters(self) -> int:
        """How much is remembered now."""
        with self._lock:
            return self._letters()

    def of(self, source: Callable[[], Hashable], make: Callable[[], Thing]) -> Thing:
        """
        What was made of a source before, or else is made of it now; who asks for the same meanwhile waits for it.

        Args:
            source: what it is made of, as it is at the moment; it is looked at again once the thing is made.
        """
        known = source()
        with self._lock:
            slot = self._slots.setdefault(known, _Slot())
            self._slots.move_to_end(known)
            while self._letters() > self._most_letters and len(self._slots) > 1:
                self._slots.popitem(last=False)
        with slot.lock:
            if slot.value is not None:
                return cast("Thing", slot.value)
            made = make()
            if (
                source() == known
            ):  # else a file was changed in between, and nobody can say which one it was made of
                slot.value, slot.letters = made, _SLOT_LETTERS + len(repr(made))
            return made

    def _letters(self) -> int:
        return sum(slot.letters for slot in self._slots.values())


_LATELY = Memory(MOST_LETTERS)


def render(edition: Edition, links: Links, *, variant: str = WHOLE) -> Rendering:
    """A Rendering of one's own, as `rendering.render()` makes it, with all that it raises."""

    def made() -> dict[str, Any]:
        found = rendering.render(edition, links, variant=variant)
        return {name: getattr(found, name) for name in _MAIL}

    values = _LATELY.of(lambda: ("mail", variant, _source(edition, links)), made)
    own = values | {"segments": list(values["segments"])}
    return Rendering(edition_id=edition.id, variant=variant, created_at=now(), **own)


def of_edition(edition: Edition) -> tuple[Finding, ...]:
    """What `preflight.of_edition()` finds."""
    return _LATELY.of(lambda: ("findings", _hash(loaded(edition))), lambda: tuple(checks.of_edition(edition)))


def of_mail(edition: Edition, mail: Rendering) -> tuple[Finding, ...]:
    """What `preflight.of_mail()` finds."""
    read = [mail.variant, *(getattr(mail, name) for name in _MAIL)]
    return _LATELY.of(
        lambda: ("mail's findings", _hash(loaded(edition)), _hash(read)),
        lambda: tuple(checks.of_mail(edition, mail)),
    )


def preflight(edition: Edition, mail: Rendering) -> list[Finding]:
    """What `preflight.preflight()` finds."""
    return checks.in_order(edition, [*of_edition(edition), *of_mail(edition, mail)])


def measure(edition: Edition, links: Links) -> Meter:
    """What `meter.measure()` gives, with all that it raises."""
    return _LATELY.of(lambda: ("size", _source(edition, links)), lambda: meter.measure(edition, links))


def _source(edition: Edition, links: Links) -> str:
    """
    All that a mail is made of, in a hash.

    Raises:
        NotFound, BrokenTemplate: as `designs.load()`.
    """
    places = links.base_url, links.unsubscribe_inbox, links.bounce_inbox, links.keys.fingerprints()
    return _hash((loaded(edition), designs.hash_of(designs.load(edition.newsletter.design)), places))


def _hash(found: Any) -> str:
    return hashlib.sha256(repr(found).encode()).hexdigest()
