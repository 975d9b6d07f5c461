"""The catcher: an SMTP server that takes every mail, delivers none, and keeps each before it says yes."""

import asyncio
import concurrent.futures
import ipaddress
import socket
import threading
from types import TracebackType
from typing import Self

from pulse_mailer.errors import UsageError
from pulse_mailer.mailbox.receiving import Connection
from pulse_mailer.mailbox.refusing import Refusing
from pulse_mailer.mailbox.store import Mailbox

WRITERS = 4  # waiting for the disk together; more bring nothing (measured)
BACKLOG = 512
READY_SECONDS = 10


class Catcher:
    """
    A server in a thread of its own, from `start()` to `stop()`.

    Attributes:
        host, port: where it listens; port 0 becomes a free one at the start.
    """

    def __init__(
        self, mailbox: Mailbox, host: str = "127.0.0.1", port: int = 1025, *, private_network: bool = False
    ) -> None:
        """
        Raises:
            UsageError: the host is not this machine alone, and the network was not said to be private.
        """
        if not private_network and not _is_loopback(host):
            raise UsageError(
                f"The mail catcher does not listen on {host}: it would take mail from strangers.",
                remedy="Use 127.0.0.1.",
            )
        self.mailbox = mailbox
        self.host = host
        self.port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def start(self) -> Self:
        """
        Listen; when this returns, mail is taken.

        Raises:
            UsageError: the port is in use or not allowed, or the host is not one of this machine's.
        """
        if self._thread is not None:
            raise UsageError(f"The mail catcher already listens on {self.host}:{self.port}.")
        listener = _listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        ready = threading.Event()
        # A daemon, so that a program that forgets to stop it can end; what was answered is on the disk.
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, ready)), name="catcher", daemon=True
        )
        self._thread.start()
        if not ready.wait(READY_SECONDS):
            raise UsageError(f"The mail catcher did not begin to listen on {self.host}:{self.port}.")
        return self

    def stop(self) -> None:
        """Close every connection and the port; what was answered with yes is kept. Calling twice is fine."""
        thread, self._thread = self._thread, None
        if thread is not None and self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        connections: set[Connection] = set()
        refusing = Refusing()
        with concurrent.futures.ThreadPoolExecutor(WRITERS, thread_name_prefix="catcher") as writers:
            server = await self._loop.create_server(
                lambda: Connection(self.mailbox, refusing, writers, connections),
                sock=listener,
                backlog=BACKLOG,
            )
            ready.set()
            await self._stopping.wait()
            server.close()
            for connection in tuple(connections):
                connection.hang_up()
            # One turn of the loop, so that each connection hears of its end before the loop goes.
            await asyncio.sleep(0)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        try:
            # Without it a restart would wait for the old connections' two minutes of TIME_WAIT.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise UsageError(
            f"The mail catcher cannot listen on {host}:{port}: {error.strerror}.",
            remedy="Stop the other program on that port, or choose another with PULSE_MAILER_MAILBOX_PORT.",
        ) from error
    return listener
