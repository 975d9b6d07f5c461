"""What staff type into one field: checked before it is kept, so that composing does not stop on it later."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from pulse_mailer.domain import merge_fields
from pulse_mailer.domain.web_address import canonical
from pulse_mailer.errors import UnsafeText, UsageError
from pulse_mailer.richtext import check_characters, check_fields, usable_url

MOST_LETTERS = 1000
#: Fields of one line that may hold merge fields.
MERGED = frozenset({"subject", "preheader"})

# The archive's search has that place in web addresses; its other pages have a full stop in their names.
_KEY = re.compile(r"(?!search$)[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_KEY_LETTERS = 40
# Letters and marks by their category, and yet not to be seen.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"


def refuse_unknown(names: Iterable[str], known: Sequence[str], whose: str) -> None:
    """
    Args:
        whose: "A newsletter", as the refusal begins.

    Raises:
        UsageError: a field is not one of those that are known.
    """
    for name in names:
        if name not in known:
            raise UsageError(f"{whose} has no {name!r}.", remedy=f"It has: {', '.join(known)}.")


def checked(name: str, text: str, *, one_line: bool = True) -> str:
    """
    Give the text of the field of that name, without white space around it.

    Raises:
        UsageError: it is too long, spans several lines where it must not, or holds what no mail may carry or a
            merge field that is none or cannot stand there.
    """
    said = f"The {name.replace('_', ' ')}"
    text = re.sub(r"\r\n?", "\n", text.strip())
    if len(text) > MOST_LETTERS:
        raise UsageError(f"{said} has {len(text):,} letters; {MOST_LETTERS:,} is the most.")
    if one_line and re.search(r"[\t\n]", text):
        raise UsageError(f"{said} must be one line of text, without tabs.")
    try:
        check_characters(text)
    except UnsafeText as error:
        raise UsageError(f"{said}: {error.what}", remedy=error.remedy) from error
    (merge_fields.check if name in MERGED else merge_fields.refuse)(text, said)
    return _seen(text)


def checked_text(name: str, text: str) -> str:
    """
    Give text in our Markdown, several lines of it, for the field of that name, with line feeds as line ends.

    Raises:
        UsageError: it is too long, nested too deeply, or holds what no mail may carry, or a merge field that is none.
    """
    text = re.sub(r"\r\n?", "\n", text).strip()
    try:
        check_fields(text, f"The {name}")
    except UnsafeText as error:
        raise UsageError(f"The {name}: {error.what}", remedy=error.remedy) from error
    return _seen(text)


def checked_url(name: str, url: str) -> str:
    """
    Give the address of the page itself (domain/web_address.py), or nothing for nothing.

    Raises:
        UsageError: it is no address that mail can carry.
    """
    found = canonical(checked(name, url))
    if found and not usable_url(found):
        raise UsageError(
            f"{found!r} is no web address.", remedy="Use one such as https://example.org/report."
        )
    return found


def checked_name(name: str, text: str) -> str:
    """As `checked`, for what must not be empty."""
    found = " ".join(checked(name, text).split())
    if not found:
        raise UsageError(f"The {name} must not be empty.")
    return found


def checked_key(key: str) -> str:
    """
    Give the key of an edition, which stands in web addresses.

    Raises:
        UsageError: it cannot.
    """
    if not _KEY.fullmatch(key) or len(key) > _KEY_LETTERS:
        raise UsageError(
            f"{key[:_KEY_LETTERS]!r} cannot be an edition's key, the name that stands in web addresses.",
            remedy=f"Use letters, digits and single hyphens, at most {_KEY_LETTERS}, such as 2022-04.",
        )
    return key


def _seen(text: str) -> str:
    """The text; nothing, where a reader would see nothing of it, such as a joiner of no width alone."""
    return text if any(unicodedata.category(one)[0] not in "CZ" and one not in _BLANK for one in text) else ""
