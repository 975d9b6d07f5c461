"""The part of preflight that knows the quirks of mail programs: Gmail, Outlook, dark inboxes, previews."""

import re
from collections.abc import Callable, Iterator

from pulse_mailer.composing.finding import MAIL, Code, Finding, warning
from pulse_mailer.composing.made import Made, with_defaults
from pulse_mailer.composing.sheets import declarations

STYLES_MOST = 16_000  #: bytes; Gmail drops the style element that goes beyond (email-bugs 90)
FILLER_LEAST = 20  #: invisible letters after the preheader, so that no other words follow it in the list

_CONDITION = re.compile(r"<!--\[if ([^\]]*)\]>|<!\[endif\]-->|<!--<!\[endif\]-->")
_UNITLESS = re.compile(r"(?:\d+|\d*\.\d+)")
_FILLER = re.compile("[\u034f\u200b\u200c\u200d\ufeff\xa0]")
_WRITTEN_FIELD = re.compile(r"\{\w+\|([^{}\n]*)\}")  # of which the words after the bar are read
_PUT_BACK = "Put it back into the design."


def _gmail(mail: Made) -> Iterator[Finding]:
    size = sum(len(sheet.encode()) for sheet in mail.sheets)
    if size > STYLES_MOST:
        what = f"Its style elements have {size:,} bytes; Gmail ignores what goes beyond {STYLES_MOST:,}."
        yield warning(Code.GMAIL_STYLES, MAIL, what, "Shorten the design's rules, or lessen the sections.")
    nested = next((rule for rule in mail.rules if len(rule.within) > 1), None)
    if nested:
        what = f"“{nested.within[-1]}” stands within another rule, and Gmail then ignores the whole sheet."
        yield warning(Code.GMAIL_STYLES, MAIL, what, "Let each rule that begins with @ stand by itself.")


def _outlook(mail: Made) -> Iterator[Finding]:
    opened = 0
    for mark in _CONDITION.finditer(mail.rendering.html):
        opened += 1 if mark[0].startswith("<!--[if") else -1
        if opened not in {0, 1}:
            break
    if opened:
        what = "A comment for Outlook ([if mso]) and its end do not come in pairs, so words vanish or show twice."
        yield warning(Code.OUTLOOK, MAIL, what, "Look for the one without a partner in the design.")
    for element in mail.document.body.iterfind(".//*[@style]"):
        height = declarations(element.get("style", "")).get("line-height", "")
        if _UNITLESS.fullmatch(height) and float(height):
            what = f"A line-height of {height} has no unit, which Outlook reads as pixels or not at all."
            yield warning(Code.OUTLOOK, MAIL, what, "Write it in px in the design.")
            break
    for picture in mail.document.iterfind(".//img"):
        if not all(picture.get(side, "").isdigit() for side in ("width", "height")):
            what = f"The picture {picture.get('src', '')[-60:]} does not say its width and height in pixels."
            remedy = "Give it both in the design: Outlook shows its full size, others jump as it comes in."
            yield warning(Code.OUTLOOK, MAIL, what, remedy)


def _dark(mail: Made) -> Iterator[Finding]:
    names = {meta.get("name", "") for meta in mail.document.iterfind(".//meta")}
    dark = [rule for rule in mail.rules if rule.is_dark]
    if "color-scheme" not in names or not dark:
        what = "It does not say that it has colours for a dark inbox, so mail programs make up their own."
        remedy = "Put the color-scheme meta and the rules for prefers-color-scheme back into the design."
        yield warning(Code.DARK_MODE, MAIL, what, remedy)
    weak = next(
        (rule for rule in dark if any("!important" not in one for one in rule.declarations.values())), None
    )
    if weak:
        what = f"The rule for {weak.selector} in a dark inbox lacks !important, so the style attributes win."
        yield warning(Code.DARK_MODE, MAIL, what, "Write !important after each value there.")


def _preview(mail: Made) -> Iterator[Finding]:
    preheader = _WRITTEN_FIELD.sub(r"\1", " ".join(mail.edition.preheader.split()))
    if not preheader:
        return
    first = next(
        (str(text) for text in mail.document.body.itertext() if _FILLER.sub("", str(text)).strip()), ""
    )
    if with_defaults(" ".join(_FILLER.sub("", first).split())) != preheader:
        what = "The preheader is not the first text in it, so inboxes show other words beside the subject."
        yield warning(Code.PREHEADER_FILLER, MAIL, what, _PUT_BACK)
    elif len(_FILLER.findall(first)) < FILLER_LEAST:
        what = "Nothing invisible follows the preheader, so inboxes show the next words of the mail after it."
        yield warning(Code.PREHEADER_FILLER, MAIL, what, _PUT_BACK)


CLIENT_CHECKS: tuple[Callable[[Made], Iterator[Finding]], ...] = (_gmail, _outlook, _dark, _preview)
