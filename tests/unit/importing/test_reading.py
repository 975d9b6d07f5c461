"""What is taken for a document, and the clear sentence for what is not."""

import pytest

from pulse_mailer.errors import DocumentTooLarge, UnreadableDocument
from pulse_mailer.importing.reading import MAX_BYTES
from tests.unit.importing.drafts import draft_of

TEXT = "The Digest\n\nMay 2023\n\n“Curly” – £5 café"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_usual_encodings_are_read(encoding: str) -> None:
    draft = draft_of(TEXT.encode(encoding), "edition.txt")
    assert (draft.newsletter, draft.letter) == ("The Digest", "“Curly” – £5 café")


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n", "\u2028", "\x0b"])
def test_all_line_ends_are_read(ends: str) -> None:
    draft = draft_of(TEXT.replace("\n", ends), "edition.txt")
    assert (draft.newsletter, draft.key) == ("The Digest", "2023-05")


@pytest.mark.parametrize("name", ["e.txt", "e.md", "e.markdown", "E.TXT", "edition"])
def test_text_is_known_by_its_ending(name: str) -> None:
    assert draft_of(TEXT, name).newsletter == "The Digest"


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("e.txt", b"", "e.txt is empty"),
        ("e.txt", b" \n\t \r\n", "e.txt is empty"),
        ("e.docx", b"", "e.docx is empty"),
        ("e.md", b"---\n\n***\n", "holds no text"),
        ("e.txt", b"%PDF-1.7\n...", "is a PDF"),
        ("e.txt", rb"{\rtf1\ansi Hello}", "Rich Text"),
        ("e.txt", b"\x89PNG\r\n\x1a\n....", "is a picture"),
        ("e.txt", b"<!DOCTYPE html><p>Hello", "is a web page"),
        ("e.pdf", b"Hello", r"of a kind \(.pdf\)"),
        ("e.txt", b"\xff\xfeH\x00e", "is damaged|The"),
        ("e.txt", b"\xef\xbb\xbfHello \xff", "breaks off at byte"),
        ("e.txt", b"Caf\x81 and \x8d", "neither UTF-8 nor Windows-1252"),
        ("e.txt", bytes(range(32)) * 20, "control characters"),
    ],
)
def test_what_is_no_document_is_refused_in_a_sentence(name: str, data: bytes, sentence: str) -> None:
    if name == "e.txt" and data.startswith(b"\xff\xfe"):
        data += b"\x00\xd8"  # half of a pair
    with pytest.raises(UnreadableDocument, match=sentence):
        draft_of(data, name)


def test_a_document_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(DocumentTooLarge, match="20 MB is the most"):
        draft_of(b"x" * (MAX_BYTES + 1), "e.txt")


def test_the_same_document_gives_the_same_draft() -> None:
    assert draft_of(TEXT) == draft_of(TEXT)
