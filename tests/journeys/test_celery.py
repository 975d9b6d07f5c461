"""Workers under Celery, as processes of their own, on PostgreSQL and RabbitMQ; beat asks them for work."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from celery import Celery
from sqlalchemy import func, select

from benchmarks.grounds import Ground, Size, prepared
from pulse_mailer.database import Database
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from tests.brokers import own_queue
from tests.database.sending_given import states
from tests.journeys import commands

pytestmark = [pytest.mark.rabbitmq, pytest.mark.postgres]

#: More than two workers claim at once, so that both have some.
PEOPLE = 500
CONNECTIONS = 2
#: Slow enough to be met in the middle, shared by all workers.
RATE = 100
#: In doubt on each connection of a worker that was killed, where commands are chained.
WINDOW = 2


@dataclass
class Crew:
    """Celery's processes of one installation."""

    folder: Path
    ground: Ground
    broker: str
    queue: str
    smtp_port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str | int | Path]:
        return {
            **self.ground.settings,
            "celery_broker_url": self.broker,
            "smtp_port": self.smtp_port,
            "connections": CONNECTIONS,
            "rates": f"smtp={RATE}/second",
            "worker_poll_seconds": "0.2",
        }

    def begin(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-m", "celery", "-q", "-A", "pulse_mailer.worker.celery"]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*program, *arguments],
                env=commands.environment(self.settings),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.processes[name] = process
        return process

    def workers(self, *names: str) -> None:
        """Start workers and wait until they take tasks; as long as beat does not run, there are none."""
        for name in names:
            self.begin(name, "worker", "--concurrency=1", f"--hostname={name}@%h", "--loglevel=INFO")
        self.until(lambda: all(" ready." in self.log(name) for name in names))

    def beat(self) -> subprocess.Popen[bytes]:
        return self.begin("beat", "beat")

    def name_of(self, owner: str) -> str:
        """Which worker an owner in the ledger (host/place/pid/...) is a child of."""
        pid = owner.rsplit("/", 4)[2]
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        [name] = [name for name, process in self.processes.items() if process.pid == parent]
        return name

    def until(self, happened: Callable[[], bool], seconds: float = 90.0) -> None:
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, self.everything_said()
            time.sleep(0.1)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def everything_said(self) -> str:
        return "\n".join(f"== {name}\n{self.log(name)}" for name in self.processes)


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mailbox")


@pytest.fixture
def ground(tmp_path: Path, postgresql_server: str) -> Iterator[Ground]:
    """An edition that is being sent; nobody sends it yet."""
    with prepared("PostgreSQL", tmp_path / "data", Size(PEOPLE), server=postgresql_server) as made:
        yield made


@pytest.fixture
def database(ground: Ground) -> Iterator[Database]:
    opened = Database(ground.url)
    yield opened
    opened.close()


@pytest.fixture
def crew(tmp_path: Path, ground: Ground, rabbitmq: str, mailbox: Mailbox) -> Iterator[Crew]:
    with Catcher(mailbox, port=0) as catcher, own_queue(rabbitmq, ground.folder / "keys") as queue:
        made = Crew(tmp_path, ground, rabbitmq, queue, catcher.port)
        try:
            yield made
        finally:
            for process in made.processes.values():
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                process.wait()


def counts(database: Database) -> dict[str, int]:
    asked = select(Delivery.status, func.count()).group_by(Delivery.status)
    with database.reading() as session:
        return {found.value: count for found, count in session.execute(asked)}


def nobody_waits(database: Database) -> bool:
    return counts(database).keys() <= {DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN}


def recipients(mailbox: Mailbox) -> Counter[str]:
    return Counter(envelope.recipients[0] for envelope in mailbox.list(limit=10 * PEOPLE))


def senders(database: Database) -> set[str]:
    """Who has mail on the wire."""
    wanted = select(Delivery.lease_owner).where(Delivery.status == DeliveryStatus.SENDING)
    with database.reading() as session:
        return {owner for owner in session.scalars(wanted) if owner}


def status(database: Database) -> EditionStatus:
    with database.reading() as session:
        return session.scalars(select(Edition.status)).one()


def test_one_of_two_workers_is_killed_and_the_other_takes_over(
    crew: Crew, database: Database, mailbox: Mailbox
) -> None:
    crew.workers("one", "other")
    crew.beat()
    crew.until(lambda: mailbox.count() >= PEOPLE // 4 and bool(senders(database)))
    killed = crew.processes[crew.name_of(senders(database).pop())]
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    at_the_kill = mailbox.count()
    assert at_the_kill < PEOPLE
    crew.until(lambda: nobody_waits(database))

    got, rows = recipients(mailbox), states(database)
    uncertain = [address for address, state in rows.items() if state == DeliveryStatus.UNCERTAIN]
    assert max(got.values()) == 1, "somebody got two"
    assert len(rows) == PEOPLE
    assert [
        address for address, state in rows.items() if state == DeliveryStatus.SENT and not got[address]
    ] == []
    assert [address for address in got if address not in rows] == []
    assert len(uncertain) <= CONNECTIONS * WINDOW, "more in doubt than one worker has on its connections"
    assert mailbox.count() > at_the_kill, "nobody took over"

    listing = ("delivery", "list", "--state", "uncertain", "--json")
    listed = json.loads(commands.run(*listing, settings=crew.settings, folder=crew.folder).stdout)
    assert sorted(row["address"] for row in listed) == sorted(uncertain)

    crew.until(lambda: status(database) is EditionStatus.SENT)


def test_two_workers_share_an_edition_and_the_rate(crew: Crew, database: Database, mailbox: Mailbox) -> None:
    crew.workers("one", "other")
    crew.beat()
    crew.until(lambda: nobody_waits(database))

    assert counts(database) == {DeliveryStatus.SENT: PEOPLE}
    assert set(recipients(mailbox).values()) == {1}
    crew.until(lambda: all("handed over." in crew.log(name) for name in ("one", "other")))
    said = [int(count) for count in re.findall(r"(\d+) handed over\.", crew.everything_said())]
    assert sum(said) == PEOPLE


def test_a_task_that_the_broker_brings_many_times_does_no_harm(
    crew: Crew, database: Database, mailbox: Mailbox
) -> None:
    with database.reading() as session:
        edition_id = session.scalars(select(Edition.id)).one()
    asking = Celery(broker=crew.broker, set_as_current=False)
    asking.conf.update(task_default_queue=crew.queue, task_ignore_result=True)
    for _ in range(20):
        asking.send_task("pulse_mailer.send", (edition_id, "pulse/2026-03"))
    asking.close()
    crew.workers("one", "other")
    crew.until(lambda: nobody_waits(database))

    assert set(recipients(mailbox).values()) == {1}
    assert counts(database) == {DeliveryStatus.SENT: PEOPLE}


def test_asked_to_end_a_worker_finishes_what_is_on_the_wire(
    crew: Crew, database: Database, mailbox: Mailbox
) -> None:
    crew.workers("one")
    crew.beat()
    crew.until(lambda: mailbox.count() >= PEOPLE // 4)
    for process in crew.processes.values():
        process.send_signal(signal.SIGTERM)
    assert [process.wait(30) for process in crew.processes.values()] == [0, 0], crew.everything_said()

    found = counts(database)
    assert found.keys() == {DeliveryStatus.SENT, DeliveryStatus.QUEUED}, crew.everything_said()
    assert found[DeliveryStatus.SENT] == mailbox.count()


@pytest.mark.parametrize("what", ["worker", "beat"])
def test_without_its_database_it_refuses_to_start_in_one_line(crew: Crew, what: str) -> None:
    crew.ground = Ground(crew.ground.folder, "postgresql://nobody@127.0.0.1:9/nothing")
    process = crew.begin("refused", what)

    assert process.wait(60) == 1
    assert crew.log("refused").strip().splitlines()[-1].startswith("error: ")
    assert "Traceback" not in crew.log("refused")
