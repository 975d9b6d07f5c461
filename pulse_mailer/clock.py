"""The time, always aware and in UTC."""

import contextlib
import datetime
from collections.abc import Iterator

_set_to = [datetime.timedelta()]


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + _set_to[-1]


@contextlib.contextmanager
def set_back(by: datetime.timedelta) -> Iterator[None]:
    """
    Let it be so much earlier for the whole program, in all its threads.

    For the demo alone, whose months of history are made in seconds; nothing that serves people may call it.
    """
    _set_to.append(-by)
    try:
        yield
    finally:
        _set_to.pop()
