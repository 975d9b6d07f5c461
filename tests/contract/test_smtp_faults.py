"""The SMTP backend on bad days: for each, the outcome, the stage, and how it goes on."""

from collections.abc import Iterator

import pytest

from pulse_mailer.backends import smtp
from pulse_mailer.backends.smtp import SmtpBackend, SmtpRoute, Timeouts
from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import BackendError, ConnectionFailed, RouteRefused, SignInRefused
from tests.contract.faulty import Does, Fault, FaultyServer
from tests.contract.messages import DATA, message

IMPATIENT = Timeouts(
    connect=5, greeting=2, mail=0.2, rcpt=0.2, data=0.2, block=0.5, dot=0.2, reset=0.2, quit=0.2
)
LARGE = DATA + b"x" * 76 * 100_000 + b"\r\n"  # more than the kernel's buffers hold


def backend(server: FaultyServer, timeouts: Timeouts | None = None, per_connection: int = 500) -> SmtpBackend:
    route = SmtpRoute("127.0.0.1", server.port, messages_per_connection=per_connection)
    return SmtpBackend(route, timeouts or Timeouts(connect=5, greeting=5))


def exchanged(way_out: SmtpBackend, *messages: Message) -> tuple[list[Receipt], BackendError | None]:
    """The receipts, and what was raised after the last of them."""
    receipts: list[Receipt] = []
    with way_out.session() as session:
        try:
            receipts.extend(session.exchange(messages))
        except BackendError as error:
            return receipts, error
    return receipts, None


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        yield running


@pytest.mark.parametrize(
    ("step", "fault", "outcome", "stage", "connections"),
    [
        # The line breaks: certain until the dot has left, in doubt after it.
        ("MAIL", Does.HANG_UP, Outcome.RETURNED, Stage.MAIL, 2),
        ("RCPT", Does.HANG_UP, Outcome.RETURNED, Stage.RCPT, 2),
        ("DATA", Does.HANG_UP, Outcome.RETURNED, Stage.DATA, 2),
        ("BODY", Does.RESET, Outcome.RETURNED, Stage.BODY, 2),
        ("DOT", Does.HANG_UP, Outcome.UNCERTAIN, Stage.DOT, 2),
        ("DOT", Does.KEEP_AND_HANG_UP, Outcome.UNCERTAIN, Stage.DOT, 2),
        # The server closes, and says so: it has taken nothing, at the dot neither.
        ("MAIL", b"421 4.3.2 Closing", Outcome.RETURNED, Stage.MAIL, 2),
        ("RCPT", b"421 4.3.2 Closing", Outcome.RETURNED, Stage.RCPT, 2),
        ("DATA", b"421 4.3.2 Closing", Outcome.RETURNED, Stage.DATA, 2),
        ("DOT", b"421 4.3.2 Closing", Outcome.RETURNED, Stage.DOT, 2),
        # Later, and never: the same line goes on.
        ("RCPT", b"450 4.2.0 Greylisted", Outcome.DEFERRED, Stage.RCPT, 1),
        ("DATA", b"451 Trouble", Outcome.DEFERRED, Stage.DATA, 1),
        ("DOT", b"451 4.4.1 Trouble", Outcome.DEFERRED, Stage.DOT, 1),
        ("RCPT", b"550 5.1.1 Who?", Outcome.FAILED, Stage.RCPT, 1),
        ("DATA", b"554 No valid recipients", Outcome.FAILED, Stage.DATA, 1),
        ("DOT", b"552 5.3.4 Too large", Outcome.FAILED, Stage.DOT, 1),
        ("DOT", b"554 5.7.1 Spam", Outcome.DEFERRED, Stage.DOT, 1),
        # Codes that nobody defined are read by their first digit.
        ("RCPT", b"499 Odd", Outcome.DEFERRED, Stage.RCPT, 1),
        ("DOT", b"599 Odd", Outcome.FAILED, Stage.DOT, 1),
        ("DOT", b"299 Odd", Outcome.SENT, Stage.DOT, 1),
        # What is no answer to the question.
        ("RCPT", b"Hello there, how are you?", Outcome.RETURNED, Stage.RCPT, 2),
        ("DATA", b"250 Fine", Outcome.RETURNED, Stage.DATA, 2),
        ("DOT", b"Hello there, how are you?", Outcome.UNCERTAIN, Stage.DOT, 2),
        ("DOT", b"354 Go on", Outcome.UNCERTAIN, Stage.DOT, 2),
        ("DOT", b"250-one\r\n550 two", Outcome.UNCERTAIN, Stage.DOT, 2),
        ("DATA", b"354 Go on\r\n250 Queued already", Outcome.RETURNED, Stage.BODY, 2),
    ],
)
def test_one_bad_message_costs_no_other(
    server: FaultyServer, step: str, fault: Fault, outcome: Outcome, stage: Stage, connections: int
) -> None:
    server.faults["bad", step] = fault
    server.features = ()
    bad = message("bad", LARGE if step == "BODY" else DATA)
    receipts, error = exchanged(backend(server), message("ann"), bad, message("bob"))
    assert error is None
    assert [receipt.outcome for receipt in receipts] == [Outcome.SENT, outcome, Outcome.SENT]
    assert receipts[1].stage is stage
    assert len(server.said) == connections


@pytest.mark.parametrize(
    ("step", "outcome", "stage"),
    [
        ("MAIL", Outcome.RETURNED, Stage.MAIL),
        ("RCPT", Outcome.RETURNED, Stage.RCPT),
        ("DATA", Outcome.RETURNED, Stage.DATA),
        ("BODY", Outcome.RETURNED, Stage.BODY),
        ("DOT", Outcome.UNCERTAIN, Stage.DOT),
    ],
)
def test_a_server_that_falls_silent_is_given_up(
    server: FaultyServer, step: str, outcome: Outcome, stage: Stage
) -> None:
    server.faults["bad", step] = Does.SAY_NOTHING
    server.features = ()
    bad = message("bad", LARGE if step == "BODY" else DATA)
    receipts, error = exchanged(backend(server, IMPATIENT), bad, message("bob"))
    assert error is None
    assert [receipt.outcome for receipt in receipts] == [outcome, Outcome.SENT]
    assert receipts[0].stage is stage
    assert receipts[0].reply == "No answer came in time."


def test_the_servers_last_words_before_it_hangs_up_in_the_body_count(server: FaultyServer) -> None:
    server.features = ()
    server.faults["bad", "BODY"] = b"421 4.3.2 Going down"
    receipts, error = exchanged(backend(server), message("bad", LARGE), message("bob"))
    assert error is None
    assert [receipt.outcome for receipt in receipts] == [Outcome.RETURNED, Outcome.SENT]
    assert (receipts[0].stage, receipts[0].code) == (Stage.BODY, 421)


@pytest.mark.parametrize(
    ("step", "fault", "error", "again"),
    [
        ("MAIL", b"451 4.3.0 Not now", RouteRefused, True),
        ("MAIL", b"550 5.1.8 Not from you", RouteRefused, False),
        ("MAIL", b"530 5.7.0 Authentication required", SignInRefused, False),
        ("MAIL", b"550 5.7.30 Basic authentication is not supported", SignInRefused, False),
        ("RCPT", b"452 4.5.3 Too many recipients", RouteRefused, True),
        ("RCPT", b"454 Throttling failure: Maximum sending rate exceeded", RouteRefused, True),
        ("DOT", b"432 4.3.2 Concurrent connections limit exceeded", RouteRefused, True),
        ("DOT", b"452 4.3.1 Insufficient system storage", RouteRefused, True),
    ],
)
def test_what_concerns_everybody_is_raised_and_fails_nobody(
    server: FaultyServer, step: str, fault: bytes, error: type[BackendError], again: bool
) -> None:
    server.faults["bad", step] = fault
    receipts, raised = exchanged(backend(server), message("bad"), message("bob"))
    assert [receipt.outcome for receipt in receipts] == [Outcome.RETURNED]
    assert isinstance(raised, error)
    assert raised.again is again
    assert fault.decode().partition(" ")[2].rpartition(" ")[2] in str(raised)


def test_a_refused_recipient_is_followed_by_a_reset(server: FaultyServer) -> None:
    server.faults["bad", "RCPT"] = b"550 5.1.1 Who?"
    exchanged(backend(server), message("bad"), message("bob"))
    verbs = [command.partition(" ")[0].upper() for command in server.said[0]]
    assert verbs == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize("fault", [Does.HANG_UP, b"421 Closing", b"500 What?", Does.SAY_NOTHING])
def test_a_reset_that_fails_costs_no_message(server: FaultyServer, fault: Fault) -> None:
    server.faults["bad", "RCPT"] = b"550 5.1.1 Who?"
    server.faults["1", "RSET"] = fault
    receipts, error = exchanged(backend(server, IMPATIENT), message("bad"), message("bob"))
    assert error is None
    assert [receipt.outcome for receipt in receipts] == [Outcome.FAILED, Outcome.SENT]
    assert len(server.said) == 2


def test_an_idle_line_is_asked_before_a_message_is_risked(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "IDLE_SECONDS", -1.0)
    server.faults["1", "RSET"] = b"421 4.4.2 Idle too long"
    receipts, _ = exchanged(backend(server), message("ann"))
    assert [receipt.outcome for receipt in receipts] == [Outcome.SENT]
    assert len(server.said) == 2


@pytest.mark.parametrize(
    ("step", "fault", "outcome"),
    [
        ("RCPT", Does.HANG_UP, Outcome.RETURNED),
        ("DATA", b"421 Closing", Outcome.RETURNED),
        ("DOT", Does.HANG_UP, Outcome.UNCERTAIN),
    ],
)
def test_three_broken_lines_in_a_row_end_the_session(
    server: FaultyServer, step: str, fault: Fault, outcome: Outcome
) -> None:
    names = ("one", "two", "three", "four")
    server.faults.update({(name, step): fault for name in names})
    receipts, error = exchanged(backend(server), *map(message, names))
    assert [receipt.outcome for receipt in receipts] == [outcome] * 3
    assert isinstance(error, ConnectionFailed)
    assert error.again


def test_an_answer_in_between_forgives_the_broken_lines_before(server: FaultyServer) -> None:
    bad = ("one", "two", "four", "five")
    server.faults.update({(name, "RCPT"): Does.HANG_UP for name in bad})
    server.faults["three", "RCPT"] = b"550 5.1.1 Who?"
    names = ("one", "two", "three", "four", "five", "six")
    receipts, error = exchanged(backend(server), *map(message, names))
    assert error is None
    assert receipts[-1].outcome is Outcome.SENT


def test_a_server_that_goes_away_for_good_gives_three_receipts_and_ends_the_session() -> None:
    names = ("ann", "bob", "cy", "dee", "eve")
    receipts: list[Receipt] = []
    with FaultyServer() as server:
        way_out = backend(server, IMPATIENT, per_connection=1)
        with way_out.session() as session, pytest.raises(ConnectionFailed, match="3 connections"):  # noqa: PT012 - the last call raises
            for receipt in session.exchange(map(message, names)):
                receipts.append(receipt)
                if len(receipts) == 1:
                    server.stop()
    assert [receipt.outcome for receipt in receipts] == [Outcome.SENT] + [Outcome.RETURNED] * 3
    assert {receipt.stage for receipt in receipts[1:]} == {Stage.MARKED}


def test_a_password_that_is_withdrawn_meanwhile_stops_the_session_at_once(server: FaultyServer) -> None:
    server.features = ("AUTH PLAIN",)
    server.faults["1", "AUTH"] = b"235 2.7.0 Welcome"
    server.faults["2", "AUTH"] = b"535 5.7.8 Not any more"
    server.faults["ann", "DOT"] = b"421 Closing"
    route = SmtpRoute("127.0.0.1", server.port, username="news", password="secret")
    receipts, error = exchanged(SmtpBackend(route, IMPATIENT), *map(message, ("ann", "bob", "cy")))
    assert [(receipt.outcome, receipt.stage) for receipt in receipts] == [
        (Outcome.RETURNED, Stage.DOT),
        (Outcome.RETURNED, Stage.MARKED),
    ]
    assert isinstance(error, SignInRefused)


def test_after_so_many_messages_a_new_line_is_opened(server: FaultyServer) -> None:
    exchanged(backend(server, per_connection=2), *map(message, ("ann", "bob", "cy", "dee", "eve")))
    goodbyes = [said[-1] for said in server.said]
    assert [sum("MAIL" in command for command in said) for said in server.said] == [2, 2, 1]
    assert goodbyes == ["QUIT"] * 3


def test_the_size_is_told_where_the_server_asks_for_it(server: FaultyServer) -> None:
    exchanged(backend(server), message("ann"))
    assert f"MAIL FROM:<ann@sender.example> SIZE={len(DATA)}" in server.said[0]


def test_the_size_is_not_told_to_a_server_that_does_not_know_it(server: FaultyServer) -> None:
    server.features = ()
    exchanged(backend(server), message("ann"))
    assert "MAIL FROM:<ann@sender.example>" in server.said[0]


def test_a_mail_larger_than_the_server_takes_is_not_even_begun(server: FaultyServer) -> None:
    server.features = ("SIZE 1000",)
    receipts, error = exchanged(backend(server), message("ann", DATA + b"x" * 1000 + b"\r\n"))
    assert [(receipt.outcome, receipt.stage) for receipt in receipts] == [(Outcome.RETURNED, Stage.MARKED)]
    assert isinstance(error, RouteRefused)
    assert not error.again
    assert not any("MAIL" in command for command in server.said[0])


def test_a_very_long_reply_is_read_and_cut(server: FaultyServer) -> None:
    lines = [b"550-5.1.1 line %d says a good deal about nothing" % number for number in range(3000)]
    server.faults["bad", "RCPT"] = b"\r\n".join([*lines, b"550 5.1.1 the end"])
    receipts, error = exchanged(backend(server), message("bad"), message("bob"))
    assert error is None
    assert [receipt.outcome for receipt in receipts] == [Outcome.FAILED, Outcome.SENT]
    assert receipts[0].enhanced_code == "5.1.1"
    assert receipts[0].reply.startswith("line 0 says a good deal about nothing line 1 says")
    assert len(receipts[0].reply) == 500


def test_a_reply_without_end_is_a_broken_line(server: FaultyServer) -> None:
    server.faults["bad", "RCPT"] = b"550-" + b"x" * 400_000
    receipts, error = exchanged(backend(server), message("bad"), message("bob"))
    assert error is None
    assert [receipt.outcome for receipt in receipts] == [Outcome.RETURNED, Outcome.SENT]
    assert "does not end" in receipts[0].reply


def test_a_server_that_dribbles_is_given_up_after_the_time_for_the_whole_reply(server: FaultyServer) -> None:
    server.faults["bad", "RCPT"] = Does.DRIBBLE
    receipts, error = exchanged(backend(server, IMPATIENT), message("bad"), message("bob"))
    assert error is None
    assert [receipt.outcome for receipt in receipts] == [Outcome.RETURNED, Outcome.SENT]


def test_an_interrupt_in_the_body_leaves_no_half_mail_on_the_line(server: FaultyServer) -> None:
    def interrupted(_message: Message) -> bool:
        raise KeyboardInterrupt

    with backend(server).session() as session:
        with pytest.raises(KeyboardInterrupt):
            list(session.exchange([message("ann")], may_finish=interrupted))
        receipts = list(session.exchange([message("bob")]))
    assert [receipt.outcome for receipt in receipts] == [Outcome.SENT]
    assert [recipient for _, recipient, _ in server.kept] == [message("bob").recipient]
