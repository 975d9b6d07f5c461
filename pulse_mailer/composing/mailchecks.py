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
from pulse_mailer.composing.made import Made
from pulse_mailer.domain.edition import Rendering

#: Bytes of HTML. Gmail cuts a mail off somewhere between 102 and 105 KB, and the way out with it.
SIZE_GOOD, SIZE_MOST = 90_000, 102_000

_SHORTEN = "See which items to show short: pulse-mailer edition size {}"


def _size(mail: Made) -> Iterator[Finding]:
    size = len(mail.rendering.html.encode())
    if size > SIZE_GOOD:
        judge = error if size > SIZE_MOST else warning
        what = (
            f"Its HTML has {size:,} bytes ({wire_bytes(mail.rendering):,} on the wire); Gmail cuts a mail off "
            f"after about {SIZE_MOST:,}, footer and all."
        )
        yield judge(Code.SIZE, MAIL, what, _SHORTEN.format(mail.edition.name))


def wire_bytes(rendering: Rendering) -> int:
    """The bytes of the whole message, encoded, but for what one recipient's fields add."""
    return sum(map(len, rendering.segments[::2]))


def _way_out(mail: Made) -> Iterator[Finding]:
    token = "[[token]]"  # noqa: S105 - the name of a slot, not a secret
    links = mail.document.iterfind(".//a[@href]")
    there = {
        MAIL: any(token in link.get("href", "") and link.text_content().strip() for link in links),
        MAIL_TEXT: token in mail.rendering.text,
        MAIL_HEADERS: token in mail.headers.get("list-unsubscribe", "")
        and mail.headers.get("list-unsubscribe-post", "") == "List-Unsubscribe=One-Click",
    }
    for at, is_there in there.items():
        if not is_there:
            remedy = "Put the unsubscribe link back into the design."
            yield error(Code.UNSUBSCRIBE_MISSING, at, "It has no way to unsubscribe.", remedy)


def _postal_address(mail: Made) -> Iterator[Finding]:
    address = _squeezed(mail.edition.newsletter.postal_address)
    if not address:
        what = f"The newsletter {mail.edition.newsletter.name} has no postal address, as most laws ask."
        remedy = "Give it one: pulse-mailer newsletter set postal-address ADDRESS"
        yield error(Code.POSTAL_ADDRESS_MISSING, POSTAL_ADDRESS, what, remedy)
        return
    for at, text in (
        (MAIL, mail.words),
        (MAIL_TEXT, mail.rendering.text),
    ):
        if address not in _squeezed(text):
            remedy = "Put the postal address back into the design's footer."
            yield error(Code.POSTAL_ADDRESS_MISSING, at, "It does not show the postal address.", remedy)


def _squeezed(text: str) -> str:
    """Letters and digits alone, since designs break and punctuate a postal address in their own way."""
    return re.sub(r"[\W_]+", "", text.casefold())


LAW_CHECKS: tuple[Callable[[Made], Iterator[Finding]], ...] = (
    _size,
    _way_out,
    _postal_address,
)
