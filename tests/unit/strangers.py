"""Strangers' servers on this machine, for what fetches their pages."""

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from pulse_mailer.fetching import Fetcher, Limits

HOST = "127.0.0.2"  #: the one address that the fetchers below may go to, beside the public ones
QUICK = Limits(seconds=2, connect_seconds=1, body_bytes=10_000, header_bytes=4_000)

Answer = Callable[[str, str, dict[str, str]], bytes]


def page(body: bytes = b"hello", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines])
    return head.encode() + b"\r\n\r\n" + body


def moved(to: str, status: str = "302 Found") -> bytes:
    return page(b"", status, Location=to)


def pages(found: Mapping[str, bytes]) -> Answer:
    """A server's answers by path, whatever the query; 404 for every other."""
    return lambda _method, path, _headers: found.get(path.partition("?")[0], page(b"", "404 Not Found"))


def html(title: str, more: str = "") -> bytes:
    return page(f"<title>{title}</title>{more}".encode(), Content_Type="text/html; charset=utf-8")


class Stranger:
    """A server that answers each request by a function of method, path and headers; keeps what it was asked."""

    def __init__(self, answer: Answer, context: ssl.SSLContext | None, gap: float) -> None:
        self._answer, self._context, self._gap = answer, context, gap
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.listening = socket.create_server((HOST, 0))
        self.port: int = self.listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line:
            if self._context:
                line = self._context.wrap_socket(line, server_side=True)
            with line, line.makefile("rb") as lines:
                method, path, _ = lines.readline().decode().split(" ")
                headers = dict(
                    field.decode().strip().lower().split(": ", 1) for field in iter(lines.readline, b"\r\n")
                )
                with self._lock:
                    self.asked.append((method, path, headers))
                    self._at_once += 1
                    self.most_at_once = max(self.most_at_once, self._at_once)
                answer = self._answer(method, path, headers)
                try:
                    self._say(
                        line, answer if method != "HEAD" else answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                    )
                finally:
                    with self._lock:
                        self._at_once -= 1

    def _say(self, line: socket.socket, answer: bytes) -> None:
        if not self._gap:
            line.sendall(answer)
            return
        for byte in answer:
            if self._closing.wait(self._gap):
                return
            line.sendall(bytes([byte]))


@contextlib.contextmanager
def stranger(answer: Answer, *, context: ssl.SSLContext | None = None, gap: float = 0) -> Iterator[Stranger]:
    """`gap`: seconds before each byte."""
    server = Stranger(answer, context, gap)
    try:
        yield server
    finally:
        server.close()


def fetcher(
    names: Mapping[str, Sequence[str]] | None = None,
    limits: Limits = QUICK,
    trust: ssl.SSLContext | None = None,
) -> Fetcher:
    """One that may go to HOST, and knows these names and every address."""

    def resolve(host: str, _port: int) -> Sequence[str]:
        if names and host in names:
            return names[host]
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError as error:
            raise socket.gaierror from error

    return Fetcher(
        "https://news.example", limits=limits, also=[ipaddress.ip_network(HOST)], resolve=resolve, trust=trust
    )
