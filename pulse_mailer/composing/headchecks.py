"""The part of preflight that looks at what an inbox shows: subject, preheader, sender; and at the letter."""

import re
import unicodedata
from collections.abc import Callable, Iterator

from pulse_mailer.composing.finding import (
    LETTER,
    PERIOD,
    PREHEADER,
    SUBJECT,
    Code,
    Finding,
    Spot,
    error,
    warning,
)
from pulse_mailer.composing.itemchecks import folded
from pulse_mailer.domain import merge_fields
from pulse_mailer.domain.edition import Edition

SUBJECT_GOOD, SUBJECT_MOST = 60, 150  #: characters; telephones show about 40, desks about 70
PREHEADER_LEAST, PREHEADER_MOST = 40, 130  #: characters

_WRITTEN = {"subject": SUBJECT, "preheader": PREHEADER, "period": PERIOD, "letter": LETTER}


def _subject(edition: Edition) -> Iterator[Finding]:
    subject, at = merge_fields.with_defaults(edition.subject), SUBJECT
    if not subject.strip():
        yield error(
            Code.SUBJECT_MISSING, at, "The edition has no subject.", "Write one of up to 60 characters."
        )
        return
    if subject.splitlines() != [subject]:
        yield error(Code.SUBJECT_LINE_BREAK, at, "It holds a line break.", "Put it on one line.")
    if len(subject) > SUBJECT_GOOD:
        judge = error if len(subject) > SUBJECT_MOST else warning
        what = f"It has {len(subject)} characters; telephones show about 40."
        yield judge(Code.SUBJECT_LONG, at, what, f"Shorten it to {SUBJECT_GOOD} or fewer.")
    letters = [letter for letter in subject if letter.isalpha()]
    if len(letters) > 8 and all(letter.isupper() for letter in letters):
        yield warning(Code.SUBJECT_STYLE, at, "It is all in capitals.", "Write it as a sentence.")
    if re.match(r"(?i)\s*(?:re|fwd?)\s*:", subject):
        what = "It begins as if it were an answer or had been passed on."
        yield warning(Code.SUBJECT_STYLE, at, what, "Leave the first word out.")
    pictures = [letter for letter in subject if unicodedata.category(letter) == "So"]
    if len(pictures) > 1:
        what = f"It has {len(pictures)} emoji: {' '.join(pictures[:5])}. Read aloud, each is several words."
        yield warning(Code.SUBJECT_STYLE, at, what, "Keep one at most.")


def _preheader(edition: Edition) -> Iterator[Finding]:
    preheader, at = merge_fields.with_defaults(edition.preheader.strip()), PREHEADER
    if not preheader:
        what = "There is none, so inboxes show the first words of the mail beside the subject."
        remedy = f"Write one of {PREHEADER_LEAST} to {PREHEADER_MOST} characters."
        yield warning(Code.PREHEADER_MISSING, at, what, remedy)
    elif folded(preheader) == folded(merge_fields.with_defaults(edition.subject)):
        what = "It repeats the subject, which stands right before it."
        yield warning(Code.PREHEADER_IS_SUBJECT, at, what, "Say what else is in the edition.")
    elif not PREHEADER_LEAST <= len(preheader) <= PREHEADER_MOST:
        what = f"It has {len(preheader)} characters."
        remedy = f"Inboxes show it best with {PREHEADER_LEAST} to {PREHEADER_MOST}."
        yield warning(Code.PREHEADER_LENGTH, at, what, remedy)


def _letter(edition: Edition) -> Iterator[Finding]:
    if not edition.letter.strip():
        yield error(
            Code.LETTER_MISSING,
            LETTER,
            "The edition has no letter.",
            "Write a few lines to the readers.",
        )


def _to_write(edition: Edition) -> Iterator[Finding]:
    for field in edition.to_write or ():
        at, said = _WRITTEN[field], getattr(edition, field).strip()
        if not said and field in ("subject", "letter"):
            continue  # that it is missing is an error already
        before = edition.begun_from or "an earlier revision"
        what = f"It still says what {before} said." if said else "It is not written yet."
        remedy = (
            f"Write it, or say that it is to stay: pulse-mailer edition set {edition.name} {field} --keep"
        )
        yield error(Code.TO_WRITE, at, what, remedy if said else "Write it.")


def _sender(edition: Edition) -> Iterator[Finding]:
    newsletter = edition.newsletter
    for name, value in (("name", newsletter.from_name), ("address", newsletter.from_address)):
        if not value.strip():
            what = f"The newsletter {newsletter.name} has no sender's {name}."
            at = Spot("The sender", field=f"newsletter.from_{name}")
            yield error(
                Code.SENDER_MISSING, at, what, f"Give it one: pulse-mailer newsletter set from-{name} ..."
            )


HEAD_CHECKS: tuple[Callable[[Edition], Iterator[Finding]], ...] = (
    _subject,
    _preheader,
    _letter,
    _to_write,
    _sender,
)
