"""The part of preflight that looks at the mail as it was made: its size, the way out, what the law asks."""

import re
from collections.abc import Callable, Iterator

from pulse_mailer.composing.finding import (
    MAIL,
    MAIL_HEADERS,
    MAIL_TEXT,
    POSTAL_ADDRESS,
    Code,
    Finding,
    error,
    warning,
)
from pulse_mailer.composing.markup import parsed, visible_text
from pulse_mailer.domain.edition import Edition, Rendering

#: Bytes of HTML. Gmail cuts a mail off somewhere between 102 and 105 KB, and the way out with it.
SIZE_GOOD, SIZE_MOST = 90_000, 102_000


def _size(_edition: Edition, rendering: Rendering) -> Iterator[Finding]:
    size = len(rendering.html.encode())
    if size > SIZE_GOOD:
        judge = error if size > SIZE_MOST else warning
        what = (
            f"Its HTML has {size:,} bytes; Gmail cuts a mail off after about {SIZE_MOST:,}, footer and all."
        )
        yield judge(Code.SIZE, MAIL, what, "Shorten summaries, or move items to the next edition.")


def _way_out(_edition: Edition, rendering: Rendering) -> Iterator[Finding]:
    token = "[[token]]"  # noqa: S105 - the name of a slot, not a secret
    links = parsed(rendering.html).iterfind(".//a[@href]")
    headers = _headers(rendering)
    there = {
        MAIL: any(token in link.get("href", "") and link.text_content().strip() for link in links),
        MAIL_TEXT: token in rendering.text,
        MAIL_HEADERS: token in headers.get("list-unsubscribe", "")
        and headers.get("list-unsubscribe-post", "") == "List-Unsubscribe=One-Click",
    }
    for at, is_there in there.items():
        if not is_there:
            remedy = "Put the unsubscribe link back into the design."
            yield error(Code.UNSUBSCRIBE_MISSING, at, "It has no way to unsubscribe.", remedy)


def _postal_address(edition: Edition, rendering: Rendering) -> Iterator[Finding]:
    address = _squeezed(edition.newsletter.postal_address)
    if not address:
        what = f"The newsletter {edition.newsletter.name} has no postal address, as most laws ask."
        remedy = "Give the newsletter a postal_address."
        yield error(Code.POSTAL_ADDRESS_MISSING, POSTAL_ADDRESS, what, remedy)
        return
    for at, text in (
        (MAIL, visible_text(rendering.html)),
        (MAIL_TEXT, rendering.text),
    ):
        if address not in _squeezed(text):
            remedy = "Put the postal address back into the design's footer."
            yield error(Code.POSTAL_ADDRESS_MISSING, at, "It does not show the postal address.", remedy)


def _squeezed(text: str) -> str:
    """Letters and digits alone, since designs break and punctuate a postal address in their own way."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _headers(rendering: Rendering) -> dict[str, str]:
    """The mail's headers, names in lower case, with open fields as [[name]]."""
    shown = (
        f"[[{piece.partition('.')[2]}]]" if odd % 2 else piece for odd, piece in enumerate(rendering.segments)
    )
    head = "".join(shown).partition("\r\n\r\n")[0]
    lines = re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


MAIL_CHECKS: tuple[Callable[[Edition, Rendering], Iterator[Finding]], ...] = (
    _size,
    _way_out,
    _postal_address,
)
