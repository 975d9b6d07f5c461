"""The base of every HTTP backend: a dialect, with sessions, and with its settings read."""

import contextlib
import re
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from pulse_mailer.backends._dialect import Dialect
from pulse_mailer.backends._session import HttpSession
from pulse_mailer.errors import BadSetting
from pulse_mailer.settings import LOOPBACK, Settings, variable

_WRITTEN_PLAINLY = re.compile(r"[\x21-\x7e]+")


class HttpBackend(Dialect):
    """See `backends.base.Backend`."""

    carries_one_click: ClassVar[bool] = True

    @contextlib.contextmanager
    def session(self) -> Iterator[HttpSession]:
        with contextlib.closing(HttpSession(self)) as session:
            session.open()
            yield session

    def check(self) -> str:
        with contextlib.closing(HttpSession(self)) as session:
            return session.open()


def needed(settings: Settings, name: str, backend: str) -> str:
    """
    A setting's value, which may go into a URL or a header.

    Raises:
        BadSetting: it is empty, or holds more than visible ASCII letters; shows no value.
    """
    value = getattr(settings, name)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if not value:
        raise BadSetting(
            f"The backend {backend} needs {variable(name)}.", remedy="Set it; docs/settings.md says to what."
        )
    if not _WRITTEN_PLAINLY.fullmatch(value):
        raise BadSetting(f"{variable(name)} holds a space or a letter outside ASCII.", remedy="Copy it anew.")
    return str(value)


def endpoint(settings: Settings, name: str, backend: str) -> str:
    """
    An endpoint without a slash at its end.

    Raises:
        BadSetting: it is no https:// address; http:// is for this machine alone, since the key goes there.
    """
    value = needed(settings, name, backend)
    try:
        parts = urlsplit(value)
        near = parts.scheme == "http" and parts.hostname in LOOPBACK
        whole = bool(parts.hostname) and parts.port != 0 and (parts.scheme == "https" or near)
    except ValueError:  # brackets or a port that cannot be
        whole = False
    if not whole or parts.query or parts.fragment or "@" in parts.netloc:
        raise BadSetting(f"{variable(name)} must look like https://api.example.org.")
    return value.rstrip("/")
