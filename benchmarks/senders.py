"""Who is compared, and how one sending of each is run and measured, always in a process of its own."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy import select

from benchmarks.grounds import POSTGRESQL, Ground, Size, copied, prepared, with_settings
from benchmarks.sinks.running import NotHere, Running
from pulse_mailer.composing.merging import Merger
from pulse_mailer.database import Database
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Rendering

PEERS = Path(__file__).parent / "peers"
ITEMS = 47  #: so many make a mail of about 115 KB on the wire
SQLITE, POSTGRES, SOURCE = "Pulse Mailer, SQLite", "Pulse Mailer, PostgreSQL", "smtp-source"
LOOP, DJANGO, NODEMAILER, AIOSMTPLIB = "smtplib + EmailMessage", "Django", "nodemailer, pool", "aiosmtplib"
OURS = {SQLITE: "SQLite", POSTGRES: "PostgreSQL"}
#: Those that use one connection, however many they are given.
ALONE = frozenset({LOOP, DJANGO})
_HEADERS = {
    "From": "The Editor <editor@example.org>",
    "List-Id": "Pulse <pulse.example.org>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "List-Archive": "<http://127.0.0.1:8025/editions/pulse>",
    "List-Post": "NO",
    "Feedback-ID": "e1:pulse:newsletter:pulsemailer",
    "X-Auto-Response-Suppress": "OOF, AutoReply",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """One sending; CPU of the sender and, apart, of PostgreSQL's processes, in microseconds for each mail."""

    rate: float
    cpu_us: float
    memory_mb: float
    server_us: float | None = None


@dataclass
class Stage:
    """
    What all sendings share: a folder, the grounds made so far, and the letter that the peers send.

    Attributes:
        mail_bytes: the size of one reader's mail.
    """

    folder: Path
    server: str = POSTGRESQL
    grounds: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    mail_bytes: int = 0
    _ready: dict[tuple[str, int], Ground] = field(default_factory=dict)

    def ground(self, kind: str, recipients: int) -> Ground:
        if (kind, recipients) not in self._ready:
            where = self.folder / f"{kind}-{recipients}"
            ground = self.grounds.enter_context(
                prepared(kind, where, Size(recipients, ITEMS), server=self.server)
            )
            self._ready[kind, recipients] = ground
        return self._ready[kind, recipients]

    @property
    def letter(self) -> Path:
        return self.folder / "letter.json"

    def write_letter(self) -> None:
        """Keep the edition for the peers, and learn how large a mail of it is."""
        ground = self.ground("SQLite", 10)
        database = Database(ground.url)
        with database.reading() as session:
            rendering = session.scalars(select(Rendering)).one()
            delivery = session.scalars(select(Delivery).limit(1)).one()
            self.mail_bytes = len(Merger(rendering).merge(delivery, ground.links()).data)
        database.close()
        letter = {
            "subject": rendering.subject,
            "html": rendering.html,
            "text": rendering.text,
            "headers": _HEADERS,
        }
        self.letter.write_text(json.dumps(letter))


Command = Callable[[Stage, int, int, int], Sequence[str]]


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.peers.{module}"]


def _letter_peer(module: str) -> Command:
    def command(stage: Stage, port: int, count: int, connections: int) -> Sequence[str]:
        return [*_python(module), str(port), str(count), str(stage.letter), str(connections)]

    return command


def _source(stage: Stage, port: int, count: int, connections: int) -> Sequence[str]:
    return [*_python("by_smtp_source"), str(port), str(count), str(stage.mail_bytes), str(connections)]


def _node(stage: Stage, port: int, count: int, connections: int) -> Sequence[str]:
    program = str(PEERS / "by_nodemailer.js")
    return ["node", program, str(port), str(count), str(stage.letter), str(connections)]


COMMANDS: dict[str, Command] = {
    SOURCE: _source,
    LOOP: _letter_peer("by_smtplib"),
    DJANGO: _letter_peer("by_django"),
    NODEMAILER: _node,
    AIOSMTPLIB: _letter_peer("by_aiosmtplib"),
}


def check(sender: str) -> None:
    """
    Raises:
        NotHere: what it needs is not on this machine.
    """
    if sender == SOURCE and not (shutil.which("smtp-source") or Path("/usr/sbin/smtp-source").exists()):
        raise NotHere("no smtp-source (Debian and Ubuntu: apt install postfix)")
    if sender == NODEMAILER and not (shutil.which("node") and (PEERS / "node_modules").is_dir()):
        raise NotHere("no Node, or nodemailer is not installed (make installs it where there is npm)")
    if sender == POSTGRES:
        try:
            psycopg.connect(POSTGRESQL, connect_timeout=3).close()
        except psycopg.OperationalError as error:
            raise NotHere("no PostgreSQL; name one: --postgresql URL") from error


def send(stage: Stage, sender: str, sink: Running, count: int, connections: int) -> Figures:
    """Send so many mails to a sink, and measure it."""
    if sender not in OURS:
        words = COMMANDS[sender](stage, sink.port, count, connections)
        return _figures(words, {})
    ground = stage.ground(OURS[sender], count)
    with copied(ground, stage.folder / "copy") as copy:
        settings = with_settings(
            copy, backend="smtp", smtp_port=sink.port, connections=connections, hold_minutes=0
        )
        watched = copy.kind == "PostgreSQL"
        before = _postgresql_ns(copy.url) if watched else None
        figures = _figures([*_python("by_us"), str(count)], settings)
        after = _postgresql_ns(copy.url) if watched else None
    if before is None or after is None:
        return figures
    return Figures(figures.rate, figures.cpu_us, figures.memory_mb, (after - before) / 1e3 / count)


def _figures(words: Sequence[str], settings: dict[str, str]) -> Figures:
    done = subprocess.run(
        words,
        env=dict(os.environ) | settings,  # noqa: TID251 - it is handed on, not read
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    count = told["messages"]
    return Figures(count / told["seconds"], told["cpu_seconds"] * 1e6 / count, told["memory_kb"] / 1024)


def _postgresql_ns(url: str) -> int | None:
    """CPU time of all processes of the server so far, ended ones too; None when it runs on another machine."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        try:
            postmaster = int(_stat(row[0])[1])
        except OSError:
            return None
    try:
        ticks = sum(int(field) for field in _stat(postmaster)[11:15])  # its own and of children that ended
        own = ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
        return own + sum(_schedstat_ns(pid) for pid in _children(postmaster))
    except OSError:
        return None


def _stat(pid: int) -> list[str]:
    """Fields of proc(5) stat from the third on; the name before it may hold spaces and brackets."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _children(pid: int) -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # it ended meanwhile, and is counted with its parent
                if int(_stat(int(folder.name))[1]) == pid:
                    yield int(folder.name)


def _schedstat_ns(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    except OSError:
        return 0  # likewise
