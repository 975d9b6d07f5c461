"""
The wire: commands out and replies in, each with its time, on a socket that is connected and signed in.

A line that breaks is an OSError: TimeoutError, or a ConnectionError with a sentence for people.
"""

import contextlib
import re
import socket
import time

from pulse_mailer.backends.replies import Reply, read_reply

BLOCK_BYTES = 65536
_MORE_FOLLOW = re.compile(rb"\d{3}-")
REPLY_BYTES = 262144  # far beyond any honest reply; a server that never stops talking is one that broke


class Wire:
    """One command at a time; `finish()` is the only write after which a mail may have gone."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._heard = bytearray()
        # Small writes must leave at once, or the dot would wait for the answer to the body's last packet.
        if line.family in (socket.AF_INET, socket.AF_INET6):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, command: str, seconds: float) -> Reply:
        """
        Send one command and read its reply, both within so many seconds.

        Raises:
            OSError: the line broke, or what came is no reply.
        """
        self._write(command.encode("ascii") + b"\r\n", seconds)
        return self.hear(seconds)

    def write_body(self, data: bytes, block_seconds: float) -> None:
        """Send a mail with its leading dots doubled (RFC 5321 4.5.2), each block within so many seconds."""
        stuffed = data.replace(b"\r\n.", b"\r\n..")
        if stuffed.startswith(b"."):
            stuffed = b"." + stuffed
        view = memoryview(stuffed)
        for start in range(0, len(view), BLOCK_BYTES):
            self._write(view[start : start + BLOCK_BYTES], block_seconds)

    def finish(self, seconds: float) -> None:
        """
        Send the final dot. When this raises, the dot did not leave whole, and the mail has not gone.

        Raises:
            OSError: the line broke, or the server answered before it was asked.
        """
        if self._heard:
            raise ConnectionAbortedError("The server answered before the mail was complete.")
        self._write(b".\r\n", seconds)

    def hear(self, seconds: float) -> Reply:
        """
        Read one reply, within so many seconds for all of it.

        Raises:
            OSError: the line broke, or what came is no reply.
        """
        until = time.monotonic() + seconds
        lines: list[bytes] = []
        room = REPLY_BYTES
        while not lines or _MORE_FOLLOW.match(lines[-1]):
            line = self._hear_line(until, room)
            room -= len(line)
            lines.append(line.rstrip(b"\r\n"))
        try:
            return read_reply(lines)
        except ValueError as error:
            raise ConnectionAbortedError(f"The server said something that is no reply: “{error}”.") from error

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it is over either way, and nothing is in hand
            self._line.close()

    def _write(self, data: bytes | memoryview, seconds: float) -> None:
        self._line.settimeout(seconds)
        self._line.sendall(data)

    def _hear_line(self, until: float, room: int) -> bytes:
        while (end := self._heard.find(b"\n")) < 0:
            if len(self._heard) > room:
                raise ConnectionAbortedError("The server's reply does not end.")
            self._hear_more(until)
        line = bytes(self._heard[: end + 1])
        del self._heard[: end + 1]
        if len(line) > room:
            raise ConnectionAbortedError("The server's reply does not end.")
        return line

    def _hear_more(self, until: float) -> None:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._line.settimeout(left)
        chunk = self._line.recv(BLOCK_BYTES)
        if not chunk:
            raise ConnectionResetError("The server closed the connection.")
        self._heard += chunk
