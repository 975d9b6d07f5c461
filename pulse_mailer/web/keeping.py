"""Answers that browsers, feed readers and caches keep: whoever has the newest one is told so, and gets no body."""

import datetime
import email.utils
import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response


def kept(
    request: Request,
    body: str | bytes,
    media_type: str,
    headers: Mapping[str, str],
    modified_at: datetime.datetime | None = None,
) -> Response:
    """
    Answer with a body, or with 304 where the asker has that very one (RFC 9110, section 13).

    Args:
        modified_at: when what it says changed last, where that is known.
    """
    data = body.encode() if isinstance(body, str) else body
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    named = {**headers, "ETag": tag}
    if modified_at is not None:
        named["Last-Modified"] = email.utils.format_datetime(
            modified_at.astimezone(datetime.UTC).replace(microsecond=0), usegmt=True
        )
    if _has(request, tag, modified_at):
        return Response(status_code=304, headers=named)
    return Response(data, media_type=media_type, headers=named)


def _has(request: Request, tag: str, modified_at: datetime.datetime | None) -> bool:
    if (named := request.headers.get("if-none-match")) is not None:
        # Proxies that pack a body mark its tag as weak, which makes no difference here.
        return named.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in named.split(",")}
    since = request.headers.get("if-modified-since")
    if since is None or modified_at is None:
        return False
    try:
        asked = email.utils.parsedate_to_datetime(since)
    except ValueError:
        return False  # no date: as if it had not been sent, as the RFC has it
    asked = asked if asked.tzinfo else asked.replace(tzinfo=datetime.UTC)
    return modified_at.replace(microsecond=0) <= asked
