"""Lists as files for a spreadsheet, sent while they are read."""

import itertools
from collections.abc import Iterable

from starlette.responses import StreamingResponse

#: Excel takes a file for UTF-8 only by its byte order mark.
_MARK = "\ufeff"


def spreadsheet(lines: Iterable[str], name: str) -> StreamingResponse:
    """A file of that name, such as "deliveries.csv"; its lines may come in pieces of any size."""
    return StreamingResponse(
        itertools.chain([_MARK], lines),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
