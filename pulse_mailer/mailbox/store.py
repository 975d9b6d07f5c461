"""
The mailbox: a folder with two files for each mail, `ID.eml` (the bytes as received) and `ID.json` (envelope).

The `.eml` is put in place last and whole, so a mail is there or it is not, whatever dies meanwhile. Only a power
cut can lose an envelope; the mail's own To and From stand in for it then, as writing both files through to the
disk would make the mailbox three times slower. An id begins with the time, so the names alone give the order.
"""

import contextlib
import json
import os
import re
import secrets
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pulse_mailer import clock
from pulse_mailer.errors import NotFound
from pulse_mailer.mailbox.reading import Caught, headline, read_mail

_ID = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """
    What a list shows of a mail.

    Attributes:
        sender, recipients: as given to MAIL FROM and RCPT TO.
        from_: the From header, and `subject` the Subject, both decoded; empty where the mail has none.
    """

    id: str
    sender: str
    recipients: tuple[str, ...]
    received_at: datetime
    size_bytes: int
    from_: str
    subject: str

    def speaks_of(self, words: str) -> bool:
        told = (self.sender, *self.recipients, self.from_, self.subject)
        return any(words.casefold() in part.casefold() for part in told)


class Mailbox:
    """One folder; made when the first mail comes. Several threads and processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, Envelope] = {}
        self._lock = threading.Lock()

    def keep(self, sender: str, recipients: Sequence[str], data: bytes) -> str:
        """
        Keep a mail; its id. When this returns, the mail is on the disk.

        Raises:
            OSError: it could not be written, and is not kept.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        received_at = clock.now()
        mail_id = f"{received_at:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
        _, from_, subject = headline(data)
        envelope = Envelope(mail_id, sender, tuple(recipients), received_at, len(data), from_, subject)
        side, waiting = self._path(mail_id, "json"), self._path(mail_id, "tmp")
        try:
            _write(side, json.dumps(asdict(envelope), default=datetime.isoformat).encode(), through=False)
            _write(waiting, data, through=True)
            waiting.rename(self._path(mail_id, "eml"))
            _sync_folder(self.folder)
        except OSError:
            for path in (waiting, side, self._path(mail_id, "eml")):
                with contextlib.suppress(OSError):  # the first failure is the one to report
                    path.unlink(missing_ok=True)
            raise
        return mail_id

    def list(self, limit: int = 50, offset: int = 0, search: str = "") -> tuple[Envelope, ...]:
        """The newest first; `search` looks into addresses and subjects, in any case of letters."""
        ids = self._ids()
        if not search:
            return tuple(self._envelope(mail_id) for mail_id in ids[offset : offset + limit])
        return tuple(self._found(ids, search)[offset : offset + limit])

    def count(self, search: str = "") -> int:
        ids = self._ids()
        return len(self._found(ids, search)) if search else len(ids)

    def read(self, mail_id: str) -> Caught:
        """
        Raises:
            NotFound: no mail has that id.
        """
        if not _ID.fullmatch(mail_id):
            raise NotFound("There is no such mail in the mailbox.")
        try:
            data = self._path(mail_id, "eml").read_bytes()
        except FileNotFoundError as error:
            raise NotFound("There is no such mail in the mailbox; it may have been cleared.") from error
        return read_mail(data)

    def envelope(self, mail_id: str) -> Envelope:
        """
        Raises:
            NotFound: no mail has that id.
        """
        if not _ID.fullmatch(mail_id) or not self._path(mail_id, "eml").exists():
            raise NotFound("There is no such mail in the mailbox.")
        return self._envelope(mail_id)

    def clear(self) -> int:
        """Delete every mail; how many there were."""
        ids = self._ids()
        for path in self.folder.glob("*") if ids else ():
            if _ID.fullmatch(path.stem) and path.suffix in (".eml", ".json", ".tmp"):
                path.unlink(missing_ok=True)
        with self._lock:
            self._known.clear()
        return len(ids)

    def _path(self, mail_id: str, suffix: str) -> Path:
        return self.folder / f"{mail_id}.{suffix}"

    def _ids(self) -> "Sequence[str]":
        """Newest first."""
        try:
            names = os.listdir(self.folder)  # noqa: PTH208 - names alone: Path objects for 20,000 files cost half a second
        except FileNotFoundError:
            return ()
        ids = (name.removesuffix(".eml") for name in names if name.endswith(".eml"))
        return sorted((mail_id for mail_id in ids if _ID.fullmatch(mail_id)), reverse=True)

    def _found(self, ids: Sequence[str], search: str) -> "Sequence[Envelope]":
        return [envelope for envelope in map(self._envelope, ids) if envelope.speaks_of(search)]

    def _envelope(self, mail_id: str) -> Envelope:
        with self._lock:
            known = self._known.get(mail_id)
        if known is None:
            known = self._read_envelope(mail_id)
            with self._lock:
                self._known[mail_id] = known
        return known

    def _read_envelope(self, mail_id: str) -> Envelope:
        try:
            told = json.loads(self._path(mail_id, "json").read_bytes())
            received_at = datetime.fromisoformat(told.pop("received_at"))
            return Envelope(recipients=tuple(told.pop("recipients")), received_at=received_at, **told)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return self._envelope_from_mail(mail_id)

    def _envelope_from_mail(self, mail_id: str) -> Envelope:
        """What the mail itself tells, where its companion is lost or damaged."""
        received_at = datetime.strptime(f"{mail_id[:22]}+0000", "%Y%m%dT%H%M%S.%f%z")
        try:
            data = self._path(mail_id, "eml").read_bytes()
        except FileNotFoundError:  # cleared by somebody else since the names were read
            data = b""
        to, from_, subject = headline(data)
        return Envelope(mail_id, "", (to,) if to else (), received_at, len(data), from_, subject)


def _write(path: Path, data: bytes, *, through: bool) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        if through:
            file.flush()
            os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
