"""Calls on strangers' servers: several hosts at a time, and of one host one page after the other."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar
from urllib.parse import urlsplit

AT_ONCE = 6  #: hosts

_Wanted = TypeVar("_Wanted")
_Found = TypeVar("_Found")


def called(
    wanted: Iterable[_Wanted],
    call: Callable[[_Wanted], _Found],
    *,
    url_of: Callable[[_Wanted], str],
    at_once: int = AT_ONCE,
) -> Generator[tuple[_Wanted, _Found]]:
    """
    Give each thing that is wanted with what the call on it found, as they come in.

    Whoever stops asking, as by Ctrl-C, waits for the pages on their way, and for no others.
    """
    hosts: dict[str, list[_Wanted]] = {}
    for one in wanted:
        hosts.setdefault(_host(url_of(one)), []).append(one)
    with ThreadPoolExecutor(at_once, thread_name_prefix="call") as pool:
        waiting: dict[Future[_Found], list[_Wanted]] = {}
        try:
            for queue in hosts.values():
                waiting[pool.submit(call, queue[0])] = queue
            while waiting:
                for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                    first, *rest = waiting.pop(done)
                    if rest:
                        waiting[pool.submit(call, rest[0])] = rest
                    yield first, done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # the call says what is wrong with it
        return ""
