"""A message broker for tests: RabbitMQ, where each installation has a queue of its own."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from pulse_mailer.keys import load_or_create
from tests.needs import from_environment, missing


@pytest.fixture(scope="session")
def rabbitmq(request: pytest.FixtureRequest) -> str:
    """The URL of a RabbitMQ, as a user who may make queues."""
    url = from_environment("PULSE_TESTS_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")
    try:
        with _connected(url) as connection:
            connection.ensure_connection(max_retries=1, timeout=3)
    except (OperationalError, OSError):
        remedy = "run one, or name it: PULSE_TESTS_RABBITMQ=amqp://USER:PASSWORD@HOST//"
        missing(request.config, "RabbitMQ", remedy)
    return url


@contextlib.contextmanager
def own_queue(url: str, keys_dir: Path) -> Iterator[str]:
    """Give the name of the queue that an installation with these keys uses; it is deleted in the end."""
    name = f"pulse-mailer-{load_or_create(keys_dir).fingerprints()['address'][:8]}"
    try:
        yield name
    finally:
        with _connected(url) as connection:
            connection.default_channel.queue_delete(name)
            connection.default_channel.exchange_delete(name)


def _connected(url: str) -> Connection:
    return Connection(url, connect_timeout=3)  # type: ignore[no-untyped-call] # kombu ships no types
