"""The templates of the pages, the words and dates they use, and the two files they need: style sheet and icon."""

import datetime
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from starlette.responses import HTMLResponse

from pulse_mailer.composing.environment import broken
from pulse_mailer.resources import templates_dir, templates_dirs

log = logging.getLogger("pulse_mailer.web")

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
        An organisation's own public pages go before the shipped ones.

        Args:
            base_url: where recipients reach the app; the pages' own links begin with its path.
            rooms: address and name of what the navigation offers.

        Raises:
            BrokenTemplate: a public page of one's own is malformed; says file and line.
        """
        self.style, self.icon = _asset("app.css"), _asset("icon.svg")
        self.assets = {asset.name: asset for asset in (self.style, self.icon)}
        root = urlsplit(base_url).path
        known = {
            "root": root,
            "rooms": rooms,
            "style_url": f"{root}/assets/{self.style.name}",
            "icon_url": f"{root}/assets/{self.icon.name}",
        }
        self._shipped = _environment(known, [])
        self._environment = _environment(known, templates_dirs()[:-1])
        for template in self._environment.list_templates():
            if template.startswith("public/"):
                self._read(template)

    def page(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        return HTMLResponse(self.html(template, **values), status_code=status, headers=headers)

    def html(self, template: str, **values: Any) -> str:
        try:
            return self._environment.get_template(template).render(values)
        except Exception as error:
            if len(templates_dirs()) == 1 or not template.startswith("public/"):
                raise
            # A way out must work whatever somebody wrote into a page of their own.
            log.exception("A page of your own was left aside: %s", broken(error, template).what)
            return self._shipped.get_template(template).render(values)

    def _read(self, template: str) -> None:
        try:
            self._environment.get_template(template)
        except jinja2.TemplateError as error:
            raise broken(error, template) from error


def _environment(known: Mapping[str, object], own: Sequence[Path]) -> jinja2.Environment:
    """Staff's pages are as shipped; of the public ones those in `own` are looked for first."""
    shipped = jinja2.FileSystemLoader(templates_dir())
    mine = [jinja2.PrefixLoader({"public": jinja2.FileSystemLoader(folder / "public")}) for folder in own]
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.ChoiceLoader([*mine, shipped, jinja2.PrefixLoader({"shipped": shipped})]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "day": day, "counted": counted}
    environment.globals |= known
    return environment


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
