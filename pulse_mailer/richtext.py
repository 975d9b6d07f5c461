"""
Staff's text: a small Markdown in, clean HTML or plain text out. The only import of nh3.

The Markdown: paragraphs, **bold**, *italic*, [links](https://...), bullet and numbered lists (nested),
> quotes, ### headings, H~2~O and 19^th^. Raw HTML in it is shown as text.
"""

import html
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pulse_mailer.domain import merge_fields
from pulse_mailer.domain.merge_fields import Field
from pulse_mailer.errors import UnsafeText
from pulse_mailer.linebreaking import TEXT_WIDTH, single_spaced, wrap
from pulse_mailer.nesting import Node, nested, walk
from pulse_mailer.raising import parse_raised, raised_text

MAX_DEPTH = 50  #: deeper nesting overflows the stack of the MJML compiler and kills the process
MAX_CHARACTERS = 200_000
MAX_BRACKETS = 2_000  #: the Markdown parser's time grows with the square of their number

_TEXT_TAGS = {"p", "br", "strong", "em", "b", "i", "a", "ul", "ol", "li", "blockquote", "sub", "sup"}
_HEADING_TAGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_TABLE_TAGS = {"table", "thead", "tbody", "tr", "th", "td"}
_SCHEMES = {"http", "https", "mailto", "tel"}
# The parser drops without a word what lies deeper than its own limit, so that ours must be met first.
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "maxNesting": 4 * MAX_DEPTH}).disable(
    ["image", "code", "fence", "backticks", "hr", "lheading", "reference", "html_block", "html_inline"]
)
_MARKDOWN.inline.ruler.after("emphasis", "raise", parse_raised)
# A link of a dangerous kind is parsed as a link all the same, so that its words can stay and its target go.
_MARKDOWN.validateLink = lambda _url: True  # type: ignore[method-assign,assignment]  # as its docs say
# All of C0 and C1 but tab, line feed and carriage return, the marks that turn text around, and letters of nobody's
# alphabet, which stand for merge fields below.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff\U000f0000-\U0010ffff]"
)
_FIRST_HELD = 0xF0000
_HELD = re.compile("([\U000f0000-\U000fffff])\\1*")
_NOT_IN_URL = re.compile(r"[\s<>\"`\\]")
#: One edition's texts, and those of some more; longer ones than people write are not kept.
_KEPT, _KEPT_CHARACTERS = 512, 10_000


@dataclass(frozen=True)
class _Read:
    """
    A text as it was parsed, for all that is made of it; nobody may change its tokens.

    Attributes:
        fields: its merge fields. The nth of them is in the tokens a letter of nobody's alphabet, as often as its
            default is long.
    """

    tokens: Sequence[Token]
    fields: Sequence[Field]

    @cached_property
    def nodes(self) -> list[Node]:
        return nested(iter(self.tokens))


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


def to_html(markdown: str, *, heading: str = "h5", opened: Callable[[Field], str] | None = None) -> str:
    """
    Make safe HTML, with runs of white space made one space and links that lead nowhere made plain words.

    Args:
        heading: the tag of every heading in it, so that it fits the page around it.
        opened: gives what stands for a merge field, as HTML; without it that is the field's default.

    Raises:
        UnsafeText: too long, nested too deeply, holding characters that no mail may carry, or a merge field in the
            target of a link.
    """
    text = _read(markdown)
    tokens = [_to_show(token, heading) for token in text.tokens]
    made = _cleaner(heading).clean(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))
    return _put_back(single_spaced(made), text.fields, opened or (lambda field: html.escape(field.default)))


@cache
def _cleaner(heading: str) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TEXT_TAGS | {heading},
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes=_SCHEMES,
        link_rel=None,
    )


def to_text(
    markdown: str,
    references: list[str],
    *,
    width: int = TEXT_WIDTH,
    opened: Callable[[Field], str] | None = None,
) -> str:
    """
    Make plain text, wrapped, with list entries hanging from their bullets and numbers.

    A word longer than `width` columns stays whole. Lines are as long as they are with each merge field's default.

    Args:
        references: the URLs referred to so far, as [1], [2]...; those of this text are added to it.
        opened: gives what stands for a merge field; without it that is the field's default.

    Raises:
        UnsafeText: as to_html() does.
    """
    text = _read(markdown)
    made = "\n\n".join("\n".join(_lines(block, references, width)) for block in text.nodes)
    return _put_back(made, text.fields, opened or (lambda field: field.default))


def check_fields(markdown: str, where: str) -> None:
    """
    Args:
        where: such as "The letter".

    Raises:
        UsageError: something in it is written as a merge field and is none; says what is possible.
        UnsafeText: as to_html() does.
    """
    merge_fields.check(markdown, where)
    _read(markdown)


def beginning(markdown: str) -> str:
    """
    Give the first paragraph, quote or list entry, with a heading before it; the whole when there is no more.

    A paragraph that leads to a list ("The report finds:") takes the first entry of it along.

    Raises:
        UnsafeText: as to_html() does.
    """
    lines = markdown.split("\n")
    found = _read(markdown).nodes
    for place, block in enumerate(found, start=1):
        is_list = block.type in {"bullet_list", "ordered_list"}
        _, end = (block.inside[0] if is_list else block).token.map or (0, 0)  # as every block has it
        words = "\n".join(lines[:end]).rstrip()
        leads = words.endswith(":") and place < len(found)
        if block.type != "heading" and not leads:
            is_last = place == len(found) and (not is_list or len(block.inside) == 1)
            return markdown if is_last else words
    return markdown


def links_in(markdown: str) -> list[tuple[str, str]]:
    """Every link as (its words, its target as written), also those that lead nowhere."""
    return [
        ("".join(inner.token.content for inner in walk(node.inside)), str(node.token.attrs.get("href", "")))
        for node in walk(nested(iter(_parse(markdown))))
        if node.type == "link"
    ]


def blocks(markdown: str) -> list[str]:
    """
    The paragraphs, lists and quotes that stand one below the other, each as written; nothing within them is parted.

    Raises:
        UnsafeText: as to_html() does.
    """
    lines = markdown.split("\n")
    begins = [
        token.map[0] for token in _parse(markdown) if token.level == 0 and token.nesting >= 0 and token.map
    ]
    ends = [*begins[1:], len(lines)][: len(begins)]  # a text of nothing has no beginning
    return ["\n".join(lines[begin:end]).strip("\n") for begin, end in zip(begins, ends, strict=True)]


def usable_url(url: str) -> str:
    """
    Give the URL, when mail can carry it and it leads somewhere (http, https, mailto or tel); else nothing.

    Letters beyond ASCII are written as %XX, in a host name by IDNA, as RFC 3987 section 3.1 has it.
    """
    url = url.strip()
    if _NOT_IN_URL.search(url) or _FORBIDDEN.search(url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if (parts.scheme in {"http", "https"} and parts.hostname) or (
        parts.scheme in {"mailto", "tel"} and parts.path
    ):
        return _MARKDOWN.normalizeLink(url)
    return ""


def check_characters(text: str) -> None:
    """
    Raises:
        UnsafeText: it is too long or holds a character that no mail may carry; says which, and the line.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnsafeText(
            f"The text has {len(text):,} characters; {MAX_CHARACTERS:,} is the most.", remedy="Shorten it."
        )
    found = _FORBIDDEN.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise UnsafeText(
            f"Line {line} holds the invisible character U+{ord(found[0]):04X}, which mail may not carry.",
            remedy="Type the words around it again.",
        )


def _parse(markdown: str) -> list[Token]:
    check_characters(markdown)
    if markdown.count("[") > MAX_BRACKETS:
        raise UnsafeText(
            f"The text has more than {MAX_BRACKETS:,} square brackets.", remedy="Take most of them out."
        )
    tokens = _MARKDOWN.parse(markdown)
    depth = deepest = 0
    has_entities = "&" in markdown
    for token in _flat(tokens):
        # An entity such as &#8238; makes a character that the source did not hold.
        if has_entities:
            check_characters(token.content)
        depth += token.nesting
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise UnsafeText(
            f"The text is nested {deepest} levels deep; {MAX_DEPTH} is the most.",
            remedy="Take lists and quotes out of one another.",
        )
    return tokens


def _read(markdown: str) -> _Read:
    """HTML and plain text are made of one reading, and a text that has not changed is not read again."""
    return _kept(markdown) if len(markdown) <= _KEPT_CHARACTERS else _read_anew(markdown)


@lru_cache(maxsize=_KEPT)
def _kept(markdown: str) -> _Read:
    return _read_anew(markdown)


def _read_anew(markdown: str) -> _Read:
    """Parse, each merge field being one word meanwhile, so that no mark-up can begin or end in it."""
    fields = merge_fields.fields_in(markdown)
    if not fields:
        return _Read(_parse(markdown), fields)
    nonce, count = f"zq{secrets.token_hex(8)}q", 0
    pieces = []
    for piece in merge_fields.parse(markdown):
        if isinstance(piece, Field):
            piece, count = f"{nonce}{count}q", count + 1  # noqa: PLW2901 - the same place in the text
        pieces.append(piece)
    tokens = _parse("".join(pieces))
    word = re.compile(rf"{nonce}(\d+)q")
    for token in _flat(tokens):
        if found := word.search(str(token.attrs.get("href", ""))):
            raise UnsafeText(
                f"A link leads to an address with the merge field {fields[int(found[1])].source} in it.",
                remedy="Merge fields can stand in a link's words, and not in its address.",
            )
        token.content = word.sub(
            lambda found: chr(_FIRST_HELD + int(found[1])) * len(fields[int(found[1])].default), token.content
        )
    return _Read(tokens, fields)


def _put_back(text: str, fields: Sequence[Field], opened: Callable[[Field], str]) -> str:
    return _HELD.sub(lambda found: opened(fields[ord(found[1]) - _FIRST_HELD]), text) if fields else text


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or []


def _to_show(token: Token, heading: str) -> Token:
    """The token, or a copy of it: a heading by its tag, without links that lead nowhere."""
    if token.type in {"heading_open", "heading_close"}:
        return token.copy(tag=heading)
    if token.children and any(child.type == "link_open" for child in token.children):
        return token.copy(children=list(_without_dead_links(token.children)))
    return token


def _without_dead_links(tokens: list[Token]) -> Iterator[Token]:
    alive = True
    for token in tokens:
        if token.type == "link_open":
            alive = bool(usable_url(str(token.attrs.get("href", ""))))
        if alive or token.type not in {"link_open", "link_close"}:
            yield token


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    is_marker = value.strip().lower().startswith("picture:")
    if attribute == "src" and not is_marker:
        return None
    if tag == "a" and attribute == "href" and is_marker:
        return None
    return value


def _lines(block: Node, references: list[str], width: int) -> list[str]:
    if block.type in {"bullet_list", "ordered_list"}:
        return _list_lines(block, references, width)
    if block.type == "blockquote":
        inner = "\n\n".join("\n".join(_lines(child, references, width - 2)) for child in block.inside)
        return [f"> {line}".rstrip() for line in inner.splitlines()]
    words = _inline_text(block, references)
    return [line for part in words.split("\n") for line in wrap(part, width)]


def _list_lines(block: Node, references: list[str], width: int) -> list[str]:
    first = int(block.token.attrs.get("start", 1))
    entries = []
    for number, entry in enumerate(block.inside, start=first):
        marker = f"{number}. " if block.type == "ordered_list" else "- "
        inside = [
            line for child in entry.inside for line in _lines(child, references, width - len(marker))
        ] or [""]
        margins = [marker] + [" " * len(marker)] * (len(inside) - 1)
        entries.append("\n".join(f"{margin}{line}" for margin, line in zip(margins, inside, strict=True)))
    # Entries that fill several lines are told apart by a blank one between them.
    between = "\n\n" if any("\n" in entry for entry in entries) else "\n"
    return between.join(entries).split("\n")


def _inline_text(node: Node, references: list[str]) -> str:
    if node.type == "text":
        return node.token.content
    if node.type in {"softbreak", "hardbreak"}:
        return " " if node.type == "softbreak" else "\n"
    words = "".join(_inline_text(child, references) for child in node.inside)
    if node.type in {"sub", "sup"}:
        return raised_text(words, node.type)
    if node.type == "link":
        url = usable_url(str(node.token.attrs.get("href", "")))
        if url and words not in {url, url.removeprefix("mailto:"), url.removeprefix("tel:")}:
            words = f"{words} {refer(url, references)}"
    return words


def refer(url: str, references: list[str]) -> str:
    """Give the URL's number as [n], after adding it to the references unless it is there."""
    if url not in references:
        references.append(url)
    return f"[{references.index(url) + 1}]"
