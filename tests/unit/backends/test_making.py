"""Choosing a backend, its settings, and what the fake can be told."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pulse_mailer import backends
from pulse_mailer.backends._one_click import OneClickGuard
from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.backends.smtp import SmtpBackend, SmtpRoute
from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.errors import BadSetting
from pulse_mailer.settings import SECRETS, Settings
from tests.contract.messages import message
from tests.unit.backends.third_party import PigeonBackend

KEY = "key-made-up-for-tests"

#: What each provider needs, and whom it then asks.
NEEDS: dict[str, tuple[dict[str, Any], str]] = {
    "ses": (
        {"ses_region": "eu-west-2", "ses_access_key_id": "AKIDEXAMPLE", "ses_secret_access_key": KEY},
        "email.eu-west-2.amazonaws.com:443",
    ),
    "sendgrid": ({"sendgrid_api_key": KEY}, "api.sendgrid.com:443"),
    "mailgun": ({"mailgun_api_key": KEY, "mailgun_domain": "mg.example.org"}, "api.mailgun.net:443"),
    "postmark": ({"postmark_server_token": KEY}, "api.postmarkapp.com:443"),
    "resend": ({"resend_api_key": KEY}, "api.resend.com:443"),
    "graph": (
        {
            "graph_tenant": "tenant.example",
            "graph_client_id": "client",
            "graph_client_secret": KEY,
            "graph_mailbox": "news@sender.example",
        },
        "graph.microsoft.com:443",
    ),
}
LOCAL = sorted(backends.BACKENDS.keys() - NEEDS)


def given(tmp_path: Path, **values: Any) -> Settings:
    wrapped: dict[str, Any] = {
        name: SecretStr(value) if name in SECRETS else value for name, value in values.items()
    }
    return Settings(data_dir=tmp_path, **wrapped)


@pytest.mark.parametrize("name", LOCAL)
def test_a_backend_of_this_machine_needs_no_setting(tmp_path: Path, name: str) -> None:
    made = backends.make(name, given(tmp_path))
    assert (made.name, made.carries_one_click) == (name, True)
    assert made.window >= 1


@pytest.mark.parametrize("name", NEEDS)
def test_a_provider_is_made_from_its_settings(tmp_path: Path, name: str) -> None:
    values, relay = NEEDS[name]
    made = backends.make(name, given(tmp_path, **values))
    assert (made.name, made.relay, made.carries_one_click) == (name, relay, True)
    assert KEY not in repr(made)


@pytest.mark.parametrize(
    ("name", "missing"), [(name, setting) for name, (values, _) in NEEDS.items() for setting in values]
)
def test_a_setting_that_is_missing_is_named(tmp_path: Path, name: str, missing: str) -> None:
    values = {setting: value for setting, value in NEEDS[name][0].items() if setting != missing}
    with pytest.raises(BadSetting, match=f"{name} needs PULSE_MAILER_{missing.upper()}"):
        backends.make(name, given(tmp_path, **values))


@pytest.mark.parametrize("key", ["two words", "two\nlines", "schlüssel"])
def test_a_key_that_no_header_may_hold_is_refused_unseen(tmp_path: Path, key: str) -> None:
    with pytest.raises(BadSetting, match="PULSE_MAILER_RESEND_API_KEY") as caught:
        backends.make("resend", given(tmp_path, resend_api_key=key))
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://api.resend.example",
        "api.resend.com",
        "https://",
        "https://api.resend.com:0",
        "https://[api",
        "https://api.resend.com?x=1",
        "https://eve@api.resend.com",
        "ftp://127.0.0.1",
    ],
)
def test_a_key_goes_to_nobody_unprotected(tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(BadSetting, match="PULSE_MAILER_RESEND_ENDPOINT"):
        backends.make("resend", given(tmp_path, resend_api_key=KEY, resend_endpoint=endpoint))


@pytest.mark.parametrize(
    ("endpoint", "relay"),
    [
        ("https://api.example.org/", "api.example.org:443"),
        ("https://api.example.org:8443", "api.example.org:8443"),
        ("http://127.0.0.1:5000", "127.0.0.1:5000"),
        ("http://[::1]:5000", "[::1]:5000"),
    ],
)
def test_another_endpoint_may_be_named(tmp_path: Path, endpoint: str, relay: str) -> None:
    made = backends.make("resend", given(tmp_path, resend_api_key=KEY, resend_endpoint=endpoint))
    assert made.relay == relay


def test_amazons_endpoint_follows_the_region(tmp_path: Path) -> None:
    values = {**NEEDS["ses"][0], "ses_region": "cn-north-1"}
    assert backends.make("ses", given(tmp_path, **values)).relay == "email.cn-north-1.amazonaws.com.cn:443"


@pytest.mark.parametrize(
    ("name", "batch_size", "window"), [("postmark", 500, 500), ("resend", 500, 100), ("sendgrid", 500, 1)]
)
def test_the_batch_is_as_large_as_provider_and_settings_allow(
    tmp_path: Path, name: str, batch_size: int, window: int
) -> None:
    made = backends.make(name, given(tmp_path, **NEEDS[name][0], batch_size=batch_size))
    assert made.window == window


def test_smtp_is_made_from_its_settings(tmp_path: Path) -> None:
    made = backends.make("smtp", given(tmp_path, smtp_host="127.0.0.1", smtp_port=2525))
    assert isinstance(made, SmtpBackend)
    assert made.relay == "127.0.0.1:2525"


def test_a_third_partys_backend_is_named_by_its_module_and_class(tmp_path: Path) -> None:
    made = backends.make("tests.unit.backends.third_party:OwlBackend", given(tmp_path))
    assert isinstance(made, PigeonBackend)


def test_a_third_partys_backend_that_says_nothing_of_one_click_is_guarded(tmp_path: Path) -> None:
    made = backends.make("tests.unit.backends.third_party:PigeonBackend", given(tmp_path))
    assert isinstance(made, OneClickGuard)
    assert (made.name, made.relay, made.window, made.carries_one_click) == ("pigeon", "loft:0", 1, False)
    assert made.check() == "coo"


@pytest.mark.parametrize(
    "name", ["pigeon", "", "no.such.module:Backend", "pulse_mailer.backends.memory:Nothing"]
)
def test_an_unknown_backend_is_a_bad_setting(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSetting, match="backend"):
        backends.make(name, given(tmp_path))


def test_an_address_of_the_sixth_version_stands_in_brackets() -> None:
    assert SmtpRoute("::1", 25).relay == "[::1]:25"


def test_a_route_never_shows_its_password() -> None:
    assert "hunter2" not in repr(SmtpBackend(SmtpRoute("mail.example.org", 587, password="hunter2")))


class TestMemoryBackend:
    def test_it_dies_where_it_is_told_after_keeping_what_it_took(self) -> None:
        def die() -> None:
            raise KeyboardInterrupt

        backend = MemoryBackend({message("bob").recipient: Answer(dies=die)})
        with backend.session() as session:
            receipts = session.exchange([message("ann"), message("bob")])
            assert next(receipts).outcome is Outcome.SENT
            with pytest.raises(KeyboardInterrupt):
                next(receipts)
        assert backend.kept == [message("ann"), message("bob")]

    def test_a_death_before_the_dot_keeps_nothing(self) -> None:
        def die() -> None:
            raise KeyboardInterrupt

        answer = Answer(Outcome.RETURNED, Stage.DATA, dies=die)
        backend = MemoryBackend({message("ann").recipient: answer})
        with backend.session() as session, pytest.raises(KeyboardInterrupt):
            list(session.exchange([message("ann")]))
        assert backend.kept == []

    def test_it_counts_its_sessions(self) -> None:
        backend = MemoryBackend()
        for _ in range(2):
            with backend.session():
                pass
        assert backend.sessions == 2
