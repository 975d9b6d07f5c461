"""Microsoft Graph: its access tokens, and whom a mail names."""

import dataclasses

import pytest

from pulse_mailer.backends import _tokens
from pulse_mailer.domain.delivery import Fault, Outcome
from pulse_mailer.errors import BackendError, CannotCarry, ConnectionFailed, SignInRefused, Throttled
from tests.contract import providers
from tests.contract.benches import graph, mail
from tests.contract.http_server import Asked, Does, HttpServer, Says


def test_one_token_serves_all_sessions_while_it_is_good() -> None:
    provider = providers.Graph()
    with HttpServer(provider) as server:
        backend = graph(server.url)
        for name in ("ann", "bob"):
            with backend.session() as session:
                (receipt,) = session.exchange([mail(name)])
                assert receipt.outcome is Outcome.SENT
    assert provider.tokens == 1


def test_a_token_that_ran_out_is_renewed_and_the_same_mail_goes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tokens, "YOUNG_SECONDS", -1.0)
    provider = providers.Graph()
    with HttpServer(provider) as server, graph(server.url).session() as session:
        (first,) = session.exchange([mail("ann")])
        provider.tokens += 1  # the one that we hold is now an old one
        (second,) = session.exchange([mail("bob")])
    assert (first.outcome, second.outcome) == (Outcome.SENT, Outcome.SENT)
    assert provider.taken == [mail("ann").recipient, mail("bob").recipient]
    assert provider.tokens == 3


def test_a_mail_that_is_no_longer_ours_does_not_go_with_the_new_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_tokens, "YOUNG_SECONDS", -1.0)
    provider = providers.Graph()
    leases = iter([True, False])
    with HttpServer(provider) as server, graph(server.url).session() as session:
        provider.tokens += 1
        (receipt,) = session.exchange([mail("ann")], may_finish=lambda _message: next(leases))
    assert receipt.outcome is Outcome.RETURNED
    assert provider.kept == []


def test_a_token_that_is_never_taken_is_a_refused_sign_in() -> None:
    refused = Says(401, {"error": {"code": "InvalidAuthenticationToken", "message": "no"}})
    provider = providers.Graph(faults={"ann": refused})
    with HttpServer(provider) as server, graph(server.url).session() as session:
        receipts = session.exchange([mail("ann")])
        receipt = next(receipts)
        assert (receipt.outcome, receipt.fault) == (Outcome.RETURNED, Fault.CONFIGURATION)
        with pytest.raises(SignInRefused):
            next(receipts)


def test_a_wrong_secret_is_said_before_a_message_is_pulled_and_not_shown() -> None:
    with HttpServer(providers.Graph()) as server, pytest.raises(SignInRefused) as caught:
        graph(server.url, secret="hunter2").check()
    assert "AADSTS7000215" in str(caught.value)
    assert "PULSE_MAILER_GRAPH_CLIENT_SECRET" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Says(503, b""), ConnectionFailed),
        (Says(429, b"", {"Retry-After": "5"}), Throttled),
        (Does.CLOSE, ConnectionFailed),
        (Says(200, {"access_token": ""}), SignInRefused),
        (Says(200, {"access_token": "two\nlines"}), SignInRefused),
        (Says(200, b"<html>"), SignInRefused),
    ],
)
def test_no_token_no_session(said: Says | Does, error: type[BackendError]) -> None:
    with HttpServer(lambda _: said) as server, pytest.raises(error) as caught:
        graph(server.url).check()
    if isinstance(caught.value, Throttled):
        assert caught.value.retry_after_seconds == 5


def test_a_token_that_cannot_be_had_in_mid_session_returns_the_mail() -> None:
    provider = providers.Graph()
    gone = False

    def answer(asked: Asked) -> Says | Does:
        return Says(503, b"") if gone and asked.path.endswith("/token") else provider(asked)

    with HttpServer(answer) as server:
        backend = graph(server.url)
        with backend.session() as session:
            gone = True
            backend.tokens._good_until = 0.0
            receipts = session.exchange([mail("ann")])
            receipt = next(receipts)
            assert (receipt.outcome, receipt.fault) == (Outcome.RETURNED, Fault.ROUTE)
            with pytest.raises(ConnectionFailed):
                next(receipts)
    assert provider.kept == []


@pytest.mark.parametrize(
    "others", [b"Cc: eve@reader.example\r\n", b"Bcc: eve@reader.example\r\n", b"To: eve@reader.example\r\n"]
)
def test_a_mail_that_names_anybody_else_is_refused(others: bytes) -> None:
    provider = providers.Graph()
    sent = dataclasses.replace(mail("ann"), pieces=(others + mail("ann").data,))
    with HttpServer(provider) as server, graph(server.url).session() as session:
        receipts = session.exchange([sent])
        assert next(receipts).outcome is Outcome.RETURNED
        with pytest.raises(CannotCarry):
            next(receipts)
    assert provider.kept == []


def test_the_age_of_a_token_is_an_hour_where_nobody_says() -> None:
    assert [_tokens._seconds(value) for value in (60, "60", None, "long")] == [60.0, 60.0, 3600.0, 3600.0]
