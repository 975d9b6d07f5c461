"""What every backend promises, whatever lies behind it."""

import dataclasses
from collections.abc import Iterator

import pytest

from pulse_mailer.backends import BACKENDS
from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import ConnectionFailed, RouteRefused, SignInRefused
from tests.contract.benches import BENCHES, Bench, mail

#: The other side of these never refuses anybody.
LOCAL = {"file", "console"}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with BENCHES[request.param]() as made:
        yield made


@pytest.fixture(params=[name for name in BENCHES if name not in LOCAL])
def refusing(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with BENCHES[request.param]() as made:
        yield made


def test_every_backend_has_its_bench() -> None:
    assert {name.partition(" ")[0] for name in BENCHES} == set(BACKENDS)


class TestBackend:
    def test_every_message_gets_its_receipt_in_order(self, bench: Bench) -> None:
        messages = [mail(name) for name in ("ann", "bob", "cy")]
        with bench.backend.session() as session:
            receipts = list(session.exchange(messages))
        assert [receipt.message for receipt in receipts] == messages
        assert {receipt.outcome for receipt in receipts} == {Outcome.SENT}
        assert {receipt.stage for receipt in receipts} == {Stage.DOT}
        assert {receipt.relay for receipt in receipts} == {bench.backend.relay}
        assert {receipt.code for receipt in receipts} == {bench.accepts.code}
        assert {receipt.fault for receipt in receipts} == {None}
        assert bench.taken == [message.recipient for message in messages]

    def test_the_other_side_has_envelope_and_bytes_as_they_were(self, bench: Bench) -> None:
        sent = mail("ann", b"Subject: dots\r\n\r\n.\r\n..\r\n.one\r\nend.\r\n")
        with bench.backend.session() as session:
            list(session.exchange([sent]))
        assert bench.has(sent)

    def test_no_more_are_pulled_than_may_be_in_doubt(self, bench: Bench) -> None:
        names = ("ann", "failed", "cy", "dan", "eve")
        told: list[str] = []

        def pulled() -> Iterator[Message]:
            for name in names:
                told.append("pulled")
                yield mail(name)

        with bench.backend.session() as session:
            for _ in session.exchange(pulled()):
                told.append("receipt")  # noqa: PERF401 - the generator above writes to the same list
        open_at_once = [
            told[: place + 1].count("pulled") - told[:place].count("receipt") for place in range(len(told))
        ]
        assert max(open_at_once) <= bench.backend.window
        assert (told.count("pulled"), told.count("receipt")) == (len(names), len(names))

    def test_no_messages_give_no_receipts(self, bench: Bench) -> None:
        with bench.backend.session() as session:
            assert list(session.exchange([])) == []

    @pytest.mark.parametrize("name", ["failed", "deferred", "uncertain", "returned"])
    def test_the_next_message_goes_on_after(self, refusing: Bench, name: str) -> None:
        with refusing.backend.session() as session:
            first, second = session.exchange([mail(name), mail("bob")])
        told = refusing.refuses[name]
        assert (first.outcome, first.stage, first.code) == (told.outcome, told.stage, told.code)
        assert second.outcome is Outcome.SENT
        assert refusing.taken[-1] == mail("bob").recipient

    @pytest.mark.parametrize(
        ("name", "error"), [("route_refused", RouteRefused), ("sign_in_refused", SignInRefused)]
    )
    def test_what_concerns_everybody_stops_the_session_after_the_receipt(
        self, refusing: Bench, name: str, error: type[Exception]
    ) -> None:
        told = refusing.refuses[name]
        with refusing.backend.session() as session:
            receipts = session.exchange([mail(name)])
            receipt = next(receipts)
            assert (receipt.outcome, receipt.stage, receipt.code) == (told.outcome, told.stage, told.code)
            with pytest.raises(error):
                next(receipts)
        assert refusing.taken == []

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
        bad = Message(1, "news@sender.example", address, "1@sender.example", (b"Subject: x\r\n\r\nx\r\n",))
        with bench.backend.session() as session:
            first, second = session.exchange([bad, mail("bob")])
        assert (first.outcome, first.stage) == (Outcome.FAILED, Stage.MARKED)
        assert second.outcome is Outcome.SENT
        assert bench.taken == [mail("bob").recipient]

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
            receipts = session.exchange([dataclasses.replace(mail("ann"), pieces=(data,)), mail("bob")])
            receipt = next(receipts)
            assert (receipt.outcome, receipt.stage) == (Outcome.RETURNED, Stage.MARKED)
            with pytest.raises(RouteRefused) as caught:
                next(receipts)
        assert not caught.value.again
        assert bench.taken == []

    def test_a_mail_that_is_no_longer_ours_is_not_completed(self, bench: Bench) -> None:
        with bench.backend.session() as session:
            first, second = session.exchange(
                [mail("ann"), mail("bob")], may_finish=lambda sent: sent != mail("ann")
            )
        assert first.outcome is Outcome.RETURNED
        assert first.stage in (Stage.MARKED, Stage.BODY)
        assert second.outcome is Outcome.SENT
        assert bench.taken == [mail("bob").recipient]

    def test_a_session_can_exchange_again_after_one_that_was_left_early(self, refusing: Bench) -> None:
        with refusing.backend.session() as session:
            for _ in session.exchange([mail("failed"), mail("bob")]):
                break
            (receipt,) = session.exchange([mail("cy")])
        assert receipt.outcome is Outcome.SENT
        assert refusing.taken == [mail("cy").recipient]

    def test_nobody_there_is_said_before_a_message_is_pulled(self, bench: Bench) -> None:
        bench.go_away()
        with pytest.raises(ConnectionFailed) as caught, bench.backend.session():
            pass
        assert caught.value.again
        with pytest.raises(ConnectionFailed):
            bench.backend.check()

    def test_the_check_gives_the_greeting_and_hands_nothing_over(self, bench: Bench) -> None:
        assert bench.greeting in bench.backend.check()
        assert bench.taken == []

    def test_relay_and_window_are_told(self, bench: Bench) -> None:
        host, colon, port = bench.backend.relay.rpartition(":")
        assert host
        assert colon
        assert port.isdecimal()
        assert bench.backend.window >= 1
