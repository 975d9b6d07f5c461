"""Word's XML: its names, and the few looks at it that more than one reader of a document takes."""

import posixpath
import zipfile

from lxml import etree

from pulse_mailer.importing.decoding import printable

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_NAMESPACES = {
    "w": _W,
    "r": _R,
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "v": "urn:schemas-microsoft-com:vml",
}
OFF = ("0", "false", "off", "none")

Element = etree._Element  # noqa: SLF001 - lxml gives its elements no public name


def name(short: str) -> str:
    """The full name of an element or attribute, from one such as "w:p"."""
    prefix, _, local = short.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def parsed(xml: bytes) -> Element:
    """A part that archive.opened() has checked: it declares no document type, and nests within reason."""
    return etree.fromstring(
        xml, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    )


def written(root: Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def value(element: Element | None, attribute: str = "w:val") -> str:
    return "" if element is None else str(element.get(name(attribute)) or "")


def child(element: Element | None, *path: str) -> Element | None:
    """The element at the end of a path of children, if there is one."""
    for step in path:
        element = None if element is None else element.find(name(step))
    return element


def is_on(element: Element | None) -> bool | None:
    """Whether a property such as <w:b/> is switched on; None where it is not said."""
    return None if element is None else value(element).lower() not in OFF


def words_of(element: Element) -> str:
    """The text inside an element, with single spaces."""
    pieces = (
        (part.text or "") if part.tag == name("w:t") else " "
        for part in element.iter(name("w:t"), name("w:tab"), name("w:br"), name("w:p"))
    )
    return " ".join(printable("".join(pieces)).split())


def main_part(archive: zipfile.ZipFile) -> str:
    """The part that holds the text: mostly word/document.xml, and in some of Word's own files another; or nothing."""
    root = _rels("", "")
    found = parsed(archive.read(root)) if root in archive.namelist() else ()
    paths = [
        str(one.get("Target") or "") for one in found if str(one.get("Type")).endswith("/officeDocument")
    ]
    return next((path.lstrip("/") for path in paths if path.lstrip("/") in archive.namelist()), "")


def targets(archive: zipfile.ZipFile, part: str) -> dict[str, str]:
    """For each relationship of a part its target; empty for a part of the document that is not there."""
    folder, file = posixpath.split(part)
    rels = _rels(folder, file)
    if rels not in archive.namelist():
        return {}
    found = {}
    for one in parsed(archive.read(rels)):
        target = str(one.get("Target") or "")
        if one.get("TargetMode") != "External":
            path = posixpath.normpath(posixpath.join(folder, target)).lstrip("/")
            path = target.lstrip("/") if target.startswith("/") else path
            target = path if path in archive.namelist() else ""
        found[str(one.get("Id") or "")] = target
    return found


def _rels(folder: str, file: str) -> str:
    return posixpath.join(folder, "_rels", f"{file}.rels")
