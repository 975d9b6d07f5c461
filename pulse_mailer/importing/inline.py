"""Text with emphasis and links: from our Markdown to runs of one look each, and back."""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from pulse_mailer.raising import RAISED, RAISES

# Possessive quantifiers throughout: no text, however hostile, makes these patterns try anything twice.
_WORDS = r"(?:\\.|[^\[\]\\]|\[(?:\\.|[^\[\]\\])*+\])*+"
_TARGET = r"<[^<>]*+>|(?:\\.|[^\s()<>\\]|\((?:\\.|[^\s()\\])*+\))*+"
_LINK = rf"(?P<picture>!)?\[(?P<words>{_WORDS})\]\(\s*+(?P<target>{_TARGET})(?:\s++(?:\"[^\"]*+\"|'[^']*+'))?+\s*+\)"
_ANGLED = r"<(?P<angled>[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>]*+)>"
_BARE = r"(?<![\w@/])(?P<bare>https?://[^\s<>\[\]\"`|]++)"
_ESCAPED = r"\\(?P<escaped>[!-/:-@\[-`{-~])"
_LINKS = re.compile(rf"{_ESCAPED}|{_LINK}|{_ANGLED}|{_BARE}")
_TOKENS = re.compile(rf"{_ESCAPED}|{_LINK}|{_ANGLED}|{RAISED.pattern}|(?P<mark>\*{{1,3}}|_{{1,3}})")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_MARKUP = re.compile(r"[\\\[<*_&~^]")
_SPECIAL = re.compile(r"[\\`*\[\]<]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w{1,32};)|(?<![^\w)\]])[~^]")
# Stand for the marks of raised words until all else is escaped; no text may hold these characters.
_HELD = {"sub": "\ufdd0", "sup": "\ufdd1"}
_HELD_MARKS = {_HELD[tag]: mark for mark, tag in RAISES.items()}


@dataclass(frozen=True, slots=True)
class Run:
    """
    A stretch of text of one look.

    Attributes:
        target: where it links to; None when it does not.
        raised: sub or sup; empty when it stands on the line.
    """

    text: str
    bold: bool = False
    italic: bool = False
    target: str | None = None
    raised: str = ""


def runs(markdown: str) -> list[Run]:
    """
    Read our Markdown. A mark without its partner is plain text, and so is everything that is no markup.
    """
    tokens = list(_TOKENS.finditer(markdown))
    paired = _paired(markdown, tokens)
    found: list[Run] = []
    bold = italic = False
    place = 0
    for number, token in enumerate(tokens):
        found.append(Run(_entities(markdown[place : token.start()]), bold, italic))
        place = token.end()
        if token["mark"] is None:
            found += _read_token(token, bold, italic)
        elif number in paired:
            bold ^= len(token["mark"]) > 1
            italic ^= len(token["mark"]) != 2
        else:
            found.append(Run(token["mark"], bold, italic))
    found.append(Run(_entities(markdown[place:]), bold, italic))
    return [run for run in found if run.text]


def visible(markdown: str) -> str:
    """The words that a reader sees, with runs of white space made one space."""
    if not _MARKUP.search(markdown):
        return " ".join(markdown.split())
    return " ".join("".join(run.text for run in runs(markdown)).split())


def write(parts: Iterable[Run]) -> str:
    """Our Markdown for runs that may hold anything: what would be read as markup is escaped."""
    found = _smoothed(_with_marks([run for run in parts if run.text]))
    written = ""
    for target, group in groupby(enumerate(found), key=lambda place: place[1].target):
        words = ""
        for place, run in group:
            after = found[place + 1].text[:1] if place + 1 < len(found) else ""
            words += _emphasised(run, (written + words)[-1:], after)
        written += words if target is None else link(words, target)
    for held, mark in _HELD_MARKS.items():
        written = written.replace(held, mark)
    return " ".join(written.split())


def link(words: str, target: str) -> str:
    """A link in Markdown; one whose words are its own target is written <target>."""
    stripped = words.strip()
    if not stripped:
        return words
    before, after = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
    same = visible(stripped) == target and target.startswith(("http:", "https:"))
    return before + (f"<{target}>" if same else f"[{stripped}]({target})") + after


def rewrite_links(markdown: str, rewrite: Callable[[str, str, bool], str]) -> str:
    """
    Replace every link by what `rewrite` makes of its words, its target, and whether it shows a picture.

    Links are `[words](target)`, `<target>`, and a bare URL, whose words are the URL.
    """

    def replaced(found: re.Match[str]) -> str:
        if found["words"] is not None:
            words, target = found["words"], found["target"].removeprefix("<").removesuffix(">")
            return rewrite(words, re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", target), found["picture"] is not None)
        if found["angled"] is not None:
            return rewrite(found["angled"], found["angled"], False)
        if found["bare"] is not None:
            url = _without_punctuation(found["bare"])
            return rewrite(url, url, False) + found["bare"][len(url) :]
        return found[0]

    return _LINKS.sub(replaced, markdown)


def split_bare_links(run: Run) -> Iterator[Run]:
    """Make the URLs in unlinked text links."""
    place = 0
    for found in re.finditer(_BARE, run.text) if run.target is None else ():
        url = _without_punctuation(found["bare"])
        yield replace(run, text=run.text[place : found.start()])
        yield replace(run, text=url, target=url)
        place = found.start() + len(url)
    yield replace(run, text=run.text[place:])


def _read_token(token: re.Match[str], bold: bool, italic: bool) -> list[Run]:
    if token["escaped"] is not None:
        return [Run(token["escaped"], bold, italic)]
    if token["angled"] is not None:
        return [Run(token["angled"], bold, italic, token["angled"])]
    if token["raised"] is not None:
        return [Run(token["raised"], bold, italic, raised=RAISES[token["raise"]])]
    target = token["target"].removeprefix("<").removesuffix(">")
    inner = runs(token["words"])
    return [Run(run.text, bold or run.bold, italic or run.italic, target, run.raised) for run in inner]


def _paired(markdown: str, tokens: list[re.Match[str]]) -> set[int]:
    """The places of the marks that open or close an emphasis."""
    opened: dict[str, int] = {}
    paired: set[int] = set()
    for number, token in enumerate(tokens):
        mark = token["mark"]
        if mark is None:
            continue
        before, after = markdown[token.start() - 1 : token.start()], markdown[token.end() : token.end() + 1]
        intraword = mark[0] == "_" and before.isalnum() and after.isalnum()
        if mark in opened and before.strip() and not intraword:
            paired |= {opened.pop(mark), number}
        elif after.strip() and not intraword:
            opened[mark] = number
    return paired


def _entities(text: str) -> str:
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def _without_punctuation(url: str) -> str:
    """A bare URL without the full stop or bracket of the sentence around it."""
    while url and (url[-1] in ".,;:!?'’”*_" or (url[-1] == ")" and url.count(")") > url.count("("))):
        url = url[:-1]
    return url


def _with_marks(parts: list[Run]) -> list[Run]:
    """Put raised words, with their marks, into the run before them, where our Markdown would see them as raised."""
    found: list[Run] = []
    for run in parts:
        before = found[-1] if found else Run("")
        mark = next((mark for mark, tag in RAISES.items() if tag == run.raised), "")
        plain = replace(run, raised="")
        marked = f"{before.text[-1:]}{mark}{run.text}{mark}"
        if mark and RAISED.fullmatch(marked, 1) and replace(before, text="") == replace(plain, text=""):
            held = _HELD[run.raised]
            found[-1] = replace(before, text=f"{before.text}{held}{run.text}{held}")
        else:
            found.append(plain)
    return found


def _smoothed(parts: list[Run]) -> list[Run]:
    """Give the white space between two runs of one look that look, and join what looks the same."""
    even: list[Run] = []
    for place, run in enumerate(parts):
        look = replace(run, italic=run.italic and not run.bold)
        if not run.text.strip() and even and place + 1 < len(parts):
            same = replace(even[-1], text="") == replace(parts[place + 1], text="")
            look = replace(even[-1], text=run.text) if same else Run(run.text)
        if even and replace(even[-1], text="") == replace(look, text=""):
            even[-1] = replace(look, text=even[-1].text + look.text)
        else:
            even.append(look)
    return even


def _emphasised(run: Run, before: str, after: str) -> str:
    words = run.text.strip()
    text = _SPECIAL.sub(r"\\\g<0>", words)
    start, end = run.text[: len(run.text) - len(run.text.lstrip())], run.text[len(run.text.rstrip()) :]
    before, after = start[-1:] or before, end[:1] or after
    # An emphasis that CommonMark would not see at this place is dropped: better plain than with stray stars.
    hidden = (
        not words
        or before == "*"
        or (before.isalnum() and not words[0].isalnum())
        or (after.isalnum() and not words[-1].isalnum())
    )
    mark = "" if hidden else "**" if run.bold else "*" if run.italic else ""
    return f"{start}{mark}{text}{mark}{end}"
