"""
Staff's text: a small Markdown in, clean HTML or plain text out. The only import of nh3.

The Markdown: paragraphs, **bold**, *italic*, [links](https://...), bullet and numbered lists (nested), > quotes,
### headings. Raw HTML in it is shown as text.
"""

import re

import nh3
from markdown_it import MarkdownIt

from pulse_mailer.errors import UnsafeText

MAX_DEPTH = 50  #: deeper nesting overflows the stack of the MJML compiler and kills the process
MAX_CHARACTERS = 200_000

_TAGS = {"p", "br", "strong", "em", "a", "ul", "ol", "li", "h3", "h4", "blockquote", "sub", "sup"}
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(["image", "code", "fence", "html_block", "html_inline"])
# All but tab, line feed and carriage return of C0 and C1, and the marks that turn the direction of text around.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
