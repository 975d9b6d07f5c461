"""Style sheets read back, as far as the checks on a mail need them: rules, and what encloses them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BRACE = re.compile(r"[{};]")
_CLASS = re.compile(r"[.#][\w-]+")
_SIMPLE = re.compile(r"(?P<tag>[a-z][a-z0-9]*|\*)?(?P<classes>(?:\.[\w-]+)*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """
    Attributes:
        within: the at-rules around it, such as "@media (prefers-color-scheme: dark)", the outermost first.
        selector: one of them; a rule with several is several of ours.
        declarations: by property; a value keeps its !important.
    """

    within: tuple[str, ...]
    selector: str
    declarations: Mapping[str, str]

    @property
    def is_dark(self) -> bool:
        return any("prefers-color-scheme" in around and "dark" in around for around in self.within)

    @property
    def weight(self) -> tuple[int, int]:
        """What a browser compares when two rules want the same: classes, and then tags."""
        classes = len(_CLASS.findall(self.selector))
        return classes, len(re.findall(r"(?:^|[\s>])[a-z]", self.selector, re.IGNORECASE))


def rules(css: str) -> Iterator[Rule]:
    """The rules of a style sheet in their order; at-rules without a block, such as @import, are none."""
    css = _COMMENT.sub("", css)
    within: list[str] = []
    start, selector = 0, ""
    for brace in _BRACE.finditer(css):
        words = css[start : brace.start()].strip()
        if brace[0] == ";" and selector:
            continue
        start = brace.end()
        if brace[0] == "{":
            if words.startswith("@"):
                within.append(" ".join(words.split()))
            else:
                selector = words
        elif brace[0] == "}" and selector:
            found = declarations(words)
            for one in selector.split(","):
                yield Rule(tuple(within), " ".join(one.split()), found)
            selector = ""
        elif brace[0] == "}" and within:
            within.pop()


def declarations(text: str) -> dict[str, str]:
    """Property and value of each declaration, as in a style attribute; of two for one property the last."""
    pairs = (part.partition(":") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def xpath(selector: str) -> str:
    """
    The XPath of a selector made of tags, classes, descendants and children; empty for any other kind, of which
    a mail's rules for colour have none.
    """
    path = ""
    axis = "descendant-or-self::"
    for part in re.sub(r"\s*>\s*", " > ", selector).split():
        if part == ">":
            axis = "/child::"
            continue
        simple = _SIMPLE.fullmatch(part)
        if not simple or not part:
            return ""
        tests = "".join(
            f"[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]"
            for name in simple["classes"].split(".")[1:]
        )
        path += f"{axis}{(simple['tag'] or '*').lower()}{tests}"
        axis = "/descendant::"
    return path
