"""
Slots: the fields of a Rendering that stay open until one recipient's values fill them.

While an edition is compiled, a slot is a word of letters and digits with a random part, which Jinja, MJML and
premailer all pass unchanged. People see it as [[name]]; a merge field that staff wrote as [[first_name|colleague]].
"""

import enum
import html
import re
import secrets
from collections import Counter
from collections.abc import Callable

from pulse_mailer.domain.merge_fields import Field
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


EVERYWHERE: dict[Place, Callable[[str], str]] = {
    Place.HEADER: _in_header,
    Place.TEXT: _in_text,
    Place.HTML: _in_html,
}

#: Every slot of a template, where it may stand, and how its value is escaped there. A slot that the merger does not
#: make itself is read from the Delivery's own slots.
SLOTS: dict[str, dict[Place, Callable[[str], str]]] = {
    "token": EVERYWHERE,
    "address": EVERYWHERE,
    "message_id": {Place.HEADER: _in_header},
    "date": {Place.HEADER: _in_header},
    "preferences": EVERYWHERE,
}
SUBJECT = "subject"  #: the slot of a Subject header with merge fields: "subject|" and what staff wrote

_NAMES = list(SLOTS)
_MOST = 1_000  #: slots of one Rendering, as many as three digits can tell apart


class Register:
    """The slots of one Rendering, each with its number: the templates', and the merge fields that staff wrote."""

    def __init__(self, nonce: str = "") -> None:
        self.nonce = nonce or f"pm{secrets.token_hex(8)}"
        self.pattern = re.compile(rf"{self.nonce}(\d\d\d)")
        self._defaults: dict[str, str] = {}
        self._keys: dict[str, int] = {name: number for number, name in enumerate(_NAMES)}
        self._by_number = list(_NAMES)

    def field(self, field: Field) -> str:
        """
        The mark of a merge field, for a text to hold in its place.

        Raises:
            UnsafeText: the edition has too many different ones.
        """
        mark = self._written(field.key)
        self._defaults[mark] = field.default
        return mark

    def subject(self, written: str) -> str:
        """The mark of the whole Subject header, whose merge fields are filled before it is encoded and folded."""
        return self._written(f"{SUBJECT}|{written}")

    def _written(self, key: str) -> str:
        number = self._keys.setdefault(key, len(self._by_number))
        if number == len(self._by_number):
            if number >= _MOST:
                raise UnsafeText(
                    f"The edition has more than {_MOST - len(_NAMES)} different merge fields.",
                    remedy="Give them the same words after the bar, or take some out.",
                )
            self._by_number.append(key)
        return self.mark(number)

    def mark(self, number: int) -> str:
        return f"{self.nonce}{number:03d}"

    def name(self, number: str) -> str:
        """
        Raises:
            BrokenTemplate: there is no such slot.
        """
        if int(number) >= len(self._by_number):
            raise BrokenTemplate(f"Somebody typed the mark of an open field: {self.nonce}{number}.")
        return self._by_number[int(number)]

    def with_defaults(self, composed: str) -> str:
        """HTML for nobody in particular: each merge field's default in its place."""
        for mark, default in self._defaults.items():
            composed = composed.replace(mark, _in_html(default))
        return composed


class Marks:
    """The marks of one template's slots: made, counted, and found again after each stage."""

    def __init__(self, place: Place, register: Register | None = None) -> None:
        self._place = place
        self._register = register or Register()
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
        return self._register.mark(_NAMES.index(name))

    def take_in(self, composed: str) -> None:
        """Count the merge fields as a template has placed them: how often it shows a text is its own affair."""
        found = Counter(self._found(composed))
        self._made.update({name: count for name, count in found.items() if name not in SLOTS})

    def check(self, composed: str, stage: str) -> None:
        """
        Raises:
            BrokenTemplate: a slot was lost or doubled since it was made, or somebody typed one.
        """
        found = Counter(self._found(composed))
        if found != self._made or composed.count(self._register.nonce) != self._made.total():
            raise BrokenTemplate(f"After {stage} the open fields are {dict(found)}, not {dict(self._made)}.")

    def cut(self, composed: str) -> list[str]:
        """Texts at even places, names of slots such as `html.token` at odd ones."""
        pieces = self._register.pattern.split(composed)
        pieces[1::2] = [f"{self._place}.{self._register.name(number)}" for number in pieces[1::2]]
        return pieces

    def shown(self, composed: str) -> str:
        def name(found: re.Match[str]) -> str:
            shown = f"[[{self._register.name(found[1])}]]"
            return html.escape(shown) if self._place is Place.HTML else shown

        return self._register.pattern.sub(name, composed)

    def _found(self, composed: str) -> list[str]:
        return [self._register.name(number) for number in self._register.pattern.findall(composed)]
