"""CSS rules into style attributes, for readers that drop `<style>`; or beside them. The only import of premailer."""

import logging
import re
from typing import NamedTuple

from pulse_mailer.composing.markup import parsed
from pulse_mailer.errors import BrokenTemplate

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_IGNORE = ' data-premailer="ignore"'


def inline(html: str, css: str) -> str:
    """
    Give the HTML with the rules of `css` in style attributes, and everything else as it was.

    Raises:
        BrokenTemplate: something else changed, which premailer's defaults would do: the doctype, Outlook's
            comments, the rules for dark mode and phones, a link or the text.
    """
    from premailer import Premailer  # noqa: PLC0415 - brings cssutils and requests in, and to send needs neither

    # Left to itself premailer also inlines MJML's own style blocks, and takes their !important away.
    guarded = re.sub(r"<style(?=[ >])", f"<style{_IGNORE}", html)
    inlined = Premailer(
        guarded,
        css_text=[css],
        allow_network=False,
        strip_important=False,
        disable_validation=True,
        preserve_internal_links=True,
        align_floating_images=False,
        disable_basic_attributes=["width", "height", "bgcolor", "align", "valign"],
        cssutils_logging_level=logging.CRITICAL,
    ).transform(pretty_print=False)
    # The library writes each rule with a space after its semicolon, some hundred times in an edition.
    result = re.sub(
        r'(?<= style=")[^"]*', lambda style: style[0].replace("; ", ";"), str(inlined).replace(_IGNORE, "")
    )
    before, after = _facts(html), _facts(result)
    for name, was, now in zip(before._fields, before, after, strict=True):
        if was != now:
            raise BrokenTemplate(f"Putting the styles in place changed the {name} of the mail.")
    return result


def beside(html: str, css: str) -> str:
    """
    Give the HTML with `css` as the last of its style elements: browsers, which read a web page, drop none.

    Raises:
        BrokenTemplate: the page has no head, or the rules would end their element.
    """
    before, head_end, after = html.partition("</head>")
    if not head_end or "<" in css:
        raise BrokenTemplate("The styles of the items cannot be put into the head of the web copy.")
    return f"{before}<style>{' '.join(css.split())}</style>{head_end}{after}"


class _Facts(NamedTuple):
    doctype: bool
    comments: list[str]
    styles: list[str]
    addresses: list[str]
    words: str


def _facts(html: str) -> _Facts:
    tree = parsed(html)
    return _Facts(
        doctype=html[:15].lower() == "<!doctype html>",
        comments=_COMMENT.findall(html),
        styles=_STYLE.findall(_COMMENT.sub("", html)),
        addresses=[str(address) for address in tree.xpath("//@href | //@src")],
        words=str(tree.body.text_content()),
    )
