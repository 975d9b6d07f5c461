"""The table of replies, row by row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.backends.replies import TABLE, Reply, Row, Then, Verdict, judge, plain, read_reply
from pulse_mailer.domain.delivery import Outcome, Stage

CLOSING = Verdict(Outcome.RETURNED, Then.RECONNECT)
ROUTE = Verdict(Outcome.RETURNED, Then.ROUTE_REFUSED)
SIGN_IN = Verdict(Outcome.RETURNED, Then.SIGN_IN_REFUSED)
DEFERRED = Verdict(Outcome.DEFERRED)
FAILED = Verdict(Outcome.FAILED)
SENT = Verdict(Outcome.SENT)
UNCERTAIN = Verdict(Outcome.UNCERTAIN, Then.RECONNECT)

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
    # 4: the sender
    (4, Stage.MAIL, "451 4.3.0 Try later", ROUTE),
    (4, Stage.MAIL, "550 5.7.1 Sender listed", ROUTE),
    (4, Stage.MAIL, "552 5.3.4 Message too large", ROUTE),
    # 5, 6, 7: too busy
    (5, Stage.RCPT, "452 4.5.3 Too many recipients", ROUTE),
    (5, Stage.DOT, "451 4.3.2 System not accepting messages", ROUTE),
    (5, Stage.RCPT, "432 4.3.2 Concurrent connections limit exceeded", ROUTE),
    (6, Stage.DOT, "454 Throttling failure: Maximum sending rate exceeded", ROUTE),
    (6, Stage.RCPT, "454 4.7.1 Relay access denied", ROUTE),
    (7, Stage.DOT, "452 Insufficient system storage", ROUTE),
    # 8: later
    (8, Stage.RCPT, "450 4.2.0 Greylisted, see you in 300 seconds", DEFERRED),
    (8, Stage.RCPT, "451 4.7.1 Greylisting in action", DEFERRED),
    (8, Stage.RCPT, "452 4.2.2 Over quota", DEFERRED),
    (8, Stage.DATA, "451 Local error", DEFERRED),
    (8, Stage.RCPT, "499 Odd", DEFERRED),
    # 9, 10: policy
    (9, Stage.RCPT, "550 5.7.1 Relaying denied", DEFERRED),
    (9, Stage.DOT, "550 5.7.26 Unauthenticated mail", DEFERRED),
    (9, Stage.DOT, "550 5.7.515 Access denied, sending domain does not meet the level", DEFERRED),
    (10, Stage.DOT, "554 Message rejected as spam", DEFERRED),
    (10, Stage.RCPT, "550 Blocked, see our blocklist", DEFERRED),
    # 11: never
    (11, Stage.RCPT, "550 5.1.1 No such user", FAILED),
    (11, Stage.RCPT, "550 No such user", FAILED),
    (11, Stage.RCPT, "556 5.1.10 Recipient address has null MX", FAILED),
    (11, Stage.RCPT, "552 5.2.2 Mailbox full", FAILED),
    (11, Stage.DOT, "554 5.6.0 Unblockable syntax", FAILED),
    (11, Stage.DOT, "599 Odd", FAILED),
    # 12, 13: no answer to what was asked
    (12, Stage.DATA, "250 Ok", CLOSING),
    (12, Stage.RCPT, "354 Go on", CLOSING),
    (12, Stage.MAIL, "199 Odd", CLOSING),
    (12, Stage.BODY, "250 Ok", CLOSING),
    (13, Stage.DOT, "354 Go on", UNCERTAIN),
    (13, Stage.DOT, "150 Working on it", UNCERTAIN),
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
    assert judge(Stage.RCPT, said) == FAILED
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


class TestReadReply:
    def test_lines_are_joined_without_their_codes(self) -> None:
        lines = [b"550-5.1.1 The account does", b"550-5.1.1 not exist.", b"550 5.1.1 Learn more"]
        assert read_reply(lines) == Reply(550, "5.1.1", "The account does not exist. Learn more")

    def test_a_code_alone_is_a_reply(self) -> None:
        assert read_reply([b"250"]) == Reply(250, "", "")

    def test_an_enhanced_code_alone_is_one(self) -> None:
        assert read_reply([b"550 5.1.1"]) == Reply(550, "5.1.1", "")

    def test_a_number_that_begins_the_text_is_no_enhanced_code(self) -> None:
        assert read_reply([b"250 2.0.0.1 is my address"]) == Reply(250, "", "2.0.0.1 is my address")

    def test_control_and_direction_characters_are_removed(self) -> None:
        said = read_reply(["550 5.1.1 \x1b[31mred\x00 \u202eright\u202c".encode()])
        assert said.text == "[31mred right"

    def test_bytes_that_are_no_text_are_shown_as_such(self) -> None:
        assert read_reply([b"550 caf\xe9"]).text == "caf\ufffd"

    def test_text_is_cut_at_five_hundred_characters(self) -> None:
        assert len(read_reply([b"550-" + b"x" * 400, b"550 " + b"y" * 400]).text) == 500

    @pytest.mark.parametrize(
        "lines",
        [[], [b""], [b"25"], [b"hello"], [b"099 x"], [b"600 x"], [b"250-a", b"550 b"], [b"250-a", b"x"]],
    )
    def test_what_is_no_reply_is_refused(self, lines: list[bytes]) -> None:
        with pytest.raises(ValueError, match=r"^"):
            read_reply(lines)

    @given(st.lists(st.binary()))
    def test_any_lines_give_a_reply_or_a_value_error(self, lines: list[bytes]) -> None:
        try:
            said = read_reply(lines)
        except ValueError:
            return
        assert 100 <= said.code <= 599
        assert said.text == plain(said.text)


def test_words_put_codes_and_text_together() -> None:
    assert Reply(550, "5.1.1", "No such user").words == "550 5.1.1 No such user"
    assert Reply(250, "", "").words == "250"
