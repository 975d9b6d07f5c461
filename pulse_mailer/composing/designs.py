"""Designs: the named looks under templates/editions/, the shipped ones and an organisation's own."""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulse_mailer.composing.colours import check_colour
from pulse_mailer.composing.environment import Shelves
from pulse_mailer.errors import BrokenTemplate, NotFound, UsageError
from pulse_mailer.resources import templates_dir, templates_dirs

FONTS = ("sans", "serif")
#: What a design has a size of letters for.
STEPS = ("masthead", "section", "title", "letter", "body", "small")
_SHARED = "_shared"
_TABLES = ("fonts", "type", "light", "dark")


@dataclass(frozen=True, slots=True)
class Step:
    """A size of letters and the height of their lines, in pixels."""

    size: int
    line: int


@dataclass(frozen=True, slots=True)
class Design:
    """
    Attributes:
        title, about: what it is called, and whom it suits, for people who choose one.
        based_on: the design whose files it uses where it has none of its own; empty: only the shared ones.
        shelves: where its templates are: mail.mjml.j2, text.j2, item.css.j2 and what these include.
        light, dark: colours by their names, as #RRGGBB.
        palette: the colours of sections by position; the first follows the last.
        fonts: sans or serif, for headings and body.
        type: sizes by the names in STEPS.
        side: the margin at both sides at a desk, in pixels.
        has_pictures: whether it shows the items' pictures.
    """

    name: str
    title: str
    about: str
    based_on: str
    shelves: Shelves
    light: dict[str, str]
    dark: dict[str, str]
    palette: tuple[str, ...]
    fonts: dict[str, str]
    type: dict[str, Step]
    side: int
    has_pictures: bool


def names() -> list[str]:
    """Every design that may be chosen."""
    found = {path.parent.name for root in templates_dirs() for path in root.glob("editions/*/design.toml")}
    return sorted(name for name in found if not name.startswith("_"))


def load(name: str) -> Design:
    """
    Raises:
        NotFound: there is no such design.
        BrokenTemplate: its design.toml cannot be used; says why.
    """
    if name not in names():
        raise NotFound(f"There is no design {name!r}.", remedy=f"These are there: {', '.join(names())}.")
    told, chain = _told(name)
    try:
        return _made(name, told, chain)
    except (KeyError, TypeError, ValueError, UsageError) as error:
        what = f"it says nothing of {error}" if isinstance(error, KeyError) else error
        raise BrokenTemplate(
            f"The design {name} has a {_toml(name)} that cannot be used: {what}",
            remedy="docs/designs.md says what stands in it.",
        ) from error


def hash_of(design: Design) -> str:
    """
    SHA-256, hexadecimal, over every file that the design can use: its own, those of the design that it is based on
    and the shared ones, from a templates folder and as shipped.
    """
    shelves = design.shelves
    found = hashlib.sha256()
    for folder in dict.fromkeys((*shelves.folders, *shelves.shared, *shelves.shipped)):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            # An editor's own files beside a template must not void an approval.
            if path.name.endswith((".j2", ".toml")):
                inside = f"{folder.name}/{path.relative_to(folder).as_posix()}"
                found.update(f"{inside}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def _told(name: str) -> tuple[dict[str, Any], list[str]]:
    """What its design.toml says, on top of that of the design it is based on; and the names of all these."""
    chain: list[str] = []
    told: dict[str, Any] = {}
    while name:
        if name in chain or name not in names():
            remedy = "Base it on one that there is: pulse-mailer design list"
            raise BrokenTemplate(f"The design {(chain or [name])[-1]} is based on {name!r}.", remedy=remedy)
        chain.append(name)
        path = _toml(name)
        try:
            own = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BrokenTemplate(f"{path}: {error}") from error
        merged = own | {key: told[key] for key in told if key not in _TABLES}
        for table in _TABLES:
            merged[table] = {**own.get(table, {}), **told.get(table, {})}
        told, name = merged, str(own.get("based_on", ""))
    return told, chain


def _made(name: str, told: Mapping[str, Any], chain: Sequence[str]) -> Design:
    fonts = {use: str(told["fonts"][use]) for use in ("headings", "body")}
    if wrong := sorted(set(fonts.values()) - set(FONTS)):
        raise UsageError(f"{wrong[0]!r} is no font.", remedy=f"Use one of {', '.join(FONTS)}.")
    return Design(
        name=name,
        title=str(told["title"]),
        about=str(told["about"]),
        based_on=chain[1] if len(chain) > 1 else "",
        shelves=_shelves(chain),
        light={key: check_colour(value, key) for key, value in told["light"].items()},
        dark={key: check_colour(value, key) for key, value in told["dark"].items()},
        palette=tuple(check_colour(value, "a palette colour") for value in told["palette"]),
        fonts=fonts,
        type={step: Step(*map(int, told["type"][step])) for step in STEPS},
        side=int(told["side"]),
        has_pictures=bool(told["has_pictures"]),
    )


def _shelves(chain: Sequence[str]) -> Shelves:
    return Shelves(
        folders=_folders((*chain, _SHARED), templates_dirs()),
        shared=_folders([_SHARED], templates_dirs()),
        shipped=_folders((*chain, _SHARED), [templates_dir()]),
    )


def _folders(chain: Sequence[str], roots: Sequence[Path]) -> tuple[Path, ...]:
    found = (root / "editions" / name for name in chain for root in roots)
    return tuple(folder for folder in found if folder.is_dir())


def _toml(name: str) -> Path:
    """The design's design.toml, the first of them that there is."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise BrokenTemplate(
            f"A design cannot be called {name!r}.", remedy="Use lower-case letters, digits and hyphens."
        )
    paths = [root / "editions" / name / "design.toml" for root in templates_dirs()]
    return next(path for path in paths if path.is_file())
