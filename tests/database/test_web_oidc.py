"""Signing in with an organisation's account. The issuer is a fake of our own: it signs tokens and knows nobody."""

import base64
import hashlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.domain.staff import Role
from pulse_mailer.settings import Settings
from pulse_mailer.web.app import create_app
from tests.staff_given import address, given_staff

KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})


@dataclass
class Fake:
    """An issuer: what it is asked for, and what its tokens say."""

    url: str = ""
    asked: dict[str, list[str]] = field(default_factory=dict)
    says: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: KEY)
    named: str = ""

    def discovery(self) -> dict[str, str]:
        return {
            "issuer": self.named or self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }

    def token(self, form: dict[str, list[str]], challenge: str) -> dict[str, Any]:
        verifier = form["code_verifier"][0].encode()
        made = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
        if form["code"] != ["the-code"] or made != challenge:
            return {"error": "invalid_grant"}
        claims = {
            "iss": self.url,
            "aud": "pulse",
            "sub": "1",
            "exp": int(time.time()) + 300,
            "nonce": self.asked["nonce"][0],
            "email": address(Role.COMPOSER),
            "email_verified": True,
        } | self.says
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)
        return {"access_token": "x", "token_type": "Bearer", "id_token": signed}


@pytest.fixture
def fake() -> Iterator[Fake]:
    issuer = Fake()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys = {"keys": [KEY.as_dict(private=False)]}
            self.say(keys if self.path == "/keys" else issuer.discovery())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.say(issuer.token(form, issuer.asked["code_challenge"][0]))

        def say(self, told: dict[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield issuer
    server.shutdown()
    server.server_close()


@pytest.fixture
def mailer(settings: Settings, fake: Fake) -> Iterator[Mailer]:
    named = {"oidc_issuer": fake.url, "oidc_client_id": "pulse", "oidc_client_secret": SecretStr("s")}
    with started(settings.model_copy(update=named)) as ready:
        given_staff(ready)
        yield ready


@pytest.fixture
def client(mailer: Mailer) -> TestClient:
    return TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", follow_redirects=False)


def begin(client: TestClient, fake: Fake, wanted: str = "/") -> str:
    """Go to the issuer; gives the address that it sends the browser back to."""
    away = client.get("/sign-in/oidc", params={"next": wanted})
    assert away.status_code == 303, away.text
    assert away.headers["Location"].startswith(f"{fake.url}/authorize?")
    fake.asked = parse_qs(urlsplit(away.headers["Location"]).query)
    assert fake.asked["redirect_uri"] == ["http://127.0.0.1:8025/sign-in/oidc/answer"]
    assert fake.asked["code_challenge_method"] == ["S256"]
    return f"/sign-in/oidc/answer?code=the-code&state={fake.asked['state'][0]}"


def test_somebody_of_the_team_comes_in(client: TestClient, fake: Fake) -> None:
    assert "Sign in with 127.0.0.1" in client.get("/sign-in").text
    back = begin(client, fake, "/account")
    assert client.get(back).headers["Location"] == "/account"
    assert "Ann Composer" in client.get("/").text


@pytest.mark.parametrize(
    "says",
    [
        {"email": "stranger@example.org"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": None},
        {"aud": "another"},
        {"iss": "https://evil.example.org"},
        {"nonce": "another"},
        {"exp": 1},
    ],
    ids=str,
)
def test_nobody_comes_in_by_a_token_that_is_not_right(
    client: TestClient, fake: Fake, says: dict[str, object]
) -> None:
    back = begin(client, fake)
    fake.says = says
    answer = client.get(back)
    assert answer.status_code in (409, 502)
    assert "pulse=" not in answer.headers.get("set-cookie", "")
    assert client.get("/").status_code == 303


def test_nobody_comes_in_by_a_token_that_another_signed(client: TestClient, fake: Fake) -> None:
    back = begin(client, fake)
    fake.key = OTHER_KEY
    assert client.get(back).status_code == 502


def test_an_answer_that_this_browser_did_not_begin_is_refused(
    client: TestClient, mailer: Mailer, fake: Fake
) -> None:
    back = begin(client, fake)
    victim = TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", follow_redirects=False)
    assert victim.get(back).status_code == 409
    assert client.get(f"{back}x").status_code == 409
    assert client.get("/sign-in/oidc/answer?error=access_denied").status_code == 409


def test_it_leads_to_our_own_pages_only(client: TestClient, fake: Fake) -> None:
    assert client.get(begin(client, fake, "//evil.example.org")).headers["Location"] == "/"


def test_an_issuer_that_names_another_is_not_gone_to(client: TestClient, fake: Fake) -> None:
    fake.named = "https://evil.example.org"
    answer = client.get("/sign-in/oidc")
    assert answer.status_code == 502
    assert "does not answer as it should" in answer.text


def test_without_an_issuer_there_is_no_such_page(settings: Settings) -> None:
    with started(settings) as plain:
        client = TestClient(create_app(plain), base_url="http://127.0.0.1:8025")
        assert client.get("/sign-in/oidc").status_code == 404
        assert "Sign in with" not in client.get("/sign-in").text


def test_without_its_extra_the_page_names_what_to_install(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "authlib.integrations.requests_client", None)
    monkeypatch.delitem(sys.modules, "pulse_mailer.staff.issuer", raising=False)
    answer = client.get("/sign-in/oidc")
    assert answer.status_code == 400
    assert "pulse-mailer[oidc]" in answer.text
    assert client.get("/sign-in").status_code == 200
