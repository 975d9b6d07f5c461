"""The templates of the pages, the words and dates they use, and the two files they need: style sheet and icon."""

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from pulse_mailer.resources import templates_dir

_ASSETS = {"app.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """
    Attributes:
        name: with a piece of its content's hash in it, so that browsers may keep it for ever.
    """

    name: str
    media_type: str
    data: bytes


class Pages:
    """Everything that makes a page out of a template and values."""

    def __init__(self, base_url: str, rooms: Sequence[tuple[str, str]]) -> None:
        """
        Args:
            base_url: where recipients reach the app; the pages' own links begin with its path.
            rooms: address and name of what the navigation offers.
        """
        self.style, self.icon = _asset("app.css"), _asset("icon.svg")
        self.assets = {asset.name: asset for asset in (self.style, self.icon)}
        self._environment = Environment(
            loader=FileSystemLoader(templates_dir()),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"moment": moment, "day": day, "counted": counted}
        root = urlsplit(base_url).path
        self._environment.globals |= {
            "root": root,
            "rooms": rooms,
            "style_url": f"{root}/assets/{self.style.name}",
            "icon_url": f"{root}/assets/{self.icon.name}",
        }

    def page(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        return HTMLResponse(self.html(template, **values), status_code=status, headers=headers)

    def html(self, template: str, **values: Any) -> str:
        return self._environment.get_template(template).render(values)


def moment(at: datetime.datetime, zone: str = "UTC") -> str:
    """A time as people say it, with its zone: 1 Apr 2022, 09:02 BST."""
    there = at.astimezone(_zone(zone))
    return f"{there.day} {there:%b %Y, %H:%M} {there.tzname()}"


def day(at: datetime.datetime, zone: str = "UTC") -> str:
    there = at.astimezone(_zone(zone))
    return f"{there.day} {there:%B %Y}"


def counted(number: int, one: str, several: str = "") -> str:
    """A number with its noun: 1 item, 1,284 items."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def _zone(name: str) -> datetime.tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return datetime.UTC  # a zone that this machine does not know must not cost the page


def _asset(name: str) -> Asset:
    data = (templates_dir() / "web" / name).read_bytes()
    stem, _, ending = name.rpartition(".")
    return Asset(f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}.{ending}", _ASSETS[name], data)
