"""
What a large edition costs where it grows: bytes in PostgreSQL, connections, memory and CPU of Celery's workers.

    python -m benchmarks.scaling [--recipients N] [--workers N] [--connections N]

Celery's workers and beat run as real processes over RabbitMQ, and hand over to our own sink, which only counts. All
share this machine, so the rate is not what a machine of their own would reach; bytes, memory and CPU are. CPU of
PostgreSQL is that of the workers' own backends, without its writers in the background.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from benchmarks.grounds import Ground, Size, prepared, with_settings
from benchmarks.sinks.running import compiled, fast_sink
from tests.brokers import own_queue

BROKER = "amqp://guest:guest@127.0.0.1:5672//"
TABLES = ("subscribers", "subscriptions", "deliveries", "attempts")
_TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A process and its children, as the kernel counts them."""

    def __init__(self, pid: int) -> None:
        self._pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def cpu_seconds(self) -> float:
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self._pids]
        return sum(int(field[11]) + int(field[12]) for field in fields) / _TICKS

    def private_mb(self) -> float:
        """Memory that is in no other process, of all together."""
        texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self._pids]
        lines = [line.split() for text in texts for line in text.splitlines() if line.startswith("Private_")]
        return sum(int(line[1]) for line in lines) / 1024


@contextlib.contextmanager
def celery(
    ground: Ground, folder: Path, smtp_port: int, connections: int, workers: int
) -> Iterator[list[int]]:
    """Give the process numbers of workers that run, each one process that sends, with beat beside them."""
    ours = with_settings(ground, smtp_port=smtp_port, connections=connections, celery_broker_url=BROKER)
    given = dict(os.environ) | ours  # noqa: TID251 - it is handed on, not read
    program = [sys.executable, "-m", "celery", "-q", "-A", "pulse_mailer.worker.celery"]
    each = ["worker", "--concurrency=1", "--without-gossip", "--without-mingle"]
    words = [[*each, f"--hostname=w{number}@%h"] for number in range(workers)]
    running: list[subprocess.Popen[bytes]] = []
    with (folder / "celery.log").open("wb") as log:
        try:
            running += [
                subprocess.Popen([*program, *arguments], env=given, cwd=folder, stdout=log, stderr=log)
                for arguments in [*words, ["beat"]]
            ]
            yield [process.pid for process in running[:-1]]
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(60)


def sizes(url: str) -> dict[str, tuple[int, float]]:
    """Rows, and bytes of each with its indexes, by table."""
    with psycopg.connect(url) as database:
        found = {}
        for table in TABLES:
            row = database.execute(
                f"SELECT count(*), pg_total_relation_size('{table}') FROM {table}".encode()
            ).fetchone()
            assert row is not None
            found[table] = (row[0], row[1] / max(1, row[0]))
        return found


def waits_for_the_end(url: str) -> tuple[float, float]:
    """Seconds from the first mail to the last, and CPU seconds of PostgreSQL's backends."""
    question = (
        b"SELECT count(*) FILTER (WHERE status <> 'queued'), count(*) FILTER (WHERE status <> 'sent') "
        b"FROM deliveries"
    )
    asks = b"SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    begun, most = 0.0, 0
    used: dict[int, float] = {}  # by backend, as last seen: some end before the sending does
    with psycopg.connect(url, autocommit=True) as database:
        while True:
            row = database.execute(question).fetchone()
            assert row is not None
            begun = begun or (time.monotonic() if row[0] else 0.0)
            backends = database.execute(asks).fetchall()
            for (pid,) in backends:
                with contextlib.suppress(FileNotFoundError):  # it has just ended
                    used[pid] = Process(pid).cpu_seconds()
            most = max(most, len(backends))
            if not row[1]:
                print(f"connections to PostgreSQL          {most:>10}")
                return time.monotonic() - begun, sum(used.values())
            time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument(
        "--items", type=int, default=60, help="how long the edition is (default: %(default)s)"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sink = compiled(folder)
        begun = time.monotonic()
        with (
            prepared("PostgreSQL", folder / "data", Size(asked.recipients, asked.items)) as ground,
            own_queue(BROKER, folder / "data" / "keys"),
            fast_sink(sink) as taking,
        ):
            print(f"made and frozen                    {time.monotonic() - begun:>10.1f} s")
            with celery(ground, folder, taking.port, asked.connections, asked.workers) as pids:
                took, database = waits_for_the_end(ground.url)
                workers = [Process(pid) for pid in pids]
                cpu = sum(worker.cpu_seconds() for worker in workers)
                memory = max(worker.private_mb() for worker in workers)
            print(
                f"recipients, workers, connections   {asked.recipients:>10,} {asked.workers} {asked.connections}"
            )
            print(f"rate                               {asked.recipients / took:>10,.0f} a second")
            print(
                f"CPU of a worker, each mail         {cpu / asked.recipients * 1e6:>10,.0f} us, its start included"
            )
            print(f"CPU of PostgreSQL, each mail       {database / asked.recipients * 1e6:>10,.0f} us")
            print(f"memory of a worker                 {memory:>10,.0f} MB")
            for table, (rows, each) in sizes(ground.url).items():
                print(f"{table:20} {rows:>10,} rows {each:>10,.0f} bytes each, with indexes")


if __name__ == "__main__":
    main()
