"""The table of verdicts, row by row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.backends.replies import Reply, read_reply
from pulse_mailer.backends.verdicts import TABLE, Row, Then, Verdict, judge
from pulse_mailer.domain.delivery import Fault, Outcome, Stage

SENT = Verdict(Outcome.SENT, None)
CLOSING = Verdict(Outcome.RETURNED, Fault.ROUTE, Then.RECONNECT)
BUSY = Verdict(Outcome.RETURNED, Fault.ROUTE, Then.THROTTLED)
NOT_NOW = Verdict(Outcome.RETURNED, Fault.ROUTE, Then.ROUTE_REFUSED)
SENDER = Verdict(Outcome.RETURNED, Fault.CONFIGURATION, Then.ROUTE_REFUSED)
SIGN_IN = Verdict(Outcome.RETURNED, Fault.CONFIGURATION, Then.SIGN_IN_REFUSED)
LATER = Verdict(Outcome.DEFERRED, Fault.RECIPIENT)
POLICY = Verdict(Outcome.DEFERRED, Fault.MESSAGE)
NO_ADDRESS = Verdict(Outcome.FAILED, Fault.ADDRESS)
NO_MESSAGE = Verdict(Outcome.FAILED, Fault.MESSAGE)
NEVER = Verdict(Outcome.FAILED, Fault.RECIPIENT)
UNCERTAIN = Verdict(Outcome.UNCERTAIN, None, Then.RECONNECT)

#: Which row decides, what was said at which stage, and what it comes to.
SAID = [
    # 0: taken
    (0, Stage.DOT, "250 2.0.0 Ok: queued as 4F7K", SENT),
    (0, Stage.DOT, "299 Odd", SENT),
    # 1: the server closes, wherever
    (1, Stage.MAIL, "421 4.7.0 Try again later", CLOSING),
    (1, Stage.DOT, "421 Closing", CLOSING),
    # 2, 3: the sign-in
    (2, Stage.MAIL, "530 5.7.0 Must issue a STARTTLS command first", SIGN_IN),
    (2, Stage.MAIL, "535 5.7.8 Credentials invalid", SIGN_IN),
    (2, Stage.RCPT, "530 5.7.1 Client was not authenticated", SIGN_IN),
    (3, Stage.MAIL, "550 5.7.30 Basic authentication is not supported", SIGN_IN),
    (3, Stage.DOT, "554 5.7.57 Client was not authenticated to send mail", SIGN_IN),
    # 4, 5, 6: too busy, also for a sender
    (4, Stage.MAIL, "452 4.3.1 Insufficient system storage", BUSY),
    (4, Stage.RCPT, "452 4.5.3 Too many recipients", BUSY),
    (4, Stage.DOT, "451 4.3.2 System not accepting messages", BUSY),
    (4, Stage.RCPT, "432 4.3.2 Concurrent connections limit exceeded", BUSY),
    (5, Stage.MAIL, "432 Concurrent connections limit exceeded", BUSY),
    (5, Stage.DOT, "454 Throttling failure: Maximum sending rate exceeded", BUSY),
    (5, Stage.RCPT, "454 4.7.1 Relay access denied", BUSY),
    (6, Stage.DOT, "452 Insufficient system storage", BUSY),
    # 7, 8: the sender
    (7, Stage.MAIL, "451 4.7.1 Try later", NOT_NOW),
    (7, Stage.MAIL, "450 Sender address not yet verified", NOT_NOW),
    (8, Stage.MAIL, "550 5.7.1 Sender listed", SENDER),
    (8, Stage.MAIL, "552 5.3.4 Message too large", SENDER),
    # 9: later
    (9, Stage.RCPT, "450 4.2.0 Greylisted, see you in 300 seconds", LATER),
    (9, Stage.RCPT, "451 4.7.1 Greylisting in action", LATER),
    (9, Stage.RCPT, "452 4.2.2 Over quota", LATER),
    (9, Stage.RCPT, "450 4.1.1 Not verified yet", LATER),
    (9, Stage.DATA, "451 Local error", LATER),
    (9, Stage.RCPT, "499 Odd", LATER),
    # 10, 11: no such address; what says so later than RCPT is not believed to mean it
    (10, Stage.RCPT, "550 5.1.1 No such user", NO_ADDRESS),
    (10, Stage.RCPT, "550 5.1.2 No such domain", NO_ADDRESS),
    (10, Stage.RCPT, "553 5.1.3 Bad syntax", NO_ADDRESS),
    (10, Stage.RCPT, "551 5.1.6 Moved, and left no address", NO_ADDRESS),
    (10, Stage.RCPT, "556 5.1.10 Recipient address has null MX", NO_ADDRESS),
    (10, Stage.RCPT, "550 5.4.4 No route to host", NO_ADDRESS),
    (11, Stage.RCPT, "556 Domain takes no mail", NO_ADDRESS),
    # 12, 13: policy
    (12, Stage.RCPT, "550 5.7.1 Relaying denied", POLICY),
    (12, Stage.DOT, "550 5.7.26 Unauthenticated mail", POLICY),
    (12, Stage.DOT, "550 5.7.515 Access denied, sending domain does not meet the level", POLICY),
    (13, Stage.DOT, "554 Message rejected as spam", POLICY),
    (13, Stage.RCPT, "550 Blocked, see our blocklist", POLICY),
    # 14: the mail itself
    (14, Stage.DOT, "554 5.6.0 Unblockable syntax", NO_MESSAGE),
    (14, Stage.DOT, "552 5.3.4 Message too large for the system", NO_MESSAGE),
    # 15: never, for this mailbox
    (15, Stage.RCPT, "550 No such user", NEVER),
    (15, Stage.RCPT, "550 5.1.4 Ambiguous", NEVER),
    (15, Stage.RCPT, "550 5.2.1 Disabled", NEVER),
    (15, Stage.RCPT, "552 5.2.2 Mailbox full", NEVER),
    (15, Stage.DOT, "550 5.1.1 No such user", NEVER),
    (15, Stage.DOT, "599 Odd", NEVER),
    # 16, 17: no answer to what was asked
    (16, Stage.DATA, "250 Ok", CLOSING),
    (16, Stage.RCPT, "354 Go on", CLOSING),
    (16, Stage.MAIL, "199 Odd", CLOSING),
    (16, Stage.BODY, "250 Ok", CLOSING),
    (17, Stage.DOT, "354 Go on", UNCERTAIN),
    (17, Stage.DOT, "150 Working on it", UNCERTAIN),
]


def reply(words: str) -> Reply:
    return read_reply([words.encode()])


def deciding(stage: Stage, said: Reply) -> Row:
    return next(row for row in TABLE if row.fits(stage, said))


@pytest.mark.parametrize(("row", "stage", "words", "verdict"), SAID)
def test_a_reply_is_judged_by_its_row(row: int, stage: Stage, words: str, verdict: Verdict) -> None:
    assert TABLE.index(deciding(stage, reply(words))) == row
    assert judge(stage, reply(words)) == verdict


def test_every_row_is_tried() -> None:
    assert {row for row, *_ in SAID} == set(range(len(TABLE)))


def test_the_enhanced_code_stands_back_where_the_classes_differ() -> None:
    said = reply("550 4.2.2 Over quota")
    assert judge(Stage.RCPT, said) == NEVER
    assert said.enhanced_code == "4.2.2"


@given(
    st.sampled_from([Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT]),
    st.integers(100, 599),
    st.sampled_from(["", "2.0.0", "4.3.1", "4.5.3", "5.7.1", "5.1.1"]),
    st.text(),
)
def test_only_the_dot_sends_and_only_the_dot_leaves_doubt(
    stage: Stage, code: int, enhanced: str, text: str
) -> None:
    verdict = judge(stage, Reply(code, enhanced, text))
    assert (verdict.outcome is Outcome.SENT) == (stage is Stage.DOT and code // 100 == 2)
    if verdict.outcome is Outcome.UNCERTAIN:
        assert stage is Stage.DOT
        assert code // 100 in (1, 3)


@given(st.integers(400, 599), st.sampled_from(["", "4.3.1", "5.7.1", "5.1.1"]), st.text())
def test_a_refused_sender_never_fails_a_recipient(code: int, enhanced: str, text: str) -> None:
    assert judge(Stage.MAIL, Reply(code, enhanced, text)).outcome is Outcome.RETURNED


@given(
    st.sampled_from([Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT]),
    st.integers(100, 599),
    st.sampled_from(["", "2.0.0", "4.1.1", "4.3.1", "5.7.1", "5.1.1", "5.1.10", "5.4.4"]),
    st.text(),
)
def test_whoever_was_refused_has_a_fault_and_only_a_recipient_refused_for_good_has_no_address(
    stage: Stage, code: int, enhanced: str, text: str
) -> None:
    verdict = judge(stage, Reply(code, enhanced, text))
    assert (verdict.fault is None) == (verdict.outcome in (Outcome.SENT, Outcome.UNCERTAIN))
    if verdict.fault is Fault.ADDRESS:
        assert stage is Stage.RCPT
        assert code // 100 == 5
        assert code == 556 or enhanced in ("5.1.1", "5.1.10", "5.4.4")


def test_the_usual_answer_is_judged_by_the_table_too() -> None:
    said = reply("250 2.0.0 Ok")
    assert judge(Stage.DOT, said) == deciding(Stage.DOT, said).verdict
