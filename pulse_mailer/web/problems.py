"""What goes wrong, as programs read it: RFC 9457, `application/problem+json`, with what, where and what to do."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse
from starlette.types import Scope

#: Programs come here with a key; a browser's cookie counts for nothing.
API = "/api/"
MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One thing that is not as it should be in what was sent."""

    where: str = Field(description="Where it stands: `body.title`, `query.limit`, `header.if-match`.")
    what: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """What went wrong, where, and what to do about it."""

    type: str = Field(default="about:blank", description="Always `about:blank`: the status says it.")
    title: str = Field(examples=["That cannot be done now"])
    status: int = Field(description="The same as the answer's.", examples=[409])
    detail: str = Field(
        description="What went wrong, in a sentence.", examples=["The edition 2026-04 was changed meanwhile."]
    )
    instance: str = Field(
        description="Where: the path that was asked for.", examples=["/api/v1/editions/pulse/2026-04"]
    )
    remedy: str = Field(
        description="What to do; may be empty, or name the command that does it.",
        examples=["Look at it again: pulse-mailer edition history pulse/2026-04"],
    )
    errors: list[Fault] = Field(default=[], description="Each fault, where what was sent cannot be read.")


def is_api(scope: Scope) -> bool:
    return bool(scope["path"].startswith(API))


def problem(
    scope: Scope,
    status: int,
    title: str,
    what: str,
    remedy: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    faults: Sequence[Mapping[str, Any]] = (),
) -> JSONResponse:
    """
    Args:
        faults: as pydantic tells them.
    """
    told = Problem(
        title=title,
        status=status,
        detail=what,
        instance=scope["path"],
        remedy=remedy,
        errors=[
            Fault(where=".".join(str(part) for part in one["loc"]), what=str(one["msg"])) for one in faults
        ],
    )
    wanted = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(
        told.model_dump(), status, headers=wanted | dict(headers or {}), media_type=MEDIA_TYPE
    )
