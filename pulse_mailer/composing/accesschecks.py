"""The part of preflight that asks whether everybody can read the mail: by ear, with poor sight, by keyboard."""

import re
from collections.abc import Callable, Iterator

from pulse_mailer.composing.appearance import Seen
from pulse_mailer.composing.colours import ENOUGH, contrast
from pulse_mailer.composing.finding import MAIL, Code, Finding, error, warning
from pulse_mailer.composing.made import Made

TEXT_LEAST = 14  #: pixels
ENOUGH_FOR_LARGE = 3.0  #: the contrast that WCAG 2.2 asks of large text (success criterion 1.4.3)
_LARGE, _LARGE_BOLD = 24.0, 18.66  #: pixels; its 18 and 14 points
_IN_DESIGN = "Change the design, or choose another one."


def _language(mail: Made) -> Iterator[Finding]:
    language = mail.document.get("lang", "").strip()
    if not language or language == "und":
        what = "It does not say its language, so programs that read aloud guess how to pronounce it."
        yield error(Code.LANGUAGE_MISSING, MAIL, what, "Give the newsletter a language, such as en-GB.")


def _title(mail: Made) -> Iterator[Finding]:
    if not (mail.document.findtext(".//title") or "").strip():
        what = "Its page has no title, which is what a screen reader says first."
        yield warning(Code.PAGE_TITLE, MAIL, what, _IN_DESIGN)


def _tables(mail: Made) -> Iterator[Finding]:
    tables = list(mail.document.iterfind(".//table"))
    count = sum(table.get("role") not in {"presentation", "none"} for table in tables)
    if count:
        what = f"{count} of its {len(tables)} tables are read out as tables of figures."
        yield warning(Code.TABLE_ROLE, MAIL, what, 'Give each table of the design role="presentation".')


def _pictures(mail: Made) -> Iterator[Finding]:
    for picture in mail.document.iterfind(".//img"):
        if picture.get("alt") is None:
            what = f"The picture {picture.get('src', '')[-60:]} has no alt, so its address is read out."
            yield error(
                Code.ALT_MISSING, MAIL, what, "Give it an alt in the design; empty for mere decoration."
            )


def _headings(mail: Made) -> Iterator[Finding]:
    found = mail.document.xpath(
        "//body//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::h6]"
    )
    levels = [int(heading.tag[1]) for heading in found]
    before = 0
    for heading, level in zip(found, levels, strict=True):
        if level > before + 1:
            words = " ".join(heading.text_content().split())[:60]
            what = f"The heading “{words}” is of level {level}, and the one before it of level {before or 'none'}."
            yield warning(Code.HEADING_ORDER, MAIL, what, "Let no level be left out: people jump by them.")
            break
        before = level
    if levels.count(1) != 1:
        what = f"It has {levels.count(1)} headings of the first level."
        yield warning(Code.HEADING_ORDER, MAIL, what, "Let the newsletter's name alone be one.")


def _letters(mail: Made) -> Iterator[Finding]:
    small: dict[float, str] = {}
    justified = ""
    for words in mail.light:
        if 1 < words.pixels < TEXT_LEAST:  # in one pixel stands what is to be heard or measured only
            small.setdefault(words.pixels, words.words)
        if words.is_justified and not justified:
            justified = words.words
    for pixels, example in sorted(small.items()):
        what = f"“{_short(example)}” is set in {pixels:g} pixels; below {TEXT_LEAST} many cannot read it."
        yield warning(Code.TEXT_SMALL, MAIL, what, _IN_DESIGN)
    if justified:
        what = f"“{_short(justified)}” is justified, which tears holes that make reading hard."
        yield warning(Code.TEXT_JUSTIFIED, MAIL, what, "Align it to the left.")


def _contrast(mail: Made) -> Iterator[Finding]:
    for shown, where in ((mail.light, "light"), (mail.dark, "dark")):
        poor: dict[tuple[str, str], str] = {}
        for words in shown:
            if words.pixels > 1 and contrast(words.colour, words.ground) < _enough(words):
                poor.setdefault((words.colour, words.ground), words.words)
        for (colour, ground), example in poor.items():
            ratio = f"{contrast(colour, ground):.1f}"
            what = (
                f"“{_short(example)}”, {colour} on {ground}, has a contrast of {ratio} in a {where} inbox; "
                f"{ENOUGH} is what people with poor sight need."
            )
            yield warning(Code.CONTRAST, MAIL, what, "Choose a stronger colour in the theme or the design.")


def _enough(words: Seen) -> float:
    is_large = words.pixels >= (_LARGE_BOLD if words.is_bold else _LARGE)
    return ENOUGH_FOR_LARGE if is_large else ENOUGH


def _short(words: str) -> str:
    found = re.split(r"\s+", words)[:6]
    return " ".join(found)[:60]


ACCESS_CHECKS: tuple[Callable[[Made], Iterator[Finding]], ...] = (
    _language,
    _title,
    _tables,
    _pictures,
    _headings,
    _letters,
    _contrast,
)
