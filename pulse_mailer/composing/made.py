"""A mail as it was made, read back once for all the checks on it."""

import re
from dataclasses import dataclass

from lxml import html as lxml_html

from pulse_mailer.composing.appearance import Seen, seen
from pulse_mailer.composing.markup import parsed
from pulse_mailer.composing.sheets import Rule, rules
from pulse_mailer.domain.edition import Edition, Rendering, Section

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# A merge field as a Rendering shows it; who has no value of their own reads the words after the bar.
_FIELD = re.compile(r"\[\[\w+\|([^\]\n]*)\]\]")
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Made:
    """
    Attributes:
        document: its HTML, with slots as [[name]].
        words: of the HTML, without its title and the space between them made single.
        sheets, rules: what stands in its style elements, without those in comments for Outlook alone.
        headers: names in small letters, open fields as [[name]].
        light, dark: its words as a light and as a dark inbox shows them.
    """

    edition: Edition
    rendering: Rendering
    document: lxml_html.HtmlElement
    words: str
    sheets: tuple[str, ...]
    rules: tuple[Rule, ...]
    headers: dict[str, str]
    light: tuple[Seen, ...]
    dark: tuple[Seen, ...]

    def shows(self, section: Section) -> bool:
        """Whether this variant of the edition holds a section."""
        variant = self.rendering.variant
        return not variant or str(self.edition.sections.index(section) + 1) in variant.split(",")


def with_defaults(text: str) -> str:
    return _FIELD.sub(r"\1", text)


def made(edition: Edition, rendering: Rendering) -> Made:
    document = parsed(rendering.html)
    sheets = tuple(_STYLE.findall(_COMMENT.sub("", rendering.html)))
    found = tuple(rule for sheet in sheets for rule in rules(sheet))
    return Made(
        edition,
        rendering,
        document,
        words=" ".join(str(document.body.text_content()).split()),
        sheets=sheets,
        rules=found,
        headers=_headers(rendering),
        light=tuple(seen(document.body, found, dark=False)),
        dark=tuple(seen(document.body, found, dark=True)),
    )


def _headers(rendering: Rendering) -> dict[str, str]:
    shown = (
        f"[[{piece.partition('.')[2]}]]" if odd % 2 else piece for odd, piece in enumerate(rendering.segments)
    )
    head = "".join(shown).partition("\r\n\r\n")[0]
    lines = re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
