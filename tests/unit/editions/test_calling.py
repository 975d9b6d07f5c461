"""Calls on strangers: several hosts at once, and of one host one page after the other."""

import threading
from time import monotonic, sleep

import pytest

from pulse_mailer.editions.calling import called


def test_all_are_called_once_and_given_with_what_was_found() -> None:
    urls = [f"https://{host}.example/{page}" for host in "abc" for page in range(4)] + ["http://[broken/"]
    assert dict(called(urls, len, url_of=str)) == {url: len(url) for url in urls}


def test_one_host_is_called_one_page_after_the_other_and_others_meanwhile() -> None:
    lock = threading.Lock()
    running: dict[str, int] = {}
    most: dict[str, int] = {"all": 0}

    def call(url: str) -> None:
        host = url[:10]
        with lock:
            running[host] = running.get(host, 0) + 1
            most[host] = max(most.get(host, 0), running[host])
            most["all"] = max(most["all"], sum(running.values()))
        sleep(0.02)
        with lock:
            running[host] -= 1

    urls = [f"https://{host}.example/{page}" for host in "ab" for page in range(5)]
    assert len(list(called(urls, call, url_of=str))) == 10
    assert most.pop("all") == 2
    assert set(most.values()) == {1}


def test_who_stops_asking_waits_for_no_other_page() -> None:
    asked: list[str] = []

    def call(url: str) -> None:
        asked.append(url)
        sleep(0.01)

    begun = monotonic()
    found = called([f"https://a.example/{page}" for page in range(500)], call, url_of=str)
    next(found)
    found.close()
    assert len(asked) <= 3
    assert monotonic() - begun < 2


def test_what_breaks_is_raised() -> None:
    def call(url: str) -> None:
        raise LookupError(url)

    with pytest.raises(LookupError):
        list(called(["https://a.example/"], call, url_of=str))
