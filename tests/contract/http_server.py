"""An HTTP server on real sockets that does as a test tells it, also what no server should."""

import contextlib
import enum
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, BinaryIO, Self


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]  #: names in small letters
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Says:
    status: int = 200
    body: Any = b""  #: bytes as they are, anything else as JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    def wire(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        head = {"Content-Length": str(len(body)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} As told", *(f"{name}: {value}" for name, value in head.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body


class Does(enum.Enum):
    """What it does instead of answering."""

    CLOSE = enum.auto()
    CLOSE_UNREAD = enum.auto()  #: without reading what it is asked
    RESET = enum.auto()
    RESET_HALFWAY = enum.auto()  #: while the request is still being written
    REFUSE_UNREAD = enum.auto()  #: says 413 while the request is still being written, and takes the rest
    SAY_NOTHING = enum.auto()
    CUT_BODY = enum.auto()  #: a success whose body ends too soon
    CUT_CHUNK = enum.auto()  #: likewise, in chunks
    DRIBBLE = enum.auto()  #: a success whose body never ends
    SPEAK_OTHERWISE = enum.auto()  #: something that is not HTTP
    FLOOD = enum.auto()  #: a body without a reasonable end


Answers = Callable[[Asked], "Says | Does"]
_UNREAD = (Does.CLOSE_UNREAD, Does.RESET_HALFWAY, Does.REFUSE_UNREAD)


class HttpServer:
    """
    Attributes:
        at_once: done to a connection before anything is read from it.
        asked: every request that was read whole.
        connections: how many there were.
    """

    def __init__(self, answer: Answers, *, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.tls = tls
        self.at_once: Does | None = None
        self.asked: list[Asked] = []
        self.connections = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        self._over = threading.Event()
        self._lines: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        if self._over.is_set():
            return
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self.hang_up()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def hang_up(self) -> None:
        """Close every connection, as a server does with those that are idle."""
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._lines.append(line)
            self.connections += 1
            thread = threading.Thread(target=self._talk, args=(line,))
            self._threads.append(thread)
            thread.start()

    def _talk(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line:
            if self.at_once in _UNREAD:
                self._do(line, self.at_once)
                return
            if self.tls is not None:
                line = self.tls.wrap_socket(line, server_side=True)
                self._lines.append(line)
            with line, line.makefile("rb") as heard:
                while (asked := _read(heard)) is not None:
                    self.asked.append(asked)
                    said = self.answer(asked)
                    if isinstance(said, Does):
                        self._do(line, said)
                        return
                    line.sendall(said.wire())

    def _do(self, line: socket.socket, does: Does) -> None:
        if does in (Does.RESET, Does.RESET_HALFWAY):
            if does is Does.RESET_HALFWAY:
                line.recv(100)
            # With this, closing sends a reset instead of a farewell.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.close()
            return
        if does is Does.REFUSE_UNREAD:
            line.recv(100)
            line.sendall(Says(413, b"too large", {"Connection": "close"}).wire())
            line.shutdown(socket.SHUT_WR)
            while line.recv(1_000_000):
                pass
        if does is Does.SAY_NOTHING:
            self._over.wait()
        line.sendall(_BEGINNINGS.get(does, b""))
        while does in _ENDLESS and not self._over.is_set():
            line.sendall(_ENDLESS[does])
            time.sleep(0.01)
        # The buffered reader would keep the socket open until it is collected.
        line.shutdown(socket.SHUT_RDWR)


_CHUNKED = b"HTTP/1.1 200 Ok\r\nTransfer-Encoding: chunked\r\n\r\n"
_BEGINNINGS = {
    Does.CUT_BODY: b"HTTP/1.1 200 Ok\r\nContent-Length: 100\r\n\r\n[{",
    Does.CUT_CHUNK: _CHUNKED + b"20\r\n[{",
    Does.DRIBBLE: b"HTTP/1.1 200 Ok\r\nContent-Length: 1000000\r\n\r\n",
    Does.FLOOD: _CHUNKED,
    Does.SPEAK_OTHERWISE: b"220 mail.example ESMTP\r\n",
}
_ENDLESS = {Does.DRIBBLE: b" ", Does.FLOOD: b"40000\r\n" + b" " * 0x40000 + b"\r\n"}


def _read(heard: BinaryIO) -> Asked | None:
    first = heard.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while (row := heard.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = row.partition(":")
        headers[name.lower()] = value.strip()
    body = heard.read(int(headers.get("content-length", "0")))
    return Asked(first[0], first[1], headers, body)
