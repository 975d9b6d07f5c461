"""Chained by RFC 2920: the final dot and the commands for the next mail in one write, and what that may cost."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_mailer.backends.base import Session
from pulse_mailer.backends.handing import FAILURES_IN_A_ROW
from pulse_mailer.backends.route import Pipelining
from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import DatabaseUnreachable
from tests.contract.exchanging import MODES, Exchange, agree, backend, exchanged
from tests.contract.faulty import Does, Fault, FaultyServer, Manner
from tests.contract.messages import message

FEATURES = ("SIZE 10000000", "PIPELINING")


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer(features=FEATURES) as running:
        yield running


def test_one_message_is_pulled_ahead_and_no_more(server: FaultyServer) -> None:
    exchange = exchanged(server, backend(server), *map(message, ("ann", "bob", "cy", "dee")))
    assert exchange.unanswered == [1, 2, 2, 2]
    assert [command.partition(" ")[0] for command in server.said[0][1:]] == [
        *("MAIL", "RCPT", "DATA") * 4,
        "QUIT",
    ]


@pytest.mark.parametrize("mode", ["off", "pipelined"])
def test_not_chained_none_is_pulled_ahead(server: FaultyServer, mode: Pipelining) -> None:
    exchange = exchanged(server, backend(server, mode), *map(message, ("ann", "bob", "cy")))
    assert exchange.unanswered == [1, 1, 1]


@pytest.mark.parametrize("mode", MODES)
def test_a_server_without_pipelining_is_asked_one_thing_at_a_time(
    server: FaultyServer, mode: Pipelining
) -> None:
    server.features = ("SIZE 10000000",)
    exchange = exchanged(server, backend(server, mode), *map(message, ("ann", "bob", "cy")))
    assert exchange.outcomes == [Outcome.SENT] * 3
    assert exchange.unanswered == [1, 1, 1]


def test_no_mail_is_chained_over_the_connections_limit(server: FaultyServer) -> None:
    names = ("ann", "bob", "cy", "dee", "eve")
    exchange = exchanged(server, backend(server, per_connection=2), *map(message, names))
    assert exchange.unanswered == [1, 2, 1, 2, 1]
    assert [sum("MAIL" in command for command in said) for said in server.said] == [2, 2, 1]


@pytest.mark.parametrize("fault", [Does.HANG_UP, Does.KEEP_AND_HANG_UP, b"421 Closing", b"Hello"])
def test_a_line_that_ends_at_a_dot_costs_the_next_mail_nothing(server: FaultyServer, fault: Fault) -> None:
    server.faults["ann", "DOT"] = fault
    exchange = exchanged(server, backend(server), *map(message, ("ann", "bob", "cy")))
    assert exchange.outcomes[1:] == [Outcome.SENT, Outcome.SENT]
    assert len(server.said) == 2


def test_a_refused_dot_leaves_the_next_mail_on_its_way(server: FaultyServer) -> None:
    server.faults["ann", "DOT"] = b"554 5.7.1 Spam"
    exchange = exchanged(server, backend(server), *map(message, ("ann", "bob", "cy")))
    assert exchange.outcomes == [Outcome.DEFERRED, Outcome.SENT, Outcome.SENT]
    assert len(server.said) == 1


@pytest.mark.parametrize("mode", ["pipelined", "chained"])
def test_a_mail_that_a_server_opens_for_nobody_is_never_ended(server: FaultyServer, mode: Pipelining) -> None:
    server.opens_for_nobody = True
    server.faults["bad", "RCPT"] = b"550 5.1.1 Who?"
    server.faults["worse", "RCPT"] = b"450 4.2.0 Later"
    exchange = exchanged(server, backend(server, mode), *map(message, ("ann", "bad", "bob", "worse", "cy")))
    assert exchange.outcomes == [
        *(Outcome.SENT, Outcome.FAILED, Outcome.SENT),
        *(Outcome.DEFERRED, Outcome.SENT),
    ]
    # The first refusal costs the line; from then on each answer is awaited.
    assert len(server.said) == 2
    assert server.unended == [b""]


@pytest.mark.parametrize("mode", ["pipelined", "chained"])
@pytest.mark.parametrize("late", [Does.HANG_UP, b"421 Closing", b"Hello there"])
def test_a_line_that_breaks_after_a_refusal_does_not_change_it(
    server: FaultyServer, mode: Pipelining, late: Fault
) -> None:
    server.opens_for_nobody = True
    server.faults["bad", "RCPT"] = b"550 5.1.1 Who?"
    server.faults["", "DATA"] = late
    exchange = exchanged(server, backend(server, mode), *map(message, ("ann", "bad", "bob")))
    assert exchange.outcomes == [Outcome.SENT, Outcome.FAILED, Outcome.SENT]
    assert exchange.receipts[1].stage is Stage.RCPT


def test_a_mail_that_may_not_be_finished_is_dropped_and_the_next_is_begun_anew(server: FaultyServer) -> None:
    asked: list[str] = []

    def may_finish(sent: Message) -> bool:
        asked.append(sent.recipient.partition("@")[0])
        return sent != message("bob")

    exchange = exchanged(
        server, backend(server), *map(message, ("ann", "bob", "cy", "dee")), may_finish=may_finish
    )
    assert exchange.outcomes == [Outcome.SENT, Outcome.RETURNED, Outcome.SENT, Outcome.SENT]
    assert exchange.receipts[1].fault is None
    assert asked == ["ann", "bob", "cy", "dee"]


def test_each_message_is_asked_about_after_the_next_was_pulled(server: FaultyServer) -> None:
    """Pulling may take long: what holds the delivery must still hold after it."""
    happened: list[str] = []

    def messages() -> Iterator[Message]:
        for name in ("ann", "bob"):
            happened.append(f"pulled {name}")
            yield message(name)

    def may_finish(sent: Message) -> bool:
        happened.append(f"asked {sent.recipient.partition('@')[0]}")
        return True

    with backend(server).session() as session:
        list(session.exchange(messages(), may_finish=may_finish))
    assert happened == ["pulled ann", "pulled bob", "asked ann", "asked bob"]


def test_what_pulling_raises_waits_for_the_receipt_of_the_mail_at_hand(server: FaultyServer) -> None:
    def messages() -> Iterator[Message]:
        yield message("ann")
        raise DatabaseUnreachable("The database is away.")

    receipts = []
    with backend(server).session() as session:
        with pytest.raises(DatabaseUnreachable):  # noqa: PT012 - the last call raises
            for receipt in session.exchange(messages()):
                receipts.append(receipt)  # noqa: PERF402 - what was given before the error counts
        receipts += session.exchange([message("bob")])
    assert [receipt.outcome for receipt in receipts] == [Outcome.SENT, Outcome.SENT]
    assert len(server.said) == 1


def test_an_interrupt_while_pulling_leaves_no_half_mail_on_the_line(server: FaultyServer) -> None:
    def messages() -> Iterator[Message]:
        yield message("ann")
        raise KeyboardInterrupt

    with backend(server).session() as session:
        with pytest.raises(KeyboardInterrupt):
            list(session.exchange(messages()))
        receipts = list(session.exchange([message("bob")]))
    assert [receipt.outcome for receipt in receipts] == [Outcome.SENT]
    assert [recipient for _, recipient, _ in server.kept] == [message("bob").recipient]


def left_early(session: Session) -> Iterator[object]:
    """An exchange of which only the first receipt was fetched; the next mail is on its way by then."""
    receipts = session.exchange(map(message, ("ann", "bob", "cy")))
    next(receipts)
    return receipts


@pytest.mark.parametrize("kept_open", [True, False])
def test_an_exchange_left_early_does_not_disturb_the_next(server: FaultyServer, kept_open: bool) -> None:
    with backend(server).session() as session:
        unfinished = left_early(session)
        if not kept_open:
            del unfinished
        receipts = list(session.exchange([message("dee")]))
    assert [receipt.outcome for receipt in receipts] == [Outcome.SENT]
    assert [recipient for _, recipient, _ in server.kept] == [
        message(name).recipient for name in ("ann", "dee")
    ]


def test_a_session_that_ends_in_between_says_no_goodbye_into_a_mail(server: FaultyServer) -> None:
    with backend(server).session() as session:
        left_early(session)
    server.stop()
    assert b"".join(server.unended) == b""
    assert [recipient for _, recipient, _ in server.kept] == [message("ann").recipient]


@dataclass(frozen=True)
class Mishap:
    """A fault, and what comes of a mail that meets it."""

    step: str
    fault: Fault
    outcome: Outcome
    breaks: bool = False  #: the line, so that it counts towards the three in a row
    ends: bool = False  #: the session, since it concerns everybody


NOTHING = Mishap("DOT", b"250 2.0.0 Ok", Outcome.SENT)
MISHAPS = [
    Mishap("MAIL", Does.HANG_UP, Outcome.RETURNED, breaks=True),
    Mishap("MAIL", b"421 Closing", Outcome.RETURNED, breaks=True),
    Mishap("MAIL", b"550 5.1.8 Not you", Outcome.RETURNED, ends=True),
    Mishap("RCPT", Does.HANG_UP, Outcome.RETURNED, breaks=True),
    Mishap("RCPT", b"Hello?", Outcome.RETURNED, breaks=True),
    Mishap("RCPT", b"550 5.1.1 Who?", Outcome.FAILED),
    Mishap("RCPT", b"450-4.2.0 Later\r\n450 4.2.0 please", Outcome.DEFERRED),
    Mishap("RCPT", b"452 4.5.3 Too many", Outcome.RETURNED, ends=True),
    Mishap("DATA", Does.HANG_UP, Outcome.RETURNED, breaks=True),
    Mishap("DATA", b"421 Closing", Outcome.RETURNED, breaks=True),
    Mishap("DATA", b"250 Fine", Outcome.RETURNED, breaks=True),
    Mishap("DATA", b"451 Trouble", Outcome.DEFERRED),
    Mishap("DOT", Does.HANG_UP, Outcome.UNCERTAIN, breaks=True),
    Mishap("DOT", Does.KEEP_AND_HANG_UP, Outcome.UNCERTAIN, breaks=True),
    Mishap("DOT", Does.RESET, Outcome.UNCERTAIN, breaks=True),
    Mishap("DOT", b"354 What?", Outcome.UNCERTAIN, breaks=True),
    Mishap("DOT", b"421 Closing", Outcome.RETURNED, breaks=True),
    Mishap("DOT", b"451 Trouble", Outcome.DEFERRED),
    Mishap("DOT", b"554 5.7.1 Spam", Outcome.DEFERRED),
    Mishap("DOT", b"550 Never", Outcome.FAILED),
    Mishap("DOT", b"432 4.3.2 Slow down", Outcome.RETURNED, ends=True),
]


@settings(max_examples=150)
@given(
    mishaps=st.lists(st.one_of(st.just(NOTHING), st.sampled_from(MISHAPS)), max_size=8),
    mode=st.sampled_from(MODES),
    manner=st.sampled_from(Manner),
    opens_for_nobody=st.booleans(),
    per_connection=st.sampled_from([1, 2, 3, 500]),
    unfinished=st.sets(st.integers(0, 7), max_size=2),
)
def test_each_mail_comes_to_what_it_met_itself_whatever_its_neighbours_met(
    mishaps: list[Mishap],
    mode: Pipelining,
    manner: Manner,
    opens_for_nobody: bool,
    per_connection: int,
    unfinished: set[int],
) -> None:
    messages = [message(f"m{number}") for number in range(len(mishaps))]
    faults = {(f"m{number}", mishap.step): mishap.fault for number, mishap in enumerate(mishaps)}
    stopped = {messages[number].recipient for number in unfinished if number < len(messages)}
    with FaultyServer(faults, features=FEATURES, manner=manner, opens_for_nobody=opens_for_nobody) as server:
        way_out = backend(server, mode, per_connection=per_connection)
        exchange = Exchange()
        exchange.run(way_out, messages, lambda sent: sent.recipient not in stopped)
        server.stop()
    expected, ended = foreseen(mishaps, unfinished)
    given_back = len(exchange.receipts) - len(expected)
    assert given_back <= (1 if ended and mode == "chained" else 0)
    assert exchange.outcomes == expected + [Outcome.RETURNED] * given_back
    assert [receipt.message for receipt in exchange.receipts] == exchange.pulled
    assert (exchange.error is not None) == ended
    assert max(exchange.unanswered, default=0) <= way_out.window
    agree(server, exchange.receipts)


def foreseen(mishaps: list[Mishap], unfinished: set[int]) -> tuple[list[Outcome], bool]:
    """What the mails come to by what each meets, and whether the session ends before all had their turn."""
    outcomes: list[Outcome] = []
    broken = 0
    for number, mishap in enumerate(mishaps):
        if mishap.step == "DOT" and number in unfinished:
            outcomes.append(Outcome.RETURNED)  # it never came to what its dot would have met
            continue
        outcomes.append(mishap.outcome)
        broken = broken + 1 if mishap.breaks else 0
        if mishap.ends or broken == FAILURES_IN_A_ROW:
            return outcomes, True
    return outcomes, False
