"""
Every setting, read once and strictly; the only reader of the environment.

A setting `smtp_host` comes from the variable PULSE_MAILER_SMTP_HOST, else from such a line in the file `.env`
of the working directory, else it has its default; an empty value counts as none. A secret may stand in a file
of its own, named by PULSE_MAILER_…_FILE.
"""

import difflib
import ipaddress
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from pulse_mailer.acting_settings import ActingSettings
from pulse_mailer.errors import BadSetting
from pulse_mailer.fetch_settings import FetchSettings
from pulse_mailer.provider_settings import ProviderSettings
from pulse_mailer.sign_in_settings import SignInSettings

PREFIX = "PULSE_MAILER_"
SECRETS = (
    "database_url",
    "smtp_password",
    "smtp_oauth_client_secret",
    "smtp_oauth_refresh_token",
    "ses_secret_access_key",
    "ses_session_token",
    "sendgrid_api_key",
    "mailgun_api_key",
    "postmark_server_token",
    "resend_api_key",
    "graph_client_secret",
    "celery_broker_url",
    "oidc_client_secret",
)
_SECRET_FILES = tuple(f"{name}_file" for name in SECRETS)
ENV_FILE = Path(".env")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _environment() -> Mapping[str, str]:
    return os.environ  # noqa: TID251 - this module is the one reader that the rule speaks of


def _default_data_dir() -> Path:
    base = _environment().get("XDG_DATA_HOME")
    try:
        return (Path(base) if base else Path.home() / ".local" / "share") / "pulse-mailer"
    except RuntimeError as error:
        raise BadSetting(
            f"{PREFIX}DATA_DIR is not set, and this user has no home folder to put the data in.",
            remedy=f"Set {PREFIX}DATA_DIR to a folder.",
        ) from error


class Settings(ActingSettings, ProviderSettings, FetchSettings, SignInSettings):
    """All settings, with their defaults: enough for a first run that can mail nobody real."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_named: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # Only what load() hands over: it knows where each value came from, and refuses what nobody knows.
        return (init_settings,)

    data_dir: Path = Field(
        default_factory=_default_data_dir,
        description="Folder of the keys, the SQLite database and the mailbox.",
    )
    templates_dir: Path | None = Field(
        default=None,
        description="Folder of your own designs and public pages, looked into before the shipped ones.",
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; "
        "empty: a SQLite file in the data folder.",
    )
    base_url: str = Field(
        default="http://127.0.0.1:8025",
        description="Where recipients reach this program's pages; https once mail leaves this machine.",
    )
    web_host: str = Field(default="127.0.0.1", description="The address that `serve` listens on.")
    web_port: int = Field(default=8025, ge=1, le=65535, description="The port that `serve` listens on.")
    backend: str = Field(
        default="smtp",
        description="How mail is handed over: one backend, or several in the order they are tried, with commas.",
    )
    rates: str = Field(
        default="",
        description="Limits by backend, such as smtp=30/minute,10000/day; ses=14/second; "
        "or a preset: smtp=microsoft-365.",
    )
    smtp_host: str = Field(
        default="127.0.0.1", description="The mail server; by default the built-in catcher."
    )
    smtp_port: int = Field(default=1025, ge=1, le=65535, description="Its port.")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        default="none",
        description="none (this machine or the catcher only), starttls (usually port 587) or tls (usually port 465).",
    )
    smtp_username: str = Field(default="", description="The name to sign in with; empty: no sign-in.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="The password to sign in with.")
    smtp_auth: Literal["auto", "plain", "login", "cram-md5", "xoauth2"] = Field(
        default="auto", description="How to sign in; auto: the best that the server offers, by password."
    )
    smtp_oauth_token_url: str = Field(default="", description="Where xoauth2 gets its access tokens.")
    smtp_oauth_client_id: str = Field(default="", description="The client that xoauth2 signs in as.")
    smtp_oauth_client_secret: SecretStr = Field(default=SecretStr(""), description="Its secret.")
    smtp_oauth_refresh_token: SecretStr = Field(
        default=SecretStr(""), description="The refresh token; empty: the client's own credentials are used."
    )
    smtp_oauth_scope: str = Field(
        default="", description="The scope to ask for, such as https://outlook.office365.com/.default."
    )
    smtp_ca_file: Path | None = Field(
        default=None, description="Certificates to trust instead of the system's."
    )
    smtp_pipelining: Literal["chained", "pipelined", "off"] = Field(
        default="chained",
        description="How many commands go out at once where the server allows; "
        "chained leaves two mails a connection uncertain after a crash, the others one.",
    )
    smtp_messages_per_connection: int = Field(
        default=500, ge=1, description="After so many messages a connection is closed and opened anew."
    )
    connections: int = Field(
        default=4, ge=1, le=200, description="Over how many connections a worker hands mail over at once."
    )
    batch_size: int = Field(
        default=50,
        ge=1,
        le=500,
        description="How many mails go in one request where a provider takes several; "
        "so many may be uncertain after a crash.",
    )
    file_dir: Path | None = Field(
        default=None,
        description="The Maildir of the backend file; by default the folder outgoing in the data folder.",
    )
    dkim: bool = Field(
        default=False,
        description="Sign mail by DKIM with the key of the sender's domain; `pulse-mailer dkim` makes one.",
    )
    hold_minutes: float = Field(
        default=5,
        ge=0,
        le=30,
        description="How long a confirmed edition is held before it begins, so that it can be taken back.",
    )
    lifetime_hours: int = Field(
        default=48, ge=1, le=240, description="How long mail that was put off is tried again; then it fails."
    )
    unsubscribe_inbox: str = Field(
        default="",
        description="An inbox that somebody reads for unsubscribe mails; empty: no mailto: way out.",
    )
    bounce_inbox: str = Field(
        default="",
        description="An inbox that somebody reads for bounces; empty: they go to the From address.",
    )
    mailbox_host: str = Field(
        default="127.0.0.1",
        description="Where the built-in catcher runs: a name without dots or a private IP address; "
        "mail to it stays inside and needs no TLS.",
    )
    mailbox_port: int = Field(
        default=1025, ge=0, le=65535, description="The built-in catcher's SMTP port; 0: off."
    )
    worker_poll_seconds: float = Field(
        default=1.0, gt=0, description="How often a worker looks for an edition to send."
    )
    celery_broker_url: SecretStr = Field(
        default=SecretStr("amqp://guest:guest@127.0.0.1:5672//"),
        description="RabbitMQ, for workers under Celery.",
    )

    @field_validator("data_dir", "smtp_ca_file", "file_dir")
    @classmethod
    def _path_is_whole(cls, value: Path | None) -> Path | None:
        return value and value.expanduser().absolute()

    @field_validator("base_url")
    @classmethod
    def _base_url_is_one(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # brackets or a port that cannot be
            whole = None
        if not whole or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("it must look like https://news.example.org")
        return value.rstrip("/")

    @field_validator("backend")
    @classmethod
    def _backend_is_named(cls, value: str) -> str:
        if not any(name.strip() for name in value.split(",")):
            raise ValueError("it must name a backend, such as smtp")
        return value

    @field_validator("mailbox_host")
    @classmethod
    def _catcher_is_near(cls, value: str) -> str:
        try:
            near = ipaddress.ip_address(value).is_private
        except ValueError:
            near = bool(value) and "." not in value
        if not near:
            raise ValueError("it must be a name without dots, such as catcher, or a private IP address")
        return value

    @field_validator("unsubscribe_inbox", "bounce_inbox")
    @classmethod
    def _inbox_is_an_address(cls, value: str) -> str:
        local, at, domain = value.partition("@")
        if value and not (at and local.isascii() and domain and "+" not in local and len(local) <= 16):
            raise ValueError(
                "it must be an address such as leave@example.org, its first part at most 16 letters"
            )
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "Settings":
        if fault := self.unsafe(self.backends):
            raise ValueError(fault)
        by_password = self.smtp_auth != "xoauth2"
        if by_password and bool(self.smtp_username) != bool(self.smtp_password.get_secret_value()):
            raise ValueError(f"{PREFIX}SMTP_USERNAME and {PREFIX}SMTP_PASSWORD go together")
        return self

    @property
    def backends(self) -> tuple[str, ...]:
        """The backends in the order they are tried."""
        return tuple(name.strip() for name in self.backend.split(",") if name.strip())

    @property
    def mails_outside(self) -> bool:
        """Whether mail goes anywhere but to this machine or the built-in catcher."""
        return any(not self._is_near(self._host(name)) for name in self.backends)

    def unsafe(self, backends: Sequence[str]) -> str:
        """Why mail must not leave this machine through these backends as things are set; empty: it may."""
        outside = f"when mail leaves this machine ({PREFIX}BACKEND, {PREFIX}SMTP_HOST)"
        if all(self._is_near(self._host(name)) for name in backends):
            return ""
        if urlsplit(self.base_url).scheme != "https":
            return f"{PREFIX}BASE_URL must begin with https:// {outside}: the way out depends on it"
        if "smtp" in backends and not self._is_near(self.smtp_host) and self.smtp_security == "none":
            return f"{PREFIX}SMTP_SECURITY must be starttls or tls {outside}"
        return ""

    def _host(self, backend: str) -> str:
        """Where a backend hands mail over; this machine when it does not leave it."""
        if backend in ("console", "file", "memory"):
            return LOOPBACK[0]
        if backend == "smtp":
            return self.smtp_host
        return urlsplit(getattr(self, f"{backend}_endpoint", "")).hostname or ""

    def _is_near(self, host: str) -> bool:
        return host.lower() in (*LOOPBACK, self.mailbox_host.lower())

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


def load(**overrides: Any) -> Settings:
    """
    Read every setting; what is given here goes before all else.

    Raises:
        BadSetting: a variable is unknown or has a wrong value; names each of them, and no secret.
    """
    given, problems = _read()
    try:
        settings = Settings(**{name: found.value for name, found in given.items()} | overrides)
    except ValidationError as error:
        problems += _readable(error)
    if problems:
        raise BadSetting("\n".join(problems))
    return settings


def sources() -> dict[str, str]:
    """Where the value of each setting comes from: environment, .env, a file's path, or default."""
    given, _problems = _read()
    return {name: given[name].place if name in given else "default" for name in Settings.model_fields}


def variable(name: str) -> str:
    """The variable that a setting is read from."""
    return PREFIX + name.upper()


@dataclass(frozen=True, slots=True)
class _Given:
    value: str
    place: str


def _read() -> tuple[dict[str, _Given], list[str]]:
    """Give the settings that somebody set, by name, and what is wrong with how they are set."""
    given: dict[str, _Given] = {}
    problems: list[str] = []
    for place, variables in ((".env", _env_file(problems)), ("environment", _environment())):
        for name, value in _ours(variables):
            if name in Settings.model_fields or name in _SECRET_FILES:
                given[name] = _Given(value, place)
            else:
                problems.append(f"{variable(name)} ({place}) is not a setting.{_meant(name)}")
    for name in SECRETS:
        _read_secret(name, given, problems)
    return given, problems


def _meant(name: str) -> str:
    near = difflib.get_close_matches(name, [*Settings.model_fields, *_SECRET_FILES], n=1)
    return (
        f" Did you mean {variable(near[0])}?" if near else " `pulse-mailer doctor` shows them all without it."
    )


def _ours(variables: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Give name and value of each setting that is not empty."""
    for key, value in variables.items():
        if key.upper().startswith(PREFIX) and value:
            yield key[len(PREFIX) :].lower(), value


def _env_file(problems: list[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    try:
        with ENV_FILE.open(encoding="utf-8") as file:
            for line in parse_stream(file):
                if line.error:
                    problems.append(f"Line {line.original.line} of {ENV_FILE.absolute()} is not NAME=VALUE.")
                elif line.key:
                    found[line.key] = line.value
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"The file {ENV_FILE.absolute()} cannot be read: {error}")
    return found


def _read_secret(name: str, given: dict[str, _Given], problems: list[str]) -> None:
    """Put the content of the file that PULSE_MAILER_…_FILE names in its place."""
    named = given.pop(f"{name}_file", None)
    if named is None:
        return
    shown = f"{variable(name)}_FILE"
    if name in given:
        problems.append(f"{variable(name)} and {shown} are both set; keep one of them.")
        return
    try:
        secret = Path(named.value).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        problems.append(f"{shown} names {named.value}, which cannot be read: {reason}.")
        return
    if not secret:
        problems.append(f"{shown} names {named.value}, which is empty.")
    given[name] = _Given(secret, f"file {named.value}")


def _readable(error: ValidationError) -> Iterator[str]:
    """Say of each wrong value which variable it is and what it must be; never the value itself."""
    for found in error.errors(include_input=False, include_url=False, include_context=False):
        said = found["msg"].removeprefix("Value error, ").replace("Input should", "it must").rstrip(".")
        place = f"{variable(str(found['loc'][0]))}: " if found["loc"] else ""
        yield f"{place}{said}."
