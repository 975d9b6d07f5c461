"""
Staff's text: a small Markdown in, clean HTML or plain text out. The only import of nh3.

The Markdown: paragraphs, **bold**, *italic*, [links](https://...), bullet and numbered lists (nested),
> quotes, ### headings. Raw HTML in it is shown as text.
"""

import re

import nh3
from markdown_it import MarkdownIt

MAX_DEPTH = 50  #: deeper nesting overflows the stack of the MJML compiler and kills the process
MAX_CHARACTERS = 200_000

_TEXT_TAGS = {"p", "br", "strong", "em", "b", "i", "a", "ul", "ol", "li", "blockquote", "sub", "sup"}
_HEADING_TAGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_TABLE_TAGS = {"table", "thead", "tbody", "tr", "th", "td"}
_SCHEMES = {"http", "https", "mailto", "tel"}
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(
    ["image", "code", "fence", "html_block", "html_inline"]
)
# All of C0 and C1 but tab, line feed and carriage return, and the marks that turn text around.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)


def clean(html: str) -> str:
    """
    Keep of a stranger's HTML what text needs: paragraphs, headings, lists, tables, emphasis and links.

    A link of a kind that mail cannot carry loses its target and stays as `<a>`; one that leads nowhere ("#")
    is kept as it is, for the caller to report. A picture stays only as `<img src="picture:…" alt="…">`, which
    is how an importer marks the place of one that it has taken out of the document itself.
    """
    return nh3.clean(
        html,
        tags=_TEXT_TAGS | _HEADING_TAGS | _TABLE_TAGS | {"img"},
        attributes={"a": {"href", "title"}, "img": {"src", "alt"}, "ol": {"start"}},
        attribute_filter=_keep_attribute,
        url_schemes=_SCHEMES | {"picture"},
        link_rel=None,
    )


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    is_marker = value.strip().lower().startswith("picture:")
    if attribute == "src" and not is_marker:
        return None
    if tag == "a" and attribute == "href" and is_marker:
        return None
    return value
