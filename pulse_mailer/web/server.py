"""Uvicorn around the app: a port of our own from the start, no access log, a clean stop."""

import contextlib
import errno
import signal
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from pulse_mailer.errors import PulseMailerError, UsageError

_START_SECONDS = 10
_STOP_SECONDS = 5


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Uvicorn's own raises the signal again after stopping, which would end the program before the caller
        # has stopped its worker and closed its database.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(app: ASGIApp, host: str, port: int, proxies: str = "") -> None:
    """
    Serve until Ctrl-C or SIGTERM, then return.

    Args:
        proxies: addresses or networks, with commas, whose X-Forwarded-For is believed.

    Raises:
        UsageError: the port is taken, or the host is none of this machine's.
    """
    with contextlib.closing(_listening(host, port)) as listener:
        _Server(_config(app, proxies)).run(sockets=[listener])


@contextlib.contextmanager
def running(app: ASGIApp, host: str = "127.0.0.1", port: int = 0, proxies: str = "") -> Iterator[str]:
    """
    Serve from a thread of its own while the block runs, by default on a free port; gives the base URL.

    Raises:
        UsageError: see serve().
    """
    with contextlib.closing(_listening(host, port)) as listener:
        server = _Server(_config(app, proxies))
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="pulse-mailer-web", daemon=True
        )
        thread.start()
        try:
            _wait_for(server, thread)
            yield _url(listener)
        finally:
            server.should_exit = True
            thread.join(2 * _STOP_SECONDS)


def _config(app: ASGIApp, proxies: str = "") -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,  # URLs hold the tokens of people
        log_level="warning",
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_STOP_SECONDS,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,  # said here, or uvicorn would read it from the environment
    )


def _listening(host: str, port: int) -> socket.socket:
    """A bound socket: whether the port is free shows now, and nobody takes it in between."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise UsageError(
            f"{host!r} is no address of this machine.", remedy="Use 127.0.0.1 or 0.0.0.0."
        ) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise _no_listening(error, host, port) from error
    return listener


def _no_listening(error: OSError, host: str, port: int) -> PulseMailerError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(
            f"Port {port} on {host} is in use by another program.",
            remedy="Stop that program, or choose another port with --port.",
        )
    if error.errno == errno.EACCES:
        return UsageError(f"Port {port} needs rights that you lack.", remedy="Choose a port from 1024 up.")
    return UsageError(
        f"Cannot listen on {host}:{port}: {error.strerror}.", remedy="Choose another host or port."
    )


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _wait_for(server: uvicorn.Server, thread: threading.Thread) -> None:
    until = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise PulseMailerError("The web server did not start.", remedy="Its log says why.")
        time.sleep(0.01)
