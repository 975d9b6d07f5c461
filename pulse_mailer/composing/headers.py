"""
The header block of an edition's mail: ASCII, folded, its open fields as marks.

The standard library's own writer turns a long List-Unsubscribe into encoded words, which mail programs then
cannot follow (RFC 2047 section 5 allows them in words that people read, and nowhere else).
"""

import re

from pulse_mailer.composing.slots import Marks, Register
from pulse_mailer.domain import merge_fields
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.errors import UnsafeText
from pulse_mailer.links import Links
from pulse_mailer.richtext import check_characters

_LINE = 76
_HARD_LIMIT = 998  # RFC 5322 section 2.1.1
_WORD = 75  # the longest encoded word (RFC 2047 section 2)
_PLAIN_IN_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_PLAIN_WORDS = re.compile(
    r"[!-<>-~](?:[ !-<>-~]*[!-<>-~])?"
).fullmatch  # without "=", which encoded words begin with
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


def header_block(edition: Edition, links: Links, register: Register, marks: Marks, content_type: str) -> str:
    """
    Give the headers of one recipient's mail, without the empty line after them.

    Raises:
        UnsafeText: a value holds a line end or another control character.
        BadAddress: the newsletter's From or Reply-To is no address.
    """
    newsletter = edition.newsletter
    sender = Address.parse(newsletter.from_address)
    lines = [
        mailbox("From", newsletter.from_name or newsletter.name, str(sender)),
        f"To: {marks.make('address')}",
    ]
    if newsletter.reply_to:
        lines.append(f"Reply-To: {Address.parse(newsletter.reply_to)}")
    lines += [
        _subject(edition.subject, register),
        f"Date: {marks.make('date')}",
        f"Message-ID: <{marks.make('message_id')}>",
        "MIME-Version: 1.0",
        mailbox("List-Id", newsletter.name, f"{newsletter.slug}.{sender.domain}"),
        _list_unsubscribe(links, marks),
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        f"List-Archive: <{links.archive(newsletter.slug)}>",
        "List-Post: NO",
        _feedback_id(edition, newsletter, sender),
        "X-Auto-Response-Suppress: OOF, AutoReply",
        f"Content-Type: {content_type}",
    ]
    return "".join(f"{_checked(line)}\r\n" for line in lines)


def unstructured(name: str, value: str) -> str:
    """A header of words that people read, such as Subject: folded where it is plain ASCII, else encoded."""
    value = _one_line(name, value)
    words = re.split(r"(?<=[^ ])(?= )", value)
    if not value.isascii() or "=?" in value or any(len(word) > _LINE for word in words):
        return f"{name}: " + "\r\n ".join(_encoded_words(value, len(name) + 2))
    line, lines = f"{name}:", []
    for number, word in enumerate(words):
        piece = word if number else f" {word}"
        if number and len(line) + len(piece) > _LINE:
            lines.append(line)
            line = piece
        else:
            line += piece
    return "\r\n".join([*lines, line])


def subject(value: str) -> str:
    """
    The Subject header of one mail, its merge fields filled.

    Raises:
        UnsafeText: a header cannot hold the value.
    """
    if len(value) < _LINE - len("Subject: ") and _PLAIN_WORDS(value):
        return f"Subject: {value}"
    return _checked(unstructured("Subject", value))


def mailbox(name: str, phrase: str, address: str) -> str:
    """A header of a name that people read and an address or list id in <>, which is never folded."""
    phrase = _one_line(name, phrase)
    if not phrase.isascii() or "=?" in phrase or len(phrase) > _LINE - len(name) - 4:
        shown = "\r\n ".join(_encoded_words(phrase, len(name) + 2))
    elif _ATOMS.fullmatch(phrase) and "  " not in phrase:
        shown = phrase
    else:
        shown = '"' + re.sub(r'(["\\])', r"\\\1", phrase) + '"'
    last = f"{name}: {shown}".rsplit("\r\n", 1)[-1]
    between = " " if len(last) + len(address) + 3 <= _LINE else "\r\n "
    return f"{name}: {shown}{between}<{address}>"


def _subject(written: str, register: Register) -> str:
    if merge_fields.fields_in(written):
        return register.subject(_one_line("Subject", written))
    return unstructured("Subject", written)


def _list_unsubscribe(links: Links, marks: Marks) -> str:
    ways = [f"<{links.way_out(marks.make('token'))}>"]
    if links.unsubscribe_inbox:
        local, _, domain = links.unsubscribe_inbox.partition("@")
        ways.append(f"<mailto:{local}+{marks.make('token')}@{domain}?subject=unsubscribe>")
    return "List-Unsubscribe: " + ",\r\n ".join(ways)


def _feedback_id(edition: Edition, newsletter: Newsletter, sender: Address) -> str:
    """What Gmail counts complaints by: three free fields, and a sender's id of 5 to 15 letters."""
    fields = [re.sub(r"[^A-Za-z0-9.-]", "-", field) for field in (edition.key, newsletter.slug)]
    sender_id = re.sub(r"[^a-z0-9]", "", sender.domain)[:15].ljust(5, "0")
    return f"Feedback-ID: {':'.join(fields)}:edition:{sender_id}"


def _encoded_words(value: str, taken: int) -> list[str]:
    """The words of RFC 2047 section 4.2, no letter cut in two; `taken` columns of the first line are in use."""
    words, word, room = [], "", _WORD - taken - len("=?utf-8?q??=")
    for letter in value:
        piece = "".join(
            "_" if byte == 32 else chr(byte) if byte in _PLAIN_IN_WORD else f"={byte:02X}"
            for byte in letter.encode()
        )
        if len(word) + len(piece) > room:
            words.append(word)
            word, room = "", _WORD - 1 - len("=?utf-8?q??=")
        word += piece
    return [f"=?utf-8?q?{word}?=" for word in [*words, word]]


def _one_line(name: str, value: str) -> str:
    check_characters(value)
    if re.search(r"[\t\r\n]", value):
        raise UnsafeText(
            f"{name} has more than one line, or a tab: {value!r}.", remedy="Write it on one line."
        )
    return value.strip()


def _checked(line: str) -> str:
    # The constant parts come from settings and from names in the database: neither may begin a new header.
    if not line.isascii() or re.search(r"\r(?!\n)|(?<!\r)\n|\r\n(?! )", line):
        raise UnsafeText(f"A mail header cannot hold this: {line!r}.")
    if any(len(part) > _HARD_LIMIT for part in line.split("\r\n")):
        raise UnsafeText(f"A mail header is longer than {_HARD_LIMIT} letters: {line[:60]!r}...")
    return line
