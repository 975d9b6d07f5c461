"""A newsletter's look: design, colours with their contrast, letters and logo, tried on before they are kept."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, File, Query, Request, UploadFile
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer import pictures
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.composing import designs, themes
from pulse_mailer.delivery.previewing import made_anew
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import founding, reading, theming
from pulse_mailer.errors import PictureRefused, PulseMailerError, UsageError
from pulse_mailer.web.given import TheFrames, TheMailer, ThePages
from pulse_mailer.web.newsletters import SAID, Typed, done, reopened_words, text_of
from pulse_mailer.web.pages import Pages, told
from pulse_mailer.web.signed_in import Administers

router = APIRouter()

PATH = "/newsletters/{slug}/look"
_FORM_BYTES = 64 * 1024
Design = Annotated[str, Query(max_length=60)]


@router.api_route(PATH, methods=["GET", "HEAD"])
def show(
    slug: str,
    request: Request,
    _who: Administers,
    mailer: TheMailer,
    pages: ThePages,
    said: str = "",
    reopened: str = "",
) -> Response:
    """With a look in its address that one, tried on; else the one that is kept."""
    words = SAID.get(said, "")
    return _page(
        mailer, pages, slug, _tried(request.query_params), said=words, reopened=reopened_words(reopened)
    )


@router.api_route(f"{PATH}/preview", methods=["GET", "HEAD"])
def preview(slug: str, request: Request, _who: Administers, mailer: TheMailer, frames: TheFrames) -> Response:
    tried = _tried(request.query_params)
    try:
        with mailer.database.reading() as database:
            newsletter = reading.newsletter(database, slug)
            latest = _latest(database, newsletter)
            if not latest:
                return frames.text("There is no edition yet to show it in.")
            edition = reading.edition(database, f"{slug}/{latest}")
            if tried:
                theming.try_on(edition.newsletter, _tokens(tried), tried.get("design", ""))
            return frames.own(made_anew(edition, mailer.links))
    except PulseMailerError as error:  # in a frame, where our pages may not stand
        return frames.text(told(error), status=error.http_status)


@router.post(PATH)
def change(slug: str, who: Administers, mailer: TheMailer, pages: ThePages, form: Typed) -> Response:
    tried = _tried({name: text_of(form, name) for name in form})
    try:
        with mailer.database.transaction() as database:
            newsletter = reading.newsletter(database, slug)
            reopened = []
            if (design := tried.get("design", newsletter.design)) != newsletter.design:
                theming.try_on(
                    newsletter, {}
                )  # what the other design does not know must not stand in its way
                reopened = founding.change(database, newsletter, {"design": design}, actor=who.actor)
            reopened += theming.change(database, newsletter, _tokens(tried), anew=True, actor=who.actor)
    except (UsageError, PulseMailerError) as problem:
        return _page(mailer, pages, slug, tried, problem=problem)
    return done(f"/newsletters/{quote(slug)}/look", "saved", list(dict.fromkeys(reopened)))


@router.post("/newsletters/{slug}/logo", max_body_size=pictures.MAX_BYTES + _FORM_BYTES)
def change_logo(
    slug: str,
    who: Administers,
    mailer: TheMailer,
    pages: ThePages,
    form: Typed,
    picture: Annotated[UploadFile | None, File()] = None,
) -> Response:
    try:
        with mailer.database.transaction() as database:
            newsletter = reading.newsletter(database, slug)
            if text_of(form, "off"):
                reopened = theming.remove_logo(database, newsletter, actor=who.actor)
            else:
                data = picture.file.read() if picture else b""
                reopened = theming.set_logo(database, newsletter, data, actor=who.actor)
    except PictureRefused as problem:
        return _page(mailer, pages, slug, {}, problem=problem)
    return done(f"/newsletters/{quote(slug)}/look", "saved", reopened)


def _tried(given: Mapping[str, str]) -> dict[str, str]:
    """What was asked for of the look: its design, and tokens by their names."""
    known = {
        "design",
        *themes.CHOICES,
        *(name for one in designs.names() for name in designs.load(one).light),
    }
    return {name: value.strip()[:60] for name, value in given.items() if name in known}


def _tokens(tried: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in tried.items() if name != "design" and value}


def _latest(database: Session, newsletter: Newsletter) -> str:
    lines = reading.editions(database, newsletter.id)
    return max(lines, key=lambda line: line.changed_at).key if lines else ""


def _page(
    mailer: Mailer,
    pages: Pages,
    slug: str,
    tried: Mapping[str, str],
    *,
    said: str = "",
    reopened: str = "",
    problem: PulseMailerError | None = None,
) -> Response:
    with mailer.database.reading() as database:
        newsletter = reading.newsletter(database, slug)
        latest = _latest(database, newsletter)
        logo = newsletter.logo is not None
        shown = {"design": newsletter.design} | (dict(tried) or newsletter.theme)
        if tried and problem is None:
            try:
                theming.try_on(newsletter, _tokens(tried), tried.get("design", ""))
            except PulseMailerError as error:
                problem = error
        return pages.page(
            "web/newsletter_look.html",
            status=422 if problem else 200,
            newsletter=newsletter,
            shown=shown,
            latest=latest,
            logo=logo,
            designs=designs.names(),
            colours=dict(sorted(designs.load(newsletter.design).light.items())),
            choices=themes.CHOICES,
            shades=[] if problem else theming.shades(newsletter),
            query=urlencode(tried),
            is_tried=bool(tried),
            said=said,
            reopened=reopened,
            problem=problem,
        )
