"""What staff type into one field: checked before it is kept, so that composing does not stop on it later."""

import re

from pulse_mailer.errors import UnsafeText, UsageError
from pulse_mailer.richtext import check_characters

MOST_LETTERS = 1000


def checked(name: str, text: str, *, one_line: bool = True) -> str:
    """
    Give the text of the field of that name, without white space around it.

    Raises:
        UsageError: it is too long, spans several lines where it must not, or holds what no mail may carry.
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
    return text
