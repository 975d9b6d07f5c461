"""What every backend promises, whatever lies behind it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from pulse_mailer.backends.base import Backend
from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.backends.smtp import SmtpBackend, SmtpRoute, Timeouts
from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import ConnectionFailed, RouteRefused, SignInRefused
from tests.contract.faulty import Does, FaultyServer
from tests.contract.messages import message


class Bench(Protocol):
    """A backend, and what its other side has."""

    backend: Backend

    @property
    def kept(self) -> list[tuple[str, str, bytes]]: ...

    def go_away(self) -> None: ...


@dataclass
class MemoryBench:
    backend: MemoryBackend

    @property
    def kept(self) -> list[tuple[str, str, bytes]]:
        return [(kept.sender, kept.recipient, kept.data) for kept in self.backend.kept]

    def go_away(self) -> None:
        self.backend.refuses = ConnectionFailed("nobody is there")


@dataclass
class SmtpBench:
    backend: SmtpBackend
    server: FaultyServer
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def kept(self) -> list[tuple[str, str, bytes]]:
        return self.server.kept

    def go_away(self) -> None:
        self.stack.close()


@contextlib.contextmanager
def memory_bench() -> Iterator[MemoryBench]:
    answers = {
        "failed": Answer(Outcome.FAILED, Stage.RCPT, 550, "5.1.1", "Who?"),
        "deferred": Answer(Outcome.DEFERRED, Stage.RCPT, 450, "4.2.0", "Later"),
        "uncertain": Answer(Outcome.UNCERTAIN, Stage.DOT, None, "", "", kept=True),
        "returned": Answer(Outcome.RETURNED, Stage.DATA, 421, "", "Closing"),
        "route_refused": Answer(
            Outcome.RETURNED, Stage.MAIL, 550, "5.1.8", "Not you", raises=RouteRefused("Not you")
        ),
        "sign_in_refused": Answer(
            Outcome.RETURNED, Stage.MAIL, 530, "5.7.0", "Sign in", raises=SignInRefused("Sign in")
        ),
    }
    yield MemoryBench(MemoryBackend({message(name).recipient: answer for name, answer in answers.items()}))


@contextlib.contextmanager
def smtp_bench() -> Iterator[SmtpBench]:
    server = FaultyServer(
        {
            ("failed", "RCPT"): b"550 5.1.1 Who?",
            ("deferred", "RCPT"): b"450 4.2.0 Later",
            ("uncertain", "DOT"): Does.KEEP_AND_HANG_UP,
            ("returned", "DATA"): b"421 Closing",
            ("route_refused", "MAIL"): b"550 5.1.8 Not you",
            ("sign_in_refused", "MAIL"): b"530 5.7.0 Sign in",
        }
    )
    with contextlib.ExitStack() as stack:
        stack.enter_context(server)
        backend = SmtpBackend(SmtpRoute("127.0.0.1", server.port), Timeouts(connect=5, greeting=5))
        yield SmtpBench(backend, server, stack)


@pytest.fixture(params=[memory_bench, smtp_bench], ids=["memory", "smtp"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with request.param() as made:
        yield made


class TestBackend:
    def test_every_message_gets_its_receipt_in_order(self, bench: Bench) -> None:
        messages = [message(name) for name in ("ann", "bob", "cy")]
        with bench.backend.session() as session:
            receipts = list(session.exchange(messages))
        assert [receipt.message for receipt in receipts] == messages
        assert {receipt.outcome for receipt in receipts} == {Outcome.SENT}
        assert {receipt.stage for receipt in receipts} == {Stage.DOT}
        assert {receipt.relay for receipt in receipts} == {bench.backend.relay}
        assert all(receipt.code == 250 and receipt.enhanced_code == "2.0.0" for receipt in receipts)

    def test_the_other_side_has_envelope_and_bytes_as_they_were(self, bench: Bench) -> None:
        sent = message("ann", b"Subject: dots\r\n\r\n.\r\n..\r\n.one\r\nend.\r\n")
        with bench.backend.session() as session:
            list(session.exchange([sent]))
        assert bench.kept == [(sent.sender, sent.recipient, sent.data)]

    def test_a_message_is_pulled_only_when_the_one_before_has_its_receipt(self, bench: Bench) -> None:
        told: list[str] = []

        def pulled() -> Iterator[Message]:
            for name in ("ann", "failed", "cy"):
                told.append(f"pulled {name}")
                yield message(name)

        with bench.backend.session() as session:
            for _ in session.exchange(pulled()):
                told.append("receipt")  # noqa: PERF401 - the generator above writes to the same list
        assert told == ["pulled ann", "receipt", "pulled failed", "receipt", "pulled cy", "receipt"]

    def test_no_messages_give_no_receipts(self, bench: Bench) -> None:
        with bench.backend.session() as session:
            assert list(session.exchange([])) == []

    @pytest.mark.parametrize(
        ("name", "outcome", "stage", "code"),
        [
            ("failed", Outcome.FAILED, Stage.RCPT, 550),
            ("deferred", Outcome.DEFERRED, Stage.RCPT, 450),
            ("uncertain", Outcome.UNCERTAIN, Stage.DOT, None),
            ("returned", Outcome.RETURNED, Stage.DATA, 421),
        ],
    )
    def test_the_next_message_goes_on_after(
        self, bench: Bench, name: str, outcome: Outcome, stage: Stage, code: int | None
    ) -> None:
        with bench.backend.session() as session:
            first, second = session.exchange([message(name), message("bob")])
        assert (first.outcome, first.stage, first.code) == (outcome, stage, code)
        assert second.outcome is Outcome.SENT
        assert bench.kept[-1][1] == message("bob").recipient

    @pytest.mark.parametrize(
        ("name", "error"), [("route_refused", RouteRefused), ("sign_in_refused", SignInRefused)]
    )
    def test_what_concerns_everybody_stops_the_session_after_the_receipt(
        self, bench: Bench, name: str, error: type[Exception]
    ) -> None:
        waiting = iter([message(name), message("bob")])
        with bench.backend.session() as session:
            receipts = session.exchange(waiting)
            assert next(receipts).outcome is Outcome.RETURNED
            with pytest.raises(error):
                next(receipts)
        assert next(waiting) == message("bob")
        assert bench.kept == []

    @pytest.mark.parametrize(
        "address",
        [
            "ann@reader.example> NOTIFY=NEVER",
            "ann@reader.example\r\nRCPT TO:<eve@reader.example",
            "ann reader@reader.example",
            "änn@reader.example",
            "nobody",
            "",
        ],
    )
    def test_an_address_that_no_envelope_may_carry_fails_alone(self, bench: Bench, address: str) -> None:
        bad = Message(1, "news@sender.example", address, "1@sender.example", b"Subject: x\r\n\r\nx\r\n")
        with bench.backend.session() as session:
            first, second = session.exchange([bad, message("bob")])
        assert (first.outcome, first.stage) == (Outcome.FAILED, Stage.MARKED)
        assert second.outcome is Outcome.SENT
        assert [recipient for _, recipient, _ in bench.kept] == [message("bob").recipient]

    @pytest.mark.parametrize(
        "data",
        [
            b"Subject: x\r\n\r\nend\n.\nMAIL FROM:<eve@reader.example>\r\n",
            b"Subject: x\r\n\r\nend\r.\r\r\n",
            b"Subject: x\r\n\r\nno end",
            b"Subject: \xc3\xa9\r\n\r\nx\r\n",
            b"Subject: x\r\n\r\n\0\r\n",
            b"",
        ],
    )
    def test_a_mail_that_no_wire_may_carry_stops_the_session(self, bench: Bench, data: bytes) -> None:
        with bench.backend.session() as session:
            receipts = session.exchange([message("ann", data), message("bob")])
            receipt = next(receipts)
            assert (receipt.outcome, receipt.stage) == (Outcome.RETURNED, Stage.MARKED)
            with pytest.raises(RouteRefused) as caught:
                next(receipts)
        assert not caught.value.again
        assert bench.kept == []

    def test_a_mail_that_is_no_longer_ours_is_not_completed(self, bench: Bench) -> None:
        with bench.backend.session() as session:
            first, second = session.exchange(
                [message("ann"), message("bob")], may_finish=lambda sent: sent != message("ann")
            )
        assert (first.outcome, first.stage) == (Outcome.RETURNED, Stage.BODY)
        assert second.outcome is Outcome.SENT
        assert [recipient for _, recipient, _ in bench.kept] == [message("bob").recipient]

    def test_a_session_can_exchange_again_after_one_that_was_left_early(self, bench: Bench) -> None:
        with bench.backend.session() as session:
            for _ in session.exchange([message("failed"), message("bob")]):
                break
            (receipt,) = session.exchange([message("cy")])
        assert receipt.outcome is Outcome.SENT
        assert [recipient for _, recipient, _ in bench.kept] == [message("cy").recipient]

    def test_nobody_there_is_said_before_a_message_is_pulled(self, bench: Bench) -> None:
        bench.go_away()
        with pytest.raises(ConnectionFailed) as caught, bench.backend.session():
            pass
        assert caught.value.again
        with pytest.raises(ConnectionFailed):
            bench.backend.check()

    def test_the_check_gives_the_greeting_and_hands_nothing_over(self, bench: Bench) -> None:
        assert "at your service" in bench.backend.check()
        assert bench.kept == []

    def test_relay_and_window_are_told(self, bench: Bench) -> None:
        host, colon, port = bench.backend.relay.rpartition(":")
        assert host
        assert colon
        assert port.isdecimal()
        assert bench.backend.window == 1
