"""When somebody whose server said "later" is tried again."""

import datetime

import pytest

from pulse_mailer.delivery.retrying import JITTER, LINE_TRIES, POLICY_TRIES, SCHEDULE, next_attempt
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt

NOW = datetime.datetime(2026, 11, 22, 9, 0, tzinfo=datetime.UTC)
FAR = NOW + datetime.timedelta(days=2)
MESSAGE = Message(1, "editor@example.org", "reader@example.org", "1@example.org", ())


def receipt(outcome: Outcome, fault: Fault | None = Fault.RECIPIENT) -> Receipt:
    return Receipt(MESSAGE, outcome, Stage.RCPT, "relay:25", 450, fault=fault)


@pytest.mark.parametrize(
    ("number", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 60), (5, 120), (6, 240), (9, 240)]
)
def test_the_pauses_grow_and_are_never_all_alike(number: int, minutes: int) -> None:
    found = {next_attempt(receipt(Outcome.DEFERRED), number, NOW, FAR) for _ in range(50)}
    assert len(found) > 1
    for again in found:
        assert again is not None
        pause = (again - NOW).total_seconds() / 60
        assert minutes * (1 - JITTER) <= pause <= minutes * (1 + JITTER)


def test_two_tries_fall_into_the_first_hour() -> None:
    """RFC 5321 4.5.4.1."""
    latest = sum(SCHEDULE[:2], start=datetime.timedelta()) * (1 + JITTER)
    assert latest < datetime.timedelta(hours=1)


def test_what_would_come_after_the_lifetime_is_not_tried() -> None:
    soon = NOW + datetime.timedelta(seconds=30)
    assert next_attempt(receipt(Outcome.DEFERRED), 1, NOW, soon) is None


def test_a_mail_refused_for_what_it_is_is_not_tried_for_ever() -> None:
    refused = receipt(Outcome.DEFERRED, Fault.MESSAGE)
    assert next_attempt(refused, POLICY_TRIES - 1, NOW, FAR) is not None
    assert next_attempt(refused, POLICY_TRIES, NOW, FAR) is None


def test_what_the_line_gave_back_is_tried_at_once_and_then_more_slowly() -> None:
    returned = receipt(Outcome.RETURNED, Fault.ROUTE)
    assert next_attempt(returned, 1, NOW, FAR) == NOW
    assert next_attempt(returned, 2, NOW, FAR) == NOW
    third = next_attempt(returned, 3, NOW, FAR)
    assert third is not None
    assert third > NOW


def test_the_line_s_trouble_alone_loses_nobody_before_the_lifetime_is_over() -> None:
    returned = receipt(Outcome.RETURNED, Fault.ROUTE)
    assert next_attempt(returned, LINE_TRIES * 5, NOW, FAR) is not None
    assert next_attempt(returned, LINE_TRIES - 1, NOW, NOW) is not None
    assert next_attempt(returned, LINE_TRIES, NOW, NOW) is None
