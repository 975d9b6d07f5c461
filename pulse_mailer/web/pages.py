"""The templates of the pages, the words and dates they use, and their files: style sheet, icon and scripts."""

import copy
import datetime
import functools
import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
from starlette.responses import HTMLResponse
from starlette.types import Scope

from pulse_mailer.composing.environment import broken
from pulse_mailer.domain.counting import counted
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.resources import bundle_dir, templates_dir, templates_dirs
from pulse_mailer.settings import Settings
from pulse_mailer.staff.roles import Right
from pulse_mailer.web import browsers
from pulse_mailer.web.who import Room, SignedIn

log = logging.getLogger("pulse_mailer.web")

_HASH = re.compile(r"[0-9a-f]{40,}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00")

_MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "js": "text/javascript; charset=utf-8",
}


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

    def __init__(self, base_url: str, rooms: Sequence[Room]) -> None:
        """
        An organisation's own public pages go before the shipped ones.

        Args:
            base_url: where recipients reach the app; the pages' own links begin with its path.
            rooms: what the navigation offers.

        Raises:
            PulseMailerError: the installation lacks a file; says which.
            BrokenTemplate: a public page of one's own is malformed; says file and line.
        """
        drawn, scripts = templates_dir() / "web", bundle_dir()
        self.style, self.icon = _asset(drawn / "app.css"), _asset(drawn / "icon.svg")
        self.script, self.composer = _asset(scripts / "app.js"), _asset(scripts / "composer.js")
        self.assets = {asset.name: asset for asset in (self.style, self.icon, self.script, self.composer)}
        root = urlsplit(base_url).path
        known = (
            ("root", root),
            ("style_url", f"{root}/assets/{self.style.name}"),
            ("icon_url", f"{root}/assets/{self.icon.name}"),
            ("script_url", f"{root}/assets/{self.script.name}"),
            ("composer_url", f"{root}/assets/{self.composer.name}"),
        )
        self._rooms = rooms
        self._state: Mapping[str, Any] = {}
        self._shipped = _environment(known, ())
        self._environment = _environment(known, tuple(templates_dirs()[:-1]))
        for template in self._environment.list_templates():
            if template.startswith("public/"):
                self._read(template)

    def for_request(self, scope: Scope) -> "Pages":
        """The same pages for one request, which say who is signed in."""
        ours = copy.copy(self)
        ours._state = scope.setdefault("state", {})  # noqa: SLF001 - of its own kind
        return ours

    def page(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        return HTMLResponse(self.html(template, **values), status_code=status, headers=headers)

    def html(self, template: str, **values: Any) -> str:
        values = self._shown() | values
        try:
            return self._environment.get_template(template).render(values)
        except Exception as error:
            if len(templates_dirs()) == 1 or not template.startswith("public/"):
                raise
            # A way out must work whatever somebody wrote into a page of their own.
            log.exception("A page of your own was left aside: %s", broken(error, template).what)
            return self._shipped.get_template(template).render(values)

    def _shown(self) -> dict[str, Any]:
        """What every page knows of who looks at it."""
        who: SignedIn | None = self._state.get("who")
        rooms = [room for room in self._rooms if room.right is None or (who and who.may(room.right))]
        return {
            "who": who,
            "standstill": self._state.get("standstill"),
            "rooms": rooms,
            "rights": Right,
            "csrf_field": functools.partial(_csrf_field, who),
        }

    def _read(self, template: str) -> None:
        try:
            self._environment.get_template(template)
        except jinja2.TemplateError as error:
            raise broken(error, template) from error


def public_pages(settings: Settings) -> Pages:
    """
    The public pages alone, as an organisation may have its own.

    Raises:
        BrokenTemplate: one is malformed; says file and line.
    """
    return Pages(settings.base_url, ())


@functools.lru_cache(maxsize=8)
def _environment(known: tuple[tuple[str, str], ...], own: tuple[Path, ...]) -> jinja2.Environment:
    """
    Staff's pages are as shipped; of the public ones those in `own` are looked for first.

    What was compiled once serves every app of this process; a file that changed is read anew.
    """
    shipped = jinja2.FileSystemLoader(templates_dir())
    mine = [jinja2.PrefixLoader({"public": jinja2.FileSystemLoader(folder / "public")}) for folder in own]
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.ChoiceLoader([*mine, shipped, jinja2.PrefixLoader({"shipped": shipped})]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": moment,
        "hour": hour,
        "day": day,
        "counted": counted,
        "on_page": on_page,
        "noted": noted,
        "browser": browsers.called,
    }
    environment.globals |= dict(known)
    return environment


def _csrf_field(who: SignedIn | None) -> Markup:
    """The field that every form of somebody signed in has."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(who.csrf) if who else Markup()


def moment(at: datetime.datetime, zone: str = "UTC") -> str:
    """A time as people say it, with its zone: 1 Apr 2022, 09:02 BST."""
    there = at.astimezone(_zone(zone))
    return f"{there.day} {there:%b %Y, %H:%M} {there.tzname()}"


def hour(at: datetime.datetime, zone: str = "UTC") -> str:
    """A time of today, as people say it: 10:42."""
    return f"{at.astimezone(_zone(zone)):%H:%M}"


def day(at: datetime.datetime, zone: str = "UTC") -> str:
    there = at.astimezone(_zone(zone))
    return f"{there.day} {there:%B %Y}"


def on_page(remedy: str) -> str:
    """What to do, without the command for it, which ends a remedy: pages have a button or a link there."""
    said, command, _ = remedy.partition(": pulse-mailer ")
    return f"{said}." if command else said


def noted(value: object) -> str:
    """A value that a record keeps, as people read it: lists without brackets, of a hash its beginning."""
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(noted(one) for one in value)
        case dict():
            return ", ".join(f"{name} {noted(one)}" for name, one in value.items())
        case str() if _HASH.fullmatch(value):
            return f"{value[:12]}…"
        case str() if _INSTANT.fullmatch(value):
            return moment(datetime.datetime.fromisoformat(value))
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def told(error: PulseMailerError) -> str:
    """What went wrong and what to do, in the words of a page."""
    return f"{error.what} {on_page(error.remedy)}".rstrip()


def _zone(name: str) -> datetime.tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return datetime.UTC  # a zone that this machine does not know must not cost the page


def _asset(path: Path) -> Asset:
    data = path.read_bytes()
    name = f"{path.stem}.{hashlib.sha256(data).hexdigest()[:12]}{path.suffix}"
    return Asset(name, _MEDIA_TYPES[path.suffix.removeprefix(".")], data)
