"""
Mail kept in a Maildir, one file each: to try out, or for another program to fetch and send.

A file is written under tmp/, through to the disk, and then moved to new/: whoever reads new/ finds whole mails
(https://cr.yp.to/proto/maildir.html). The envelope stands before the mail, as a mail server writes it that delivers.
"""

import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

from pulse_mailer.backends._local import LocalSession
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import ConnectionFailed
from pulse_mailer.settings import Settings, variable


@dataclass(frozen=True)
class FileBackend:
    name: ClassVar[str] = "file"
    carries_one_click: ClassVar[bool] = True

    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        return cls(settings.file_dir or settings.data_dir / "outgoing")

    @property
    def window(self) -> int:
        return 1

    @property
    def relay(self) -> str:
        return "file:0"

    @contextlib.contextmanager
    def session(self) -> Iterator[LocalSession]:
        self.check()
        yield LocalSession(self.relay, self.keep)

    def check(self) -> str:
        try:
            for part in ("tmp", "new", "cur"):
                (self.folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConnectionFailed(
                f"The Maildir {self.folder} cannot be used: {error.strerror}.",
                remedy=f"Set {variable('file_dir')} to a folder that you may write.",
            ) from error
        return f"The Maildir {self.folder} is at your service"

    def keep(self, message: Message) -> str:
        """
        Keep a mail; when this returns it is on the disk.

        Raises:
            OSError: it could not be written, and is not kept.
        """
        name = self._unique_name()
        waiting, whole = self.folder / "tmp" / name, self.folder / "new" / name
        envelope = f"Return-Path: <{message.sender}>\r\nDelivered-To: {message.recipient}\r\n".encode()
        try:
            handle = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(envelope + message.data)
                file.flush()
                os.fsync(file.fileno())
            waiting.rename(whole)
            _sync_folder(whole.parent)
        except OSError:
            for path in (waiting, whole):
                path.unlink(missing_ok=True)
            raise
        return f"Kept as {name}"

    def _unique_name(self) -> str:
        with self._lock:
            number = next(self._numbers)
        host = socket.gethostname().replace("/", "\\057").replace(":", "\\072")
        seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        return f"{seconds}.M{nanoseconds // 1000:06}P{os.getpid()}Q{number}.{host}"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
