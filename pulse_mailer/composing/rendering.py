"""render(): an edition made into mail once for everybody: MJML, HTML, plain text, and the bytes between slots."""

import hashlib
import json
from typing import NamedTuple

from pulse_mailer import clock
from pulse_mailer.composing import designs
from pulse_mailer.composing.compiling import compile_mjml
from pulse_mailer.composing.encoding import quoted_printable
from pulse_mailer.composing.environment import fill
from pulse_mailer.composing.headers import header_block
from pulse_mailer.composing.inlining import inline
from pulse_mailer.composing.markup import visible_text
from pulse_mailer.composing.outline import Outline, outline
from pulse_mailer.composing.plaintext import plain_text
from pulse_mailer.composing.slots import Marks, Place
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.errors import BrokenTemplate, UnsafeText
from pulse_mailer.links import Links

MAX_HTML_BYTES = 1_000_000


class _Composed(NamedTuple):
    mjml: str
    html: str


def render(edition: Edition, links: Links) -> Rendering:
    """
    Make a Rendering, not yet stored, of an edition whose newsletter, sections, categories, items and pictures
    are loaded. The same edition always gives the same fingerprint.

    Raises:
        UnsafeText: some text cannot go into mail; says which.
        UsageError: a colour of the theme or of a section is none.
        NotFound: there is no design of that name.
        BrokenTemplate: the design's templates, or what became of them, do not hold what they must.
    """
    design = designs.load(edition.newsletter.design)
    theme = designs.theme(design, edition.newsletter.theme)
    laid_out = outline(edition, links, theme)
    header_marks, text_marks, html_marks = (Marks(place) for place in (Place.HEADER, Place.TEXT, Place.HTML))
    mail = _compose(laid_out, theme, html_marks, web=False)
    text = plain_text(laid_out, design, text_marks)
    text_marks.check(text, "the text template")
    boundary = (
        "=_" + hashlib.sha256(html_marks.shown(mail.html + text_marks.shown(text)).encode()).hexdigest()[:32]
    )
    head = header_block(edition, links, header_marks, f'multipart/alternative;\r\n boundary="{boundary}"')
    header_marks.check(head, "the headers")
    segments = _segments(header_marks.cut(head), text_marks.cut(text), html_marks.cut(mail.html), boundary)
    return Rendering(
        edition_id=edition.id,
        variant="",
        design=design.name,
        subject=laid_out.subject,
        segments=segments,
        mjml=html_marks.shown(mail.mjml),
        html=html_marks.shown(mail.html),
        text=text_marks.shown(text),
        web_html=_compose(laid_out, theme, Marks(Place.HTML), web=True).html,
        fingerprint=hashlib.sha256(json.dumps(segments).encode()).hexdigest(),
        created_at=clock.now(),
    )


def web_page(edition: Edition, links: Links) -> str:
    """
    The page of the web archive alone, as `render()` makes it.

    Raises:
        UnsafeText, UsageError, NotFound, BrokenTemplate: as `render()`.
    """
    theme = designs.theme(designs.load(edition.newsletter.design), edition.newsletter.theme)
    return _compose(outline(edition, links, theme), theme, Marks(Place.HTML), web=True).html


def _compose(laid_out: Outline, theme: designs.Theme, marks: Marks, *, web: bool) -> _Composed:
    values = {"edition": laid_out, "light": theme.light, "dark": theme.dark, "slot": marks.make, "web": web}
    mjml = fill(theme.design.folder, "mail.mjml.j2", values)
    marks.check(mjml, "the template")
    compiled = compile_mjml(mjml)
    marks.check(compiled, "compiling")
    html = inline(compiled, fill(theme.design.folder, "item.css.j2", values))
    marks.check(html, "putting the styles in place")
    _check_whole(html, laid_out)
    return _Composed(mjml, html)


def _check_whole(html: str, laid_out: Outline) -> None:
    """The compiler passes over what it does not know without a word: every title must have arrived."""
    if len(html.encode()) > MAX_HTML_BYTES:
        raise UnsafeText(
            f"The edition makes {len(html.encode()):,} bytes of HTML; {MAX_HTML_BYTES:,} is the most.",
            remedy="Shorten its summaries.",
        )
    words = visible_text(html)
    for part in laid_out.parts:
        for entry in part.entries:
            if " ".join(entry.title.split()) not in words:
                raise BrokenTemplate(f"The composed mail lost the item {entry.title!r}.")


def _segments(head: list[str], text: list[str], html: list[str], boundary: str) -> list[str]:
    """The message on the wire: texts at even places, names of slots at odd ones."""
    pieces = head
    pieces[-1] += f"\r\n{_part_head(boundary, 'plain')}"
    for part, tail in ((text, f"\r\n{_part_head(boundary, 'html')}"), (html, f"\r\n--{boundary}--\r\n")):
        encoded = [piece if place % 2 else quoted_printable(piece) for place, piece in enumerate(part)]
        pieces = [*pieces[:-1], pieces[-1] + encoded[0], *encoded[1:]]
        pieces[-1] += tail
    return pieces


def _part_head(boundary: str, subtype: str) -> str:
    return (
        f"--{boundary}\r\n"
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
