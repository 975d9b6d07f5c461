"""The pages about backends name each of them, and each setting of theirs."""

from pathlib import Path

import pytest

from pulse_mailer.backends import BACKENDS
from pulse_mailer.settings import Settings, variable

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "backends.md").read_text(encoding="utf-8")
PROVIDERS = (DOCS / "providers.md").read_text(encoding="utf-8")


def test_every_backend_is_in_the_table() -> None:
    assert [name for name in BACKENDS if f"| `{name}` |" not in PAGE] == []


def test_every_setting_of_the_smtp_backend_is_explained() -> None:
    settings = [name for name in Settings.model_fields if name.startswith("smtp_")]
    endings = {name: name.removeprefix("smtp").upper() for name in settings}
    unnamed = [
        name
        for name, ending in endings.items()
        if f"PULSE_MAILER_SMTP{ending}`" not in PAGE and f"`…{ending}`" not in PAGE
    ]
    assert unnamed == []


@pytest.mark.parametrize("backend", ["ses", "sendgrid", "mailgun", "postmark", "resend", "graph", "file"])
def test_every_setting_of_a_backend_is_explained(backend: str) -> None:
    settings = [name for name in Settings.model_fields if name.startswith(f"{backend}_")]
    assert settings != []
    unnamed = [
        name
        for name in settings
        if f"`{variable(name)}`" not in PAGE + PROVIDERS
        and f"`…_{name.removeprefix(f'{backend}_').upper()}`" not in PROVIDERS
    ]
    assert unnamed == []
