"""All routes of the API together, and the OpenAPI document that describes them."""

import functools
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from pulse_mailer import __version__
from pulse_mailer.web.api import (
    checks,
    deliveries,
    documents,
    editions,
    feeds,
    inbox,
    items,
    looks,
    mails,
    measures,
    newsletters,
    operating,
    people,
    programmes,
    proofs,
    sending,
    suppressions,
    team,
)
from pulse_mailer.web.api.calls import PROBLEMS, limited
from pulse_mailer.web.doors import required
from pulse_mailer.web.signed_in import require

_PARTS = (
    newsletters,
    programmes,
    looks,
    editions,
    documents,
    mails,
    measures,
    inbox,
    feeds,
    checks,
    sending,
    proofs,
    deliveries,
    items,
    people,
    suppressions,
    team,
    operating,
)
_ABOUT = """
The verbs of the commands, for programs. Sign in with a key (`pulse-mailer api-key create NAME --scope SCOPE`), sent
as `Authorization: Bearer KEY`; each route names the one scope that it wants. Times are in UTC (ISO 8601), unless a
zone is named. What goes wrong is told as RFC 9457 (`application/problem+json`). A change of an edition takes the
revision that you looked at as `If-Match`, and is refused (409) when somebody else was faster.
"""

router = APIRouter(prefix="/api/v1", dependencies=[Depends(limited)], responses=PROBLEMS)
for part in _PARTS:
    router.include_router(part.router)


@router.get("/openapi.json", include_in_schema=False, dependencies=[Depends(require())])
def show_document() -> dict[str, Any]:
    return openapi()


@functools.cache
def openapi() -> dict[str, Any]:
    """The OpenAPI document; each operation names its scope."""
    made = get_openapi(
        title="Pulse Mailer", version=__version__, description=_ABOUT.strip(), routes=router.routes
    )
    made["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"key": []}]
    for route in iter_route_contexts(router.routes):
        if route.path not in made["paths"]:
            continue
        for method in route.methods or ():
            told = made["paths"][route.path].get(method.lower())
            if told is not None:
                wanted = required(route.dependant)
                assert wanted is not None  # every route has one require()
                scope = " or ".join(right.value for right in wanted.rights)
                told["x-scope"] = scope
                told["description"] = f"{told.get('description', '')}\n\nScope: {scope}.".strip()
    return made
