"""CSS rules into style attributes, for readers that drop `<style>`; or beside them. The only import of premailer."""

import logging
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from pulse_mailer.composing.markup import Page
from pulse_mailer.errors import BrokenTemplate

if TYPE_CHECKING:
    from premailer import Premailer

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_GUARD = "data-premailer"
_STYLE_ATTRIBUTE = re.compile(r' style="[^"]*"')


def inline(html: str, css: str) -> Page:
    """
    Give the HTML with the rules of `css` in style attributes, and everything else as it was.

    Raises:
        BrokenTemplate: something else changed, which premailer's defaults would do: Outlook's comments, the rules
            for dark mode and phones, a link or the text.
    """
    given = Page(html)
    before = _facts(given)
    # Left to itself premailer also inlines MJML's own style blocks, and takes their !important away.
    for style in given.tree.iter("style"):
        style.set(_GUARD, "ignore")
    _premailer(css).transform(given.tree)
    etree.strip_attributes(given.tree, _GUARD)
    inlined = etree.tostring(given.tree.getroottree(), method="html", encoding="utf-8").decode()
    # The library writes each rule with a space after its semicolon, some hundred times in an edition.
    page = Page(_STYLE_ATTRIBUTE.sub(lambda style: style[0].replace("; ", ";"), inlined))
    for name, was, now in zip(before._fields, before, _facts(page), strict=True):
        if was != now:
            raise BrokenTemplate(f"Putting the styles in place changed the {name} of the mail.")
    return page


def beside(html: str, css: str) -> Page:
    """
    Give the HTML with `css` as the last of its style elements: browsers, which read a web page, drop none.

    Raises:
        BrokenTemplate: the page has no head, or the rules would end their element.
    """
    before, head_end, after = html.partition("</head>")
    if not head_end or "<" in css:
        raise BrokenTemplate("The styles of the items cannot be put into the head of the web copy.")
    return Page(f"{before}<style>{' '.join(css.split())}</style>{head_end}{after}")


class _Facts(NamedTuple):
    comments: list[str]
    styles: list[str]
    addresses: list[str]
    words: str


def _facts(page: Page) -> _Facts:
    return _Facts(
        comments=_COMMENT.findall(page.html),
        styles=_STYLE.findall(_COMMENT.sub("", page.html)),
        addresses=[str(address) for address in page.tree.xpath("//@href | //@src")],
        words=str(page.tree.body.text_content()),
    )


@lru_cache(maxsize=32)
def _premailer(css: str) -> "Premailer":
    """It would read the rules anew for each mail, which takes it longer than all the rest."""
    from premailer import Premailer  # noqa: PLC0415 - brings cssutils and requests in, and to send needs neither

    premailer = Premailer(
        css_text=[css],
        allow_network=False,
        strip_important=False,
        disable_validation=True,
        preserve_internal_links=True,
        align_floating_images=False,
        disable_basic_attributes=["width", "height", "bgcolor", "align", "valign"],
        cssutils_logging_level=logging.CRITICAL,
    )
    premailer._parse_style_rules = cache(premailer._parse_style_rules)  # noqa: SLF001 - it has no public way
    return premailer
