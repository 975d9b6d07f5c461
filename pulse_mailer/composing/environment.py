"""The Jinja environments of a design: sandboxed, and loud about every value that is missing."""

import functools
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pulse_mailer.errors import BrokenTemplate
from pulse_mailer.richtext import TEXT_WIDTH, columns, wrap


def fill(folder: Path, template: str, values: dict[str, Any]) -> str:
    """
    Render a template of a design; `.mjml.j2` ones escape every value, others are plain text.

    Raises:
        BrokenTemplate: it is missing, malformed, or asks for a value that is not there; says the line.
    """
    environment = _environment(folder, markup=template.endswith(".mjml.j2"))
    try:
        return environment.get_template(template).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise BrokenTemplate(f"{folder.name}/{error.name}, line {error.lineno}: {error.message}") from error
    except jinja2.TemplateError as error:
        raise BrokenTemplate(f"{folder.name}/{template}: {error.message}") from error


@functools.cache
def _environment(folder: Path, *, markup: bool) -> jinja2.Environment:
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(folder),
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
