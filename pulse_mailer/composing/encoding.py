"""Quoted-printable (RFC 2045 section 6.7), piece by piece, so that pieces can be joined in any number."""

import binascii
import re

_LONGEST = 75  # and the "=" of a soft line break makes 76
_CUT = "(?<!=)(?<!=.)"  # never within =XX
# A dot is two places longer when written out.
_LINE = re.compile(rf"\..{{0,{_LONGEST - 3}}}{_CUT}|.{{1,{_LONGEST}}}{_CUT}")


def quoted_printable(text: str) -> str:
    """
    Encode a piece of a part, in UTF-8 with CRLF line ends; whatever follows it begins a line of its own.

    No line begins with a dot, which mail transfer would have to double (RFC 5321 section 4.5.2), and none
    ends in white space, which it may strip.
    """
    encoded = binascii.b2a_qp(text.replace("\r\n", "\n").encode()).decode()
    # Its own line breaks do not know of dots, and it leaves a tab and a carriage return within a line.
    encoded = encoded.replace("=\n", "").replace("\t", "=09").replace("\r", "=0D")
    *whole, rest = encoded.split("\n")
    lines = [f"{_broken(line)}\r\n" for line in whole]
    if rest:
        lines.append(f"{_broken(rest)}=\r\n")
    return "".join(lines)


def _broken(encoded: str) -> str:
    if len(encoded) <= _LONGEST and not encoded.startswith("."):
        return encoded
    pieces = _LINE.findall(encoded)
    return "=\r\n".join([f"=2E{piece[1:]}" if piece[0] == "." else piece for piece in pieces])
