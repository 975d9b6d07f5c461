"""
Signature Version 4, held against the public cases of Amazon's signing test suite and against botocore.

The signatures in CASES are those of the suite's cases with the same names; botocore signs them too, so that a slip
in copying one would show.
"""

import datetime

import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]  # it ships no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # likewise
from botocore.credentials import Credentials as BotoCredentials  # type: ignore[import-untyped]  # likewise

from pulse_mailer.backends.sigv4 import Credentials, Scope, signed_headers

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AT = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.UTC)
HOST = "https://example.amazonaws.com"
SCOPE = Scope("us-east-1", "service")

#: name, method, path and query, headers, signature
CASES = [
    ("get-vanilla", "GET", "/", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("post-vanilla", "POST", "/", {}, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (
        "get-vanilla-query-order-key-case",
        "GET",
        "/?Param2=value2&Param1=value1",
        {},
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "get-header-value-trim",
        "GET",
        "/",
        {"My-Header1": " value1", "My-Header2": ' "a   b   c"'},
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    (
        "post-header-key-sort",
        "POST",
        "/",
        {"My-Header1": "value1"},
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
]


def signature(method: str, url: str, headers: dict[str, str], body: bytes = b"", token: str = "") -> str:
    signed = signed_headers(Credentials(KEY, SECRET, token), SCOPE, method, url, body, headers=headers, at=AT)
    return signed["Authorization"].rpartition("Signature=")[2]


def botocores(
    monkeypatch: pytest.MonkeyPatch, method: str, url: str, headers: dict[str, str], body: bytes, token: str
) -> str:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: AT.replace(tzinfo=None))
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    SigV4Auth(BotoCredentials(KEY, SECRET, token or None), SCOPE.service, SCOPE.region).add_auth(request)
    authorization: str = request.headers["Authorization"]
    assert f"/{AT:%Y%m%d}/" in authorization
    return authorization.rpartition("Signature=")[2]


@pytest.mark.parametrize(
    ("name", "method", "path", "headers", "wanted"), CASES, ids=[case[0] for case in CASES]
)
def test_public_case(
    monkeypatch: pytest.MonkeyPatch, name: str, method: str, path: str, headers: dict[str, str], wanted: str
) -> None:
    assert signature(method, HOST + path, headers) == wanted
    assert botocores(monkeypatch, method, HOST + path, headers, b"", "") == wanted


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "token"),
    [
        ("GET", f"{HOST}/", {}, b"", ""),
        (
            "POST",
            f"{HOST}/v2/email/outbound-emails",
            {"Content-Type": "application/json"},
            b'{"a": "\xc3\xa9"}',
            "",
        ),
        (
            "POST",
            f"{HOST}/v2/email/outbound-emails",
            {"Content-Type": "application/json"},
            b"{}",
            "a/token+=",
        ),
        ("GET", f"{HOST}/a%20b/%C3%A9?x=1&b=%20%2F&b=&a=~", {}, b"", ""),
        ("GET", "http://127.0.0.1:5000/v2/email/account", {"X-Twice": "a  b"}, b"", ""),
    ],
    ids=["plain", "body", "token", "path and query", "port"],
)
def test_botocore_signs_the_same(
    monkeypatch: pytest.MonkeyPatch, method: str, url: str, headers: dict[str, str], body: bytes, token: str
) -> None:
    assert signature(method, url, headers, body, token) == botocores(
        monkeypatch, method, url, headers, body, token
    )


def test_what_signs_goes_along() -> None:
    signed = signed_headers(
        Credentials(KEY, SECRET, "token"), SCOPE, "GET", HOST, b"", headers={"A": "b"}, at=AT
    )
    assert signed["X-Amz-Date"] == "20150830T123600Z"
    assert signed["X-Amz-Security-Token"] == "token"
    assert signed["A"] == "b"
    assert "SignedHeaders=a;host;x-amz-date;x-amz-security-token" in signed["Authorization"]


def test_credentials_show_no_secret() -> None:
    shown = repr(Credentials(KEY, SECRET, "a token"))
    assert SECRET not in shown
    assert "a token" not in shown
