"""A web page's bytes as text, as browsers decide it: by its mark, its server, itself, and else by what fits."""

import codecs
import re

from pulse_mailer.importing.decoding import printable

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SAID = re.compile(rb"<meta[^>]{0,500}?charset\s*=\s*[\"']?\s*([\w.:+-]{1,40})", re.IGNORECASE)
_LOOKED_AT = 4096  #: bytes in which a page must name its encoding; the standard says 1024
# The standard's encodings, by the names that Python gives them; Latin-1 and ASCII mean Windows-1252 on the web.
_KNOWN = re.compile(
    r"utf-8|cp125[0-8]|cp866|iso8859-(?:[2-8]|1[0-6])|koi8-[ru]|mac-roman|gbk|gb18030|gb2312|big5(?:hkscs)?|euc_(?:jp|kr)"
    r"|shift_jis|iso2022_jp|cp932|cp949"
)
_WESTERN = frozenset({"ascii", "iso8859-1"})


def page_text(data: bytes, charset: str) -> str:
    """
    Give the page's text, without what mail may not carry; a byte that is no letter becomes a question mark.

    Args:
        charset: what the server says of it; may be empty, or wrong.
    """
    return printable(_decoded(data, charset).replace("\x00", ""))


def _decoded(data: bytes, charset: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    said = _SAID.search(data[:_LOOKED_AT])
    encoding = (
        _encoding(charset) or (_encoding(said[1].decode("ascii", "replace")) if said else "") or "utf-8"
    )
    text = data.decode(encoding, "replace")
    wrong = text.count("\ufffd")
    # One bad byte in a page of good ones is an accident; a page of bad ones is in another encoding than it says.
    if encoding == "utf-8" and wrong and sum(letter > "\x7f" for letter in text) < 2 * wrong:
        return data.decode("cp1252", "replace")
    return text


def _encoding(label: str) -> str:
    """Python's name for an encoding of the web; empty for one that is none."""
    try:
        name = codecs.lookup(label.strip()).name if label else ""
    except (LookupError, ValueError):
        return ""
    if name in _WESTERN:
        return "cp1252"
    return name if _KNOWN.fullmatch(name) else ""
