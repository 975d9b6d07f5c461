"""render(): an edition made into mail once for everybody: MJML, HTML, plain text, and the bytes between slots."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pulse_mailer import clock
from pulse_mailer.composing import designs, themes
from pulse_mailer.composing.compiling import compile_mjml
from pulse_mailer.composing.encoding import quoted_printable
from pulse_mailer.composing.environment import fill
from pulse_mailer.composing.headers import header_block
from pulse_mailer.composing.inlining import beside, inline
from pulse_mailer.composing.markup import Page
from pulse_mailer.composing.outline import Outline, outline
from pulse_mailer.composing.plaintext import plain_text
from pulse_mailer.composing.slots import Marks, Place, Register
from pulse_mailer.domain.edition import Edition, Item, Rendering
from pulse_mailer.domain.variant import WHOLE
from pulse_mailer.errors import BrokenTemplate, UnsafeText
from pulse_mailer.links import Links

MAX_HTML_BYTES = 1_000_000


class _Composed(NamedTuple):
    mjml: str
    html: str


def render(edition: Edition, links: Links, *, variant: str = WHOLE) -> Rendering:
    """
    Make a Rendering, not yet stored, of an edition whose newsletter, sections, categories, items and pictures
    are loaded. The same edition always gives the same fingerprint.

    Args:
        variant: the numbers of the sections to hold, "1,3"; by default the whole edition. Only that has a web copy,
            which every variant leads to.

    Raises:
        UnsafeText: some text cannot go into mail; says which.
        UsageError: a colour of the theme or of a section is none.
        NotFound: there is no design of that name.
        BrokenTemplate: the design's templates, or what became of them, do not hold what they must.
    """
    design = designs.load(edition.newsletter.design)
    theme = themes.theme(design, edition.newsletter.theme)
    register = Register()
    laid_out = outline(edition, links, theme, opened=register.field, variant=variant)
    header_marks, text_marks, html_marks = (
        Marks(place, register) for place in (Place.HEADER, Place.TEXT, Place.HTML)
    )
    mail = _compose(laid_out, theme, html_marks, register, web=False)
    text = plain_text(laid_out, design, text_marks, register)
    text_marks.take_in(text)
    text_marks.check(text, "the text template")
    boundary = (
        "=_" + hashlib.sha256(html_marks.shown(mail.html + text_marks.shown(text)).encode()).hexdigest()[:32]
    )
    content_type = f'multipart/alternative;\r\n boundary="{boundary}"'
    head = header_block(edition, links, register, header_marks, content_type)
    header_marks.take_in(head)
    header_marks.check(head, "the headers")
    segments = _segments(header_marks.cut(head), text_marks.cut(text), html_marks.cut(mail.html), boundary)
    return Rendering(
        edition_id=edition.id,
        variant=variant,
        design=design.name,
        subject=laid_out.subject,
        segments=segments,
        mjml=html_marks.shown(mail.mjml),
        html=html_marks.shown(mail.html),
        text=text_marks.shown(text),
        web_html="" if variant else _web(laid_out, theme, register),
        fingerprint=fingerprint_of(segments),
        created_at=clock.now(),
    )


def fingerprint_of(segments: Sequence[str]) -> str:
    """SHA-256, hexadecimal, of a message on the wire with its open fields."""
    return hashlib.sha256(json.dumps(list(segments)).encode()).hexdigest()


def _web(laid_out: Outline, theme: themes.Theme, register: Register) -> str:
    return _compose(laid_out, theme, Marks(Place.HTML, register), register, web=True).html


def web_page(edition: Edition, links: Links) -> str:
    """
    The page of the web archive alone, as `render()` makes it.

    Raises:
        UnsafeText, UsageError, NotFound, BrokenTemplate: as `render()`.
    """
    theme = themes.theme(designs.load(edition.newsletter.design), edition.newsletter.theme)
    register = Register()
    return _web(outline(edition, links, theme, opened=register.field), theme, register)


def mail_html(edition: Edition, links: Links, *, shorten: Callable[[Item], bool]) -> tuple[str, Outline]:
    """
    Only the mail's HTML, with slots written as [[name]], and the outline that it was made of.

    Args:
        shorten: which items are shown short.

    Raises:
        as render() does.
    """
    theme = themes.theme(designs.load(edition.newsletter.design), edition.newsletter.theme)
    register = Register()
    laid_out = outline(edition, links, theme, opened=register.field, shorten=shorten)
    marks = Marks(Place.HTML, register)
    return marks.shown(_compose(laid_out, theme, marks, register, web=False).html), laid_out


def _compose(
    laid_out: Outline, theme: themes.Theme, marks: Marks, register: Register, *, web: bool
) -> _Composed:
    values = {
        "edition": laid_out,
        "theme": theme,
        "type": theme.type,
        "fonts": theme.fonts,
        "side": theme.design.side,
        "light": theme.light,
        "dark": theme.dark,
        "slot": marks.make,
        "web": web,
    }
    mjml = fill(theme.design.shelves, "mail.mjml.j2", values)
    if web:
        mjml = register.with_defaults(mjml)
    marks.take_in(mjml)
    marks.check(mjml, "the template")
    compiled = compile_mjml(mjml)
    marks.check(compiled, "compiling")
    css = fill(theme.design.shelves, "item.css.j2", values)
    page = beside(compiled, css) if web else inline(compiled, css)
    marks.check(page.html, "putting the styles in place")
    _check_whole(page, laid_out)
    return _Composed(mjml, page.html)


def _check_whole(page: Page, laid_out: Outline) -> None:
    """The compiler passes over what it does not know without a word: every title must have arrived."""
    size = len(page.html.encode())
    if size > MAX_HTML_BYTES:
        raise UnsafeText(
            f"The edition makes {size:,} bytes of HTML; {MAX_HTML_BYTES:,} is the most.",
            remedy="Shorten its summaries.",
        )
    for part in laid_out.parts:
        for entry in part.entries:
            if " ".join(entry.title.split()) not in page.words:
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
