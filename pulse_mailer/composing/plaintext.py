"""The text/plain part, from a design's own template over the same outline; never made from the HTML."""

from dataclasses import dataclass

from pulse_mailer.composing.designs import Design
from pulse_mailer.composing.environment import fill
from pulse_mailer.composing.outline import Entry, Outline
from pulse_mailer.composing.slots import Marks, Register
from pulse_mailer.richtext import refer, to_text


@dataclass(frozen=True, slots=True)
class Passage:
    """A text, and the links in it as lines such as "[3] https://..."."""

    text: str
    links: list[str]


class References:
    """The numbered links of a plain text; each is listed where it is first referred to."""

    def __init__(self, register: Register | None) -> None:
        self._urls: list[str] = []
        self._opened = register.field if register else None

    def passage(self, markdown: str) -> Passage:
        first = len(self._urls)
        text = to_text(markdown, self._urls, opened=self._opened)
        return Passage(text, [f"[{number}] {url}" for number, url in self._numbered(first)])

    def link(self, entry: Entry) -> str:
        return f"{refer(entry.url, self._urls)} {entry.url}"

    def _numbered(self, first: int) -> list[tuple[int, str]]:
        return list(enumerate(self._urls, start=1))[first:]


def plain_text(
    outline: Outline, design: Design, marks: Marks, register: Register | None = None, *, web: bool = False
) -> str:
    """
    Args:
        register: keeps the merge fields open; without it each says its default.
        web: for anybody to read, so without a way out and whom it was sent to.

    Raises:
        BrokenTemplate: the design's text template cannot be used.
    """
    references = References(register)
    return fill(
        design.shelves,
        "text.j2",
        {
            "edition": outline,
            "slot": marks.make,
            "passage": references.passage,
            "link": references.link,
            "web": web,
        },
    )
