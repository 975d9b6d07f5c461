"""MJML to HTML. The only import of mjml."""

import inspect
import re
from itertools import accumulate

from mjml import mjml2html

from pulse_mailer.errors import BrokenTemplate
from pulse_mailer.linebreaking import single_spaced

# Another distribution installs a package of the same name, without this function's options.
if "include_loader" not in inspect.signature(mjml2html).parameters:
    raise ImportError(
        "The package 'mjml' is not the one of mjml-python: uninstall 'mjml', reinstall 'mjml-python'."
    )

MAX_DEPTH = 120  #: tags within tags; the compiler's stack overflows, and the process dies, at some thousands

# Tags that open or close something: void ones and those that end in themselves do neither.
_TAG = re.compile(
    r"<(/|(?!(?:area|br|col|hr|img|input|link|meta|wbr)\b))[a-z][^<>]*(?<!/)>", flags=re.IGNORECASE
)
_POSITION = re.compile(r"position (\d+):(\d+)")


def compile_mjml(mjml: str) -> str:
    """
    Give the HTML of an MJML document: comments dropped but Outlook's, no fonts from elsewhere, a doctype that
    premailer knows.

    Raises:
        BrokenTemplate: the document is not MJML (says where), nests too deeply, or was understood in part.
    """
    if _depth(mjml) > MAX_DEPTH:
        raise BrokenTemplate(f"The composed MJML nests tags more than {MAX_DEPTH} levels deep.")
    source = _tightened(mjml)
    try:
        html = str(mjml2html(source, disable_comments=True, fonts={}))
    except ValueError as error:
        raise BrokenTemplate(
            f"The composed MJML cannot be compiled: {_placed(str(error), source, mjml)}"
        ) from error
    if "<mj-" in html or re.search(r"<body[^>]*>\s*</body>", html):
        left = re.search(r"<mj-[\w-]*", html)
        raise BrokenTemplate(f"The compiler did not understand {left[0] + '>' if left else 'the body'}.")
    return re.sub(r"^\s*<!doctype html>", "<!DOCTYPE html>", html, count=1, flags=re.IGNORECASE)


def _tightened(mjml: str) -> str:
    """
    Leave single spaces in text and none around MJML's own tags.

    The compiler drops white space between two tags when it begins with a line end, so that words run
    together, and refuses any other between some of its own.
    """
    single = single_spaced(mjml).replace(" <mj", "<mj").replace(" </mj", "</mj")
    return re.sub(r"(</?mj[^<>]*>) ", r"\1", single)


def _depth(mjml: str) -> int:
    return max(accumulate((-1 if closing else 1 for closing in _TAG.findall(mjml)), initial=0))


def _placed(complaint: str, compiled: str, written: str) -> str:
    """The compiler's complaint with its position, a count of bytes, made a line and the words there."""
    found = _POSITION.search(complaint)
    if not found:
        return complaint
    start = len(compiled.encode()[: int(found[1])].decode(errors="ignore"))
    # Both texts hold the same letters in the same order; only the white space between them differs.
    letters = len(re.sub(r"\s", "", compiled[:start]))
    line = 1
    for letter in written:
        if letters <= 0 and not letter.isspace():
            break
        line += letter == "\n"
        letters -= not letter.isspace()
    return f"{_POSITION.sub(f'line {line}', complaint)}: {compiled[max(0, start - 1) : start + 60]!r}"
