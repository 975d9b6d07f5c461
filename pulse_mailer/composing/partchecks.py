"""The part of preflight that looks at the mail's parts: plain text, headers, open fields, pictures."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from pulse_mailer.composing.finding import (
    MAIL,
    MAIL_HEADERS,
    MAIL_TEXT,
    Code,
    Finding,
    Spot,
    error,
    placed_items,
    warning,
)
from pulse_mailer.composing.made import Made, with_defaults
from pulse_mailer.richtext import usable_url

LINE_MOST = 78  #: columns of plain text; a web address may be longer (RFC 5322 section 2.1.1 asks for 78)
_SLOT = re.compile(r"\[\[[^\]\n]{1,80}\]\]")
_MARKUP = re.compile(
    r"</?(?:p|br|b|i|em|strong|div|span|a|ul|ol|li|table|tr|td|h[1-6])\b[^<>]{0,200}>", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:amp|lt|gt|nbsp|quot|#\d{1,6}|#x[0-9a-f]{1,5});")
_NEEDED = ("from", "to", "date", "message-id", "list-id", "list-unsubscribe", "mime-version")
# Mailbox providers whose DMARC policy has others' servers refuse mail in their name.
_MAILBOX_PROVIDERS = frozenset(
    {
        "aol.com",
        "btinternet.com",
        "gmail.com",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hotmail.co.uk",
    }
    | {"hotmail.com", "icloud.com", "live.com", "mail.ru", "me.com", "msn.com", "outlook.com", "proton.me"}
    | {"protonmail.com", "sky.com", "talktalk.net", "virginmedia.com", "web.de", "yahoo.co.uk", "yahoo.com"}
    | {"yahoo.de", "yahoo.fr", "yandex.ru", "ymail.com"}
)


def _text_holds_all(mail: Made) -> Iterator[Finding]:
    text = mail.rendering.text
    squeezed = "".join(text.split())
    for placed in placed_items(mail.edition):
        if not mail.shows(placed.section):
            continue
        url = usable_url(placed.item.url)
        lost = [
            name
            for name, words in (("title", placed.item.title), ("web address", url))
            if "".join(words.split()) not in squeezed
        ]
        if lost:
            what = f"The mail's plain text lacks its {' and its '.join(lost)}."
            remedy = "Put it back into the design's text template."
            yield error(Code.TEXT_PART, placed.at("title"), what, remedy)


def _text_is_text(mail: Made) -> Iterator[Finding]:
    for number, line in enumerate(with_defaults(mail.rendering.text).split("\n"), 1):
        if len(line) > LINE_MOST and " " in re.sub(r"^\s*\[\d+\] ", "", line).strip():
            what = f"Line {number} has {len(line)} columns; {LINE_MOST} are what every program shows whole."
            yield warning(Code.TEXT_PART, MAIL_TEXT, what, "Wrap it in the design's text template.")
            return


def _markup_shown(mail: Made) -> Iterator[Finding]:
    """What readers of either part would see as it is: tags and entities that staff or a template left in."""
    for at, text in ((MAIL, mail.words), (MAIL_TEXT, mail.rendering.text)):
        found = _MARKUP.search(text) or _ENTITY.search(text)
        if found:
            what = f"Readers see “{found[0][:60]}” as it stands here: “{_around(text, found)}”."
            yield warning(Code.MARKUP_SHOWN, at, what, "Take it out, or write the letter that it means.")
            return


def _slots_in_place(mail: Made) -> Iterator[Finding]:
    hidden = [*mail.sheets, *(str(comment) for comment in mail.document.xpath("//comment()"))]
    hidden += [element.get("style", "") for element in mail.document.iterfind(".//*[@style]")]
    found = next((slot[0] for text in hidden for slot in _SLOT.finditer(text)), None)
    if found:
        what = f"The field {found} stands in a style or a comment, where it can do harm and nobody sees it."
        yield error(Code.SLOT_PLACE, MAIL, what, "Take it out of there in the design.")


def _headers(mail: Made) -> Iterator[Finding]:
    headers = mail.headers
    missing = [name.title() for name in _NEEDED if not headers.get(name)]
    if missing:
        what = f"It lacks {', '.join(missing)}."
        yield error(Code.HEADERS, MAIL_HEADERS, what, "This is a fault of the program: please report it.")
    address = mail.edition.newsletter.from_address.strip()
    if address and f"<{address.casefold()}>" not in headers.get("from", "").casefold():
        what = f"From is not the newsletter's own address, {address}."
        yield error(Code.HEADERS, MAIL_HEADERS, what, "This is a fault of the program: please report it.")
    if not re.search(r"<https?://[^>]+>", headers.get("list-archive", "<http://x>")):
        yield error(
            Code.HEADERS, MAIL_HEADERS, "List-Archive is no web address.", "Check PULSE_MAILER_BASE_URL."
        )


def _sender_domain(mail: Made) -> Iterator[Finding]:
    domain = mail.edition.newsletter.from_address.rpartition("@")[2].strip().casefold()
    if domain in _MAILBOX_PROVIDERS:
        what = f"It comes from {domain}, and mailboxes refuse newsletters in the name of {domain} as forged."
        at = Spot("The sender", field="newsletter.from_address")
        yield warning(Code.SENDER_DOMAIN, at, what, "Send from an address at a domain of your own.")


def _pictures(mail: Made) -> Iterator[Finding]:
    own = _host(mail.headers.get("list-archive", "").strip("<>"))
    for picture in mail.document.iterfind(".//img"):
        source = picture.get("src", "")
        shown = source[:60]
        if source.startswith("data:"):
            what = "A picture stands in the mail itself (data:), which Gmail and Outlook do not show."
            yield error(Code.PICTURE_ADDRESS, MAIL, what, "Upload it, so that it has a web address.")
        elif not source.startswith(("https://", "http://")) or not _host(source):
            what = f"A picture has no web address that mail could fetch it from: {shown or 'it is empty'}."
            yield error(Code.PICTURE_ADDRESS, MAIL, what, "Upload it, or mend the design.")
        elif _host(source) != own and not source.startswith("https://"):
            what = f"A picture comes from {_host(source)} without protection, which mail programs block."
            yield warning(
                Code.PICTURE_ADDRESS, MAIL, what, "Upload it, so that it comes from your own server."
            )
        elif _host(source) != own:
            what = f"A picture comes from {_host(source)}, who then learns who opens the mail."
            yield warning(
                Code.PICTURE_ADDRESS, MAIL, what, "Upload it, so that it comes from your own server."
            )


def _around(text: str, found: re.Match[str]) -> str:
    return " ".join(text[max(0, found.start() - 30) : found.end() + 30].split())


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


PART_CHECKS: tuple[Callable[[Made], Iterator[Finding]], ...] = (
    _text_holds_all,
    _text_is_text,
    _markup_shown,
    _slots_in_place,
    _headers,
    _sender_domain,
    _pictures,
)
