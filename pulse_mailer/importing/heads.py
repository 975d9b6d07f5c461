"""The head of an item: who published what, and where, read from one line in any of the forms people use."""

import re
from dataclasses import dataclass, replace

from pulse_mailer.importing.inline import Run, runs, visible
from pulse_mailer.importing.names import Names, fold, is_name
from pulse_mailer.importing.targets import PLACEHOLDER

MAX_PLAIN = 200  #: characters of a head that nothing but its words gives away
MAX_STRONG = 300  #: of one that is linked or bold
_MAX_PUBLISHER = 110

_CUT = re.compile(r"(?<=[.])\s+(?=[\"'“‘(\[]*[A-Z0-9])")
_ABBREVIATED = re.compile(
    r"(?:\b(?:St|Dr|Mr|Mrs|Ms|Prof|Rev|Sir|No|Vol|vs|cf|e\.g|i\.e|Mt)|(?:^|[\s.(])[A-Z])\.$"
)
_JOINT = " .:,–—|-\t\xa0"
_GENERIC = re.compile(
    r"(?:(?:read|find out|see|learn|click|view|download|get|open|access|full|visit)\b.{0,40}|here|more|link|website"
    r"|(?:the )?(?:full )?(?:report|article|document|paper|publication)|https?://\S+|www\.\S+)[.…»>→\s]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Head:
    """
    Attributes:
        publisher: empty when the line names none.
        url: empty without a link, or with one that leads nowhere.
        is_strong: a link or bold type marks it; else only its words do.
        has_stop: it ends as a sentence does.
        also: another way of cutting it into publisher and title, or a link that was left out; for a person.
    """

    publisher: str
    title: str
    url: str = ""
    is_strong: bool = False
    has_stop: bool = False
    also: str = ""


def read_head(text: str, names: Names) -> Head | None:
    """
    Read a line as the head of an item: `Publisher. [Title](url)`, `[Publisher. Title](url)`,
    `**Publisher. Title.**`, `Publisher. **Title.**`, `Publisher. Title.` and the like.

    A whole line that is bold or a link, and in which no publisher is to be found, is a head without one.
    """
    if len(text) > 4 * MAX_STRONG:
        return None
    parts, url_after = _without_final_url([run for run in runs(text) if run.text])
    whole = _words(parts)
    if not whole or len(whole) > MAX_STRONG or whole.endswith((":", ";")):
        return None
    head = _linked(parts, names) if any(run.target for run in parts) else _unlinked(parts, whole, names)
    if head is None:
        return None
    return replace(head, url=head.url or url_after, has_stop=whole.endswith((".", "?", "!", "…")))


def is_generic_link(words: str) -> bool:
    """Whether a link's words only say that it is one: "Read more", "here", a bare URL."""
    return _GENERIC.fullmatch(words.strip()) is not None


def without_stop(title: str) -> str:
    """A title without its final full stop, unless that belongs to an abbreviation or an ellipsis."""
    title = title.strip()
    if title.endswith("..") or re.search(r"\b(?:[A-Z]\.){2,}$", title):
        return title
    return title.removesuffix(".").rstrip() or title


def cut(whole: str, names: Names) -> tuple[str, str, str] | None:
    """
    Cut visible text into publisher, title, and another publisher that is as likely (or nothing).

    A publisher that is known wins; else it is the text before the first full stop that ends no abbreviation.
    """
    places = [
        (found.start(), found.end()) for found in _CUT.finditer(whole) if found.start() <= _MAX_PUBLISHER
    ]
    known = [place for place in places if fold(whole[: place[0]]) in names.publishers]
    if known:
        start, end = known[-1]
        return whole[: start - 1].strip(), whole[end:], ""
    likely = [place for place in places if not _ABBREVIATED.search(whole[: place[0]])]
    if not likely:
        return None
    start, end = likely[0]
    longer = [whole[: place[0] - 1] for place in likely[1:] if is_name(whole[: place[0]])]
    shorter = [whole[: place[0]] for place in places if place[0] < start]
    return whole[: start - 1].strip(), whole[end:], (longer + shorter or [""])[0]


def _linked(parts: list[Run], names: Names) -> Head | None:
    first = next(place for place, run in enumerate(parts) if run.target)
    last = max(place for place, run in enumerate(parts) if run.target)
    before, inside, after = _words(parts[:first]), _words(parts[first : last + 1]), _words(parts[last + 1 :])
    linked = {run.target or "" for run in parts if run.target}
    if after.strip(_JOINT) or is_generic_link(inside):
        return None
    if len(linked) > 1:
        return _twice_linked(parts, names)
    target = next(iter(linked))
    url = "" if target == PLACEHOLDER else target
    if not before.strip(_JOINT):
        found = cut(inside, names)
        if found and is_name(found[0]):
            return _head(found, url)
        return Head("", without_stop(inside), url, is_strong=True)
    # The link may begin before the title does, or in the middle of it; a known publisher decides.
    joint = before.rstrip()[-1:]
    publisher = before.strip(_JOINT)
    known = fold(publisher) in names.publishers
    if known or (joint in ".–—|-" and is_name(publisher) and len(publisher) <= _MAX_PUBLISHER):
        return Head(publisher, without_stop(inside), url, is_strong=True)
    found = cut(f"{before} {inside}", names)
    if found and is_name(found[0]) and len(found[0]) < len(before):
        return _head(found, url)
    is_bold = all(run.bold for run in parts[:first] if run.text.strip())
    return (
        Head(publisher, without_stop(inside), url, is_strong=True) if is_bold and joint in ".:–—|-" else None
    )


def _twice_linked(parts: list[Run], names: Names) -> Head | None:
    """`[Publisher](its page). [Title](url)`: the last link is the item's own."""
    last = parts[-1].target or next(run.target for run in reversed(parts) if run.target)
    title = _words([run for run in parts if run.target == last])
    publisher = _words([run for run in parts if run.target != last]).strip(_JOINT)
    if not (is_name(publisher) or fold(publisher) in names.publishers) or len(publisher) > _MAX_PUBLISHER:
        return None
    others = ", ".join(sorted({run.target or "" for run in parts if run.target} - {last or ""}))
    url = "" if last == PLACEHOLDER else last or ""
    return Head(
        publisher, without_stop(title), url, is_strong=True, also=f"a second link, {others}, was left out"
    )


def _unlinked(parts: list[Run], whole: str, names: Names) -> Head | None:
    solid = [run for run in parts if run.text.strip(_JOINT)]
    bold = [run.bold for run in solid]
    marked = [run.bold or run.italic for run in solid]
    found = cut(whole, names)
    if all(bold):
        return (
            _head(found, "") if found and is_name(found[0]) else Head("", without_stop(whole), is_strong=True)
        )
    # "Publisher. **Title.**": the change of type says where the title begins.
    if len(solid) > 1 and not marked[0] and all(marked[1:]):
        before = next(run.text for run in solid)
        publisher = before.strip(_JOINT)
        if before.rstrip()[-1:] in ".–—|-" and is_name(publisher) and len(publisher) <= _MAX_PUBLISHER:
            return Head(
                publisher,
                without_stop(_words(parts)[len(_words([solid[0]])) :].strip(_JOINT)),
                is_strong=True,
            )
    if found is None or len(whole) > MAX_PLAIN:
        return None
    known = fold(found[0]) in names.publishers
    return replace(_head(found, ""), is_strong=False) if known or is_name(found[0]) else None


def _head(found: tuple[str, str, str], url: str) -> Head:
    publisher, title, other = found
    also = f'its publisher could also be "{other}"' if other else ""
    return Head(publisher, without_stop(title), url, is_strong=True, also=also)


def _without_final_url(parts: list[Run]) -> tuple[list[Run], str]:
    """Take off a link at the end whose words are its own address: `Publisher. Title. <https://…>`."""
    solid = [place for place, run in enumerate(parts) if run.text.strip(_JOINT + "()[]")]
    if len(solid) > 1:
        last = parts[solid[-1]]
        if (
            last.target
            and last.text.strip() == last.target
            and not any(run.target for run in parts[: solid[-1]])
        ):
            return [replace(run, text=run.text.rstrip(" (")) for run in parts[: solid[-1]]], last.target
    return parts, ""


def _words(parts: list[Run]) -> str:
    return " ".join("".join(run.text for run in parts).split())


def is_capitals(text: str) -> bool:
    """Whether visible text is a line in capitals, as pictures and covers have them."""
    words = visible(text)
    letters = [letter for letter in words if letter.isalpha()]
    return (
        len(letters) >= 8
        and " " in words
        and len(words) <= 120
        and all(letter.isupper() for letter in letters)
    )
