"""Several mails in one request: partial success, doubt kept small, and a lost answer that is asked for again."""

import json
from collections.abc import Iterator

import pytest

from pulse_mailer.backends._session import GIVEN_UP
from pulse_mailer.backends.postmark import PostmarkBackend
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import ConnectionFailed, DatabaseUnreachable, RouteRefused, SignInRefused, Throttled
from tests.contract import providers
from tests.contract.benches import mail, postmark, resend
from tests.contract.http_server import Asked, Does, HttpServer, Says

NAMES = ("ann", "bob", "cy", "dan", "eve")
INACTIVE = Says(200, {"ErrorCode": 406, "Message": "inactive"})


def batches(provider: providers.Provider) -> list[int]:
    """How many mails each request held."""
    return [len(asked.json()) for asked in provider.asked if asked.method == "POST"]


class TestPostmark:
    def test_as_many_go_in_one_request_as_may_be_in_doubt(self) -> None:
        provider = providers.Postmark()
        with HttpServer(provider) as server, postmark(server.url, 2).session() as session:
            receipts = list(session.exchange(map(mail, NAMES)))
        assert batches(provider) == [2, 2, 1]
        assert [receipt.message for receipt in receipts] == [mail(name) for name in NAMES]
        assert [receipt.provider_id for receipt in receipts] == [
            f"postmark-{number}" for number in range(1, 6)
        ]

    def test_each_mail_has_its_own_result(self) -> None:
        provider = providers.Postmark(faults={"bob": INACTIVE, "dan": Says(200, {"ErrorCode": 300})})
        with HttpServer(provider) as server, postmark(server.url, 5).session() as session:
            receipts = list(session.exchange(map(mail, NAMES)))
        assert [receipt.outcome for receipt in receipts] == [
            Outcome.SENT,
            Outcome.FAILED,
            Outcome.SENT,
            Outcome.DEFERRED,
            Outcome.SENT,
        ]
        assert {receipt.code for receipt in receipts} == {200}
        assert provider.taken == [mail(name).recipient for name in ("ann", "cy", "eve")]

    @pytest.mark.parametrize("results", [[], [{"ErrorCode": 0, "MessageID": "1"}] * 4, {}, None])
    def test_another_number_of_results_leaves_the_whole_batch_in_doubt(self, results: object) -> None:
        def miscounts(asked: Asked) -> Says:
            return Says(200, {} if asked.method == "GET" else results)

        with HttpServer(miscounts) as server, postmark(server.url, 5).session() as session:
            receipts = list(session.exchange(map(mail, NAMES)))
        assert {receipt.outcome for receipt in receipts} == {Outcome.UNCERTAIN}
        assert "for 5 mails" in receipts[0].reply

    def test_a_lost_answer_leaves_one_batch_in_doubt_and_then_one_mail_at_a_time(self) -> None:
        provider = providers.Postmark(faults={"ann": Does.CLOSE, "dan": Does.CLOSE, "eve": Says(500, b"")})
        names = ("ann", "bob", "cy", "dan", "eve", "fay")
        with HttpServer(provider) as server, postmark(server.url, 3).session() as session:
            receipts = session.exchange(map(mail, names))
            outcomes = [next(receipts).outcome for _ in range(5)]
            with pytest.raises(ConnectionFailed):
                next(receipts)
        assert outcomes == [Outcome.UNCERTAIN] * 5
        assert batches(provider) == [3, 1, 1]

    def test_after_an_answer_whole_batches_go_again(self) -> None:
        provider = providers.Postmark(faults={"ann": Does.CLOSE})
        names = ("ann", "bob", "cy", "dan", "eve")
        with HttpServer(provider) as server, postmark(server.url, 2).session() as session:
            list(session.exchange(map(mail, names)))
        assert batches(provider) == [2, 1, 2]

    def test_a_throttle_returns_all_and_is_raised_once(self) -> None:
        provider = providers.Postmark(faults={"bob": Says(429, {"ErrorCode": 429}, {"Retry-After": "7"})})
        with HttpServer(provider) as server, postmark(server.url, 3).session() as session:
            receipts = session.exchange(map(mail, NAMES))
            told = [next(receipts) for _ in range(3)]
            with pytest.raises(Throttled) as caught:
                next(receipts)
        assert {(one.outcome, one.fault) for one in told} == {(Outcome.RETURNED, Fault.ROUTE)}
        assert caught.value.retry_after_seconds == 7
        assert provider.kept == []

    def test_one_refused_for_all_does_not_hide_that_others_were_taken(self) -> None:
        provider = providers.Postmark(faults={"bob": Says(200, {"ErrorCode": 405, "Message": "no credit"})})
        with HttpServer(provider) as server, postmark(server.url, 3).session() as session:
            receipts = session.exchange(map(mail, NAMES))
            told = [next(receipts) for _ in range(3)]
            with pytest.raises(RouteRefused):
                next(receipts)
        assert [one.outcome for one in told] == [Outcome.SENT, Outcome.RETURNED, Outcome.SENT]

    def test_each_mail_is_asked_for_right_before_the_request(self) -> None:
        provider = providers.Postmark()
        with HttpServer(provider) as server, postmark(server.url, 3).session() as session:
            receipts = list(
                session.exchange(
                    map(mail, ("ann", "bob", "cy")), may_finish=lambda message: message != mail("bob")
                )
            )
        assert [one.outcome for one in receipts] == [Outcome.SENT, Outcome.RETURNED, Outcome.SENT]
        assert (receipts[1].stage, receipts[1].reply, receipts[1].fault) == (Stage.MARKED, GIVEN_UP, None)
        assert provider.taken == [mail("ann").recipient, mail("cy").recipient]

    def test_a_batch_that_is_no_longer_ours_is_not_sent_at_all(self) -> None:
        provider = providers.Postmark()
        with HttpServer(provider) as server, postmark(server.url, 3).session() as session:
            receipts = list(session.exchange(map(mail, NAMES), may_finish=lambda _message: False))
        assert {one.outcome for one in receipts} == {Outcome.RETURNED}
        assert batches(provider) == []

    def test_what_was_pulled_is_settled_before_the_trouble_of_pulling_is_raised(self) -> None:
        def breaks() -> Iterator[Message]:
            yield mail("ann")
            yield mail("bob")
            raise DatabaseUnreachable("gone")

        provider = providers.Postmark()
        with HttpServer(provider) as server, postmark(server.url, 3).session() as session:
            receipts = session.exchange(breaks())
            assert [next(receipts).outcome, next(receipts).outcome] == [Outcome.SENT, Outcome.SENT]
            with pytest.raises(DatabaseUnreachable):
                next(receipts)

    def test_a_batch_too_large_for_one_request_goes_in_several(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PostmarkBackend, "request_bytes", 2 * len(mail("ann").data) + 10)
        provider = providers.Postmark()
        with HttpServer(provider) as server, postmark(server.url, 5).session() as session:
            receipts = list(session.exchange(map(mail, NAMES)))
        assert batches(provider) == [2, 2, 1]
        assert {one.outcome for one in receipts} == {Outcome.SENT}

    @pytest.mark.parametrize(
        ("said", "first", "error"),
        [
            (Says(401, {"ErrorCode": 10, "Message": "no"}), Outcome.RETURNED, SignInRefused),
            (Does.CLOSE, Outcome.UNCERTAIN, None),
        ],
    )
    def test_after_trouble_the_rest_of_a_batch_is_not_tried(
        self,
        monkeypatch: pytest.MonkeyPatch,
        said: Says | Does,
        first: Outcome,
        error: type[Exception] | None,
    ) -> None:
        monkeypatch.setattr(PostmarkBackend, "request_bytes", 1)
        provider = providers.Postmark(faults={"ann": said})
        with HttpServer(provider) as server, postmark(server.url, 3).session() as session:
            receipts = session.exchange(map(mail, ("ann", "bob", "cy")))
            told = [next(receipts) for _ in range(3)]
            if error is None:
                assert list(receipts) == []
            else:
                with pytest.raises(error):
                    next(receipts)
        assert [one.outcome for one in told] == [first, Outcome.RETURNED, Outcome.RETURNED]
        assert {one.stage for one in told[1:]} == {Stage.MARKED}
        assert batches(provider) == [1]

    def test_the_provider_limits_the_window(self) -> None:
        assert (postmark("http://127.0.0.1:1", 500).window, postmark("http://127.0.0.1:1", 900).window) == (
            500,
            500,
        )
        assert (resend("http://127.0.0.1:1", 50).window, resend("http://127.0.0.1:1", 500).window) == (
            50,
            100,
        )


REPLAYS = (0.0, 0.0, 0.0)


class TestResend:
    def test_a_lost_answer_is_asked_for_again_and_nobody_gets_two(self) -> None:
        provider = providers.Resend(loses=2)
        with HttpServer(provider) as server, resend(server.url, 3, REPLAYS).session() as session:
            receipts = list(session.exchange(map(mail, NAMES)))
        assert {one.outcome for one in receipts} == {Outcome.SENT}
        assert [one.provider_id for one in receipts] == [f"resend-{number}" for number in range(1, 6)]
        assert provider.taken == [mail(name).recipient for name in NAMES]

    def test_a_repetition_has_the_same_key_and_the_same_bytes(self) -> None:
        provider = providers.Resend(loses=3)
        with HttpServer(provider) as server, resend(server.url, 3, REPLAYS).session() as session:
            list(session.exchange(map(mail, ("ann", "bob"))))
        posted = [asked for asked in provider.asked if asked.method == "POST"]
        assert len(posted) == 4
        assert len({(asked.headers["idempotency-key"], asked.body) for asked in posted}) == 1

    def test_another_batch_has_another_key(self) -> None:
        provider = providers.Resend()
        with HttpServer(provider) as server, resend(server.url, 1).session() as session:
            list(session.exchange(map(mail, ("ann", "bob"))))
        keys = {asked.headers["idempotency-key"] for asked in provider.asked if asked.method == "POST"}
        assert len(keys) == 2

    def test_an_answer_that_stays_lost_leaves_a_doubt(self) -> None:
        provider = providers.Resend(loses=9)
        with HttpServer(provider) as server, resend(server.url, 3, REPLAYS).session() as session:
            receipts = list(session.exchange(map(mail, ("ann", "bob"))))
        assert {one.outcome for one in receipts} == {Outcome.UNCERTAIN}
        assert len(batches(provider)) == 1 + len(REPLAYS)

    @pytest.mark.parametrize(
        "between",
        [
            Says(500, b""),
            Says(409, {"name": "concurrent_idempotent_requests", "message": "at work"}),
            Says(429, {"name": "rate_limit_exceeded"}, {"retry-after": "0"}),
            Says(401, {"name": "invalid_api_key"}),
            Does.RESET,
        ],
        ids=["500", "409", "429", "401", "reset"],
    )
    def test_only_an_answer_about_the_mails_ends_the_asking(self, between: Says | Does) -> None:
        provider = providers.Resend()
        said = iter([Does.CLOSE, between])

        def answer(asked: Asked) -> Says | Does:
            done = provider(asked)
            return done if asked.method == "GET" else next(said, done)

        with HttpServer(answer) as server, resend(server.url, 3, REPLAYS).session() as session:
            receipts = list(session.exchange([mail("ann")]))
        assert [one.outcome for one in receipts] == [Outcome.SENT]
        assert provider.taken == [mail("ann").recipient]

    def test_a_mail_that_is_no_longer_ours_is_not_asked_for_again(self) -> None:
        provider = providers.Resend(loses=1)
        leases = iter([True, False])
        with HttpServer(provider) as server, resend(server.url, 1, REPLAYS).session() as session:
            (receipt,) = session.exchange([mail("ann")], may_finish=lambda _message: next(leases))
        assert receipt.outcome is Outcome.UNCERTAIN
        assert len(batches(provider)) == 1

    def test_one_bad_address_does_not_hold_up_the_others(self) -> None:
        provider = providers.Resend(faults={"bob": Says(200, {"message": "Invalid `to` field."})})
        with HttpServer(provider) as server, resend(server.url, 3).session() as session:
            receipts = list(session.exchange(map(mail, ("ann", "bob", "cy"))))
        assert [one.outcome for one in receipts] == [Outcome.SENT, Outcome.FAILED, Outcome.SENT]
        assert [one.provider_id for one in receipts] == ["resend-1", "", "resend-2"]

    @pytest.mark.parametrize(
        "body",
        [
            {"data": [{"id": "1"}]},
            {"data": [{"id": "1"}, {"id": ""}]},
            {"data": [{"id": "1"}, {"id": "2"}, {"id": "3"}]},
            {"data": [{"id": "1"}], "errors": [{"index": 7, "message": "whose?"}]},
            {"data": "none"},
            {"data": True},
            {"errors": [{"index": [], "message": "whose?"}]},
            [],
        ],
        ids=json.dumps,
    )
    def test_results_that_do_not_fit_leave_the_whole_batch_in_doubt(self, body: object) -> None:
        def answer(asked: Asked) -> Says:
            return Says(200, {} if asked.method == "GET" else body)

        with HttpServer(answer) as server, resend(server.url, 2).session() as session:
            receipts = list(session.exchange(map(mail, ("ann", "bob"))))
        assert {one.outcome for one in receipts} == {Outcome.UNCERTAIN}

    @pytest.mark.parametrize(
        ("name", "shown"),
        [("Café, News", "Café News <news@sender.example>"), ("", "news@sender.example")],
    )
    def test_the_senders_name_is_written_as_resend_takes_it(self, name: str, shown: str) -> None:
        provider = providers.Resend()
        encoded = (
            f'"{name}" ' if name.isascii() and name else "=?utf-8?q?Caf=C3=A9=2C_News?= " if name else ""
        )
        data = f"From: {encoded}<news@sender.example>\r\nSubject: x\r\n\r\nx\r\n".encode()
        sent = Message(7, "news@sender.example", "ann@reader.example", "1@sender.example", (data,))
        with HttpServer(provider) as server, resend(server.url, 1).session() as session:
            list(session.exchange([sent]))
        assert provider.kept[0][1]["from"] == shown
