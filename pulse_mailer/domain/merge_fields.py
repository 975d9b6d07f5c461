"""
Merge fields: what staff write where a reader's own words shall stand, such as {first_name|colleague}.

The whole grammar: a brace, the name of a field, a bar, the words for readers of whom we do not know it, a brace; all
on one line. There is no logic. A brace that no letter follows at once is a brace, and so are two together.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pulse_mailer.errors import UsageError

#: Every field, and what it is. Each is a column of Subscriber.
FIELDS = {
    "first_name": "the reader's first name",
    "last_name": "the reader's last name",
    "organisation": "the reader's organisation",
}
MOST_DEFAULT = 60  #: letters
MOST_VALUE = 100  #: letters of a reader's own value; the rest is cut off
POSSIBLE = ", ".join(f"{{{name}|…}}" for name in FIELDS)

_FIELD = re.compile(r"\{(?<!\{\{)([A-Za-z_]\w{0,40}) {0,3}\|([^{}|\[\]\r\n]{1,200})\}")
_ATTEMPT = re.compile(r"\{(?<!\{\{)(?=[^\W\d])([^{}\r\n]{0,80})(\}?)")
# What no reader sees, or what turns the words around it: controls, marks of direction, letters without width,
# halves of letters, tags, and letters that mean something in one font only.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
    "\ud800-\udfff\ue000-\uf8ff\U000e0000-\U0010ffff]"
)
# What a mail program would make a link of by itself. Who joins under such a name wants others to follow it.
_LINKED = re.compile(r"://|@|\bwww\b|\w\.[^\W\d_]{2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """
    Attributes:
        default: what stands there for readers of whom we do not know it; plain words.
    """

    name: str
    default: str

    @property
    def key(self) -> str:
        """What it is called among a Rendering's slots: "first_name|colleague"."""
        return f"{self.name}|{self.default}"

    @property
    def source(self) -> str:
        return f"{{{self.key}}}"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What was written as if it were a field, why it is none, and what to do."""

    written: str
    why: str
    remedy: str


def parse(text: str) -> Iterator[str | Field]:
    """The text in pieces: words, and the fields between them. What is no field is words."""
    start = 0
    for found in _FIELD.finditer(text):
        field = _field(found)
        if field is not None:
            if found.start() > start:
                yield text[start : found.start()]
            yield field
            start = found.end()
    if start < len(text):
        yield text[start:]


def fields_in(text: str) -> list[Field]:
    """Its fields, in the order and as often as they stand there."""
    return [piece for piece in parse(text) if isinstance(piece, Field)]


def with_defaults(text: str) -> str:
    """The text as a reader sees it of whom we know nothing."""
    return "".join(piece.default if isinstance(piece, Field) else piece for piece in parse(text))


def wrong(text: str) -> list[Wrong]:
    """Whatever begins as a field does and is none."""
    rests = (piece for piece in parse(text) if isinstance(piece, str))
    return [_judged(found) for rest in rests for found in _ATTEMPT.finditer(rest)]


def check(text: str, where: str) -> None:
    """
    Args:
        where: such as "The subject".

    Raises:
        UsageError: something in it is written as a field and is none; says what is possible.
    """
    for found in wrong(text):
        raise UsageError(f"{where} holds {found.written}. {found.why}", remedy=found.remedy)


def refuse(text: str, where: str) -> None:
    """
    Raises:
        UsageError: it holds a field, where none can stand.
    """
    for field in fields_in(text):
        raise UsageError(
            f"{where} holds {field.source}, and merge fields cannot stand there.",
            remedy="They can in the subject, the preheader, the letter and summaries.",
        )


def value_of(field: Field, raw: str | None) -> str:
    """
    What stands for a field in one reader's mail: their own words on one line, or else its default.

    Nothing of what we know of a person can be trusted: they, or whoever loaded a file, may have written anything. A
    value that mail programs would make a link of is not used.
    """
    if not raw:
        return field.default
    # Far more than can be shown, so that what is cut first is not what would have been taken out.
    seen = " ".join(_UNSEEN.sub("", raw[: 10 * MOST_VALUE]).split())[:MOST_VALUE].rstrip()
    return field.default if not seen or _LINKED.search(seen) else seen


def _field(found: re.Match[str]) -> Field | None:
    name, default = found[1], " ".join(found[2].split())
    return Field(name, default) if name in FIELDS and 0 < len(default) <= MOST_DEFAULT else None


def _judged(found: re.Match[str]) -> Wrong:
    inside, written = found[1], found[0]
    name, bar, default = (part.strip() for part in inside.partition("|"))
    shown = written if len(written) <= 50 else f"{written[:49]}…"
    if not found[2]:
        return Wrong(f"“{shown}”", "Its closing brace is missing on this line.", _remedy(name))
    if name not in FIELDS:
        return Wrong(f"“{shown}”", f"There is no merge field {name!r}.", _remedy(""))
    if not bar or not default:
        return Wrong(
            f"“{shown}”", "It does not say what readers get of whom we do not know it.", _remedy(name)
        )
    if len(default) > MOST_DEFAULT:
        why = f"The words after the bar have {len(default)} letters; {MOST_DEFAULT} is the most."
        return Wrong(f"“{shown}”", why, "Shorten them.")
    return Wrong(f"“{shown}”", "The words after the bar hold a bar or a square bracket.", "Take it out.")


def _remedy(name: str) -> str:
    if name in FIELDS:
        return f"Write it so: {{{name}|colleague}}, with your own words after the bar."
    return f"There are {POSSIBLE}. Where you mean a brace, put a space after it."
