"""Short ways to a draft, and to what two drafts are compared by."""

import re
from collections import Counter
from typing import Any

from pulse_mailer.importing import read_document
from pulse_mailer.importing.draft import Doubt, DoubtfulLine, Draft, DraftItem, Programme

#: What a doubtful line says of text that stands nowhere else.
LEFT_OUT = {Doubt.PICTURE_TEXT, Doubt.UNPLACED, Doubt.PICTURE, Doubt.MARKUP, Doubt.COMMENT}


def draft_of(
    document: str | bytes, name: str = "edition.md", programme: Programme | None = None, **pictures: bytes
) -> Draft:
    """Read a document; `pictures` are files beside it, by their name without the ending .png."""
    data = document.encode() if isinstance(document, str) else document
    return read_document(
        name, data, programme or Programme(), lambda path: pictures.get(path.removesuffix(".png"))
    )


def one_item(text: str) -> DraftItem:
    """The only item of a document that has a masthead, a section and a category above this text."""
    [item] = draft_of(f"# The Digest\n\nMay 2023\n\n## Housing\n\n### Reports\n\n{text}").items()
    return item


def tree(draft: Draft) -> list[Any]:
    """Sections > categories > items, without line numbers."""
    return [
        (
            section.name,
            section.is_news,
            [
                (
                    category.name,
                    [(item.publisher, item.title, item.url, item.summary) for item in category.items],
                )
                for category in section.categories
            ],
        )
        for section in draft.sections
    ]


def opening(draft: Draft) -> tuple[str, ...]:
    return (
        draft.newsletter, draft.period, draft.key, draft.letter, draft.closing, draft.signed_by, draft.signed_role,
        draft.reason, draft.postal_address,
    )  # fmt: skip


def doubts(draft: Draft, kind: Doubt) -> list[DoubtfulLine]:
    return [doubt for doubt in draft.review if doubt.doubt is kind]


def doubtful_lines(draft: Draft, kind: Doubt) -> list[int]:
    return [doubt.line for doubt in doubts(draft, kind)]


def words(text: str, between: str = "") -> Counter[str]:
    """
    Args:
        between: what stands for a mark in the middle of a word. Emphasis may begin or end there, so that *pre*fix is
            one word, and 2*3 may be two: who compares tries nothing as well as a space.
    """
    text = re.sub(r"(?<=[^\W_])[\\*`]+(?=[^\W_])", between, text.casefold())
    return Counter(re.findall(r"[^\W_]+", text))


def kept_words(draft: Draft, between: str = "") -> Counter[str]:
    """Every word that the draft holds, or that its review says was left out."""
    texts = [*opening(draft), draft.subject, draft.preheader]
    texts += [value for line in draft.contact_lines for value in line.values()]
    for section in draft.sections:
        texts.append(section.name)
        texts += [category.name for category in section.categories]
    for item in draft.items():
        texts += [
            item.publisher,
            item.title,
            item.url,
            item.summary,
            item.picture.alt if item.picture else "",
        ]
    texts += [doubt.text for doubt in draft.review if doubt.doubt in LEFT_OUT]
    return words("\n".join(texts), between)
