"""
Slots: the fields of a Rendering that stay open until one recipient's values fill them.

While an edition is compiled, a slot is a word of letters and digits with a random part, which Jinja, MJML and
premailer all pass unchanged. People see it as [[name]].
"""

import enum
import html
import re
import secrets
from collections import Counter
from collections.abc import Callable

from pulse_mailer.errors import BrokenTemplate, UnsafeText


class Place(enum.StrEnum):
    HEADER = "header"
    TEXT = "text"
    HTML = "html"


def _in_header(value: str) -> str:
    # Checked here a second time, whoever made the value: a line end would begin a header of its own.
    if not value.isascii() or not value.isprintable():
        raise UnsafeText(
            f"{value!r} cannot stand in a mail header.", remedy="Correct this recipient's address."
        )
    return value


def _in_text(value: str) -> str:
    return re.sub("[\x00-\x1f\x7f-\x9f]", "", value)


def _in_html(value: str) -> str:
    return html.escape(_in_text(value), quote=True)


_EVERYWHERE: dict[Place, Callable[[str], str]] = {
    Place.HEADER: _in_header,
    Place.TEXT: _in_text,
    Place.HTML: _in_html,
}

#: Every slot, where it may stand, and how its value is escaped there. A slot that the merger does not make
#: itself is read from the Delivery's own slots.
SLOTS: dict[str, dict[Place, Callable[[str], str]]] = {
    "token": _EVERYWHERE,
    "address": _EVERYWHERE,
    "message_id": {Place.HEADER: _in_header},
    "date": {Place.HEADER: _in_header},
}

_NAMES = list(SLOTS)


class Marks:
    """The marks of one template's slots: made, counted, and found again after each stage."""

    def __init__(self, place: Place, nonce: str = "") -> None:
        self._place = place
        self._nonce = nonce or f"pm{secrets.token_hex(8)}"
        self._pattern = re.compile(rf"{self._nonce}(\d\d)")
        self._made: Counter[str] = Counter()

    def make(self, name: str) -> str:
        """
        Give a slot's mark, for a template to put where the value shall stand.

        Raises:
            BrokenTemplate: there is no such slot in this place.
        """
        if self._place not in SLOTS.get(name, {}):
            raise BrokenTemplate(f"The template asks for the slot {name!r}, which the {self._place} has not.")
        self._made[name] += 1
        return f"{self._nonce}{_NAMES.index(name):02d}"

    def check(self, composed: str, stage: str) -> None:
        """
        Raises:
            BrokenTemplate: a slot was lost or doubled since it was made, or somebody typed one.
        """
        found = Counter(_NAMES[int(number)] for number in self._pattern.findall(composed))
        if found != self._made or composed.count(self._nonce) != self._made.total():
            raise BrokenTemplate(f"After {stage} the open fields are {dict(found)}, not {dict(self._made)}.")

    def cut(self, composed: str) -> list[str]:
        """Texts at even places, names of slots such as `html.token` at odd ones."""
        pieces = self._pattern.split(composed)
        pieces[1::2] = [f"{self._place}.{_NAMES[int(number)]}" for number in pieces[1::2]]
        return pieces

    def shown(self, composed: str) -> str:
        return self._pattern.sub(lambda found: f"[[{_NAMES[int(found[1])]}]]", composed)
