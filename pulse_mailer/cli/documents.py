"""Files that commands read and write."""

import codecs
import itertools
import sys
from collections.abc import Iterable
from pathlib import Path

import typer

from pulse_mailer.editions.importing import ReadPicture
from pulse_mailer.errors import DocumentTooLarge, UnreadableDocument, UsageError
from pulse_mailer.importing.decoding import LARGEST_BYTES, decode

MAX_TEXT_BYTES = 1_000_000
MAX_PICTURE_BYTES = 5 * 1024 * 1024


def read(file: Path) -> tuple[str, bytes]:
    """
    Give a document's name and content.

    Raises:
        DocumentError: it is not there, not a file, not readable or too large.
    """
    try:
        size = file.stat().st_size
        if file.is_dir():
            raise UnreadableDocument(f"{file} is a folder.", remedy="Name a file in it.")
        if size > LARGEST_BYTES:
            raise DocumentTooLarge(f"{file} has {size / 1e6:.0f} MB; at most 20 MB can be read.")
        return file.name, file.read_bytes()
    except OSError as error:
        raise UnreadableDocument(
            f"{file} cannot be read: {(error.strerror or 'unknown cause').lower()}."
        ) from error


def text(file: Path | None) -> str:
    """
    Give the words of a text file; those of standard input for `-`, or when none is named.

    Raises:
        DocumentError: it is not there, not readable, too large, or no text.
    """
    if file is None or str(file) == "-":
        name, data = "standard input", sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)
    else:
        name, data = read(file)
    if len(data) > MAX_TEXT_BYTES:
        raise DocumentTooLarge(f"{name} has over {MAX_TEXT_BYTES // 1_000_000} MB of text.")
    return decode(name, data)


def pictures_beside(file: Path) -> ReadPicture:
    """Give pictures that a document names, from its own folder and those below; nothing from elsewhere."""
    folder = file.resolve().parent

    def read_picture(path: str) -> bytes | None:
        try:
            found = (folder / path).resolve()
            if (
                not found.is_relative_to(folder)
                or not found.is_file()
                or found.stat().st_size > MAX_PICTURE_BYTES
            ):
                return None
            return found.read_bytes()
        except (OSError, ValueError):
            return None  # not there, or not a path at all; the import lists the picture as missing

    return read_picture


def write(file: Path | None, data: bytes) -> None:
    """
    Write to a file, or to standard output when none is named.

    Raises:
        UsageError: it cannot be written.
    """
    _write(file, [data])


def write_csv(file: Path | None, lines: Iterable[str]) -> None:
    """Likewise, piece by piece as they come."""
    # Excel takes a file for UTF-8 only by its byte order mark; a pipe is for programs.
    mark = [] if file is None else [codecs.BOM_UTF8]
    _write(file, itertools.chain(mark, (piece.encode() for piece in lines)))


def _write(file: Path | None, pieces: Iterable[bytes]) -> None:
    if file is None:
        sys.stdout.buffer.writelines(pieces)
        return
    try:
        with file.open("wb") as opened:
            count = sum(opened.write(piece) for piece in pieces)
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {(error.strerror or 'unknown cause').lower()}."
        ) from error
    typer.echo(f"{file}: {count:,} bytes", err=True)
