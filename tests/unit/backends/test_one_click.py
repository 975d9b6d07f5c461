"""List mail and the backends that cannot carry its one-click unsubscribe."""

from typing import cast

import pytest

from pulse_mailer.backends._one_click import guarded, is_list_mail
from pulse_mailer.backends.base import Backend
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.errors import CannotCarry, ConnectionFailed
from tests.contract.messages import message
from tests.unit.backends.third_party import PigeonBackend

LIST_MAIL = (
    b"Subject: April\r\nList-Unsubscribe: <https://news.example.org/out>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nGood morning.\r\n"
)


def guard(pigeon: PigeonBackend) -> Backend:
    return guarded(cast("Backend", pigeon))


def test_list_mail_is_refused_with_a_clear_word() -> None:
    pigeon = PigeonBackend()
    with guard(pigeon).session() as session:
        receipts = session.exchange([message("ann", LIST_MAIL)])
        receipt = next(receipts)
        assert (receipt.outcome, receipt.stage) == (Outcome.RETURNED, Stage.MARKED)
        assert receipt.fault is Fault.CONFIGURATION
        with pytest.raises(CannotCarry, match="pigeon cannot carry one-click unsubscribe") as caught:
            next(receipts)
    assert not caught.value.again
    assert pigeon.flown == []


def test_other_mail_passes() -> None:
    pigeon = PigeonBackend()
    with guard(pigeon).session() as session:
        receipts = list(session.exchange([message("ann"), message("bob")]))
    assert [receipt.outcome for receipt in receipts] == [Outcome.SENT, Outcome.SENT]


def test_what_was_pulled_before_is_settled_first_and_nothing_is_pulled_after() -> None:
    pigeon = PigeonBackend()
    waiting = iter([message("ann"), message("bob", LIST_MAIL), message("cy")])
    with guard(pigeon).session() as session:
        receipts = session.exchange(waiting)
        assert [next(receipts).outcome, next(receipts).outcome] == [Outcome.SENT, Outcome.RETURNED]
        with pytest.raises(CannotCarry):
            next(receipts)
    assert pigeon.flown == [message("ann")]
    assert next(waiting) == message("cy")


def test_a_mail_that_is_no_longer_ours_stays_so() -> None:
    pigeon = PigeonBackend()
    with guard(pigeon).session() as session:
        list(session.exchange([message("ann")], may_finish=lambda _message: False))
    assert pigeon.flown == []


def test_an_error_of_the_backend_itself_comes_through() -> None:
    pigeon = PigeonBackend()
    pigeon.tires_after = 1
    with guard(pigeon).session() as session:
        receipts = session.exchange([message("ann"), message("bob", LIST_MAIL)])
        assert next(receipts).outcome is Outcome.SENT
        with pytest.raises(ConnectionFailed, match="tired"):
            next(receipts)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (LIST_MAIL, True),
        (b"LIST-UNSUBSCRIBE: <mailto:x@example.org>\r\n\r\n\r\n", True),
        (b"Subject: List-Unsubscribe: x\r\n\r\n\r\n", False),
        (b"Subject: x\r\n\r\nList-Unsubscribe: in the text\r\n", False),
    ],
)
def test_list_mail_is_known_by_its_header(data: bytes, wanted: bool) -> None:
    assert is_list_mail(message("ann", data)) is wanted
