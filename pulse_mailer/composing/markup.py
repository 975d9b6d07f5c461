"""Composed HTML read back, for the checks on it."""

from dataclasses import dataclass
from functools import cached_property
from typing import cast

from lxml import html as lxml_html


@dataclass(frozen=True)
class Page:
    """A page of HTML, and what a reader of it finds, read once."""

    html: str

    @cached_property
    def tree(self) -> lxml_html.HtmlElement:
        return parsed(self.html)

    @cached_property
    def words(self) -> str:
        """What is to be seen, without the page's title, with single spaces."""
        return " ".join(str(self.tree.body.text_content()).split())


def parsed(html: str) -> lxml_html.HtmlElement:
    return cast("lxml_html.HtmlElement", lxml_html.document_fromstring(html))
