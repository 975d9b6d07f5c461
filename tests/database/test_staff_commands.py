"""`staff`, `api-key` and `audit`, as people type them; and what `serve` prints first."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import application
from pulse_mailer.cli.serve import print_link
from pulse_mailer.domain.staff import Role
from pulse_mailer.errors import NotFound, Refused
from pulse_mailer.settings import Settings
from pulse_mailer.staff import passwords, team
from pulse_mailer.web.app import create_app

Run = Callable[..., str]


@pytest.fixture
def run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", settings.database)
    monkeypatch.setenv("PULSE_MAILER_ACTOR", "ann")
    monkeypatch.chdir(tmp_path)

    def typed(*words: str) -> str:
        application(words[0])(list(words), standalone_mode=False)
        return capsys.readouterr().out

    return typed


def link_in(said: str) -> str:
    found = re.search(r"http://\S+/sign-in/link/\S+", said)
    assert found, said
    return urlsplit(found[0]).path


def client_of(mailer: Mailer) -> TestClient:
    return TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", follow_redirects=False)


def test_somebody_is_added_and_comes_in_by_the_printed_link(run: Run, mailer: Mailer) -> None:
    said = run("staff", "add", "Ann@Example.org", "--name", "Ann", "--role", "composer")
    assert "ann@example.org belongs to the team, as composer." in said
    assert client_of(mailer).post(link_in(said)).headers["Location"] == "/account"
    (one,) = json.loads(run("staff", "list", "--json"))
    assert one == {
        "address": "ann@example.org",
        "name": "Ann",
        "role": "composer",
        "is_active": True,
        "has_password": False,
        "has_second_factor": False,
    }
    assert "ann@example.org" in run("staff", "list")


def test_a_role_is_changed_a_link_made_anew_a_second_factor_turned_off(run: Run, mailer: Mailer) -> None:
    run("staff", "add", "ann@example.org", "--name", "Ann", "--role", "admin")
    older = link_in(run("staff", "link", "ann@example.org"))
    newer = link_in(run("staff", "link", "ANN@example.org"))
    assert client_of(mailer).post(older).status_code == 404
    assert client_of(mailer).post(newer).status_code == 303
    run("staff", "add", "bob@example.org", "--name", "Bob", "--role", "viewer")
    assert "bob@example.org is operator." in run("staff", "role", "bob@example.org", "operator")
    assert "comes in by password or link alone" in run("staff", "reset-second-factor", "bob@example.org")
    assert "comes in no more" in run("staff", "deactivate", "bob@example.org")
    with pytest.raises(Refused, match="only one who can administer"):
        run("staff", "deactivate", "ann@example.org")
    with pytest.raises(NotFound):
        run("staff", "role", "nobody@example.org", "viewer")


def test_a_key_is_shown_once_listed_and_revoked(run: Run) -> None:
    said = run("api-key", "create", "reading room", "--scope", "read", "--scope", "people", "--days", "3")
    secret = re.search(r"^pulse_\S{40,}$", said, re.MULTILINE)
    assert secret
    (one,) = json.loads(run("api-key", "list", "--json"))
    assert (one["name"], one["scopes"], one["state"]) == ("reading room", ["people", "read"], "works")
    assert secret[0].startswith(one["prefix"])
    assert secret[0] not in run("api-key", "list")
    run("api-key", "revoke", str(one["id"]))
    assert json.loads(run("api-key", "list", "--json"))[0]["state"] == "revoked"
    with pytest.raises(NotFound):
        run("api-key", "revoke", str(one["id"]))


def test_the_audit_names_who_acts_at_the_command_line(run: Run) -> None:
    run("staff", "add", "ann@example.org", "--name", "Ann", "--role", "composer")
    run("staff", "role", "ann@example.org", "viewer")
    first, *_ = json.loads(run("audit", "--json", "--since", "2020-01-01", "--actor", "ann"))
    assert first["actor"].startswith("cli:ann")
    assert (first["action"], first["before"], first["after"]) == (
        "staff.role_set",
        {"role": "composer"},
        {"role": "viewer"},
    )
    assert "role composer → viewer" in " ".join(run("audit").split())
    assert json.loads(run("audit", "--json", "--since", "2999-01-01")) == []
    assert (
        json.loads(run("audit", "--json", "--text", "staff.link", "--limit", "1"))[0]["action"]
        == "staff.link_made"
    )


@pytest.mark.parametrize(
    ("base_url", "host", "printed"),
    [
        ("http://127.0.0.1:8025", "127.0.0.1", "http://127.0.0.1:9000/sign-in/link/"),
        ("http://127.0.0.1:8025", "0.0.0.0", "http://127.0.0.1:9000/sign-in/link/"),
        ("https://news.example.org", "0.0.0.0", "https://news.example.org/sign-in/link/"),
    ],
)
def test_serve_prints_a_link_while_nobody_can_sign_in(
    mailer: Mailer, capsys: pytest.CaptureFixture[str], base_url: str, host: str, printed: str
) -> None:
    print_link(mailer, mailer.settings.model_copy(update={"base_url": base_url}), host, 9000, anyway=False)
    said = capsys.readouterr().out
    assert printed in said
    assert "as admin@localhost" in said
    assert client_of(mailer).post(link_in(said.replace("https:", "http:"))).headers["Location"] == "/account"


def test_serve_prints_a_link_for_whoever_administers_before_it_makes_somebody(
    mailer: Mailer, capsys: pytest.CaptureFixture[str]
) -> None:
    with mailer.database.transaction() as database:
        team.add(database, "ann@example.org", "Ann", Role.ADMIN, actor="tests")
    print_link(mailer, mailer.settings, "127.0.0.1", 8025, anyway=False)
    assert "as ann@example.org" in capsys.readouterr().out


def test_serve_prints_none_once_somebody_can_unless_it_is_asked_to(
    mailer: Mailer, capsys: pytest.CaptureFixture[str]
) -> None:
    with mailer.database.transaction() as database:
        staff, _ = team.first_link(database, "admin@localhost", actor="tests")
        team.set_password(database, staff, passwords.new("three unlikely words", staff), actor="tests")
    print_link(mailer, mailer.settings, "127.0.0.1", 8025, anyway=False)
    assert capsys.readouterr().out == ""
    print_link(mailer, mailer.settings, "127.0.0.1", 8025, anyway=True)
    assert "/sign-in/link/" in capsys.readouterr().out
