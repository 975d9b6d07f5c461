"""Quoted-printable (RFC 2045 section 6.7), piece by piece, so that pieces can be joined in any number."""

import re

_LONGEST = 75  # and the "=" of a soft line break makes 76

_BEYOND = re.compile(r"[^\n -~]+")


def quoted_printable(text: str) -> str:
    """
    Encode a piece of a part, in UTF-8 with CRLF line ends; whatever follows it begins a line of its own.

    No line begins with a dot, which mail transfer would have to double (RFC 5321 section 4.5.2), and none
    ends in white space, which it may strip.
    """
    encoded = _BEYOND.sub(_bytes, text.replace("\r\n", "\n").replace("=", "=3D"))
    *whole, rest = encoded.split("\n")
    lines = [f"{_broken(line)}\r\n" for line in whole]
    if rest:
        lines.append(f"{_broken(rest)}=\r\n")
    return "".join(lines)


def _bytes(found: re.Match[str]) -> str:
    return "".join(f"={byte:02X}" for byte in found[0].encode())


def _broken(encoded: str) -> str:
    if encoded.endswith(" "):
        encoded = f"{encoded[:-1]}=20"
    if len(encoded) <= _LONGEST and not encoded.startswith("."):
        return encoded
    pieces = []
    start = 0
    while start < len(encoded):
        dotted = encoded[start] == "."
        end = start + _LONGEST - (2 if dotted else 0)
        if end < len(encoded):
            # Never cut within =XX.
            end -= next((back for back in (1, 2) if encoded[end - back] == "="), 0)
        piece = encoded[start:end]
        pieces.append(f"=2E{piece[1:]}" if dotted else piece)
        start = end
    return "=\r\n".join(pieces)
