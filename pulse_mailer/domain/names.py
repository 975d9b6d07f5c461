"""How the names of sections, categories and publishers are compared: as people read them."""

import re
import unicodedata

_ALIKE = str.maketrans(
    {"‘": "'", "’": "'", "‛": "'", "`": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "&": " and "}
)


def fold(name: str) -> str:
    """
    The form in which two spellings of one name are equal: no case, straight quotes, single spaces, none around a /.

    "Carers’ Rights & Duties:" is "carers' rights and duties".
    """
    plain = " ".join(unicodedata.normalize("NFKC", name).translate(_ALIKE).casefold().split())
    return re.sub(r" ?/ ?", "/", plain).strip(" .:;")
