"""Opens a stranger's zip file without being hurt by it: sizes, ratios and XML are checked before anyone parses."""

import io
import zipfile
import zlib
from xml.parsers import expat

from pulse_mailer.errors import HostileDocument, UnreadableDocument
from pulse_mailer.importing.decoding import READABLE

MAX_ENTRIES = 2_000
MAX_INFLATED = 100 * 1024 * 1024  #: bytes of all parts together
MAX_XML = 4 * 1024 * 1024  #: bytes of one XML part: reading it takes some 6 s and 45 MB for each MB
MAX_RATIO = 200  #: of inflated to compressed bytes, for parts over a megabyte
MAX_DEPTH = 120  #: elements inside elements; the parser behind us calls itself at each
_CHUNK = 64 * 1024
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_XML_NAMES = (".xml", ".rels")
_XML_STARTS = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0<")


def opened(name: str, data: bytes) -> zipfile.ZipFile:
    """
    Open a Word document and check every part of it.

    Raises:
        UnreadableDocument: no zip file, damaged, encrypted, or an old .doc.
        HostileDocument: it would grow beyond reason, or its XML declares a document type.
    """
    if data.startswith(_OLD_OFFICE):
        if _ENCRYPTED in data:
            raise UnreadableDocument(f"{name} is protected by a password.", remedy="Save it without one.")
        raise UnreadableDocument(f"{name} is in the old Word format (.doc).", remedy=READABLE)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts = archive.infolist()
        _check_declared(name, parts)
        inflated = 0
        for part in parts:
            inflated += _check_part(name, archive, part, MAX_INFLATED - inflated)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        raise UnreadableDocument(f"{name} is damaged, or no Word document.", remedy=READABLE) from error
    return archive


def _check_declared(name: str, parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MAX_ENTRIES:
        raise HostileDocument(
            f"{name} was refused: it holds {len(parts):,} parts; {MAX_ENTRIES:,} is the most."
        )
    if len({part.filename for part in parts}) < len(parts):
        raise HostileDocument(f"{name} was refused: two of its parts have the same name.")
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableDocument(f"{name} is protected by a password.", remedy="Save it without one.")
    if sum(part.file_size for part in parts) > MAX_INFLATED:
        raise _bomb(name)


def _bomb(name: str) -> HostileDocument:
    return HostileDocument(
        f"{name} was refused: it would unpack to far more than a document holds (over "
        f"{MAX_INFLATED // 1024 // 1024} MB, {MAX_XML // 1024 // 1024} MB of text, or {MAX_RATIO} times its size)."
    )


def _check_part(name: str, archive: zipfile.ZipFile, part: zipfile.ZipInfo, room: int) -> int:
    """Inflate one part piece by piece, and give its real size."""
    size = 0
    checker: _XmlChecker | None = None
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            if size == 0 and (
                chunk.lstrip()[:4].startswith(_XML_STARTS) or part.filename.endswith(_XML_NAMES)
            ):
                checker = _XmlChecker(name, part.filename)
            size += len(chunk)
            is_suspicious = size > 1024 * 1024 and size > MAX_RATIO * max(part.compress_size, 1)
            if size > room or is_suspicious or (checker is not None and size > MAX_XML):
                raise _bomb(name)
            if checker is not None:
                checker.feed(chunk)
    if checker is not None:
        checker.feed(b"", is_last=True)
    return size


class _XmlChecker:
    """Reads XML only to see that it is well formed, not too deep, and declares no document type."""

    def __init__(self, name: str, part: str) -> None:
        self._name, self._part, self._depth, self._is_over = name, part, 0, False
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def feed(self, chunk: bytes, *, is_last: bool = False) -> None:
        if self._is_over:
            return
        try:
            self._parser.Parse(chunk, is_last)
        except expat.ExpatError as error:
            if self._part.endswith(_XML_NAMES):
                raise self._damaged() from error
            self._is_over = True  # a picture or a font that only began like XML

    def _damaged(self) -> UnreadableDocument:
        return UnreadableDocument(
            f"{self._name} is damaged: its part {self._part} is no proper XML.", remedy=READABLE
        )

    def _refuse_doctype(self, *_: object) -> None:
        raise HostileDocument(
            f"{self._name} was refused: its part {self._part} declares a document type, which Word never does and "
            "which is used to read other people's files."
        )

    def _start(self, _tag: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise HostileDocument(f"{self._name} was refused: its part {self._part} is nested beyond reason.")

    def _end(self, _tag: str) -> None:
        self._depth -= 1
