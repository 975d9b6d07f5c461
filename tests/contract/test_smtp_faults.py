"""The SMTP backend on bad days: for each, the outcome, the stage, and how it goes on."""

from collections.abc import Iterator

import pytest

from pulse_mailer.backends import handing
from pulse_mailer.backends.route import Pipelining
from pulse_mailer.backends.smtp import SmtpBackend, SmtpRoute
from pulse_mailer.domain.delivery import Fault as Blame
from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import BackendError, ConnectionFailed, RouteRefused, SignInRefused, Throttled
from tests.contract.exchanging import IMPATIENT, LARGE, MODES, agree, backend, exchanged
from tests.contract.faulty import Does, Fault, FaultyServer, Manner
from tests.contract.messages import DATA, message


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> Pipelining:
    found: Pipelining = request.param
    return found


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """It takes several commands at once, so that the mode alone decides what is done."""
    with FaultyServer(features=("SIZE 10000000", "PIPELINING")) as running:
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
        ("DATA", b"554 Not today", Outcome.FAILED, Stage.DATA, 1),
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
        # An answer that comes before the mail is complete may refuse it.
        ("DATA", b"354 Go on\r\n552 5.3.4 Too large", Outcome.FAILED, Stage.BODY, 2),
    ],
)
def test_one_bad_message_costs_no_other(
    server: FaultyServer,
    mode: Pipelining,
    step: str,
    fault: Fault,
    outcome: Outcome,
    stage: Stage,
    connections: int,
) -> None:
    server.faults["bad", step] = fault
    bad = message("bad", LARGE if step == "BODY" else DATA)
    exchange = exchanged(server, backend(server, mode), message("ann"), bad, message("bob"))
    assert exchange.error is None
    assert exchange.outcomes == [Outcome.SENT, outcome, Outcome.SENT]
    assert exchange.receipts[1].stage is stage
    assert len(server.said) == connections


@pytest.mark.parametrize("manner", [Manner.GLUED, Manner.BYTE_BY_BYTE])
@pytest.mark.parametrize(
    ("step", "fault", "outcome"),
    [
        ("MAIL", b"421 4.3.2 Closing", Outcome.RETURNED),
        ("RCPT", b"550-5.1.1 Who\r\n550 5.1.1 is that?", Outcome.FAILED),
        ("RCPT", Does.HANG_UP, Outcome.RETURNED),
        ("DATA", b"451 Trouble", Outcome.DEFERRED),
        ("DOT", b"451 Trouble", Outcome.DEFERRED),
        ("DOT", b"421 4.3.2 Closing", Outcome.RETURNED),
        ("DOT", Does.KEEP_AND_HANG_UP, Outcome.UNCERTAIN),
        ("DOT", b"250-2.0.0 Taken,\r\n250 2.0.0 and gladly", Outcome.SENT),
    ],
)
def test_how_the_words_come_out_changes_nothing(
    server: FaultyServer, mode: Pipelining, manner: Manner, step: str, fault: Fault, outcome: Outcome
) -> None:
    server.manner = manner
    server.faults["bad", step] = fault
    exchange = exchanged(server, backend(server, mode), *map(message, ("ann", "bad", "bob")))
    assert exchange.error is None
    assert exchange.outcomes == [Outcome.SENT, outcome, Outcome.SENT]


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
    server: FaultyServer, mode: Pipelining, step: str, outcome: Outcome, stage: Stage
) -> None:
    server.faults["bad", step] = Does.SAY_NOTHING
    bad = message("bad", LARGE if step == "BODY" else DATA)
    exchange = exchanged(server, backend(server, mode, IMPATIENT), bad, message("bob"))
    assert exchange.error is None
    assert exchange.outcomes == [outcome, Outcome.SENT]
    assert exchange.receipts[0].stage is stage
    assert exchange.receipts[0].reply == "No answer came in time."


def test_a_server_that_reads_the_body_by_and_by_gets_it_whole(server: FaultyServer, mode: Pipelining) -> None:
    server.faults["slow", "BODY"] = Does.READ_A_LITTLE
    exchange = exchanged(server, backend(server, mode), message("slow", LARGE), message("bob"))
    assert exchange.outcomes == [Outcome.SENT, Outcome.SENT]


def test_the_servers_last_words_before_it_hangs_up_in_the_body_count(
    server: FaultyServer, mode: Pipelining
) -> None:
    server.faults["bad", "BODY"] = b"421 4.3.2 Going down"
    exchange = exchanged(server, backend(server, mode), message("bad", LARGE), message("bob"))
    assert exchange.error is None
    assert exchange.outcomes == [Outcome.RETURNED, Outcome.SENT]
    assert (exchange.receipts[0].stage, exchange.receipts[0].code) == (Stage.BODY, 421)


@pytest.mark.parametrize(
    ("step", "fault", "error", "again", "blame"),
    [
        ("MAIL", b"451 4.7.0 Not now", RouteRefused, True, Blame.ROUTE),
        ("MAIL", b"452 4.3.1 Insufficient system storage", Throttled, True, Blame.ROUTE),
        ("MAIL", b"550 5.1.8 Not from you", RouteRefused, False, Blame.CONFIGURATION),
        ("MAIL", b"530 5.7.0 Authentication required", SignInRefused, False, Blame.CONFIGURATION),
        ("MAIL", b"550 5.7.30 Basic authentication is off", SignInRefused, False, Blame.CONFIGURATION),
        ("RCPT", b"452 4.5.3 Too many recipients", Throttled, True, Blame.ROUTE),
        ("RCPT", b"454 Throttling failure: Maximum sending rate exceeded", Throttled, True, Blame.ROUTE),
        ("DATA", b"451 4.3.0 Queue file write error", Throttled, True, Blame.ROUTE),
        ("DOT", b"432 4.3.2 Concurrent connections limit exceeded", Throttled, True, Blame.ROUTE),
        ("DOT", b"452 4.3.1 Insufficient system storage", Throttled, True, Blame.ROUTE),
    ],
)
def test_what_concerns_everybody_is_raised_and_fails_nobody(
    server: FaultyServer,
    mode: Pipelining,
    step: str,
    fault: bytes,
    error: type[BackendError],
    again: bool,
    blame: Blame,
) -> None:
    server.faults["bad", step] = fault
    exchange = exchanged(server, backend(server, mode), message("bad"), message("bob"), message("cy"))
    # Chained, the next one was pulled before the answer to the dot was there; it is given back.
    given_back = 1 if mode == "chained" and step == "DOT" else 0
    assert exchange.outcomes == [Outcome.RETURNED] * (1 + given_back)
    assert {receipt.fault for receipt in exchange.receipts} == {blame}
    assert type(exchange.error) is error
    assert exchange.error.again is again
    assert fault.decode().rpartition(" ")[2] in str(exchange.error)
    assert server.kept == []


@pytest.mark.parametrize(
    ("step", "fault", "blame"),
    [
        ("RCPT", b"550 5.1.1 Who?", Blame.ADDRESS),
        ("RCPT", b"550 Who?", Blame.RECIPIENT),
        ("RCPT", b"450 4.2.0 Greylisted", Blame.RECIPIENT),
        ("DOT", b"554 5.7.1 Spam", Blame.MESSAGE),
        ("DOT", b"421 Closing", Blame.ROUTE),
        ("RCPT", Does.HANG_UP, Blame.ROUTE),
        ("DOT", Does.HANG_UP, None),
    ],
)
def test_a_receipt_says_whose_fault_it_is(
    server: FaultyServer, mode: Pipelining, step: str, fault: Fault, blame: Blame | None
) -> None:
    server.faults["bad", step] = fault
    exchange = exchanged(server, backend(server, mode), message("bad"), message("bob"))
    assert [receipt.fault for receipt in exchange.receipts] == [blame, None]


def test_a_refused_recipient_is_followed_by_a_reset(server: FaultyServer, mode: Pipelining) -> None:
    server.faults["bad", "RCPT"] = b"550 5.1.1 Who?"
    exchanged(server, backend(server, mode), message("bad"), message("bob"))
    verbs = [command.partition(" ")[0].upper() for command in server.said[0]]
    asked = ["MAIL", "RCPT"] if mode == "off" else ["MAIL", "RCPT", "DATA"]
    assert verbs == ["EHLO", *asked, "RSET", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize("fault", [Does.HANG_UP, b"421 Closing", b"500 What?", Does.SAY_NOTHING])
def test_a_reset_that_fails_costs_no_message(server: FaultyServer, mode: Pipelining, fault: Fault) -> None:
    server.faults["bad", "RCPT"] = b"550 5.1.1 Who?"
    server.faults["1", "RSET"] = fault
    exchange = exchanged(server, backend(server, mode, IMPATIENT), message("bad"), message("bob"))
    assert exchange.error is None
    assert exchange.outcomes == [Outcome.FAILED, Outcome.SENT]
    assert len(server.said) == 2


def test_an_idle_line_is_asked_before_a_message_is_risked(
    server: FaultyServer, mode: Pipelining, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing, "IDLE_SECONDS", -1.0)
    server.faults["1", "RSET"] = b"421 4.4.2 Idle too long"
    exchange = exchanged(server, backend(server, mode), message("ann"))
    assert exchange.outcomes == [Outcome.SENT]
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
    server: FaultyServer, mode: Pipelining, step: str, fault: Fault, outcome: Outcome
) -> None:
    names = ("one", "two", "three", "four")
    server.faults.update({(name, step): fault for name in names})
    exchange = exchanged(server, backend(server, mode), *map(message, names))
    given_back = [Outcome.RETURNED] if mode == "chained" and step == "DOT" else []
    assert exchange.outcomes == [outcome] * 3 + given_back
    assert isinstance(exchange.error, ConnectionFailed)
    assert exchange.error.again


def test_an_answer_in_between_forgives_the_broken_lines_before(
    server: FaultyServer, mode: Pipelining
) -> None:
    bad = ("one", "two", "four", "five")
    server.faults.update({(name, "RCPT"): Does.HANG_UP for name in bad})
    server.faults["three", "RCPT"] = b"550 5.1.1 Who?"
    names = ("one", "two", "three", "four", "five", "six")
    exchange = exchanged(server, backend(server, mode), *map(message, names))
    assert exchange.error is None
    assert exchange.outcomes[-1] is Outcome.SENT


def test_a_server_that_goes_away_for_good_gives_three_receipts_and_ends_the_session(
    mode: Pipelining,
) -> None:
    names = ("ann", "bob", "cy", "dee", "eve")
    receipts: list[Receipt] = []
    with FaultyServer(features=("PIPELINING",)) as server:
        way_out = backend(server, mode, IMPATIENT, per_connection=1)
        with way_out.session() as session, pytest.raises(ConnectionFailed, match="3 connections"):  # noqa: PT012 - the last call raises
            for receipt in session.exchange(map(message, names)):
                receipts.append(receipt)
                if len(receipts) == 1:
                    server.stop()
        agree(server, receipts)
    assert [receipt.outcome for receipt in receipts] == [Outcome.SENT] + [Outcome.RETURNED] * 3
    assert {receipt.stage for receipt in receipts[1:]} == {Stage.MARKED}


def test_a_password_that_is_withdrawn_meanwhile_stops_the_session_at_once(
    server: FaultyServer, mode: Pipelining
) -> None:
    server.features = ("AUTH PLAIN", "PIPELINING")
    server.faults["1", "AUTH"] = b"235 2.7.0 Welcome"
    server.faults["2", "AUTH"] = b"535 5.7.8 Not any more"
    server.faults["ann", "DOT"] = b"421 Closing"
    route = SmtpRoute("127.0.0.1", server.port, username="news", password="secret", pipelining=mode)
    exchange = exchanged(server, SmtpBackend(route, IMPATIENT), *map(message, ("ann", "bob", "cy")))
    assert [(receipt.outcome, receipt.stage, receipt.fault) for receipt in exchange.receipts] == [
        (Outcome.RETURNED, Stage.DOT, Blame.ROUTE),
        (Outcome.RETURNED, Stage.MARKED, Blame.CONFIGURATION),
    ]
    assert isinstance(exchange.error, SignInRefused)


def test_after_so_many_messages_a_new_line_is_opened(server: FaultyServer, mode: Pipelining) -> None:
    names = ("ann", "bob", "cy", "dee", "eve")
    exchanged(server, backend(server, mode, per_connection=2), *map(message, names))
    goodbyes = [said[-1] for said in server.said]
    assert [sum("MAIL" in command for command in said) for said in server.said] == [2, 2, 1]
    assert goodbyes == ["QUIT"] * 3


def test_the_size_is_told_where_the_server_asks_for_it(server: FaultyServer, mode: Pipelining) -> None:
    exchanged(server, backend(server, mode), message("ann"))
    assert f"MAIL FROM:<ann@sender.example> SIZE={len(message('ann').data)}" in server.said[0]


def test_the_size_is_not_told_to_a_server_that_does_not_know_it(
    server: FaultyServer, mode: Pipelining
) -> None:
    server.features = ("PIPELINING",)
    exchanged(server, backend(server, mode), message("ann"))
    assert "MAIL FROM:<ann@sender.example>" in server.said[0]


def test_a_mail_larger_than_the_server_takes_is_not_even_begun(
    server: FaultyServer, mode: Pipelining
) -> None:
    server.features = ("SIZE 1000", "PIPELINING")
    large = message("bad", DATA + b"x" * 1000 + b"\r\n")
    exchange = exchanged(server, backend(server, mode), message("ann"), large)
    assert [(receipt.outcome, receipt.stage) for receipt in exchange.receipts] == [
        (Outcome.SENT, Stage.DOT),
        (Outcome.RETURNED, Stage.MARKED),
    ]
    assert isinstance(exchange.error, RouteRefused)
    assert not exchange.error.again
    assert not any("bad@sender" in command for command in server.said[0])


def test_a_very_long_reply_is_read_and_cut(server: FaultyServer, mode: Pipelining) -> None:
    lines = [b"550-5.1.1 line %d says a good deal about nothing" % number for number in range(3000)]
    server.faults["bad", "RCPT"] = b"\r\n".join([*lines, b"550 5.1.1 the end"])
    exchange = exchanged(server, backend(server, mode), message("bad"), message("bob"))
    assert exchange.error is None
    assert exchange.outcomes == [Outcome.FAILED, Outcome.SENT]
    assert exchange.receipts[0].enhanced_code == "5.1.1"
    assert exchange.receipts[0].reply.startswith("line 0 says a good deal about nothing line 1 says")
    assert len(exchange.receipts[0].reply) == 500


def test_a_reply_without_end_is_a_broken_line(server: FaultyServer, mode: Pipelining) -> None:
    server.faults["bad", "RCPT"] = b"550-" + b"x" * 400_000
    exchange = exchanged(server, backend(server, mode), message("bad"), message("bob"))
    assert exchange.error is None
    assert exchange.outcomes == [Outcome.RETURNED, Outcome.SENT]
    assert "does not end" in exchange.receipts[0].reply


def test_a_server_that_dribbles_is_given_up_after_the_time_for_the_whole_reply(
    server: FaultyServer, mode: Pipelining
) -> None:
    server.faults["bad", "RCPT"] = Does.DRIBBLE
    exchange = exchanged(server, backend(server, mode, IMPATIENT), message("bad"), message("bob"))
    assert exchange.error is None
    assert exchange.outcomes == [Outcome.RETURNED, Outcome.SENT]


def test_an_interrupt_in_the_body_leaves_no_half_mail_on_the_line(
    server: FaultyServer, mode: Pipelining
) -> None:
    def interrupted(_message: Message) -> bool:
        raise KeyboardInterrupt

    with backend(server, mode).session() as session:
        with pytest.raises(KeyboardInterrupt):
            list(session.exchange([message("ann")], may_finish=interrupted))
        receipts = list(session.exchange([message("bob")]))
    assert [receipt.outcome for receipt in receipts] == [Outcome.SENT]
    assert [recipient for _, recipient, _ in server.kept] == [message("bob").recipient]
