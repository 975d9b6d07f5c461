"""What anybody may read: the archive, the web copy of an edition, its pictures, and the pages' own files."""

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from pulse_mailer import pictures
from pulse_mailer.editions import archive as editions
from pulse_mailer.errors import NotFound
from pulse_mailer.web import copies
from pulse_mailer.web.given import TheFrames, TheMailer, ThePages
from pulse_mailer.web.keeping import kept

router = APIRouter()
assets = APIRouter()

#: Inline styles, for mail has no others.
WEB_COPY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HTML = "text/html; charset=utf-8"
_FOR_EVER = "public, max-age=31536000, immutable"


@router.api_route("/editions/{slug}", methods=["GET", "HEAD"])
def archive(slug: str, request: Request, mailer: TheMailer, pages: ThePages) -> Response:
    with mailer.database.reading() as database:
        found = editions.archive(database, slug)
    page = pages.html("public/archive.html", archive=found)
    return kept(request, page, _HTML, {"Cache-Control": "public, max-age=60"})


@router.api_route("/editions/{slug}/{key}.txt", methods=["GET", "HEAD"])
def text_copy(slug: str, key: str, request: Request, mailer: TheMailer) -> Response:
    """An edition to print; search engines are told that the page is meant."""
    with mailer.database.reading() as database:
        text = editions.text_copy(database, slug, key)
    headers = {
        "Cache-Control": "public, max-age=300",
        "Link": f'<{mailer.links.web_copy(slug, key)}>; rel="canonical"',
        "X-Robots-Tag": "noindex",
    }
    return kept(request, text, "text/plain; charset=utf-8", headers)


@router.api_route("/editions/{slug}/{key}", methods=["GET", "HEAD"])
def web_copy(
    slug: str, key: str, request: Request, mailer: TheMailer, pages: ThePages, frames: TheFrames
) -> Response:
    with mailer.database.reading() as database:
        copy = editions.web_copy(database, slug, key)
    page = pages.html(
        "archive/edition.html",
        copy=copy,
        page=copies.page(copy),
        headline=copies.headline(copy.edition),
        picture=copies.picture_of(copy),
        described=copies.described(copy, mailer.links),
        here=mailer.links.web_copy(slug, key),
    )
    headers = {"Content-Security-Policy": WEB_COPY_POLICY, "Cache-Control": "public, max-age=300"}
    return kept(request, frames.with_own_pictures(page), _HTML, headers)


@router.api_route("/pictures/{name}", methods=["GET", "HEAD"])
def picture(name: str, mailer: TheMailer) -> Response:
    with mailer.database.reading() as database:
        found = pictures.read(database, name)
        data, media_type = found.data, found.media_type
    headers = {"Cache-Control": _FOR_EVER, "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(data, media_type=media_type, headers=headers)


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
def robots() -> Response:
    """The archive may be found by search engines; people's own links, and all else, may not."""
    return PlainTextResponse("User-agent: *\nAllow: /editions/\nAllow: /pictures/\nDisallow: /\n")


@assets.api_route("/assets/{name}", methods=["GET", "HEAD"])
def asset(name: str, pages: ThePages) -> Response:
    found = pages.assets.get(name)
    if found is None:
        raise NotFound(f"There is no file {name!r}.")
    return Response(found.data, media_type=found.media_type, headers={"Cache-Control": _FOR_EVER})


@assets.api_route("/favicon.ico", methods=["GET", "HEAD"])
def favicon(pages: ThePages) -> Response:
    """Browsers ask for it where a page names no icon, as the web copy of a mail does not."""
    return Response(
        pages.icon.data, media_type=pages.icon.media_type, headers={"Cache-Control": "max-age=86400"}
    )
