"""How the words of a composed mail look in a light and in a dark inbox: colours, sizes, alignment."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lxml import html as lxml_html

from pulse_mailer.composing.sheets import Rule, declarations, xpath

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})(?![0-9a-f])", re.IGNORECASE)
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", re.IGNORECASE)
_NAMES = {"white": "#FFFFFF", "black": "#000000"}
_PIXELS = re.compile(r"(\d+(?:\.\d+)?)px")
_BOLD_TAGS = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"})
_READ = re.compile(r"[^\s\u034f\u200b-\u200d\ufeff]")  # anything but what fills the preview of a mail
# The properties that matter here.
_ABOUT = frozenset(
    {"color", "background", "background-color", "font-size", "font-weight", "text-align", "display"}
)

Look = dict[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """
    Words and how they look.

    Attributes:
        colour, ground: #RRGGBB.
        pixels: the size of the letters.
    """

    words: str
    colour: str = "#000000"
    ground: str = "#FFFFFF"
    pixels: float = 16
    is_bold: bool = False
    is_justified: bool = False
    is_hidden: bool = False


def seen(body: lxml_html.HtmlElement, rules: Sequence[Rule], *, dark: bool) -> Iterator[Seen]:
    """All words that a reader sees, with the looks that style attributes and these rules give them."""
    chosen = _chosen(body, [rule for rule in rules if (dark and rule.is_dark) or not rule.within])
    looks: dict[lxml_html.HtmlElement, Seen] = {}
    for node in body.iter():
        parent = node.getparent()
        around = looks.get(parent, Seen("")) if parent is not None else Seen("")
        if isinstance(node.tag, str):  # a comment has none
            own = (str(node.tag), node.get("style", ""), node.get("bgcolor", ""), node.get("align", ""))
            look = looks[node] = _look(own, around, tuple(chosen.get(node, {}).items()))
            yield from _read(look, node.text, node.get("alt"))
        if node is not body:
            yield from _read(around, node.tail)


def _read(look: Seen, *texts: str | None) -> Iterator[Seen]:
    for text in texts:
        if text and not look.is_hidden and _READ.search(text):
            words = " ".join(text.split())
            # By name and not by replace(), which takes a third of preflight's time.
            yield Seen(
                words, look.colour, look.ground, look.pixels, look.is_bold, look.is_justified, look.is_hidden
            )


def colour_in(value: str) -> str | None:
    """The colour that a value of CSS names, as #RRGGBB; None when it names none that we know."""
    if found := _HEX.search(value):
        digits = found[0][1:]
        return f"#{digits if len(digits) == 6 else ''.join(2 * digit for digit in digits)}".upper()
    if found := _RGB.search(value):
        return "#" + "".join(f"{min(int(part), 255):02X}" for part in found.groups())
    return next((_NAMES[word] for word in value.lower().split() if word in _NAMES), None)


def _chosen(body: lxml_html.HtmlElement, rules: Sequence[Rule]) -> dict[lxml_html.HtmlElement, Look]:
    """What the rules want of each element, the heavier and the later rule winning; only what matters here."""
    wanted: dict[lxml_html.HtmlElement, Look] = {}
    in_order = sorted(enumerate(rules), key=lambda pair: (pair[1].weight, pair[0]))
    for _, rule in in_order:
        about = {name: value for name, value in rule.declarations.items() if name in _ABOUT}
        if about and (path := xpath(rule.selector)):
            for element in body.xpath(path):
                wanted.setdefault(element, {}).update(about)
    return wanted


@lru_cache(maxsize=4096)  # of a thousand elements of a mail some fifty differ
def _look(own: tuple[str, str, str, str], around: Seen, rules: tuple[tuple[str, str], ...]) -> Seen:
    """The look of an element of this tag, style, bgcolor and align, within another one."""
    tag, style, bgcolor, align = own
    wanted = dict(rules)
    mild = {name: value for name, value in wanted.items() if "!important" not in value}
    look = mild | declarations(style) | {name: value for name, value in wanted.items() if name not in mild}
    # The longer name comes last in what the compiler writes; what a rule insists on wins by either name.
    ground = look.get("background-color") or look.get("background") or bgcolor
    if "background" in wanted and "background" not in mild:
        ground = wanted["background"]
    pixels = _PIXELS.search(look.get("font-size", ""))
    weight = look.get("font-weight", "bold" if tag in _BOLD_TAGS else "")
    align = look.get("text-align", align)
    return Seen(
        words="",
        colour=colour_in(look.get("color", "")) or around.colour,
        ground=colour_in(ground) or around.ground,
        pixels=float(pixels[1]) if pixels else around.pixels,
        is_bold=_is_bold(weight) if weight else around.is_bold,
        is_justified="justify" in align if align else around.is_justified,
        is_hidden=around.is_hidden or "none" in look.get("display", "") or tag in {"style", "script"},
    )


def _is_bold(weight: str) -> bool:
    word = weight.split(maxsplit=1)[0]
    return word in {"bold", "bolder"} or (word.isdigit() and int(word) >= 600)
