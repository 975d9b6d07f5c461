"""Ways out: each hands finished mail over to somebody who delivers it."""

import importlib
from typing import Any, cast

from pulse_mailer.backends.base import Backend
from pulse_mailer.errors import BadSetting

#: Name to "module:Class"; a backend is imported only when it is chosen.
BACKENDS: dict[str, str] = {
    "smtp": "pulse_mailer.backends.smtp:SmtpBackend",
    "memory": "pulse_mailer.backends.memory:MemoryBackend",
}


def make(name: str, *values: Any, **named: Any) -> Backend:
    """
    The backend of that name, or of a third party's "module:Class", made from the values that it takes.

    Raises:
        BadSetting: there is no such backend.
    """
    module_name, colon, class_name = BACKENDS.get(name, name).partition(":")
    if not colon:
        raise BadSetting(
            f"There is no backend “{name}”.", remedy=f"Choose one of: {', '.join(sorted(BACKENDS))}."
        )
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise BadSetting(f"The backend “{name}” cannot be loaded: {error}.") from error
    return cast("Backend", found(*values, **named))
