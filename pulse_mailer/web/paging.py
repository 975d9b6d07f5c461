"""Long lists in pages."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query

PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]


@dataclass(frozen=True, slots=True)
class Paged:
    """
    One page of a list.

    Attributes:
        first, last: the places of what is shown, from 1.
        earlier, later: the query strings of the pages beside it; empty where there is none.
    """

    offset: int
    first: int
    last: int
    total: int
    earlier: str
    later: str


def paged(page: int, per_page: int, total: int, **filters: str) -> Paged:
    """Lay out a page; one past the end becomes the last. The filters that are set stay in its links."""
    page = min(page, max(1, -(-total // per_page)))
    offset = (page - 1) * per_page
    last = min(offset + per_page, total)

    def link(to: int) -> str:
        return "?" + urlencode({name: value for name, value in filters.items() if value} | {"page": to})

    return Paged(
        offset=offset,
        first=min(offset + 1, total),
        last=last,
        total=total,
        earlier=link(page - 1) if page > 1 else "",
        later=link(page + 1) if last < total else "",
    )
