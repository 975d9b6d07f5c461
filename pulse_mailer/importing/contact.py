"""The lines that say how to reach the sender, why one gets the newsletter, and how to leave it."""

import re
from collections.abc import Iterator
from itertools import pairwise

from pulse_mailer.importing.blocks import Line
from pulse_mailer.importing.draft import Doubt, DoubtfulLine, Draft
from pulse_mailer.importing.inline import Run, runs, visible
from pulse_mailer.importing.targets import PLACEHOLDER

_LABEL = re.compile(
    r"(?P<label>telephone|tel|phone|mobile|fax|e-?mail|website|web|twitter|x|linkedin|facebook|instagram|youtube"
    r"|bluesky|mastodon|address)\s*:\s*",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s{2,}|\s+[|·•]\s+|\t+|\xa0{2,}")
_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"\+?[\d(][\d\s()./-]{6,20}\d")
_SITE = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_POSTCODE = re.compile(r"\b(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]{2} \d{5}(?:-\d{4})?)\b")
_REASON = re.compile(
    r"unsubscribe"
    r"|(?:prefer not|no longer (?:wish|want)) to receive (?:this|these|our|it|them|any|further|e-?mails?)\b"
    r"|you (?:are receiving|receive|get) (?:this|these|our) (?:e-?mail|mail|message|newsletter|digest|bulletin)"
    r"|you (?:are receiving|receive|get) [^.!?]{1,80} (?:because|as|since) your?\b"
    r"|opt(?:ing)? out of (?:this|these|our|receiving)\b"
    r"|(?:on|of|off|from|leave) (?:this|our|the) (?:mailing|distribution) list",
    re.IGNORECASE,
)
_HOSTS = {
    "twitter.com": "Twitter", "x.com": "X", "linkedin.com": "LinkedIn", "facebook.com": "Facebook",
    "instagram.com": "Instagram", "youtube.com": "YouTube", "bsky.app": "Bluesky",
}  # fmt: skip
_MAX_LINE = 250  #: characters of a line of contact details
_MAX_ADDRESS_LINES = 5
_FEWEST_WORDS = 5  #: of a sentence on leaving; "Unsubscribe" alone is a link
_MAX_ADDRESS_LINE = 60

Contact = dict[str, str]


def is_reason(text: str) -> bool:
    """Whether a paragraph says why people get the newsletter or how they leave it."""
    return _REASON.search(text) is not None


def is_contact(text: str) -> bool:
    """Whether a line holds contact details and nothing else, or a postal address."""
    return len(text) <= 2 * _MAX_LINE and (_contacts(text) is not None or _is_postal(visible(text)))


def is_of_sender(text: str) -> bool:
    """Whether contact details can only be the sender's: a link alone may lead to something to read."""
    if not is_contact(text):
        return False
    words = visible(text)
    return (
        _is_postal(words)
        or _LABEL.match(words) is not None
        or any(
            one["url"].startswith(("mailto:", "tel:")) or one["label"] in _HOSTS.values()
            for one in _contacts(text) or ()
        )
    )


def read_contact(lines: list[Line], draft: Draft) -> None:
    """Fill the draft's reason, contact lines and postal address; what is none of them goes to its review."""
    waiting: list[Line] = []
    draft.contact_line = draft.contact_line or next((line.number for line in lines), 0)
    for line in lines:
        words = visible(line.text)
        if is_reason(words) and len(words.split()) >= _FEWEST_WORDS:
            draft.reason = f"{draft.reason} {words}".strip()
            continue
        found = _contacts(line.text) if len(line.text) <= 2 * _MAX_LINE else None
        if found is not None:
            draft.contact_lines += found
        elif _is_postal(words) and not draft.postal_address:
            draft.postal_address = ", ".join([*_address_lines(waiting, draft), words.rstrip(".,")])
        else:
            waiting.append(line)
            continue
        _leave(waiting, draft)
    _leave(waiting, draft)


def _address_lines(waiting: list[Line], draft: Draft) -> list[str]:
    """The short lines right above the one with the postcode, which are taken; the rest stays waiting."""
    taken: list[str] = []
    while (
        waiting
        and len(taken) < _MAX_ADDRESS_LINES
        and len(words := visible(waiting[-1].text)) <= _MAX_ADDRESS_LINE
    ):
        taken.insert(0, words.rstrip(".,"))
        waiting.pop()
    _leave(waiting, draft)
    return taken


def _leave(waiting: list[Line], draft: Draft) -> None:
    for line in waiting:
        why = "It belongs to no part of an edition that we know; it was left out."
        draft.review.append(DoubtfulLine(line.number, Doubt.UNPLACED, visible(line.text), why))
    waiting.clear()


def _is_postal(words: str) -> bool:
    return len(words) <= _MAX_LINE and _POSTCODE.search(words) is not None


def _contacts(text: str) -> list[Contact] | None:
    """The contact details in a line; None when there are none, or when something else stands beside them."""
    found: list[Contact] = []
    label = ""
    for piece in _pieces(runs(text)):
        words = piece.text.strip(" \t\xa0,;|·•")
        if not words:
            continue
        if piece.target is None and (named := _LABEL.match(words)):
            if label:
                return None
            label, words = named["label"], words[named.end() :].strip()
            label = label[0].upper() + label[1:]
        url = _url_of(words) if piece.target is None else piece.target
        if words and (url or label):
            url = "" if url == PLACEHOLDER else url
            found.append({"label": label or _label_of(url, words), "text": words, "url": url})
            label = ""
        elif words:
            if label or len(words) > 30:
                return None
            label = words.strip(" :")
    return found if found and not label else None


def _pieces(parts: list[Run]) -> Iterator[Run]:
    """Linked text as it is; other text cut at wide gaps, at bars, and before each label."""
    for run in parts:
        if run.target is not None:
            yield run
            continue
        for stretch in _BETWEEN.split(run.text):
            starts = [
                found.start() for found in _LABEL.finditer(stretch) if _begins_word(stretch, found.start())
            ]
            cuts = sorted({0, *starts, len(stretch)})
            for start, end in pairwise(cuts):
                yield Run(stretch[start:end])


def _begins_word(text: str, place: int) -> bool:
    return place == 0 or not text[place - 1].isalnum()


def _url_of(words: str) -> str:
    if found := _ADDRESS.fullmatch(words):
        return f"mailto:{found[0]}"
    if _SITE.fullmatch(words):
        return words if "://" in words else f"https://{words}"
    if _PHONE.fullmatch(words):
        return "tel:" + "".join(letter for letter in words if letter.isdigit() or letter == "+")
    return ""


def _label_of(url: str, words: str) -> str:
    if url.startswith("mailto:"):
        return "Email"
    if url.startswith("tel:"):
        return "Telephone"
    host = url.partition("://")[2].partition("/")[0].lower().removeprefix("www.")
    return _HOSTS.get(host, "Website" if _SITE.fullmatch(words) else "")
