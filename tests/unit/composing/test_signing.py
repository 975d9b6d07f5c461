"""DKIM signatures, judged by dkimpy and by the example of RFC 8463, neither of which knows our code."""

import base64
import hashlib
import re
import smtplib
from collections.abc import Callable
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from dkim.canonicalization import CanonicalizationPolicy
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.composing.merging import Merger, from_domain
from pulse_mailer.composing.rendering import render
from pulse_mailer.composing.signing import Signer, fields, relaxed, simple_body_hash, to_sign
from pulse_mailer.dkim_keys import Algorithm, DkimKey, DkimKeys
from pulse_mailer.domain.edition import Rendering
from pulse_mailer.errors import CompositionError, UnsafeText
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from tests.unit.composing import editions

DOMAIN = "harbour.example.org"
MAIL = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Hello\r\n\r\nDear reader,\r\n"
HEAD = b"From: a@example.org\r\n\r\n"
RELAXED = CanonicalizationPolicy.from_c_value(b"relaxed/simple")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[DkimKey]:
    made = DkimKeys(tmp_path_factory.mktemp("keys"))
    return [
        made.create(DOMAIN, "pm202505", Algorithm.RSA, editions.WHEN),
        made.create(DOMAIN, "pm202505e", Algorithm.ED25519, editions.WHEN),
    ]


@pytest.fixture(scope="module")
def rendering() -> Rendering:
    return render(editions.edition(), editions.LINKS)


@pytest.fixture(scope="module")
def mail(rendering: Rendering, keys: list[DkimKey]) -> bytes:
    """One recipient's mail of a whole edition, signed twice."""
    merger = Merger(rendering, Signer(DOMAIN, keys))
    return merger.merge(editions.delivery(), editions.LINKS).data


def verdicts(mail: bytes, keys: list[DkimKey]) -> list[bool]:
    """What dkimpy says of each signature, from the first to the last."""
    records = {f"{key.record_name}.".encode(): key.record.encode() for key in keys}

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        return records[name]

    judge = dkim.DKIM(mail)
    count = len(re.findall(rb"^DKIM-Signature:", mail, re.MULTILINE))
    found = []
    for number in range(count):
        try:
            found.append(judge.verify(idx=number, dnsfunc=look_up))
        except dkim.ValidationError:  # its way to say that the body was changed
            found.append(False)
    return found


def tags(mail: bytes) -> dict[str, str]:
    """The tags of the first signature, without white space."""
    [first, *_] = [
        field for field in fields(mail.partition(b"\r\n\r\n")[0]) if field.name == "dkim-signature"
    ]
    plain = first.relaxed.decode().partition(":")[2].replace(" ", "")
    return dict(re.findall(r"(\w+)=([^;]*)", plain))


def test_both_signatures_hold(mail: bytes, keys: list[DkimKey]) -> None:
    assert [f"a={name}-sha256".encode() in mail for name in Algorithm] == [True, True]
    assert verdicts(mail, keys) == [True, True]


def test_both_hold_after_a_relay(mail: bytes, keys: list[DkimKey], tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    with Catcher(mailbox, port=0) as catcher, smtplib.SMTP("127.0.0.1", catcher.port) as relay:
        relay.sendmail("bounce@example.org", ["reader@example.org"], mail)
    [kept] = tmp_path.glob("*.eml")
    trace = (
        b"Return-Path: <bounce@example.org>\r\nReceived: from a by b;\r\n\tThu, 1 May 2025 08:31:00 +0000\r\n"
    )

    assert verdicts(trace + kept.read_bytes(), keys) == [True, True]


def test_both_hold_where_a_relay_folds_headers_anew(mail: bytes, keys: list[DkimKey]) -> None:
    folded = mail.replace(b"Subject: Harbour Review, ", b"SUBJECT:\tHarbour  Review,\r\n  ").replace(
        b"\r\n boundary=", b" boundary="
    )

    assert folded != mail
    assert verdicts(folded, keys) == [True, True]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"To: reader@", b"To: others@"),
        (b"List-Unsubscribe: <https://news.", b"List-Unsubscribe: <https://evil."),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"Feedback-ID: 2025-05", b"Feedback-ID: 2025-06"),
        (b"From: Harbour", b"From: boss@example.com\r\nFrom: Harbour"),  # a second one, put before ours
        (b"Content-Type: multipart/alternative;", b"Content-Type: multipart/mixed;"),
        (b"--\r\n", b"--\r\nOne line more\r\n"),
    ],
)
def test_neither_holds_when_this_is_changed(
    mail: bytes, keys: list[DkimKey], before: bytes, after: bytes
) -> None:
    assert before in mail
    assert verdicts(mail.replace(before, after), keys) == [False, False]


def test_all_that_receivers_ask_for_is_signed(mail: bytes) -> None:
    found = tags(mail)

    assert " ".join(sorted(found["h"].split(":"))) == (
        "content-type date feedback-id from from list-archive list-id list-post list-unsubscribe "
        "list-unsubscribe-post message-id mime-version reply-to subject to"
    )
    assert (found["d"], found["s"], found["c"]) == (DOMAIN, "pm202505", "relaxed/simple")
    assert found["t"] == str(int(editions.WHEN.timestamp()))
    assert not found.keys() & {"l", "x"}


def test_no_line_of_a_signature_is_long(mail: bytes) -> None:
    signatures = mail.partition(b"\r\nFrom: ")[0]

    assert max(map(len, signatures.split(b"\r\n"))) <= 78
    assert signatures.isascii()


def test_every_attempt_gives_the_same_bytes(rendering: Rendering, keys: list[DkimKey], mail: bytes) -> None:
    again = Merger(rendering, Signer(DOMAIN, keys))

    assert again.merge(editions.delivery(), editions.LINKS).data == mail


def test_without_a_signer_nothing_else_differs(rendering: Rendering, mail: bytes) -> None:
    plain = Merger(rendering).merge(editions.delivery(), editions.LINKS).data

    assert b"DKIM-Signature" not in plain
    assert mail.endswith(plain)


def test_the_domain_to_sign_for_is_the_from_s(rendering: Rendering) -> None:
    assert from_domain(rendering) == DOMAIN


@pytest.mark.parametrize("bare", [b"a\nb\r\n", b"a\rb\r\n", b"a\n", b"\n\r", b"a\r\n\r"])
def test_a_bare_line_end_is_refused(keys: list[DkimKey], bare: bytes) -> None:
    with pytest.raises(UnsafeText, match="CRLF"):
        Signer(DOMAIN, keys).sign(MAIL + bare, editions.WHEN)


@pytest.mark.parametrize(
    ("mail", "error", "says"),
    [
        (b"To: b@example.org\r\n\r\nx\r\n", CompositionError, "0 From"),
        (b"From: a@example.org\r\nfrom: b@example.org\r\n\r\nx\r\n", CompositionError, "2 From"),
        (b"From: a@example.org\r\nno header\r\n\r\nx\r\n", UnsafeText, "no header"),
        (b": nameless\r\n\r\n", UnsafeText, "no mail header"),
        (b"\r\n\r\nFrom: a@example.org\r\n", UnsafeText, "no mail header"),
    ],
)
def test_what_is_no_mail_is_refused(
    keys: list[DkimKey], mail: bytes, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        Signer(DOMAIN, keys).sign(mail, editions.WHEN)


@pytest.mark.parametrize(
    "mail",
    [
        b"From: a@harbour.example.org\r\n\r\n",  # an empty body
        b"From: a@harbour.example.org\r\n",  # none at all
        b"From: a@harbour.example.org\r\n\r\n\r\n\r\n\r\n",  # empty lines only
        b"From: a@harbour.example.org\r\nList-Post: NO\r\nList-Post: YES\r\n\r\nTwice\r\n",
        b"From:a@harbour.example.org\r\nSubject:\r\n\t\r\n and  more\t \r\n\r\nNo line end",
    ],
)
def test_odd_mail_is_signed_as_it_is_verified(keys: list[DkimKey], mail: bytes) -> None:
    assert verdicts(Signer(DOMAIN, keys).sign(mail, editions.WHEN), keys) == [True, True]


# Property tests: our forms against dkimpy's.

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
VALUES = st.lists(st.text(alphabet="ab:;= \t", max_size=12), min_size=1, max_size=5).map(
    # A fold stands before white space; a line of white space alone would be an end of the headers to some.
    lambda parts: "x" + "\r\n x".join(parts)
)
BODIES = st.lists(st.text(alphabet="ab. \t", max_size=8), max_size=6).map(
    lambda lines: "".join(f"{line}\r\n" for line in lines).encode()
)


@given(NAMES, VALUES)
def test_a_header_s_relaxed_form_is_the_one_that_verifiers_make(name: str, value: str) -> None:
    [(their_name, their_value)] = RELAXED.canonicalize_headers([(name.encode(), f"{value}\r\n".encode())])

    assert relaxed(f"{name}:{value}".encode()).relaxed + b"\r\n" == their_name + b":" + their_value


@given(NAMES, VALUES, st.sampled_from([" ", "\t", "  \t "]))
def test_white_space_and_folds_do_not_matter(name: str, value: str, more: str) -> None:
    changed = value.replace("\r\n x", f"\r\n{more}x")

    assert relaxed(f"{name.upper()}{more}:{more}{changed}{more}".encode()) == relaxed(
        f"{name}:{value}".encode()
    )


@given(BODIES)
def test_a_body_s_simple_form_is_the_one_that_verifiers_make(body: bytes) -> None:
    assert (
        simple_body_hash(HEAD + body, len(HEAD)) == hashlib.sha256(RELAXED.canonicalize_body(body)).digest()
    )


@given(BODIES, st.integers(min_value=0, max_value=4))
def test_empty_lines_at_the_end_do_not_matter_and_others_do(body: bytes, count: int) -> None:
    assert simple_body_hash(body + b"\r\n" * count, 0) == simple_body_hash(body, 0)
    assert simple_body_hash(b"\r\n" + body + b"x\r\n", 0) != simple_body_hash(body + b"x\r\n", 0)


# The example of RFC 8463, appendix A; its private keys are public.

RFC_ED25519 = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
RFC_RSA = """
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/
e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQABAoGAH0cxOhFZDgzX
WhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxK
jvvQoZZezHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy6enGVj2kWF732CoWFZWzi1FicudrBFoy
63QwcowpoCazKtvZGMNlPWnC7x/6o8GcuSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxyWvmZbXri
OWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxdWFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAt
NP9huqkWlzECQE1alicIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcsto7DUw1/hz2Ck4N5JrgUCQQCy
KveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOeuEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
"""
RFC_SIGNATURES = (
    b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    b" d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    b" subject : date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    b" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    b" d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    b" date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    b" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    b" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
)
RFC_HEAD = (
    b"From: Joe SixPack <joe@football.example.com>\r\n"
    b"To: Suzie Q <suzie@shopping.example.net>\r\n"
    b"Subject: Is dinner ready?\r\n"
    b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
)
RFC_BODY = b"\r\nHi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"


def rfc_rsa() -> DkimKey:
    private = serialization.load_der_private_key(base64.b64decode(RFC_RSA), password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    return DkimKey("football.example.com", "test", editions.WHEN, private)


def rfc_ed25519() -> DkimKey:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(RFC_ED25519))
    return DkimKey("football.example.com", "brisbane", editions.WHEN, private)


@pytest.mark.parametrize("key", [rfc_ed25519, rfc_rsa])
def test_our_parts_make_the_signatures_that_rfc_8463_prints(key: Callable[[], DkimKey]) -> None:
    signatures = re.split(rb"(?<=\r\n)(?=DKIM)", RFC_SIGNATURES)
    [theirs] = [one.removesuffix(b"\r\n") for one in signatures if f"s={key().selector};".encode() in one]
    emptied, _, value = theirs.partition(b"\r\n b=")
    head = fields(
        RFC_HEAD.removesuffix(b"\r\n")
    )  # h= names them in this order, then three that are not there

    made = key().sign(to_sign(head, emptied + b"\r\n b="))

    assert base64.b64encode(made) == value.replace(b"\r\n ", b"")


def test_our_records_verify_the_mail_that_rfc_8463_prints() -> None:
    assert verdicts(RFC_SIGNATURES + RFC_HEAD + RFC_BODY, [rfc_ed25519(), rfc_rsa()]) == [True, True]
    assert rfc_ed25519().record == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def test_the_example_s_keys_sign_mail_of_ours() -> None:
    keys = [rfc_rsa(), rfc_ed25519()]
    signed = Signer("football.example.com", keys).sign(RFC_HEAD + RFC_BODY, editions.WHEN)

    assert verdicts(signed, keys) == [True, True]
