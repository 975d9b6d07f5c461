"""Composed HTML read back, for the checks on it."""

from typing import cast

from lxml import html as lxml_html


def parsed(html: str) -> lxml_html.HtmlElement:
    return cast("lxml_html.HtmlElement", lxml_html.document_fromstring(html))


def visible_text(html: str) -> str:
    """The words of the page, without its title, with single spaces."""
    return " ".join(str(parsed(html).body.text_content()).split())
