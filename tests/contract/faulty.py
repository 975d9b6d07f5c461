"""An SMTP server that does wrong on purpose, at the step that a test names."""

import contextlib
import enum
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import NoReturn, Self


class Does(enum.Enum):
    """What the server does instead of answering."""

    HANG_UP = enum.auto()
    RESET = enum.auto()  #: hang up so that the client's next write fails
    KEEP_AND_HANG_UP = enum.auto()  #: takes the mail, and never says so
    SAY_NOTHING = enum.auto()
    READ_A_LITTLE = enum.auto()  #: at BODY: reads a first piece, and no more for a moment
    ECHO = enum.auto()  #: refuses, and repeats what it was told
    DRIBBLE = enum.auto()  #: one letter every so often, for ever


Fault = bytes | Does


class Manner(enum.Enum):
    """How its words come out; a client may not care."""

    REPLY_BY_REPLY = enum.auto()
    GLUED = enum.auto()  #: what answers several commands leaves together, before the server reads on
    BYTE_BY_BYTE = enum.auto()


@dataclass
class FaultyServer:
    """
    Attributes:
        faults: (who, step) to what happens there instead of the right answer. `who` is the local part of the
            sender at MAIL and of the recipient at RCPT, DATA, BODY and DOT; it is the number of the connection,
            as text and from 1, at CONNECT, EHLO, AUTH and RSET.
        features: what EHLO offers.
        manner: how its words come out.
        opens_for_nobody: it says 354 to DATA although it has accepted no recipient (RFC 2920 3.1 allows that).
        tls: it speaks TLS from the first byte.
        kept: sender, recipient and data of each mail that was taken.
        unended: what came of each mail that never had its dot.
        said: every command, one list for each connection.
    """

    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    features: tuple[str, ...] = ("SIZE 10000000",)
    manner: Manner = Manner.REPLY_BY_REPLY
    opens_for_nobody: bool = False
    tls: ssl.SSLContext | None = None
    kept: list[tuple[str, str, bytes]] = field(default_factory=list)
    unended: list[bytes] = field(default_factory=list)
    said: list[list[str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
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
        # A listener that another thread waits on is only woken by its shutdown.
        self._listener.shutdown(socket.SHUT_RDWR)
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def wait_for_the_end(self) -> None:
        self._over.wait()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            if (
                self.tls is not None
            ):  # the handshake is the conversation's affair, or one client would stop the others
                line = self.tls.wrap_socket(line, server_side=True, do_handshake_on_connect=False)
            self._lines.append(line)
            self.said.append([])
            talk = _Talk(self, line, number=str(len(self.said)), said=self.said[-1])
            thread = threading.Thread(target=talk.run)
            self._threads.append(thread)
            thread.start()


class _Over(Exception):
    """The connection is closed, by whomever."""


class _Talk:
    def __init__(self, server: FaultyServer, line: socket.socket, number: str, said: list[str]) -> None:
        self.server = server
        self.line = line
        self.number = number
        self.said = said
        self.unread = b""
        self.unsaid = b""
        self.forget()

    def run(self) -> None:
        with contextlib.suppress(_Over, OSError), self.line:
            self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.answer(self.number, "CONNECT", b"220 faulty.example ESMTP at your service")
            while command := self.read_line():
                self.said.append(command.decode(errors="replace").rstrip("\r\n"))
                self.obey(self.said[-1])

    def obey(self, command: str) -> None:
        verb = command.partition(" ")[0].upper()
        address = command.partition("<")[2].partition(">")[0]
        match verb:
            case "EHLO":
                offered = ["faulty.example", *self.server.features]
                lines = [f"250-{line}" for line in offered[:-1]] + [f"250 {offered[-1]}"]
                self.answer(self.number, verb, "\r\n".join(lines).encode())
            case "MAIL":
                said = self.answer(address.partition("@")[0], verb, b"250 2.1.0 Sender ok")
                self.sender = address if said.startswith(b"2") else ""
            case "RCPT":
                self.take_recipient(address)
            case "DATA":
                self.open_mail()
            case "AUTH":
                self.answer(self.number, verb, b"535 5.7.8 Wrong")
            case "RSET":
                self.forget()
                self.answer(self.number, verb, b"250 2.0.0 Forgotten")
            case "QUIT":
                self.say(b"221 2.0.0 Bye")
                self.flush()
                raise _Over
            case _:
                self.say(b"502 5.5.1 What?")

    def take_recipient(self, address: str) -> None:
        if not self.sender:
            self.say(b"503 5.5.1 Need MAIL first")
        elif self.answer(address.partition("@")[0], "RCPT", b"250 2.1.5 Recipient ok").startswith(b"2"):
            self.recipients.append(address)

    def open_mail(self) -> None:
        if not self.recipients and not self.server.opens_for_nobody:
            self.say(b"554 5.5.1 No valid recipients")
        elif self.answer(self.who, "DATA", b"354 Go on").startswith(b"354"):
            self.take_mail()

    def forget(self) -> None:
        self.sender = ""
        self.recipients: list[str] = []

    @property
    def who(self) -> str:
        return self.recipients[0].partition("@")[0] if self.recipients else ""

    def take_mail(self) -> None:
        who = self.who
        fault = self.server.faults.get((who, "BODY"))
        if fault is not None:
            self.read_more()
            self.answer(who, "BODY", b"")
        data = b""
        while (line := self.read_line()) != b".\r\n":
            if not line:
                self.server.unended.append(data)
                raise _Over
            data += line.removeprefix(b".")
        mail = (self.sender, ",".join(self.recipients), data)
        self.forget()
        fault = self.server.faults.get((who, "DOT"))
        if (
            fault is None
            or fault is Does.KEEP_AND_HANG_UP
            or (isinstance(fault, bytes) and fault[:1] == b"2")
        ):
            self.server.kept.append(mail)
        self.answer(who, "DOT", b"250 2.0.0 Ok: queued as 4F7K")

    def answer(self, who: str, step: str, right: bytes) -> bytes:
        fault = self.server.faults.get((who, step), right)
        if fault is Does.SAY_NOTHING:
            self.flush()
            self.server.wait_for_the_end()
            raise _Over
        if fault is Does.READ_A_LITTLE:
            time.sleep(0.05)
            return b""
        if fault is Does.ECHO:
            fault = b"501 5.5.4 Not understood: " + self.said[-1].encode()
        while fault is Does.DRIBBLE:
            self.line.sendall(b"2")
            time.sleep(0.02)
        if isinstance(fault, Does):
            self.hang_up(at_once=fault is Does.RESET)
        self.say(fault)
        if fault.startswith(b"421"):
            self.flush()
            raise _Over
        return fault

    def hang_up(self, *, at_once: bool) -> NoReturn:
        if at_once:
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.flush()
            self.line.shutdown(socket.SHUT_RDWR)
        raise _Over

    def read_line(self) -> bytes:
        """A line with its end; empty when the client has hung up."""
        while b"\n" not in self.unread:
            if not self.read_more():
                return b""
        line, end, self.unread = self.unread.partition(b"\n")
        return line + end

    def read_more(self) -> bool:
        self.flush()
        read = self.line.recv(65536)
        self.unread += read
        return bool(read)

    def say(self, words: bytes) -> None:
        self.unsaid += words + b"\r\n"
        if self.server.manner is not Manner.GLUED:
            self.flush()

    def flush(self) -> None:
        words, self.unsaid = self.unsaid, b""
        if self.server.manner is Manner.BYTE_BY_BYTE:
            for index in range(len(words)):
                self.line.sendall(words[index : index + 1])
        elif words:
            self.line.sendall(words)
