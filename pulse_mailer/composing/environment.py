"""The Jinja environments of a design: sandboxed, and loud about every value that is missing."""

import functools
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pulse_mailer.errors import BrokenTemplate
from pulse_mailer.linebreaking import TEXT_WIDTH, columns, wrap

#: What a template's own sums and look-ups can raise besides Jinja's errors.
_MISTAKES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Shelves:
    """
    Folders of templates, the first of them to be looked into first.

    Attributes:
        shared: where `_shared/NAME` is looked for: what all designs have in common.
        shipped: where `shipped/NAME` is looked for: as it is without a templates folder of one's own.
    """

    folders: tuple[Path, ...]
    shared: tuple[Path, ...] = ()
    shipped: tuple[Path, ...] = ()

    def loader(self) -> jinja2.BaseLoader:
        named = {"_shared": self.shared, "shipped": self.shipped}
        shelves = {name: jinja2.FileSystemLoader(folders) for name, folders in named.items() if folders}
        return jinja2.ChoiceLoader([jinja2.FileSystemLoader(self.folders), jinja2.PrefixLoader(shelves)])


def fill(shelves: Shelves, template: str, values: dict[str, Any]) -> str:
    """
    Render a template of a design; `.mjml.j2` ones escape every value, others are plain text.

    Raises:
        BrokenTemplate: it is missing, malformed, or asks for a value that is not there; says file and line.
    """
    environment = _environment(shelves, markup=template.endswith(".mjml.j2"))
    try:
        return environment.get_template(template).render(values)
    except (jinja2.TemplateError, *_MISTAKES) as error:
        raise broken(error, template) from error


def check(shelves: Shelves) -> None:
    """
    Read every template, also those that an edition at hand would not use.

    Raises:
        BrokenTemplate: one is malformed; says file and line.
    """
    for folder in shelves.folders:
        for path in sorted(folder.glob("*.j2")):
            try:
                _environment(shelves, markup=path.name.endswith(".mjml.j2")).parse(
                    path.read_text(encoding="utf-8"), path.name, str(path)
                )
            except (jinja2.TemplateError, OSError, ValueError) as error:
                raise broken(error, str(path)) from error


def broken(error: Exception, template: str) -> BrokenTemplate:
    """What to say of a template that could not be rendered: the file, the line, and what is wrong there."""
    if isinstance(error, jinja2.TemplateNotFound):
        return BrokenTemplate(f"{template} wants the template {error.name}, which is not there.")
    if isinstance(error, jinja2.TemplateSyntaxError):
        place = f"{error.filename or error.name}, line {error.lineno}"
        return BrokenTemplate(f"{place}: {error.message}")
    # Jinja puts the template's own file and line into the traceback; the last of them is where it happened.
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.endswith(".py")
    ]
    place = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else template
    what = "it includes or extends itself" if isinstance(error, RecursionError) else str(error)
    return BrokenTemplate(f"{place}: {what}")


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, which answers once for each kind of thing and name what it else works out thousands of times."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._answers: dict[tuple[type, str], bool] = {}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        asked = type(obj), attr
        if asked not in self._answers:
            self._answers[asked] = super().is_safe_attribute(obj, attr, value)
        return self._answers[asked]


@functools.cache
def _environment(shelves: Shelves, *, markup: bool) -> jinja2.Environment:
    environment = _Sandbox(
        loader=shelves.loader(),
        undefined=jinja2.StrictUndefined,
        autoescape=markup,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"wrapped": _wrapped, "columns": columns}
    return environment


def _wrapped(text: str, indent: int = 0) -> str:
    margin = " " * indent
    return "\n".join(margin + line for line in wrap(text, TEXT_WIDTH - indent))
