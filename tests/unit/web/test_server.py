import contextlib
import os
import signal
import socket
import threading
import time
import urllib.request

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from pulse_mailer.errors import UsageError
from pulse_mailer.web.server import running, serve


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("hello")(scope, receive, send)


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_it_runs_on_a_free_port_while_the_block_runs() -> None:
    with running(hello) as url:
        assert get(url) == "hello"
    with pytest.raises(OSError):
        get(url)


def test_it_says_nothing_of_what_it_is_made_of() -> None:
    with running(hello) as url, urllib.request.urlopen(url, timeout=10) as answer:
        assert "server" not in {name.lower() for name in answer.headers}


def test_a_port_in_use_is_named_before_anything_starts() -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} on 127.0.0.1 is in use") as refused:
            serve(hello, "127.0.0.1", port)
    assert "--port" in refused.value.remedy


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(UsageError):
        serve(hello, host, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_the_caller_goes_on(number: signal.Signals) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as found:
        port = found.getsockname()[1]
    before = signal.getsignal(number)

    def stop_when_it_answers() -> None:
        for _ in range(500):
            with contextlib.suppress(OSError):
                if get(f"http://127.0.0.1:{port}") == "hello":
                    break
            time.sleep(0.02)
        os.kill(os.getpid(), number)

    stopper = threading.Thread(target=stop_when_it_answers)
    stopper.start()
    serve(hello, "127.0.0.1", port)
    stopper.join()
    assert signal.getsignal(number) is before


async def told_client(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(scope["client"][0])(scope, receive, send)


@pytest.mark.parametrize(
    ("proxies", "client"),
    [
        ("", "127.0.0.1"),  # anybody could say it
        ("10.0.0.0/8", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9"),
        ("10.0.0.0/8,127.0.0.0/8", "203.0.113.9"),
    ],
)
def test_where_somebody_comes_from_is_believed_from_named_proxies_alone(proxies: str, client: str) -> None:
    with running(told_client, proxies=proxies) as url:
        asked = urllib.request.Request(url, headers={"X-Forwarded-For": "203.0.113.9"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert answer.read().decode() == client
