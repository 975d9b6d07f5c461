"""Sinks in processes of their own, for as long as a block lasts; and that exactly one listens where we send."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sinks.faulty import Faults

HERE = Path(__file__).parent
_SMTP_SINK = "/usr/sbin/smtp-sink"
_PATIENCE_SECONDS = 20.0


class NotHere(Exception):
    """A tool that a bench can do without is not on this machine; the text says which."""


@dataclass(frozen=True, slots=True)
class Running:
    """A sink that listens on 127.0.0.1."""

    port: int
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def faulty_sink(log: Path, faults: Faults) -> Iterator[Running]:
    """Ours that fails as it is told; see benchmarks/sinks/faulty.py."""
    with _told([sys.executable, "-m", "benchmarks.sinks.faulty", str(log), faults.as_json()]) as running:
        yield running


@contextlib.contextmanager
def fast_sink(program: Path, delay_ms: float = 0) -> Iterator[Running]:
    """Ours for speed; `program` is what `compiled()` gave."""
    with _told([str(program), str(delay_ms)]) as running:
        yield running


def compiled(folder: Path) -> Path:
    """
    Make the fast sink from its source.

    Raises:
        NotHere: there is no compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise NotHere("no C compiler (cc), so no fast sink and no round trip of 20 ms")
    program = folder / "fast"
    subprocess.run([compiler, "-O2", "-o", program, HERE / "fast.c"], check=True)
    return program


@contextlib.contextmanager
def smtp_sink() -> Iterator[Running]:
    """
    Postfix's.

    Raises:
        NotHere: it is not installed.
    """
    program = shutil.which("smtp-sink") or shutil.which(_SMTP_SINK)
    if program is None:
        raise NotHere("no smtp-sink (Debian and Ubuntu: apt install postfix)")
    port = free_port()
    user = ["-u", "nobody"] if pwd.getpwuid(os.geteuid()).pw_name == "root" else []  # as root it insists
    process = subprocess.Popen([program, *user, f"127.0.0.1:{port}", "1000"])
    try:
        _wait_for(port, process)
        yield Running(port, process)
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@contextlib.contextmanager
def _told(words: Sequence[str]) -> Iterator[Running]:
    """A sink of ours: says its port first, and ends with its input."""
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        _wait_for(port, process)
        yield Running(port, process)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it listens, it alone: of two on one port each takes half, which looks like double speed."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while (doors := _listening(port)) != 1:
        if process.poll() is not None or time.monotonic() > until or doors > 1:
            raise RuntimeError(f"{doors} servers listen on port {port}, not one; nothing was measured.")
        time.sleep(0.01)


def _listening(port: int) -> int:
    """How many sockets listen there (proc(5): net/tcp, state 0A)."""
    found = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        found += words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port
    return found
