"""The names an edition is built with: how they are compared, and what a name looks like."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pulse_mailer.domain import names
from pulse_mailer.importing.draft import Programme
from pulse_mailer.importing.inline import visible

#: Categories that digests use, beside those of the newsletter's own programme.
USUAL_CATEGORIES = (
    "Articles", "Blogs", "Briefings", "Case Studies", "Consultations", "Data", "Evaluations", "Events", "Funding",
    "Guidance", "Jobs", "Legislation", "News", "Opportunities", "Podcasts", "Policy", "Publications", "Reports",
    "Research", "Resources", "Speeches", "Statistics", "Surveys", "Tools", "Tools and Guidance",
    "Tools and Resources", "Toolkits", "Training", "Vacancies", "Videos", "Webinars",
)  # fmt: skip
MAX_NAME = 80  #: characters of the longest section or category
_LETTER = {
    "welcome", "letter", "editor's letter", "letter from the editor", "from the editor", "editorial", "foreword",
    "introduction",
}  # fmt: skip
_FOOTER = {"contact", "contact us", "contact details", "get in touch", "unsubscribe", "about this newsletter"}
_SMALL = {"a", "an", "and", "at", "by", "de", "des", "du", "for", "from", "in", "la", "le", "of", "on", "or", "the",
          "to", "und", "van", "von", "with"}  # fmt: skip
# Words that begin sentences, and hardly ever the name of a publisher.
_SENTENCE = {"a", "also", "an", "and", "as", "at", "but", "by", "however", "if", "in", "it", "no", "on", "see",
             "so", "then", "there", "these", "they", "this", "those", "to", "we", "when", "while", "yes"}  # fmt: skip


def fold(markdown: str) -> str:
    """`domain.names.fold()` of what a reader sees."""
    return names.fold(visible(markdown))


@dataclass(frozen=True, slots=True)
class Names:
    """What is known before reading, folded."""

    sections: frozenset[str]
    categories: frozenset[str]
    publishers: frozenset[str]

    @classmethod
    def of(cls, programme: Programme) -> "Names":
        return cls(
            sections=_folded(programme.sections),
            categories=_folded(programme.categories) | _folded(USUAL_CATEGORIES),
            publishers=_folded(programme.publishers),
        )

    def and_publishers(self, found: Iterable[str]) -> "Names":
        return Names(self.sections, self.categories, self.publishers | _folded(found))


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(folded for folded in map(fold, names) if folded)


def is_name(text: str) -> bool:
    """Whether it reads like a name: every word but the small ones with a capital, a digit or an inner dot."""
    words = [word for word in re.split(r"[\s/]+", text) if any(letter.isalnum() for letter in word)]
    if not words or len(words) > 16 or ":" in text or ";" in text:
        return False
    if len(words) > 1 and fold(words[0]) in _SENTENCE:
        return False
    return any(letter.isalpha() for letter in text) and all(_is_part_of_name(word) for word in words)


def _is_part_of_name(word: str) -> bool:
    bare = word.strip("()[]{}\"'“”‘’,.&-–—!")
    return (
        bare.lower() in _SMALL
        or any(letter.isupper() or letter.isdigit() for letter in bare)
        or "." in bare
        or not bare.isascii()
    )


def is_short_line(text: str) -> bool:
    """Whether visible text could be a section, category or title: short, and no sentence or lead-in."""
    return 0 < len(text) <= MAX_NAME and not text.endswith((".", ":", ";", ",", "?", "!"))


def is_news(name: str) -> bool:
    """Whether a section of this name holds the sender's own news: "Example Trust News", "News from us"."""
    return re.search(r"\bnews$|^(?:our|latest) news\b|^news (?:from|at)\b", fold(name)) is not None


def is_letter(name: str) -> bool:
    return fold(name) in _LETTER or fold(name).startswith("dear ")


def is_footer(name: str) -> bool:
    return fold(name) in _FOOTER
