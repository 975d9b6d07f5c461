"""
Preflight: what stands in the way of sending an edition, and what a careful editor would still change.

Each check is one function that yields findings; CHECKS is all of them. None of them asks the network or the
database, so that preflight answers while somebody types.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import lxml.html

from pulse_mailer.composing.finding import (
    Code,
    Finding,
    Severity,
    error,
    group_place,
    placed_items,
    placed_texts,
    warning,
)
from pulse_mailer.composing.linkchecks import LINK_CHECKS
from pulse_mailer.composing.periodchecks import PERIOD_CHECKS
from pulse_mailer.composing.slots import SLOTS
from pulse_mailer.composing.textchecks import TEXT_CHECKS
from pulse_mailer.domain.edition import Edition, Rendering

__all__ = ["Code", "Finding", "Severity", "preflight"]

SUBJECT_GOOD, SUBJECT_MOST = 60, 150  #: characters; telephones show about 40, desks about 70
PREHEADER_LEAST, PREHEADER_MOST = 40, 130  #: characters
#: Bytes of HTML. Gmail cuts a mail off somewhere between 102 and 105 KB, and the way out with it.
SIZE_GOOD, SIZE_MOST = 90_000, 102_000

# Nobody means these, unless "[Add your name](https://...)" is a link; the second kind may be meant: "Venue: TBC".
_STAND_IN = re.compile(
    r"(?i)\b(?:lorem ipsum|dolor sit amet)\b|\[(?:insert\b[^\]]{0,80}\]|(?:add|your)\b[^\]]{0,80}\](?!\())"
)
_PLACEHOLDER = re.compile(
    r"\b(?:TODO|TBC|TBA|TBD|FIXME|X{3,})\b"
    r"|(?i:\[(?:name|date|link|url|title|month|number|text|placeholder|to come|to follow)\](?!\())"
)
# Each with a limit to its length: without one, a text full of openings takes minutes to search.
_OUR_SLOT = re.compile(r"\[\[\s{0,3}([A-Za-z_][\w .|-]{0,60}?)\s{0,3}\]\](?!\()")
_THEIR_SLOT = re.compile(
    r"\{\{.{0,80}?\}\}|\{%.{0,80}?%\}|\*\|[^|\s][^|]{0,60}\|\*|%%\w{1,60}%%|<<\s?[A-Za-z][\w ]{0,60}>>",
    re.DOTALL,
)


def preflight(edition: Edition, rendering: Rendering) -> list[Finding]:
    """Everything found in an edition and the mail made of it, errors first."""
    found = [
        finding for check in CHECKS + PERIOD_CHECKS + TEXT_CHECKS + LINK_CHECKS for finding in check(edition)
    ]
    found += [finding for mail_check in MAIL_CHECKS for finding in mail_check(edition, rendering)]
    return sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)


def _subject(edition: Edition) -> Iterator[Finding]:
    subject, place = edition.subject, "The subject"
    if not subject.strip():
        yield error(
            Code.SUBJECT_MISSING, place, "The edition has no subject.", "Write one of up to 60 characters."
        )
        return
    if subject.splitlines() != [subject]:
        yield error(Code.SUBJECT_LINE_BREAK, place, "It holds a line break.", "Put it on one line.")
    if len(subject) > SUBJECT_GOOD:
        judge = error if len(subject) > SUBJECT_MOST else warning
        what = f"It has {len(subject)} characters; telephones show about 40."
        yield judge(Code.SUBJECT_LONG, place, what, f"Shorten it to {SUBJECT_GOOD} or fewer.")
    letters = [letter for letter in subject if letter.isalpha()]
    if len(letters) > 8 and all(letter.isupper() for letter in letters):
        yield warning(Code.SUBJECT_STYLE, place, "It is all in capitals.", "Write it as a sentence.")
    if re.match(r"(?i)\s*(?:re|fwd?)\s*:", subject):
        what = "It begins as if it were an answer or had been passed on."
        yield warning(Code.SUBJECT_STYLE, place, what, "Leave the first word out.")


def _preheader(edition: Edition) -> Iterator[Finding]:
    preheader, place = edition.preheader.strip(), "The preheader"
    if not preheader:
        what = "There is none, so inboxes show the first words of the mail beside the subject."
        remedy = f"Write one of {PREHEADER_LEAST} to {PREHEADER_MOST} characters."
        yield warning(Code.PREHEADER_MISSING, place, what, remedy)
    elif _folded(preheader) == _folded(edition.subject):
        what = "It repeats the subject, which stands right before it."
        yield warning(Code.PREHEADER_IS_SUBJECT, place, what, "Say what else is in the edition.")
    elif not PREHEADER_LEAST <= len(preheader) <= PREHEADER_MOST:
        what = f"It has {len(preheader)} characters."
        remedy = f"Inboxes show it best with {PREHEADER_LEAST} to {PREHEADER_MOST}."
        yield warning(Code.PREHEADER_LENGTH, place, what, remedy)


def _letter(edition: Edition) -> Iterator[Finding]:
    if not edition.letter.strip():
        yield error(
            Code.LETTER_MISSING,
            "The letter",
            "The edition has no letter.",
            "Write a few lines to the readers.",
        )


def _sender(edition: Edition) -> Iterator[Finding]:
    newsletter = edition.newsletter
    for name, value in (("name", newsletter.from_name), ("address", newsletter.from_address)):
        if not value.strip():
            what = f"The newsletter {newsletter.name} has no sender's {name}."
            yield error(Code.SENDER_MISSING, "The sender", what, f"Give the newsletter a from_{name}.")


def _emptiness(edition: Edition) -> Iterator[Finding]:
    if next(edition.items(), None) is None:
        yield error(Code.EDITION_EMPTY, "The edition", "It has no items.", "Add items, or import a document.")
        return
    for section in edition.sections:
        if not section.item_count:
            place = f"Section {section.name!r}"
            yield error(
                Code.SECTION_EMPTY, place, "It has no items.", "Add an item, or take the section out."
            )
            continue
        for category in section.categories:
            if not category.items:
                place = f"Category {group_place(category, section)}"
                yield error(Code.CATEGORY_EMPTY, place, "It has no items.", "Add an item, or take it out.")


def _pictures(edition: Edition) -> Iterator[Finding]:
    for placed in placed_items(edition):
        item = placed.item
        if (item.picture_hash or item.picture) and not item.picture_alt.strip():
            what = "Its picture has no description, so people who cannot see it learn nothing of it."
            yield error(Code.ALT_MISSING, placed.place, what, "Describe the picture in a sentence.")


def _publishers(edition: Edition) -> Iterator[Finding]:
    spellings: dict[str, dict[str, str]] = {}
    for placed in placed_items(edition):
        publisher = " ".join(placed.item.publisher.split())
        if publisher:
            spellings.setdefault(_folded(publisher), {}).setdefault(publisher, placed.place)
        elif not placed.section.is_news:
            what = "It does not say who published it."
            yield warning(Code.PUBLISHER_MISSING, placed.place, what, "Name the publisher.")
    for ways in spellings.values():
        if len(ways) > 1:
            names = list(ways)
            shown = " and ".join(f"“{name}”" for name in names)
            remedy = f"Choose one spelling; the first in this edition is “{names[0]}”."
            what = f"The same publisher is spelled {len(ways)} ways: {shown}."
            yield warning(Code.PUBLISHER_SPELLING, ways[names[1]], what, remedy)


def _titles(edition: Edition) -> Iterator[Finding]:
    first: dict[tuple[str, str], str] = {}
    for placed in placed_items(edition):
        # Two publishers may well call a report "Annual review".
        key = _folded(placed.item.publisher), _folded(placed.item.title)
        if key in first:
            what = f"The same title stands at {first[key]}."
            yield warning(Code.TITLE_TWICE, placed.place, what, "Take one of the two out.")
        first.setdefault(key, placed.place)


def _placeholders(edition: Edition) -> Iterator[Finding]:
    for place, text in placed_texts(edition):
        if found := _STAND_IN.search(text):
            what = f"“{' '.join(found[0].split())}” stands where words were to be written."
            yield error(Code.STAND_IN_TEXT, place, what, "Write the words themselves.")
        elif found := _PLACEHOLDER.search(text):
            what = f"“{found[0]}” looks like a note that was to be replaced."
            yield warning(Code.PLACEHOLDER_TEXT, place, what, "Replace it, or leave it if it is meant.")


def _slots(edition: Edition, rendering: Rendering) -> Iterator[Finding]:
    typed: set[str] = set()
    for place, text in placed_texts(edition):
        # Also the name of a slot that exists: where staff type it, readers would see the brackets.
        for found in sorted({match[0] for rule in (_OUR_SLOT, _THEIR_SLOT) for match in rule.finditer(text)}):
            typed.add(found)
            yield _unfilled(place, found)
    words = _visible_text(rendering.html)
    for place, text in (("The mail", words), ("The mail's plain text", rendering.text)):
        unknown = {match[0] for match in _OUR_SLOT.finditer(text) if match[1] not in SLOTS}
        unknown |= {match[0] for match in _THEIR_SLOT.finditer(text)}
        for found in sorted(unknown - typed):
            yield _unfilled(place, found)


def _unfilled(place: str, found: str) -> Finding:
    what = f"“{' '.join(found.split())}” is a field that nothing fills: readers would see it as it is."
    return error(Code.SLOT_UNFILLED, place, what, "Take it out, or write the words themselves.")


def _size(_edition: Edition, rendering: Rendering) -> Iterator[Finding]:
    size = len(rendering.html.encode())
    if size > SIZE_GOOD:
        judge = error if size > SIZE_MOST else warning
        what = (
            f"Its HTML has {size:,} bytes; Gmail cuts a mail off after about {SIZE_MOST:,}, footer and all."
        )
        yield judge(Code.SIZE, "The mail", what, "Shorten summaries, or move items to the next edition.")


def _way_out(_edition: Edition, rendering: Rendering) -> Iterator[Finding]:
    token = "[[token]]"  # noqa: S105 - the name of a slot, not a secret
    links = _document(rendering.html).iterfind(".//a[@href]")
    headers = _headers(rendering)
    there = {
        "The mail": any(token in link.get("href", "") and link.text_content().strip() for link in links),
        "The mail's plain text": token in rendering.text,
        "The mail's headers": token in headers.get("list-unsubscribe", "")
        and headers.get("list-unsubscribe-post", "") == "List-Unsubscribe=One-Click",
    }
    for place, is_there in there.items():
        if not is_there:
            remedy = "Put the unsubscribe link back into the design."
            yield error(Code.UNSUBSCRIBE_MISSING, place, "It has no way to unsubscribe.", remedy)


def _postal_address(edition: Edition, rendering: Rendering) -> Iterator[Finding]:
    address = _squeezed(edition.newsletter.postal_address)
    if not address:
        what = f"The newsletter {edition.newsletter.name} has no postal address, as most laws ask."
        remedy = "Give the newsletter a postal_address."
        yield error(Code.POSTAL_ADDRESS_MISSING, "The newsletter's postal address", what, remedy)
        return
    for place, text in (
        ("The mail", _visible_text(rendering.html)),
        ("The mail's plain text", rendering.text),
    ):
        if address not in _squeezed(text):
            remedy = "Put the postal address back into the design's footer."
            yield error(Code.POSTAL_ADDRESS_MISSING, place, "It does not show the postal address.", remedy)


def _folded(text: str) -> str:
    """The text as readers take it in: without case, accents, punctuation, and a leading The."""
    plain = unicodedata.normalize("NFKD", text.replace("&", " and ").casefold())
    letters = "".join(
        letter if letter.isalnum() else " " for letter in plain if not unicodedata.combining(letter)
    )
    return "".join(letters.removeprefix("the ").split())


def _document(html: str) -> Any:  # an HtmlElement, of which the type stubs know too little
    return lxml.html.document_fromstring(html)


def _visible_text(html: str) -> str:
    return " ".join(_document(html).body.xpath(".//text()[not(ancestor::style)]"))


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


CHECKS: tuple[Callable[[Edition], Iterator[Finding]], ...] = (
    _subject,
    _preheader,
    _letter,
    _sender,
    _emptiness,
    _pictures,
    _publishers,
    _titles,
    _placeholders,
)
MAIL_CHECKS: tuple[Callable[[Edition, Rendering], Iterator[Finding]], ...] = (
    _slots,
    _size,
    _way_out,
    _postal_address,
)
