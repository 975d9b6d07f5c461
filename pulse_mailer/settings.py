"""
Every setting, read once and strictly; the only reader of the environment.

A setting `smtp_host` comes from the variable PULSE_MAILER_SMTP_HOST, or the same in a file `.env` in the
working directory, or its default. A secret may stand in a file of its own, named by PULSE_MAILER_…_FILE.
"""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, SettingsConfigDict

from pulse_mailer.errors import BadSetting

PREFIX = "PULSE_MAILER_"
SECRETS = ("database_url", "smtp_password")


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "pulse-mailer"


class Settings(BaseSettings):
    """All settings, with their defaults: enough for a first run that can mail nobody real."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(
        default_factory=_default_data_dir, description="Folder of the keys, the SQLite database and the mailbox."
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; empty: a SQLite file in the data folder.",
    )
    base_url: str = Field(
        default="http://127.0.0.1:8025",
        description="Where recipients reach this program's pages; https once mail leaves this machine.",
    )
    web_host: str = Field(default="127.0.0.1", description="The address that `serve` listens on.")
    web_port: int = Field(default=8025, ge=1, le=65535, description="The port that `serve` listens on.")
    backend: Literal["smtp"] = Field(default="smtp", description="How mail is handed over.")
    smtp_host: str = Field(default="127.0.0.1", description="The mail server; by default the built-in catcher.")
    smtp_port: int = Field(default=1025, ge=1, le=65535, description="Its port.")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        default="none", description="none (loopback only), starttls (usually port 587) or tls (usually port 465)."
    )
    smtp_username: str = Field(default="", description="The name to sign in with; empty: no sign-in.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="The password to sign in with.")
    smtp_ca_file: Path | None = Field(default=None, description="Certificates to trust instead of the system's.")
    smtp_messages_per_connection: int = Field(
        default=500, ge=1, description="After so many messages a connection is closed and opened anew."
    )
    unsubscribe_inbox: str = Field(
        default="", description="An inbox that somebody reads for unsubscribe mails; empty: no mailto: way out."
    )
    bounce_inbox: str = Field(
        default="", description="An inbox that somebody reads for bounces; empty: they go to the From address."
    )
    mailbox_port: int = Field(default=1025, ge=0, le=65535, description="The built-in catcher's SMTP port; 0: off.")
    worker_poll_seconds: float = Field(default=1.0, gt=0, description="How often a worker looks for an edition to send.")

    @field_validator("base_url")
    @classmethod
    def _base_url_is_one(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("it must look like https://news.example.org")
        return value.rstrip("/")

    @field_validator("unsubscribe_inbox", "bounce_inbox")
    @classmethod
    def _inbox_is_an_address(cls, value: str) -> str:
        local, at, domain = value.partition("@")
        if value and not (at and local.isascii() and domain and "+" not in local and len(local) <= 16):
            raise ValueError("it must be an address such as leave@example.org, its first part at most 16 letters")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "Settings":
        if self.mails_outside:
            if urlsplit(self.base_url).scheme != "https":
                raise ValueError(
                    f"{PREFIX}BASE_URL must begin with https:// when {PREFIX}SMTP_HOST is not this machine: "
                    "recipients' way out depends on it"
                )
            if self.smtp_security == "none":
                raise ValueError(
                    f"{PREFIX}SMTP_SECURITY must be starttls or tls when {PREFIX}SMTP_HOST is not this machine"
                )
        if bool(self.smtp_username) != bool(self.smtp_password.get_secret_value()):
            raise ValueError(f"{PREFIX}SMTP_USERNAME and {PREFIX}SMTP_PASSWORD go together")
        return self

    @property
    def mails_outside(self) -> bool:
        """Whether mail can leave this machine."""
        return self.smtp_host not in ("127.0.0.1", "localhost", "::1")

    @property
    def database(self) -> str:
        """The database's URL, with its password."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.data_dir / 'pulse-mailer.db'}"

    @property
    def keys_dir(self) -> Path:
        return self.data_dir / "keys"

    @property
    def mailbox_dir(self) -> Path:
        return self.data_dir / "mailbox"
