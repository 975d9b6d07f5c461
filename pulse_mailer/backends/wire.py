"""
The wire: commands and mails out and replies in, each with its time, on a socket that is connected and signed in.

A line that breaks is an OSError: TimeoutError or BlockingIOError when time is up, else a ConnectionError, with a
sentence for people where it is ours.
"""

import contextlib
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Sequence

from pulse_mailer.backends.replies import LINE_BYTES, Reply, read_line, read_reply

BLOCK_BYTES = 65536
GATHERED = 512  # pieces in one call; every system takes 1024
REPLY_BYTES = 262144  # far beyond any honest reply; a server that never stops talking is one that broke
DOT = b".\r\n"  # what a mail ends with; the line end before it is the mail's own


class Wire:
    """
    Attributes:
        dot_left: whether the final dot of the mail at hand went out whole: from here on it may have gone. Whoever
            begins a mail takes it back.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._heard = bytearray()  # the beginning of a line
        self._lines: deque[bytes] = deque()  # whole ones that nobody has read
        self._patience: dict[int, float] = {}
        self.dot_left = False
        # With a timeout of Python's each call is two, for it asks poll() first. The kernel's own timeouts cost
        # nothing; they end in BlockingIOError. Under TLS they would break off in the middle of a record.
        self._gathers = not isinstance(line, ssl.SSLSocket)
        if self._gathers:
            line.settimeout(None)
        # Small writes must leave at once, or the dot would wait for the answer to the body's last packet.
        if line.family in (socket.AF_INET, socket.AF_INET6):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def unread(self) -> bool:
        """Whether the server said more than it was asked."""
        return bool(self._lines or self._heard)

    def ask(self, command: bytes, seconds: float) -> Reply:
        """
        Send one command, without its line end, and read its reply, both within so many seconds.

        Raises:
            OSError: the line broke, or what came is no reply.
        """
        self.write([command + b"\r\n"], seconds)
        return self.hear(seconds)

    def write(self, pieces: Sequence[bytes], block_seconds: float) -> None:
        """
        Send all pieces, one after the other, each block within so many seconds (RFC 5321 4.5.3.2.5).

        Raises:
            OSError: the line broke; nobody knows how much has left.
        """
        self._send(pieces, block_seconds)

    def finish(self, following: bytes, seconds: float) -> None:
        """
        Send the final dot, and in the same write the commands for the next mail.

        Raises:
            OSError: the line broke; `dot_left` says whether before or after the dot was out.
        """
        # A record of TLS that did not leave whole cannot be read by anybody, and this is a single one.
        self._send([DOT + following], seconds, doubtful=True)

    def hear(self, seconds: float) -> Reply:
        """
        Read one reply, within so many seconds for all of it.

        Raises:
            OSError: the line broke, or what came is no reply.
        """
        until = time.monotonic() + seconds
        try:
            line = self._hear_line(until, REPLY_BYTES)
            if line[3:4] == b" " and len(line) <= LINE_BYTES:  # nearly every reply
                return read_line(line)
            return read_reply(self._hear_the_rest(line, until))
        except ValueError as error:
            raise ConnectionAbortedError(f"The server said something that is no reply: “{error}”.") from error

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it is over either way, and nothing is in hand
            self._line.close()

    def _send(self, pieces: Sequence[bytes], block_seconds: float, *, doubtful: bool = False) -> None:
        self._be_patient(socket.SO_SNDTIMEO, block_seconds)
        since = time.monotonic()
        size = sum(map(len, pieces))
        sent = self._line.sendmsg(pieces) if self._gathers and len(pieces) <= GATHERED else 0
        self.dot_left = doubtful and sent >= len(DOT)
        if sent == size:
            return
        begun = 0  # what had left when the block at hand began
        rest = memoryview(b"".join(pieces))
        while sent < size:
            moment = time.monotonic()
            if sent - begun >= BLOCK_BYTES:
                since, begun = moment, sent
            elif moment - since >= block_seconds:
                raise TimeoutError("timed out")
            sent += self._line.send(rest[sent : sent + BLOCK_BYTES])
            self.dot_left = doubtful and sent >= len(DOT)

    def _hear_the_rest(self, line: bytes, until: float) -> list[bytes]:
        """All lines of the reply that begins so."""
        lines = [line]
        room = REPLY_BYTES - len(line)
        while lines[-1][3:4] == b"-" and lines[-1][:3].isdigit():
            lines.append(self._hear_line(until, room))
            room -= len(lines[-1])
        return lines

    def _hear_line(self, until: float, room: int) -> bytes:
        while not self._lines:
            if len(self._heard) > room:
                raise ConnectionAbortedError("The server's reply does not end.")
            self._hear_more(until)
        if len(self._lines[0]) > room:
            raise ConnectionAbortedError("The server's reply does not end.")
        return self._lines.popleft()

    def _hear_more(self, until: float) -> None:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._be_patient(socket.SO_RCVTIMEO, left)
        chunk = self._line.recv(BLOCK_BYTES)
        if not chunk:
            raise ConnectionResetError("The server closed the connection.")
        self._heard += chunk
        if b"\n" in chunk:
            *lines, rest = self._heard.split(b"\n")
            self._lines.extend(map(bytes, lines))
            self._heard = rest

    def _be_patient(self, which: int, seconds: float) -> None:
        """Let the socket wait so long in its next calls; it is told only what is new, within a hundredth."""
        if seconds <= self._patience.get(which, 0.0) <= seconds * 1.01:
            return
        if self._gathers:
            whole = int(seconds)
            timeval = struct.pack("@ll", whole, max(int((seconds - whole) * 1e6), 1))
            self._line.setsockopt(socket.SOL_SOCKET, which, timeval)
            self._patience[which] = seconds
        else:
            self._line.settimeout(seconds)
            self._patience = {socket.SO_SNDTIMEO: seconds, socket.SO_RCVTIMEO: seconds}
