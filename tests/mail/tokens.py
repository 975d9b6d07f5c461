"""HTML as a list of tokens in a normal form, so that what two compilers made of one MJML can be compared."""

import re
from collections.abc import Iterator
from html import unescape

_TOKEN = re.compile(
    r"(?P<begin><!--\[if [^\]]*\]>)|(?P<end><!\[endif\]-->)|(?P<other><!-->|<!--<!\[endif\]-->|<!--.*?-->)"
    r"|(?P<style><style[^>]*>.*?</style>)|(?P<tag><[^>]+>)|(?P<text>[^<]+)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([^\s=/>"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?""")


def tokens(html: str) -> list[str]:
    """Tags with their attributes and declarations sorted, texts with single spaces, Outlook's comments joined."""
    return list(_joined(_raw(html)))


def _raw(html: str) -> Iterator[str]:
    for found in _TOKEN.finditer(html):
        match found.lastgroup:
            case "tag":
                yield _tag(found["tag"])
            case "text":
                if words := " ".join(unescape(found["text"]).split()):
                    yield words
            case "style":
                yield from _rules(found["style"])
            case _:
                yield " ".join(found[0].split())


def _joined(found: Iterator[str]) -> Iterator[str]:
    """Without the ends of a conditional comment that the next one begins again with the same condition."""
    condition, closed = "", False
    for token in found:
        if closed and token == condition:
            closed = False
            continue
        if closed:
            yield "<![endif]-->"
            closed = False
        if token == "<![endif]-->":
            closed = True
            continue
        if token.startswith("<!--[if"):
            condition = token
        yield token
    if closed:
        yield "<![endif]-->"


def _tag(written: str) -> str:
    if written.startswith(("</", "<!")):
        return written.lower().replace(" ", "")
    name, _, rest = " ".join(written.strip("<>").rstrip("/").split()).partition(" ")
    attributes = []
    for key, double, single in _ATTRIBUTE.findall(rest):
        value = unescape(double or single)
        if key == "style":
            value = ";".join(sorted(_declaration(part) for part in value.split(";") if part.strip()))
        elif key == "class":
            value = " ".join(sorted(value.split()))
        if value or key in ("alt", "href"):
            attributes.append(f'{key.lower()}="{value}"')
    return f"<{' '.join([name.lower(), *sorted(attributes)])}>"


def _declaration(written: str) -> str:
    name, _, value = written.partition(":")
    return f"{name.strip().lower()}:{' '.join(value.split())}"


def _rules(style: str) -> Iterator[str]:
    """A style element as one token for each selector or at-rule, so that a difference names the rule."""
    body = re.sub(r"^<style[^>]*>|</style>$|/\*.*?\*/", "", style, flags=re.DOTALL)
    squeezed = re.sub(r"\s+", " ", body)
    squeezed = re.sub(r" ?([{};:,>]) ?", r"\1", squeezed)
    yield "<style>"
    yield from (part for part in re.split(r"(?<=[{}])", squeezed.strip()) if part.strip())
    yield "</style>"
