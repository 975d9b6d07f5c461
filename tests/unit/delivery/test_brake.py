"""When so many refusals come that a person should look."""

import pytest

from pulse_mailer.delivery.brake import LEAST_TRIED, LEAST_UNCERTAIN, POLICY_IN_A_ROW, Brake
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt

MESSAGE = Message(1, "editor@example.org", "reader@example.org", "1@example.org", ())
SENT = Receipt(MESSAGE, Outcome.SENT, Stage.DOT, "relay:25", 250)
POLICY = Receipt(MESSAGE, Outcome.DEFERRED, Stage.DOT, "relay:25", 554, "5.7.1", "Spam", Fault.MESSAGE)
UNKNOWN = Receipt(MESSAGE, Outcome.FAILED, Stage.RCPT, "relay:25", 550, "5.1.1", "Who?", Fault.ADDRESS)
GREYLISTED = Receipt(
    MESSAGE, Outcome.DEFERRED, Stage.RCPT, "relay:25", 450, "4.7.1", "Later", Fault.RECIPIENT
)
RETURNED = Receipt(MESSAGE, Outcome.RETURNED, Stage.MAIL, "relay:25", 421, fault=Fault.ROUTE)
UNCERTAIN = Receipt(MESSAGE, Outcome.UNCERTAIN, Stage.DOT, "relay:25")


def felt(*receipts: Receipt) -> str:
    """The first reason to pause in a run of answers."""
    brake = Brake()
    return next(filter(None, map(brake.feel, receipts)), "")


def test_policy_refusals_in_a_row_pull_it_with_the_servers_words() -> None:
    assert felt(*[POLICY] * (POLICY_IN_A_ROW - 1)) == ""
    assert felt(*[POLICY] * POLICY_IN_A_ROW) == (
        "5 mails in a row were refused, whoever they were for: “554 5.7.1 Spam”. Ask those who run the server why."
    )


def test_isolated_policy_refusals_do_not() -> None:
    assert felt(*[POLICY, *[SENT] * 12] * 20) == ""


def test_a_share_of_policy_refusals_does() -> None:
    assert "of the last" in felt(*[POLICY, *[SENT] * 8] * 20)


def test_a_share_of_unknown_addresses_does_also_on_a_list_of_fifty() -> None:
    assert "were refused. The last answer: “550 5.1.1 Who?”" in felt(*[*[SENT] * 8, UNKNOWN] * 6)


def test_a_few_unknown_addresses_among_the_first_do_not() -> None:
    assert felt(*[UNKNOWN] * 4, *[SENT] * 60) == ""


def test_nothing_is_judged_by_the_very_first_answers() -> None:
    assert felt(*[UNKNOWN] * (LEAST_TRIED - 1)) == ""
    assert felt(*[UNKNOWN] * LEAST_TRIED) != ""


@pytest.mark.parametrize("answer", [GREYLISTED, RETURNED])
def test_what_says_nothing_of_the_mail_never_pulls_it(answer: Receipt) -> None:
    assert felt(*[answer] * 500) == ""


def test_a_server_that_never_answers_pulls_it() -> None:
    assert felt(*[UNCERTAIN] * (LEAST_UNCERTAIN - 1), SENT, *[UNCERTAIN] * (LEAST_UNCERTAIN - 1)) == ""
    assert "10 mails in a row were handed to relay:25 without an answer." in felt(
        *[UNCERTAIN] * LEAST_UNCERTAIN
    )


def test_all_connections_that_break_at_once_do_not() -> None:
    brake = Brake(at_once=40)
    assert [brake.feel(UNCERTAIN) for _ in range(40)] == [""] * 40


def test_old_refusals_are_forgotten() -> None:
    brake = Brake()
    for _ in range(9):
        assert brake.feel(POLICY) == ""
        for _ in range(200):
            assert brake.feel(SENT) == ""


def test_it_knows_whether_policy_was_the_trouble() -> None:
    policy, unknown = Brake(), Brake()
    policy.feel(POLICY)
    unknown.feel(UNKNOWN)
    assert policy.policy_share
    assert not unknown.policy_share
    assert not Brake().policy_share
