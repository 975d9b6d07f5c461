"""What each provider's answers come to: outcome, fault, and what the session says to everybody."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pulse_mailer.backends.base import Backend
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Receipt
from pulse_mailer.errors import (
    BackendError,
    CannotCarry,
    ConnectionFailed,
    RouteRefused,
    SignInRefused,
    Throttled,
)
from tests.contract import benches, providers
from tests.contract.benches import mail
from tests.contract.http_server import Does, HttpServer, Says

Make = Callable[[str], Backend]

MAKERS: dict[str, tuple[Make, type[providers.Provider]]] = {
    "ses": (benches.ses, providers.Ses),
    "sendgrid": (benches.sendgrid, providers.Sendgrid),
    "mailgun": (benches.mailgun, providers.Mailgun),
    "postmark": (benches.postmark, providers.Postmark),
    "resend": (benches.resend, providers.Resend),
    "graph": (benches.graph, providers.Graph),
}


@dataclass
class Sent:
    receipt: Receipt
    error: BackendError | None
    provider: providers.Provider


def send(name: str, said: Says | Does | None = None) -> Sent:
    """Hand one mail over to a provider that answers so; what the receipt and the session say."""
    make, provider_class = MAKERS[name]
    provider = provider_class()
    if said is not None:
        provider.faults = {"bad": said}
    with HttpServer(provider) as server, make(server.url).session() as session:
        receipts = session.exchange([mail("bad")])
        receipt = next(receipts)
        error: BackendError | None = None
        try:
            assert list(receipts) == []
        except BackendError as raised:
            error = raised
    return Sent(receipt, error, provider)


def aws(name: str, words: str = "words", status: int = 400) -> Says:
    return Says(status, {"message": words}, {"x-amzn-ErrorType": f"{name}:http://internal.example/"})


def grid(status: int, words: str, field: str | None = None) -> Says:
    return Says(status, {"errors": [{"message": words, "field": field}]})


def gun(status: int, words: str) -> Says:
    return Says(status, {"message": words})


def mark(status: int, code: int, words: str = "words") -> Says:
    return Says(status, {"ErrorCode": code, "Message": words})


def re_(status: int, name: str, words: str = "words") -> Says:
    return Says(status, {"statusCode": status, "name": name, "message": words})


def gr(status: int, code: str, **headers: str) -> Says:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Says(status, {"error": {"code": code, "message": "words"}}, named)


RECIPIENT = (Outcome.FAILED, Fault.RECIPIENT, None)
MESSAGE = (Outcome.DEFERRED, Fault.MESSAGE, None)
THROTTLED = (Outcome.RETURNED, Fault.ROUTE, Throttled)
BUSY = (Outcome.RETURNED, Fault.ROUTE, None)
SIGN_IN = (Outcome.RETURNED, Fault.CONFIGURATION, SignInRefused)
REFUSED = (Outcome.RETURNED, Fault.CONFIGURATION, RouteRefused)
UNCERTAIN = (Outcome.UNCERTAIN, None, None)

DIALECTS: list[tuple[str, Says, Any]] = [
    ("ses", Says(200, {"MessageId": 5}), (Outcome.SENT, None, None)),
    ("ses", aws("TooManyRequestsException", "Maximum sending rate exceeded.", 429), THROTTLED),
    ("ses", aws("ThrottlingException", "Rate exceeded"), THROTTLED),  # 400, and yet a throttle
    ("ses", aws("LimitExceededException", "Daily message quota exceeded."), THROTTLED),
    ("ses", aws("MessageRejected", "Email address is not verified."), MESSAGE),
    ("ses", aws("BadRequestException", "Missing something"), MESSAGE),
    ("ses", aws("BadRequestException", "Local address contains control or whitespace"), RECIPIENT),
    ("ses", aws("AccountSuspendedException"), REFUSED),
    ("ses", aws("SendingPausedException"), REFUSED),
    ("ses", aws("MailFromDomainNotVerifiedException"), REFUSED),
    ("ses", aws("NotFoundException", "Configuration set <news> does not exist.", 404), REFUSED),
    ("ses", aws("AccessDeniedException", "not authorized to perform ses:SendRawEmail", 403), SIGN_IN),
    ("ses", aws("UnrecognizedClientException", "security token is invalid", 403), SIGN_IN),
    ("ses", Says(403, b"<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>"), SIGN_IN),
    ("ses", Says(200, {}), UNCERTAIN),  # taken, but by whom?
    ("ses", Says(200, b"<html>Welcome to the hotel</html>"), UNCERTAIN),
    ("sendgrid", grid(429, "too many requests"), THROTTLED),
    ("sendgrid", grid(401, "Maximum credits exceeded"), THROTTLED),
    ("sendgrid", grid(401, "The provided authorization grant is invalid"), SIGN_IN),
    ("sendgrid", grid(403, "access forbidden"), SIGN_IN),
    ("sendgrid", grid(403, "The from address does not match a verified Sender Identity.", "from"), REFUSED),
    ("sendgrid", grid(400, "Does not contain a valid address.", "personalizations.0.to.0.email"), RECIPIENT),
    ("sendgrid", grid(400, "The subject is required.", "subject"), MESSAGE),
    ("sendgrid", grid(413, "Payload too large"), MESSAGE),
    ("sendgrid", Says(200, b"<html>Welcome to the hotel</html>"), UNCERTAIN),
    ("mailgun", gun(429, "Too many requests"), THROTTLED),
    ("mailgun", Says(420, b"enhance your calm"), THROTTLED),
    ("mailgun", gun(403, "Recipient limit exceeded. Try again after 1 h."), THROTTLED),
    ("mailgun", gun(400, "to parameter is not a valid address. please check documentation"), RECIPIENT),
    ("mailgun", gun(400, "from parameter is not a valid address. please check documentation"), REFUSED),
    ("mailgun", gun(400, "Bad MIME"), MESSAGE),
    ("mailgun", gun(402, "Payment required"), REFUSED),
    ("mailgun", gun(403, "Domain mg.example.org is not allowed to send: The domain is unverified"), REFUSED),
    ("mailgun", gun(403, "Free accounts are for test purposes only. Add to authorized recipients"), MESSAGE),
    ("mailgun", gun(403, "Forbidden"), SIGN_IN),
    ("mailgun", Says(401, b"Forbidden"), SIGN_IN),
    ("mailgun", gun(404, "Domain not found"), REFUSED),
    ("mailgun", gun(200, "Queued, but without an id"), UNCERTAIN),
    ("postmark", mark(200, 406, "Found inactive addresses: bad@reader.example."), RECIPIENT),
    ("postmark", mark(200, 300, "Error parsing 'To': Illegal email domain."), RECIPIENT),
    ("postmark", mark(200, 300, "Invalid 'From' address."), MESSAGE),
    ("postmark", mark(200, 9999, "A code of tomorrow"), MESSAGE),
    ("postmark", mark(200, 400, "Sender signature not found"), REFUSED),
    ("postmark", mark(200, 405, "You ran out of credits"), REFUSED),
    ("postmark", mark(200, 429, "Rate limit"), THROTTLED),
    ("postmark", Says(200, "no object"), UNCERTAIN),
    ("postmark", Says(200, {"Message": "no code and no id"}), UNCERTAIN),
    ("postmark", mark(422, 1235, "The stream does not exist"), REFUSED),
    ("postmark", mark(422, 402, "Invalid JSON"), MESSAGE),
    ("postmark", mark(401, 10, "Bad token"), SIGN_IN),
    ("postmark", mark(429, 429), THROTTLED),
    ("postmark", mark(503, 100, "Maintenance"), UNCERTAIN),
    ("resend", re_(429, "rate_limit_exceeded"), THROTTLED),
    ("resend", re_(429, "daily_quota_exceeded"), THROTTLED),
    ("resend", re_(401, "missing_api_key"), SIGN_IN),
    ("resend", re_(403, "invalid_api_key"), SIGN_IN),
    ("resend", re_(403, "validation_error", "You can only send testing emails to yourself."), REFUSED),
    ("resend", re_(422, "invalid_from_address"), REFUSED),
    ("resend", re_(422, "validation_error", "Invalid `html` field"), MESSAGE),
    ("resend", re_(451, "security_error"), MESSAGE),
    ("resend", re_(409, "concurrent_idempotent_requests"), UNCERTAIN),
    ("resend", Says(200, {"message": "Invalid `to` field."}), RECIPIENT),  # in the list of errors
    ("resend", Says(200, {"message": "The subject is missing."}), MESSAGE),  # likewise
    ("graph", gr(429, "TooManyRequests"), THROTTLED),
    ("graph", gr(429, "ErrorExceededMessageLimit"), THROTTLED),
    ("graph", gr(503, "ServiceUnavailable", Retry_After="9"), THROTTLED),  # so its guidance has it
    ("graph", gr(503, "ServiceUnavailable"), UNCERTAIN),
    ("graph", gr(400, "ErrorInvalidRecipients"), RECIPIENT),
    ("graph", gr(403, "ErrorAccessDenied"), SIGN_IN),
    ("graph", gr(403, "ErrorSendAsDenied"), REFUSED),
    ("graph", gr(403, "ErrorMessageSubmissionBlocked"), REFUSED),
    ("graph", gr(404, "ErrorInvalidUser"), REFUSED),
    ("graph", gr(400, "ErrorMimeContentInvalid"), MESSAGE),
    ("graph", Says(200, b"{}"), UNCERTAIN),
]

#: What every provider's answer means that has no words we know.
STATUSES: list[tuple[int, Any]] = [
    (302, REFUSED),
    (307, REFUSED),
    (400, MESSAGE),
    (401, SIGN_IN),
    (404, REFUSED),
    (405, REFUSED),
    (408, BUSY),
    (413, MESSAGE),
    (422, MESSAGE),
    (429, THROTTLED),
    (500, UNCERTAIN),
    (502, UNCERTAIN),
    (503, UNCERTAIN),
    (504, UNCERTAIN),
]


def comes_to(sent: Sent, wanted: tuple[Outcome, Fault | None, type[BackendError] | None]) -> None:
    outcome, fault, error = wanted
    assert (sent.receipt.outcome, sent.receipt.fault) == (outcome, fault)
    assert (sent.error and type(sent.error)) == error
    assert sent.receipt.stage is (Stage.DOT if outcome in (Outcome.SENT, Outcome.UNCERTAIN) else Stage.DATA)
    assert sent.receipt.enhanced_code == ""
    if error is RouteRefused:
        assert sent.error is not None
        assert not sent.error.again


@pytest.mark.parametrize(
    ("name", "said", "wanted"),
    DIALECTS,
    ids=[f"{name}-{place}" for place, (name, _, _) in enumerate(DIALECTS)],
)
def test_an_answer_in_the_providers_words(name: str, said: Says, wanted: Any) -> None:
    sent = send(name, said)
    comes_to(sent, wanted)
    assert sent.receipt.code == said.status


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(("status", "wanted"), STATUSES, ids=[str(status) for status, _ in STATUSES])
def test_a_status_without_words_we_know(name: str, status: int, wanted: Any) -> None:
    sent = send(name, Says(status, b"<html>some proxy</html>", {"Location": "http://127.0.0.1:1/"}))
    comes_to(sent, wanted)


@pytest.mark.parametrize("name", MAKERS)
def test_brackets_without_end_are_no_answer(name: str) -> None:
    comes_to(send(name, Says(500, b"[" * 100_000)), UNCERTAIN)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    "does",
    [Does.CLOSE, Does.RESET, Does.CUT_BODY, Does.CUT_CHUNK, Does.SPEAK_OTHERWISE],
    ids=lambda does: does.name,
)
def test_a_lost_answer_leaves_a_doubt(name: str, does: Does) -> None:
    sent = send(name, does)
    assert (sent.receipt.outcome, sent.receipt.stage) == (Outcome.UNCERTAIN, Stage.DOT)
    assert (sent.receipt.code, sent.receipt.fault, sent.error) == (None, None, None)
    assert sent.receipt.reply != ""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"ratelimit-reset": "3"}, 3),
        ({"Retry-After": "7", "ratelimit-reset": "3"}, 7),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "999999999"}, 86_400),
        ({"X-RateLimit-Reset": "1000000001"}, 0),  # a moment that is past
        ({}, None),
    ],
)
def test_a_throttle_says_how_long(headers: dict[str, str], seconds: float | None) -> None:
    error = send("sendgrid", Says(429, b"{}", headers)).error
    assert isinstance(error, Throttled)
    assert error.retry_after_seconds == seconds


@pytest.mark.parametrize("name", MAKERS)
def test_our_ids_go_along_and_theirs_comes_back(name: str) -> None:
    sent = send(name)
    assert sent.receipt.outcome is Outcome.SENT
    if name == "graph":  # which gives none and takes none; the mail's own Message-ID stays
        assert sent.receipt.provider_id == ""
        return
    assert sent.receipt.provider_id == f"{name}-1"
    posted = next(asked for asked in sent.provider.asked if b"bad@reader.example" in asked.body)
    assert {"ses": b"pulse-delivery", "mailgun": b"v:delivery"}.get(name, b'"delivery"') in posted.body
    assert b"bad.1@sender.example" in posted.body or b"bad-1" in posted.body


@pytest.mark.parametrize("name", ["sendgrid", "postmark", "resend"])
def test_one_click_and_the_other_headers_reach_those_that_take_parts(name: str) -> None:
    make, provider_class = MAKERS[name]
    provider = provider_class()
    wanted = {
        "List-Unsubscribe": "<https://news.example.org/out/abc>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Feedback-ID": "april:news:edition:sender",
    }
    block = "".join(f"{header}: {value}\r\n" for header, value in wanted.items())
    sent = mail("ann", f"{block}Subject: April\r\n\r\nGood morning.\r\n".encode())
    with HttpServer(provider) as server, make(server.url).session() as session:
        list(session.exchange([sent]))
    ((_, kept),) = provider.kept
    found = kept.get("headers") or {one["Name"]: one["Value"] for one in kept["Headers"]}
    assert wanted.items() <= found.items()
    assert found["Message-ID"] == f"<{sent.message_id}>"


@pytest.mark.parametrize("name", MAKERS)
def test_a_provider_that_repeats_our_key_is_not_quoted(name: str) -> None:
    sent = send(name, Says(400, f"your key is {providers.KEY}, is it not?\n\x1b[2J".encode()))
    assert providers.KEY not in sent.receipt.reply
    assert sent.receipt.reply.isprintable()


@pytest.mark.parametrize("name", MAKERS)
def test_no_key_is_shown_by_the_backend_itself(name: str) -> None:
    assert providers.KEY not in repr(MAKERS[name][0]("http://127.0.0.1:1"))


@pytest.mark.parametrize("name", ["sendgrid", "postmark", "resend"])
def test_a_mail_that_has_no_place_in_a_request_is_refused(name: str) -> None:
    make, provider_class = MAKERS[name]
    provider = provider_class()
    attached = b"MIME-Version: 1.0\r\nContent-Type: application/pdf\r\n\r\npdf\r\n"
    with HttpServer(provider) as server, make(server.url).session() as session:
        receipts = session.exchange([mail("ann", attached)])
        receipt = next(receipts)
        assert (receipt.outcome, receipt.fault) == (Outcome.RETURNED, Fault.CONFIGURATION)
        assert receipt.stage is Stage.MARKED
        with pytest.raises(CannotCarry):
            next(receipts)
    assert provider.kept == []


def test_three_failures_in_a_row_end_the_session() -> None:
    provider = providers.Sendgrid(faults={"bad": Says(502, b"")})
    with HttpServer(provider) as server, benches.sendgrid(server.url).session() as session:
        receipts = session.exchange([mail("bad")] * 5)
        for _ in range(3):
            assert next(receipts).outcome is Outcome.UNCERTAIN
        with pytest.raises(ConnectionFailed) as caught:
            next(receipts)
    assert caught.value.again
    assert len([asked for asked in provider.asked if asked.method == "POST"]) == 3


def test_after_a_lost_answer_nothing_is_risked_on_a_provider_that_is_gone() -> None:
    provider = providers.Sendgrid(faults={"bad": Does.CLOSE})
    with HttpServer(provider) as server, benches.sendgrid(server.url).session() as session:
        receipts = session.exchange([mail("bad"), mail("ann")])
        assert next(receipts).outcome is Outcome.UNCERTAIN
        server.stop()
        receipt = next(receipts)
        assert (receipt.outcome, receipt.stage, receipt.fault) == (
            Outcome.RETURNED,
            Stage.MARKED,
            Fault.ROUTE,
        )
        with pytest.raises(ConnectionFailed, match="cannot be reached"):
            next(receipts)


def test_an_answer_in_between_ends_the_row_of_failures() -> None:
    provider = providers.Sendgrid(faults={"bad": Says(502, b"")})
    names = ["bad", "bad", "ann", "bad", "bad", "bob"]
    with HttpServer(provider) as server, benches.sendgrid(server.url).session() as session:
        outcomes = [receipt.outcome for receipt in session.exchange(map(mail, names))]
    assert outcomes == [Outcome.UNCERTAIN if name == "bad" else Outcome.SENT for name in names]


@contextlib.contextmanager
def greeted(said: Says) -> Iterator[str]:
    with HttpServer(lambda _: said) as server:
        yield server.url


@pytest.mark.parametrize("name", ["ses", "sendgrid", "mailgun", "postmark", "resend"])
def test_a_wrong_key_is_said_before_a_message_is_pulled(name: str) -> None:
    wrong = {
        "ses": aws("InvalidSignatureException", "No", 403),
        "resend": re_(403, "invalid_api_key"),
        "postmark": mark(401, 10),
    }.get(name, Says(401, b"{}"))
    with greeted(wrong) as url, pytest.raises(SignInRefused) as caught:
        MAKERS[name][0](url).check()
    assert f"PULSE_MAILER_{name.upper()}_" in str(caught.value)


def test_a_key_without_the_right_to_send_is_said_before_a_message_is_pulled() -> None:
    with greeted(Says(200, {"scopes": ["stats.read"]})) as url, pytest.raises(SignInRefused):
        benches.sendgrid(url).check()


@pytest.mark.parametrize("name", ["ses", "sendgrid", "mailgun", "postmark", "resend"])
@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Says(503, b""), ConnectionFailed),
        (Says(301, b"", {"Location": "https://elsewhere.example"}), RouteRefused),
    ],
    ids=["503", "301"],
)
def test_an_endpoint_that_is_none_is_said_before_a_message_is_pulled(
    name: str, said: Says, error: type[BackendError]
) -> None:
    with greeted(said) as url, pytest.raises(error):
        MAKERS[name][0](url).check()
