"""An SMTP server that does wrong on purpose, at the step that a test names."""

import contextlib
import enum
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Self


class Does(enum.Enum):
    """What the server does instead of answering."""

    HANG_UP = enum.auto()
    RESET = enum.auto()  #: hang up so that the client's next write fails
    KEEP_AND_HANG_UP = enum.auto()  #: takes the mail, and never says so
    SAY_NOTHING = enum.auto()
    ECHO = enum.auto()  #: refuses, and repeats what it was told
    DRIBBLE = enum.auto()  #: one letter every so often, for ever


Fault = bytes | Does


@dataclass
class FaultyServer:
    """
    Attributes:
        faults: (who, step) to what happens there instead of the right answer. `who` is the local part of the
            sender at MAIL and of the recipient at RCPT, DATA, BODY and DOT; it is the number of the connection,
            as text and from 1, at CONNECT, EHLO, AUTH and RSET.
        features: what EHLO offers.
        kept: sender, recipient and data of each mail that was taken.
        said: every command, one list for each connection.
    """

    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)
    features: tuple[str, ...] = ("SIZE 1000000",)
    kept: list[tuple[str, str, bytes]] = field(default_factory=list)
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
        self.sender = ""
        self.recipient = ""

    def run(self) -> None:
        with contextlib.suppress(_Over, OSError), self.line, self.line.makefile("rb") as heard:
            self.answer(self.number, "CONNECT", b"220 faulty.example ESMTP at your service")
            while command := heard.readline():
                self.said.append(command.decode(errors="replace").rstrip("\r\n"))
                self.obey(self.said[-1], heard)

    def obey(self, command: str, heard: BinaryIO) -> None:
        verb = command.partition(" ")[0].upper()
        address = command.partition("<")[2].partition(">")[0]
        match verb:
            case "EHLO":
                offered = ["faulty.example", *self.server.features]
                lines = [f"250-{line}" for line in offered[:-1]] + [f"250 {offered[-1]}"]
                self.answer(self.number, verb, "\r\n".join(lines).encode())
            case "MAIL":
                self.sender = address
                self.answer(address.partition("@")[0], verb, b"250 2.1.0 Sender ok")
            case "RCPT":
                self.recipient = address
                self.answer(self.who, verb, b"250 2.1.5 Recipient ok")
            case "DATA":
                if self.answer(self.who, verb, b"354 Go on").startswith(b"354"):
                    self.take_mail(heard)
            case "AUTH":
                self.answer(self.number, verb, b"535 5.7.8 Wrong")
            case "RSET":
                self.answer(self.number, verb, b"250 2.0.0 Forgotten")
            case "QUIT":
                self.say(b"221 2.0.0 Bye")
                raise _Over
            case _:
                self.say(b"502 5.5.1 What?")

    @property
    def who(self) -> str:
        return self.recipient.partition("@")[0]

    def take_mail(self, heard: BinaryIO) -> None:
        if (self.who, "BODY") in self.server.faults:
            heard.read(10)
            self.answer(self.who, "BODY", b"")
        data = b""
        while (line := heard.readline()) != b".\r\n":
            if not line:
                raise _Over
            data += line.removeprefix(b".")
        mail = (self.sender, self.recipient, data)
        fault = self.server.faults.get((self.who, "DOT"))
        if (
            fault is None
            or fault is Does.KEEP_AND_HANG_UP
            or (isinstance(fault, bytes) and fault[:1] == b"2")
        ):
            self.server.kept.append(mail)
        self.answer(self.who, "DOT", b"250 2.0.0 Ok: queued as 4F7K")

    def answer(self, who: str, step: str, right: bytes) -> bytes:
        fault = self.server.faults.get((who, step), right)
        if fault is Does.SAY_NOTHING:
            self.server.wait_for_the_end()
            raise _Over
        if fault is Does.ECHO:
            fault = b"501 5.5.4 Not understood: " + self.said[-1].encode()
        while fault is Does.DRIBBLE:
            self.line.sendall(b"2")
            time.sleep(0.02)
        if fault is Does.RESET:
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if isinstance(fault, Does):
            # Without it the buffered reader would keep the socket open until it is collected.
            if fault is not Does.RESET:
                self.line.shutdown(socket.SHUT_RDWR)
            raise _Over
        self.say(fault)
        if fault.startswith(b"421"):
            raise _Over
        return fault

    def say(self, words: bytes) -> None:
        self.line.sendall(words + b"\r\n")
