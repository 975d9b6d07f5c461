"""The search of the archive, for anybody."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from pulse_mailer.editions import searching
from pulse_mailer.editions.folding import MOST_LETTERS
from pulse_mailer.web.given import TheMailer, ThePages, TheSearches

router = APIRouter()

#: What is found is for people; search engines have the editions themselves.
_HEADERS = {"Cache-Control": "public, max-age=60", "X-Robots-Tag": "noindex"}


@router.api_route("/editions/{slug}/search", methods=["GET", "HEAD"])
def search(
    slug: str,
    request: Request,
    mailer: TheMailer,
    pages: ThePages,
    searches: TheSearches,
    q: Annotated[str, Query(max_length=MOST_LETTERS)] = "",
    after: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    if q and not searches.allows(request.client.host if request.client else ""):
        raise HTTPException(429, headers={"Retry-After": "60"})
    with mailer.database.reading() as database:
        found = searching.search(database, slug, q, after)
    return pages.page("public/search.html", headers=_HEADERS, search=found)
