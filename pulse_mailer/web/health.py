"""Whether the program lives, and whether it can work; for those who watch over it, without inner detail."""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from pulse_mailer.errors import DatabaseBehind, DatabaseError
from pulse_mailer.web.given import TheMailer

router = APIRouter()


@router.api_route("/healthz/live", methods=["GET", "HEAD"])
def live() -> Response:
    return JSONResponse({"live": True})


@router.api_route("/healthz/ready", methods=["GET", "HEAD"])
def ready(mailer: TheMailer) -> Response:
    """Ready is who reaches a database at its newest migration; 503 until then."""
    try:
        mailer.database.check_revision()
    except DatabaseBehind:
        state = "behind its migrations"
    except DatabaseError:
        state = "unreachable"
    else:
        return JSONResponse({"ready": True, "database": "ok"})
    return JSONResponse({"ready": False, "database": state}, status_code=503)
