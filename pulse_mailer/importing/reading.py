"""From a document's bytes to a Draft, whatever kind of document it is."""

from pathlib import PurePath

from pulse_mailer.errors import DocumentTooLarge, UnreadableDocument
from pulse_mailer.importing import docx, markdown
from pulse_mailer.importing.decoding import READABLE, decode
from pulse_mailer.importing.draft import Draft, Programme
from pulse_mailer.importing.grammar import understand
from pulse_mailer.importing.markdown import ReadPicture

MAX_BYTES = 20 * 1024 * 1024
TEXT_ENDINGS = (".txt", ".text", ".md", ".markdown")
WORD_ENDING = ".docx"


def read_document(name: str, data: bytes, programme: Programme, read_picture: ReadPicture) -> Draft:
    """
    Understand a document of staff's (plain text, Markdown or Word) as an edition.

    The kind is told by the ending of `name`, and by the bytes where they are Word's. `read_picture` gives the
    bytes of a picture that a Markdown document names by a relative path, or None; it guards the folder.

    Raises:
        DocumentTooLarge: more than 20 MB; nothing of it was parsed.
        HostileDocument: a zip bomb, external entities, or XML nested beyond reason.
        UnreadableDocument: empty, damaged, encrypted, or of a kind that cannot be read.
    """
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge(
            f"{name} has {len(data) / 1024 / 1024:.1f} MB; {MAX_BYTES // 1024 // 1024} MB is the most.",
            remedy="Make its pictures smaller, or import its text alone.",
        )
    if not data.strip(b"\x00\t\n\r\f "):
        raise UnreadableDocument(f"{name} is empty.")
    ending = PurePath(name).suffix.lower()
    if docx.is_word(data) or ending == WORD_ENDING:
        reading = docx.read(name, data)
    elif ending in TEXT_ENDINGS or not ending:
        reading = markdown.read(decode(name, data), read_picture)
    else:
        raise UnreadableDocument(f"{name} is of a kind ({ending}) that cannot be read.", remedy=READABLE)
    if not reading.blocks and not reading.doubts:
        raise UnreadableDocument(f"{name} holds no text.")
    return understand(reading, programme)
