"""What Celery is told: hints that may be lost or come twice, JSON only, a queue of the installation's own."""

import logging
from pathlib import Path

import pytest

from pulse_mailer.keys import load_or_create
from pulse_mailer.worker import celery


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(tmp_path))


def test_a_task_is_kept_until_it_is_done() -> None:
    found = celery.configuration()
    assert found["task_acks_late"] is True
    assert found["task_reject_on_worker_lost"] is True
    assert found["worker_prefetch_multiplier"] == 1


def test_nothing_but_json_is_read() -> None:
    found = celery.configuration()
    assert (found["accept_content"], found["task_serializer"]) == (["json"], "json")


def test_no_results_are_kept() -> None:
    found = celery.configuration()
    assert found["task_ignore_result"] is True
    assert "result_backend" not in found


def test_the_broker_and_the_pace_come_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_CELERY_BROKER_URL", "amqp://me:secret@broker//")
    monkeypatch.setenv("PULSE_MAILER_WORKER_POLL_SECONDS", "2.5")
    found = celery.configuration()
    look = found["beat_schedule"]["look"]
    assert found["broker_url"] == "amqp://me:secret@broker//"
    assert look["schedule"] == 2.5
    # So that they do not pile up while all workers are busy: the worker forgets them, and the broker too.
    assert look["options"] == {"expires": 2.5, "expiration": 2.5}


def test_what_beat_asks_for_is_a_task() -> None:
    assert celery.configuration()["beat_schedule"]["look"]["task"] == celery.look.name


def test_installations_on_one_broker_have_queues_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = celery.configuration()["task_default_queue"]
    assert celery.configuration()["task_default_queue"] == one
    assert load_or_create(tmp_path / "keys").fingerprints()["address"].startswith(one.rpartition("-")[2])
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(tmp_path / "other"))
    assert celery.configuration()["task_default_queue"] != one


def test_a_wrong_setting_ends_the_start_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_SMPT_HOST", "x")
    with pytest.raises(SystemExit, match="error: PULSE_MAILER_SMPT_HOST"):
        celery.configuration()


def test_what_workers_say_is_shown_though_celery_is_quiet() -> None:
    celery.log_plainly()
    assert celery.log.isEnabledFor(logging.INFO)
