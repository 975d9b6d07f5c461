"""The docs say what the program does: every setting, every word, every command and page they name."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import SecretStr

from pulse_mailer.backends import BACKENDS
from pulse_mailer.cli import application
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.settings import SECRETS, Settings, variable

CHECKOUT = Path(__file__).resolve().parent.parent
DOCS = CHECKOUT / "docs"
PAGES = [CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
SETTINGS_PAGE = (DOCS / "settings.md").read_text(encoding="utf-8")
CODE = re.compile(r"```.*?```|^ {4}.*?$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")


def row(name: str) -> str:
    """The line of docs/settings.md for a setting, as its field says it."""
    field = Settings.model_fields[name]
    default = field.get_default()
    if name == "data_dir":
        shown = "`~/.local/share/pulse-mailer`"
    else:
        plain = default.get_secret_value() if isinstance(default, SecretStr) else default
        shown = (
            f"`{plain:g}`" if isinstance(plain, float) else f"`{plain}`" if plain not in ("", None) else ""
        )
    return f"| `{variable(name)}` | {shown} | {field.description} |"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_setting_has_its_row(name: str) -> None:
    assert row(name) in SETTINGS_PAGE.splitlines()


@pytest.mark.parametrize("name", SECRETS)
def test_secret_has_its_file_variable(name: str) -> None:
    assert f"`{variable(name)}_FILE`" in SETTINGS_PAGE


def test_settings_page_names_no_variable_that_is_none() -> None:
    named = set(re.findall(r"PULSE_MAILER_[A-Z_]+[A-Z]", SETTINGS_PAGE))
    assert named == {variable(name) for name in Settings.model_fields} | {
        f"{variable(name)}_FILE" for name in SECRETS
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_backend_is_described(backend: str) -> None:
    assert f"`{backend}`" in (DOCS / "backends.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("status", [*EditionStatus, *DeliveryStatus])
def test_status_is_in_the_glossary(status: str) -> None:
    assert f"**{status}**" in GLOSSARY


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    prose = CODE.sub("", page.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", prose)
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_variables_in_the_docs_are_settings(page: Path) -> None:
    known = {variable(name) for name in Settings.model_fields} | {
        f"{variable(name)}_FILE" for name in SECRETS
    }
    found = set(re.findall(r"PULSE_MAILER_[A-Z_]+[A-Z]\b", page.read_text(encoding="utf-8")))
    assert found <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_in_the_docs_exist(page: Path) -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")))
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_exist(page: Path) -> None:
    command: Any = typer.main.get_command(application())
    groups = command.commands
    text = page.read_text(encoding="utf-8")
    for first, second in re.findall(r"(?<![/\w])pulse-mailer ([a-z-]+)(?: ([a-z][a-z-]*))?", text):
        assert first in groups, f"pulse-mailer {first}"
        if second and hasattr(groups[first], "commands"):
            assert second in groups[first].commands, f"pulse-mailer {first} {second}"
