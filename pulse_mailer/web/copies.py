"""
The web copy of an edition as a page of the archive: the composed mail as it was kept, with the ways around it.

What is kept never changes by itself; the editions beside it do. So the page is cut at its head and body, and a
template puts it together again with everything that belongs to the archive.
"""

import json
import re
from dataclasses import dataclass
from html import escape
from typing import Any

from pulse_mailer.editions.archive import ArchivedEdition, WebCopy
from pulse_mailer.links import Links

_PAGE = re.compile(
    r"\s*<!doctype html>\s*<html(?P<attributes>[^>]*)>.*?<head[^>]*>(?P<head>.*?)</head>"
    r"\s*<body(?P<body_attributes>[^>]*)>(?P<body>.*)</body>\s*</html>\s*",
    re.DOTALL | re.IGNORECASE,
)
_LINKABLE = re.compile(
    r'<(?P<tag>[a-z][a-z0-9]*)(?=\s)[^<>]*\sid="(?P<anchor>(?P<kind>item|section)-(?P<number>\d{1,6}))"[^<>]*>'
)
_FIRST_PICTURE = re.compile(r'<img\s[^<>]*\ssrc="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Page:
    """Parts of a page, each as HTML."""

    attributes: str
    head: str
    body_attributes: str
    body: str


def page(copy: WebCopy) -> Page:
    """Cut the page that was kept, and give each of its items and sections a link to itself."""
    found = _PAGE.fullmatch(copy.html)
    assert found, "every composed page has a head and a body"

    def with_link(tag: re.Match[str]) -> str:
        return _with_link(tag, copy.titles)

    return Page(
        found["attributes"], found["head"], found["body_attributes"], _LINKABLE.sub(with_link, found["body"])
    )


def picture_of(copy: WebCopy) -> str:
    """The address of the first picture, for those who show a link to the page; empty where there is none."""
    found = _FIRST_PICTURE.search(copy.html)
    return found[1] if found else ""


def described(copy: WebCopy, links: Links) -> str:
    """What search engines are told of the edition: JSON-LD in schema.org's words, safe within a script element."""
    archive, edition = copy.archive, copy.edition
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": headline(edition),
        "url": links.web_copy(archive.newsletter_slug, edition.key),
        "inLanguage": archive.language,
        "datePublished": edition.published_at.isoformat(),
        "dateModified": edition.updated_at.isoformat(),
        "publisher": {"@type": "Organization", "name": archive.sender},
        "isPartOf": {
            "@type": "Periodical",
            "name": archive.newsletter_name,
            "url": links.archive(archive.newsletter_slug),
        },
    }
    if edition.preheader:
        told["description"] = edition.preheader
    if edition.corrections:
        told["correction"] = [
            {"@type": "CorrectionComment", "text": one.note, "datePublished": one.at.isoformat()}
            for one in edition.corrections
        ]
    said = json.dumps(told, ensure_ascii=False)
    for letter in "<>&\u2028\u2029":
        said = said.replace(letter, f"\\u{ord(letter):04x}")
    return said


def headline(edition: ArchivedEdition) -> str:
    return edition.subject or edition.title


def _with_link(tag: re.Match[str], titles: dict[int, str]) -> str:
    title = titles.get(int(tag["number"]), "") if tag["kind"] == "item" else ""
    label = escape(f"Link to this {tag['kind']}{f': {title}' if title else ''}")
    link = f'<a class="pm-link" href="#{tag["anchor"]}" aria-label="{label}">#</a>'
    # A heading's name must not begin with the sign; within any other element it stands at the top.
    is_heading = re.fullmatch(r"h[1-6]", tag["tag"])
    return f"{link}{tag[0]}" if is_heading else f"{tag[0]}{link}"
