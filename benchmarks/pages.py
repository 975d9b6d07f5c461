"""
How fast staff's pages answer with years of history: 200,000 subscribers, 36 editions, 5 million deliveries.

    make bench-pages                                        # PostgreSQL; takes about half an hour, most of it to fill
    make bench-pages FLAGS='--keep FOLDER'                  # fill once; again with the same folder: ask at once
    make bench-pages FLAGS='--database SQLite --editions 8 --subscribers 125000 --deliveries 1000000'
    make bench-pages FLAGS=--quick

The database is filled by `benchmarks/history.py`; then `pulse-mailer serve` runs as a process of its own, and each
page in `benchmarks/asked.py` is asked again and again, one request at a time, about other editions, readers and
places in the list each time. The first requests of each are not counted. Every page must answer within 200 ms at the
median and 500 ms at p95; of a file, however long, the first bytes must be there within 500 ms.

CPU is what the server's process and its connections in PostgreSQL spent on a request, at the median: on a machine
that has other work it tells more than the time does. What PostgreSQL's parallel workers spend is not in it.
"""

import argparse
import contextlib
import functools
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests
from sqlalchemy import text

from benchmarks import grounds, history
from benchmarks.asked import Make, World
from benchmarks.grounds import Ground
from pulse_mailer.bootstrap import started
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.access import StaffSession
from pulse_mailer.domain.staff import Role, Staff
from pulse_mailer.settings import load
from pulse_mailer.staff import api_keys
from pulse_mailer.staff.roles import Right
from pulse_mailer.staff.tokens import hashed
from pulse_mailer.web.app import create_app

MEDIAN_MS, P95_MS = 200.0, 500.0
WARM_UP = 3
TOKEN = "a session of the bench"

_CONNECTIONS = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=("PostgreSQL", "SQLite"), default="PostgreSQL")
    parser.add_argument("--postgresql", default=grounds.POSTGRESQL, help="the server's URL")
    parser.add_argument("--subscribers", type=int, default=200_000)
    parser.add_argument("--editions", type=int, default=36)
    parser.add_argument("--deliveries", type=int, default=5_000_000)
    parser.add_argument("--requests", type=int, default=40, help="of each page")
    parser.add_argument("--only", default="", help="pages whose names hold this")
    parser.add_argument("--quick", action="store_true", help="a small history; shows that the bench works")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="fill it, or ask what is filled already")
    given = parser.parse_args()
    if given.quick:
        given.subscribers, given.editions, given.deliveries, given.requests = 2000, 4, 6000, 5
    with _ground(given) as ground:
        slow = _measure(ground, given.requests, given.only)
    sys.exit(1 if slow else 0)


@contextlib.contextmanager
def _ground(given: argparse.Namespace) -> Iterator[Ground]:
    with contextlib.ExitStack() as stack:
        place = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "data"
        ground = grounds.kept(place)
        if ground is None:
            size = history.size(given.subscribers)
            made = grounds.prepared(
                given.database, place, size, server=given.postgresql, keep=bool(given.keep)
            )
            ground = stack.enter_context(made)
            history.fill(ground, given.editions, given.deliveries)
            grounds.keep(ground)
        history.begin_others(ground)
        yield ground


def _measure(ground: Ground, count: int, only: str) -> int:
    """Print a line for each page; how many were too slow."""
    database = Database(ground.url)
    try:
        world = World.of(database)
        client, program = _signed_in(database), _with_key(database)
        with database.reading() as session:
            held = session.scalar(text("SELECT count(*) FROM deliveries"))
    finally:
        database.close()
    editions = len(world.keys)
    print(f"{ground.kind}: {world.subscribers:,} subscribers, {editions} editions, {held:,} deliveries")
    slow, pages = 0, {name: make for name, make in world.pages().items() if only in name}
    with _serving(ground) as served:
        print(f"{'page':36} {'median':>9} {'p95':>9} {'most':>9} {'CPU':>8}")
        for name, make in pages.items():
            try:
                slow += served.asked(name, make, program if name.endswith("by API") else client, count)
            except NotAnswered as error:
                slow += 1
                print(f"{name:36} {error}", flush=True)
        print(f"{'file':36} {'begins':>9} {'ends':>9} {'bytes':>13} {'rows a second':>13}")
        for name, make in world.files().items():
            if only in name:
                slow += served.taken(name, make, program if name.endswith("by API") else client)
    with started(load(**ground.settings)) as mailer:
        if forgotten := world.forgotten(create_app(mailer)):
            print(f"Not asked for: {', '.join(forgotten)}")
    print(f"{slow} of {len(pages)} pages are too slow." if slow else "Every page is fast enough.")
    return slow


class NotAnswered(Exception):
    """A page could not be had."""


@dataclass(frozen=True, slots=True)
class Served:
    """
    A server at work.

    Attributes:
        connections: the processes of its connections in PostgreSQL; none of SQLite's, or of another machine's.
    """

    url: str
    process: int
    connections: Callable[[], Sequence[int]]

    def asked(self, name: str, make: Make, client: requests.Session, count: int) -> bool:
        """Print how long a page took; whether that was too long."""
        chance, times, spent = random.Random(name), [], []
        for _ in range(WARM_UP):
            _get(client, self.url + make(chance))
        processes = [self.process, *self.connections()]
        for _ in range(count):
            before = sum(map(_cpu_ms, processes))
            times.append(_get(client, self.url + make(chance)))
            spent.append(sum(map(_cpu_ms, processes)) - before)
        median, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        slow = median > MEDIAN_MS or p95 > P95_MS
        print(
            f"{name:36} {median:6.0f} ms {p95:6.0f} ms {max(times):6.0f} ms {statistics.median(spent):5.0f} ms"
            f"  {'TOO SLOW' if slow else 'ok'}",
            flush=True,
        )
        return slow

    def taken(self, name: str, make: Make, client: requests.Session) -> bool:
        """Print how long a file took; whether its beginning took too long."""
        begun, size, rows, first = time.perf_counter(), 0, 0, 0.0
        with client.get(self.url + make(random.Random(name)), timeout=600, stream=True) as answer:
            answer.raise_for_status()
            for piece in answer.iter_content(None):
                first = first or (time.perf_counter() - begun) * 1000
                size, rows = size + len(piece), rows + piece.count(b"\n")
        took = time.perf_counter() - begun
        slow = first > P95_MS
        print(
            f"{name:36} {first:6.0f} ms {took * 1000:6.0f} ms {size:13,} {rows / took:13,.0f}"
            f"  {'TOO SLOW' if slow else 'ok'}",
            flush=True,
        )
        return slow


def _get(client: requests.Session, url: str) -> float:
    """Milliseconds until the whole answer was there."""
    while True:
        begun = time.perf_counter()
        answer = client.get(url, timeout=120, allow_redirects=False)
        took = (time.perf_counter() - begun) * 1000
        if answer.status_code != 429:
            break
        time.sleep(float(answer.headers.get("Retry-After", "1")))
    if answer.status_code not in (200, 286):  # 286: a page's script need ask no more
        raise NotAnswered(f"{url} answered {answer.status_code}")
    return took


def _cpu_ms(process: int) -> float:
    """What all threads of a process have spent on the processor so far; nothing where it is not known."""
    spent = 0
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.scandir(f"/proc/{process}/task"):
            spent += int(Path(thread.path, "schedstat").read_text().split()[0])
    return spent / 1e6


def _signed_in(database: Database) -> requests.Session:
    client = requests.Session()
    client.cookies.set("pulse", TOKEN)
    with database.transaction() as session:
        if session.scalar(text("SELECT id FROM staff WHERE address = 'bench@example.org'")) is not None:
            return client
        staff = Staff(
            address="bench@example.org", name="Bench", role=Role.ADMIN, is_active=True, created_at=now()
        )
        session.add(staff)
        session.flush()
        session.add(
            StaffSession(
                staff_id=staff.id,
                token_hash=hashed(TOKEN),
                is_whole=True,
                created_at=now(),
                seen_at=now(),
                network="127.0.0.1",
                user_agent="bench",
            )
        )
    return client


def _with_key(database: Database) -> requests.Session:
    client = requests.Session()
    with database.transaction() as session:
        _key, secret = api_keys.create(session, "bench", Right, actor="cli:bench")
    client.headers["Authorization"] = f"Bearer {secret}"
    return client


@contextlib.contextmanager
def _serving(ground: Ground) -> Iterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "pulse_mailer",
        "serve",
        "--no-mailbox",
        "--port",
        str(port),
    ]
    environment = grounds.with_settings(ground, base_url=f"http://127.0.0.1:{port}")
    server = subprocess.Popen(
        command, env={"PATH": "/usr/bin:/bin", **environment}, stdout=subprocess.DEVNULL
    )
    database = Database(ground.url)
    try:
        _wait(f"http://127.0.0.1:{port}", server)
        yield Served(f"http://127.0.0.1:{port}", server.pid, functools.partial(_connections, database))
    finally:
        database.close()
        server.terminate()
        server.wait(30)


def _connections(database: Database) -> Sequence[int]:
    if database.is_sqlite:
        return ()
    with database.reading() as session:
        return session.scalars(text(_CONNECTIONS)).all()


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(150):
        if server.poll() is not None:
            sys.exit("The server did not start.")
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"{url}/healthz/live", timeout=5)
            return
        time.sleep(0.2)
    sys.exit("The server did not answer.")


if __name__ == "__main__":
    main()
