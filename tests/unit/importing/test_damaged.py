"""Documents that were damaged, cut, shuffled or typed strangely: read whole, or refused in a sentence."""

import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_mailer.errors import DocumentError
from pulse_mailer.resources import templates_dir
from tests.unit.importing.drafts import draft_of, kept_words, words
from tests.unit.importing.test_markdown import SAMPLE
from tests.unit.importing.test_nothing_is_lost import missing
from tests.unit.importing.word import by_hashes, from_text, with_part

# Subject and preheader have lines of their own, whose labels are in no edition.
DEMO = (templates_dir() / "demo" / "edition.md").read_text(encoding="utf-8").partition("\n\n")[2]


def shuffled(text: str, chance: random.Random) -> str:
    parts = text.split("\n\n")
    chance.shuffle(parts)
    return "\n\n".join(parts)


def doubled(text: str, chance: random.Random) -> str:
    return "\n".join(line for line in text.split("\n") for _ in range(chance.choice((1, 1, 1, 2))))


def cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(1, len(text))]


def without_blank_lines(text: str, chance: random.Random) -> str:
    return re.sub(r"\n\n", lambda found: chance.choice(("\n", found[0])), text)


def without_markup(text: str, chance: random.Random) -> str:
    return re.sub(r"(?m)^#+ |\*\*", lambda found: chance.choice(("", found[0])), text)


MUTATIONS = (shuffled, doubled, cut, without_blank_lines, without_markup)
Mutation = Callable[[str, random.Random], str]


def texts(request: pytest.FixtureRequest, which: str) -> str:
    if which == "demo":
        return DEMO
    real: Path = request.getfixturevalue("real_edition")
    return real.read_text(encoding="utf-8")


@pytest.fixture(params=["demo", pytest.param("real", marks=pytest.mark.shared)])
def text(request: pytest.FixtureRequest) -> str:
    return texts(request, request.param)


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("seed", range(2))
def test_no_word_of_a_text_is_lost_whatever_was_done_to_it(text: str, mutation: Mutation, seed: int) -> None:
    changed = mutation(text, random.Random(seed))
    assert missing(changed, draft_of(changed)) == []


@pytest.mark.parametrize(
    ("encoding", "ends"), [("utf-8-sig", "\r\n"), ("utf-16", "\n"), ("utf-8", "\r"), ("cp1252", "\r\n")]
)
def test_encoding_and_line_ends_change_nothing(text: str, encoding: str, ends: str) -> None:
    plain = text.encode("cp1252", errors="ignore").decode("cp1252")
    written = plain.replace("\n", ends).encode(encoding)
    assert draft_of(written) == draft_of(plain)


def test_a_word_document_keeps_its_words_when_its_paragraphs_are_shuffled(text: str) -> None:
    changed = shuffled(text, random.Random(1))
    plain = re.sub(r"(?m)^!\[.*$", "", changed)
    draft = draft_of(from_text(plain, lambda _number, line: (None, line.startswith("#"))), "edition.docx")
    kept = kept_words(draft)
    lost = words(re.sub(r"(?m)^\s*(?:\d+\.|[o•-])\s", "", re.sub(r"\]\([^()]*\)", "]", plain))) - kept
    assert not lost


PARTS = [
    "word/document.xml", "word/styles.xml", "word/numbering.xml", "word/_rels/document.xml.rels",
    "[Content_Types].xml", "_rels/.rels",
]  # fmt: skip


@pytest.fixture(scope="module")
def document() -> bytes:
    return from_text(SAMPLE.replace("![A line that rises](rise.png)", ""), by_hashes)


@settings(max_examples=12)
@given(st.data())
def test_a_flipped_bit_in_the_file_is_refused_or_read(document: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(document) - 1))
    bit = data.draw(st.integers(0, 7))
    damaged = bytearray(document)
    damaged[place] ^= 1 << bit
    read_or_refused(bytes(damaged))


@settings(max_examples=8)
@given(st.data())
def test_a_flipped_bit_in_the_text_inside_is_refused_or_read(document: bytes, data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(PARTS))
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        content = bytearray(archive.read(part))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 6))
    read_or_refused(with_part(document, part, bytes(content)))


@settings(max_examples=8)
@given(st.data())
def test_a_document_that_lacks_or_repeats_elements_is_refused_or_read(
    document: bytes, data: st.DataObject
) -> None:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        xml = archive.read("word/document.xml").decode()
    tags = list(
        re.finditer(r"<w:(?:pPr|rPr|r|t|hyperlink|pStyle)\b[^>]*/>|<w:(pPr|rPr|t)\b[^>]*>[^<]*</w:\1>", xml)
    )
    found = data.draw(st.sampled_from(tags))
    times = data.draw(st.sampled_from([0, 2]))
    changed = xml[: found.start()] + found[0] * times + xml[found.end() :]
    read_or_refused(with_part(document, "word/document.xml", changed.encode()))


def read_or_refused(data: bytes) -> None:
    """Nothing but a refusal may be raised, and it names the file."""
    try:
        draft_of(data, "edition.docx")
    except DocumentError as error:
        said = error.what
    else:
        said = "edition.docx was read"
    assert said.startswith("edition.docx ")
