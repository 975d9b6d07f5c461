"""`pulse-mailer dkim`: keys made, shown as the DNS wants them, and removed; and what doctor says of them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pulse_mailer.bootstrap import started
from pulse_mailer.cli import application
from pulse_mailer.clock import now
from pulse_mailer.errors import BadSetting, Conflict, NotFound, Refused, UsageError
from pulse_mailer.settings import load

DOMAIN = "news.example.org"
MONTH = f"{now():%Y%m}"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(tmp_path / "data"))


def dkim(*arguments: str) -> str:
    """What the command prints, on one line; its errors are raised."""
    result = CliRunner().invoke(application("dkim"), ["dkim", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return " ".join(result.stdout.split())


def listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(dkim("list", "--json"))
    return found


def doctor() -> dict[str, str]:
    result = CliRunner().invoke(
        application("doctor"), ["doctor", "--json", "--offline"], catch_exceptions=False
    )
    [check] = [check for check in json.loads(result.stdout)["checks"] if check["name"] == "DKIM"]
    return dict(check)


def signer_for(domain: str) -> list[str] | None:
    """The selectors that sign mail from a domain, as sending gets them."""
    with started(load()) as mailer:
        signer = mailer.signer_for(domain)
        return signer.selectors if signer else None


def upgrade() -> None:
    assert CliRunner().invoke(application("db"), ["db", "upgrade"], catch_exceptions=False).exit_code == 0


def test_a_first_key_signs_at_once_and_its_record_is_printed() -> None:
    said = dkim("create", DOMAIN)

    assert f"name pm{MONTH}._domainkey.{DOMAIN} type TXT value" in said
    assert "PULSE_MAILER_DKIM=true" in said
    strings = re.findall(r'"([^"]*)"', said)
    assert "".join(strings) == listed()[0]["record"]
    assert max(map(len, strings)) <= 255
    assert [(key["selector"], key["state"]) for key in listed()] == [(f"pm{MONTH}", "signs")]


def test_one_that_follows_waits_until_its_record_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_DKIM", "true")
    assert "signs from now on" in dkim("create", DOMAIN)
    assert "gives the record time" in dkim("create", DOMAIN, "--selector", "second")
    dkim("create", DOMAIN, "--selector", "third", "--start-in", "0")

    assert [(key["selector"], key["state"]) for key in listed()] == [
        ("second", "waits"),
        ("third", "signs"),
        (f"pm{MONTH}", "older"),
    ]


def test_ed25519_only_stands_beside_rsa() -> None:
    with pytest.raises(Refused, match="many receivers"):
        dkim("create", DOMAIN, "--ed25519")
    dkim("create", DOMAIN)
    dkim("create", DOMAIN, "--ed25519")

    assert {key["selector"]: key["state"] for key in listed()} == {
        f"pm{MONTH}": "signs",
        f"pm{MONTH}e": "signs",
    }


def test_show_prints_every_record() -> None:
    dkim("create", DOMAIN)
    dkim("create", DOMAIN, "--ed25519")
    said = dkim("show", DOMAIN)

    for key in listed():
        assert key["record_name"] in said
        assert key["record"] in said.replace('" "', "")


def test_show_of_a_domain_without_a_key_names_the_command() -> None:
    with pytest.raises(NotFound, match=f"pulse-mailer dkim create {DOMAIN}"):
        dkim("show", DOMAIN)


def test_list_of_nothing_says_how_to_make_one() -> None:
    assert "pulse-mailer dkim create" in dkim("list")


def test_a_selector_is_given_once() -> None:
    dkim("create", DOMAIN)
    with pytest.raises(Conflict, match="--selector"):
        dkim("create", DOMAIN)


def test_a_wrong_domain_is_refused() -> None:
    with pytest.raises(UsageError, match="domain"):
        dkim("create", "nowhere")


def test_the_last_key_that_signs_is_not_removed_by_mistake() -> None:
    dkim("create", DOMAIN)
    with pytest.raises(Refused, match="--force"):
        dkim("remove", DOMAIN, f"pm{MONTH}")
    assert len(listed()) == 1
    dkim("remove", DOMAIN, f"pm{MONTH}", "--force")
    assert listed() == []


def test_a_key_that_another_follows_is_removed_freely() -> None:
    dkim("create", DOMAIN)
    dkim("create", DOMAIN, "--selector", "second", "--start-in", "0")

    assert "DNS record" in dkim("remove", DOMAIN, "second")
    assert [key["state"] for key in listed()] == ["signs"]


def test_sending_is_signed_only_when_settings_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade()
    dkim("create", DOMAIN)
    assert signer_for(DOMAIN) is None
    monkeypatch.setenv("PULSE_MAILER_DKIM", "true")
    assert signer_for(DOMAIN) == [f"pm{MONTH}"]


def test_sending_without_a_key_that_signs_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade()
    monkeypatch.setenv("PULSE_MAILER_DKIM", "true")
    dkim("create", DOMAIN, "--start-in", "1")
    with pytest.raises(BadSetting, match=f"pulse-mailer dkim create {DOMAIN}"):
        signer_for(DOMAIN)


def test_doctor_says_what_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade()
    assert doctor()["state"] == "good"
    assert "Off" in doctor()["what"]

    monkeypatch.setenv("PULSE_MAILER_DKIM", "true")
    assert "no newsletter yet" in doctor()["what"]

    arguments = ["newsletter", "add", "one", "--name", "One", "--from-address", f"news@{DOMAIN}"]
    assert CliRunner().invoke(application(arguments[0]), arguments, catch_exceptions=False).exit_code == 0
    assert doctor()["state"] == "failed"
    assert f"pulse-mailer dkim create {DOMAIN}" in doctor()["remedy"]

    dkim("create", DOMAIN)
    assert (doctor()["state"], doctor()["what"]) == ("good", f"Signs mail from {DOMAIN} by pm{MONTH}.")


def test_doctor_warns_of_a_key_that_others_may_read(tmp_path: Path) -> None:
    upgrade()
    dkim("create", DOMAIN)
    (tmp_path / "data" / "keys" / "dkim" / DOMAIN / f"pm{MONTH}.pem").chmod(0o644)
    result = CliRunner().invoke(
        application("doctor"), ["doctor", "--json", "--offline"], catch_exceptions=False
    )
    [check] = [check for check in json.loads(result.stdout)["checks"] if check["name"] == "keys"]

    assert check["state"] == "warning"
    assert check["remedy"].startswith("chmod 600")
