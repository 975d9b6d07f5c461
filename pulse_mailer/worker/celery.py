"""
The same worker on many machines, by Celery over RabbitMQ: `celery -A pulse_mailer.worker.celery worker`, and `beat`.

A task carries an id and nothing else, and takes hold of its work in the database first: one that the broker brings
twice, late or never does no harm. Beat asks again every moment what there is to do, so that nothing depends on a
message either.
"""

import contextlib
import logging
import os
import signal
from typing import Any

from celery import Celery, signals
from kombu.exceptions import OperationalError

from pulse_mailer.bootstrap import started
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.keys import load_or_create
from pulse_mailer.settings import load
from pulse_mailer.worker import steps
from pulse_mailer.worker.loop import Troubles, counted
from pulse_mailer.worker.turns import Turns

#: What no worker took for so long is forgotten: it was asked for again meanwhile.
_KEPT_SECONDS = 300.0

log = logging.getLogger(__name__)
turns = Turns()
troubles = Troubles(log.warning)
_LOOKING = "Looking for something to do"


def configuration() -> dict[str, Any]:
    """What Celery is told, read from the settings when it first asks."""
    try:
        settings = load()
        # Installations that share a broker must not take each other's work: every one has its own queue.
        name = f"pulse-mailer-{load_or_create(settings.keys_dir).fingerprints()['address'][:8]}"
    except PulseMailerError as error:
        raise SystemExit(f"error: {error}") from error
    every = settings.worker_poll_seconds
    return {
        "broker_url": settings.celery_broker_url.get_secret_value(),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_default_queue": name,
        "task_default_exchange": name,
        "task_default_routing_key": name,
        "task_default_delivery_mode": "transient",
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_remote_control": False,
        "worker_redirect_stdouts": False,
        "worker_log_format": "%(asctime)s %(levelname)s %(message)s",
        "worker_task_log_format": "%(asctime)s %(levelname)s %(message)s",
        "beat_scheduler": "celery.beat:Scheduler",  # in memory: there is nothing to remember
        "beat_max_loop_interval": every,
        "beat_schedule": {
            "look": {"task": "pulse_mailer.look", "schedule": every, "options": _fresh(every)},
        },
    }


def _fresh(seconds: float) -> dict[str, float]:
    """Options of a task that nobody needs after that time; neither the worker nor the broker keeps it."""
    return {"expires": seconds, "expiration": seconds}


app = Celery("pulse_mailer", set_as_current=False)
app.add_defaults(configuration)


def _look() -> None:
    """Hand out what there is to do, what is quickly done first."""
    with turns.turn(), troubles.of(_LOOKING):
        mailer = turns.mailer()
        try:
            for kind, found in steps.SHORT.items():
                for one, name in found.find(mailer):
                    step.apply_async((kind, one, name), **_fresh(_KEPT_SECONDS))
            for edition_id, name in steps.editions_to_send(mailer):
                send.apply_async((edition_id, name), **_fresh(_KEPT_SECONDS))
        except OperationalError as error:
            raise PulseMailerError(f"The broker takes no tasks: {error}.") from error


def _step(kind: str, one: int, name: str) -> None:
    with turns.turn():
        if not troubles.rests(name):
            with troubles.of(name):
                said = steps.SHORT[kind].do(turns.mailer(), one)
                if said:
                    log.info("%s: %s", name, said)


def _send(edition_id: int, name: str) -> None:
    """Send of an edition for one turn; who asks next goes on."""
    with turns.turn() as stop:
        if not troubles.rests(name):
            with troubles.of(name), counted(name, log.info) as watch:
                steps.send(turns.mailer(), edition_id, stop=stop, watch=watch)


look = app.task(_look, name="pulse_mailer.look")
step = app.task(_step, name="pulse_mailer.step")
send = app.task(_send, name="pulse_mailer.send")


# Celery's signals; it keeps weak references, so that each receiver is a function of this module.

_workers: list[Any] = []


@signals.after_setup_logger.connect  # type: ignore[untyped-decorator] # Celery ships no types
def log_plainly(**_given: object) -> None:
    logging.getLogger("pulse_mailer").setLevel(logging.INFO)


@signals.celeryd_init.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _check(**_given: object) -> None:
    """Refuse to start, with one line, where every task would fail."""
    try:
        with started(load()):
            pass
    except PulseMailerError as error:
        raise SystemExit(f"error: {error}") from error


@signals.beat_init.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _begin_beat(**_given: object) -> None:
    """
    Check likewise, and let beat end at once when it is asked to.

    It holds nothing. Celery's own way ends it wherever it is; in the middle of a message it would then wait for ever
    for a broker that waits for the rest.
    """
    _check()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: os._exit(0))


@signals.celeryd_after_setup.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _remember(instance: Any, **_given: object) -> None:
    _workers.append(instance)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _begin(**_given: object) -> None:
    turns.obey_signals()


@signals.worker_process_shutdown.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _close(**_given: object) -> None:
    turns.close()


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _leave(how: str, **_given: object) -> None:
    """
    Pass on to the worker's processes that it was asked to end, since Celery itself would wait for their tasks.

    At a cold shutdown (SIGQUIT, or Ctrl-C twice) Celery ends them itself.
    """
    turns.leave()
    for worker in _workers if how == "Warm" else ():
        for pid in worker.pool.info.get("processes", ()):
            if pid != os.getpid():
                with contextlib.suppress(ProcessLookupError):  # it has ended
                    os.kill(pid, signal.SIGUSR2)
