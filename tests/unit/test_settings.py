"""Settings: where each comes from, and that a wrong one is refused by its name and without its value."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from pulse_mailer import settings as module
from pulse_mailer.errors import BadSetting
from pulse_mailer.settings import PREFIX, SECRETS, Settings, load, sources, variable

OUTSIDE = {
    "smtp_host": "smtp.example.org",
    "smtp_port": "587",
    "smtp_security": "starttls",
    "base_url": "https://news.example.org",
}


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / ".env"
    monkeypatch.setattr(module, "ENV_FILE", file)
    return file


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(variable(name), value)


def test_defaults_mail_nobody_outside() -> None:
    assert load().mails_outside is False


def test_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_SMTP_PORT", "2525")
    assert load().smtp_port == 2525
    assert sources()["smtp_port"] == "environment"


def test_env_file_is_read(env_file: Path) -> None:
    env_file.write_text(
        "# a comment\nexport PULSE_MAILER_SMTP_PORT='2525'\n\nPULSE_DB_PASSWORD=for-compose\n"
    )
    assert load().smtp_port == 2525
    assert sources()["smtp_port"] == ".env"


def test_environment_goes_before_the_env_file(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file.write_text("PULSE_MAILER_SMTP_PORT=2525\n")
    monkeypatch.setenv("PULSE_MAILER_SMTP_PORT", "2626")
    assert load().smtp_port == 2626
    assert sources()["smtp_port"] == "environment"


def test_what_a_caller_gives_goes_before_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_SMTP_PORT", "2525")
    assert load(smtp_port=2727).smtp_port == 2727


def test_empty_value_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_SMTP_PORT", "")
    assert load().smtp_port == 1025
    assert sources()["smtp_port"] == "default"


def test_every_setting_has_a_source() -> None:
    assert sources().keys() == Settings.model_fields.keys()


def test_unknown_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_MAILER_SMPT_HOST", "x")
    with pytest.raises(BadSetting, match=r"PULSE_MAILER_SMPT_HOST .* Did you mean PULSE_MAILER_SMTP_HOST\?"):
        load()


def test_unknown_line_of_the_env_file_is_refused_by_name(env_file: Path) -> None:
    env_file.write_text("PULSE_MAILER_SMPT_HOST=x\n")
    with pytest.raises(BadSetting, match=r"PULSE_MAILER_SMPT_HOST \(\.env\)"):
        load()


def test_broken_line_of_the_env_file_is_refused_by_number(env_file: Path) -> None:
    env_file.write_text("PULSE_MAILER_SMTP_PORT=2525\nPULSE_MAILER_SMTP_HOST 'x\n")
    with pytest.raises(BadSetting, match="Line 2"):
        load()


def test_env_file_that_is_no_text_is_refused(env_file: Path) -> None:
    env_file.write_bytes(b"PULSE_MAILER_SMTP_HOST=\xff\n")
    with pytest.raises(BadSetting, match="cannot be read"):
        load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("smtp_port", "abc"),
        ("smtp_port", "70000"),
        ("web_port", "0"),
        ("smtp_security", "ssl"),
        ("backend", "carrier-pigeon"),
        ("base_url", "news.example.org"),
        ("base_url", "ftp://news.example.org"),
        ("base_url", "https://news.example.org/?page=1"),
        ("base_url", "https://[news"),
        ("base_url", "https://news.example.org:port"),
        ("base_url", "https://me:secret@news.example.org"),
        ("fetch_also", "intranet.example.org"),
        ("fetch_also", "10.20.0.1/16"),
        ("fetch_also", "127.0.0.2/32, 0.0.0.0/0"),
        ("unsubscribe_inbox", "nobody"),
        ("unsubscribe_inbox", "a-name-that-is-too-long@example.org"),
        ("bounce_inbox", "in+box@example.org"),
        ("spamd", "127.0.0.1"),
        ("spamd", "http://127.0.0.1:783"),
        ("spamd", "me@127.0.0.1:783"),
        ("spamd", "127.0.0.1:none"),
        ("spamd", "127.0.0.1:783/x"),
        ("mailbox_host", "smtp.example.org"),
        ("mailbox_host", "8.8.8.8"),
        ("worker_poll_seconds", "0"),
        ("smtp_messages_per_connection", "0"),
    ],
)
def test_bad_value_is_refused_by_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    set_all(monkeypatch, {name: value})
    with pytest.raises(BadSetting, match=variable(name)) as refused:
        load()
    assert "must" in str(refused.value)


def test_every_problem_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"smtp_port": "abc", "web_port": "abc", "no_such_thing": "abc"})
    with pytest.raises(BadSetting) as refused:
        load()
    lines = str(refused.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(PREFIX) for line in lines)


def test_no_message_holds_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"smtp_password": "hunter2", "database_url": "hunter3", "smtp_port": "abc"})
    with pytest.raises(BadSetting) as refused:
        load()
    assert "hunter" not in str(refused.value)
    assert "hunter" not in repr(refused.value.__cause__)


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(
        monkeypatch, {"smtp_password": "hunter2", "smtp_username": "me", "database_url": "sqlite:///hunter3"}
    )
    assert "hunter" not in repr(load())
    assert "hunter" not in load().model_dump_json()


@pytest.mark.parametrize("name", SECRETS)
def test_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    file.write_text("sqlite:///from-a-file\n")
    monkeypatch.setenv(f"{variable(name)}_FILE", str(file))
    assert getattr(
        load(smtp_username="me", **({} if name == "smtp_password" else {"smtp_password": "x"})), name
    )
    assert sources()[name] == f"file {file}"


def test_end_of_line_is_no_part_of_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    set_all(monkeypatch, {"smtp_username": "me", "smtp_password_file": str(tmp_path / "secret")})
    assert load().smtp_password.get_secret_value() == "hunter2"


def test_secret_and_its_file_together_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    set_all(monkeypatch, {"smtp_password": "y", "smtp_password_file": str(tmp_path / "secret")})
    with pytest.raises(
        BadSetting, match="PULSE_MAILER_SMTP_PASSWORD and PULSE_MAILER_SMTP_PASSWORD_FILE are both"
    ):
        load(smtp_username="me")


def test_secret_file_that_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_all(monkeypatch, {"smtp_password_file": str(tmp_path / "none")})
    with pytest.raises(BadSetting, match=r"PULSE_MAILER_SMTP_PASSWORD_FILE names .*No such file"):
        load()


def test_secret_file_that_is_empty_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    set_all(monkeypatch, {"smtp_password_file": str(tmp_path / "secret")})
    with pytest.raises(BadSetting, match="is empty"):
        load()


def test_only_secrets_have_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_all(monkeypatch, {"smtp_host_file": str(tmp_path)})
    with pytest.raises(BadSetting, match="PULSE_MAILER_SMTP_HOST_FILE"):
        load()


def test_mail_to_outside_is_allowed_with_https_and_tls() -> None:
    assert load(**OUTSIDE).mails_outside is True


def test_mail_to_outside_needs_a_safe_way_out() -> None:
    with pytest.raises(BadSetting, match="PULSE_MAILER_BASE_URL must begin with https"):
        load(**OUTSIDE | {"base_url": "http://news.example.org"})


def test_mail_to_outside_needs_tls() -> None:
    with pytest.raises(BadSetting, match="PULSE_MAILER_SMTP_SECURITY must be starttls or tls"):
        load(**OUTSIDE | {"smtp_security": "none"})


@pytest.mark.parametrize("host", ["catcher", "Catcher", "10.0.0.7", "fd00::7"])
def test_catcher_on_a_private_network_needs_neither(host: str) -> None:
    assert load(smtp_host=host, mailbox_host=host.lower()).mails_outside is False


def test_private_name_that_is_not_said_to_be_the_catcher_is_outside() -> None:
    with pytest.raises(BadSetting, match="PULSE_MAILER_BASE_URL"):
        load(smtp_host="relay")


@pytest.mark.parametrize("given", [{"smtp_username": "me"}, {"smtp_password": "x"}])
def test_name_and_password_go_together(given: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match="go together"):
        load(**given)


def test_base_url_loses_its_last_slash() -> None:
    assert load(base_url="https://news.example.org/").base_url == "https://news.example.org"


def test_networks_that_may_be_fetched_are_a_list_and_none_by_default() -> None:
    assert load().fetch_networks == ()
    found = load(fetch_also="10.20.0.0/16, fd00:1::/32,127.0.0.2").fetch_networks
    assert [str(network) for network in found] == ["10.20.0.0/16", "fd00:1::/32", "127.0.0.2/32"]


def test_paths_are_made_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert load(data_dir="data").data_dir == tmp_path / "data"
    assert load(data_dir="~/data").data_dir == tmp_path / "home" / "data"


def test_database_is_by_default_a_file_in_the_data_folder(tmp_path: Path) -> None:
    assert load(data_dir=tmp_path).database == f"sqlite:///{tmp_path}/pulse-mailer.db"


def test_data_folder_follows_the_desktops_rule(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert load().data_dir == tmp_path / "pulse-mailer"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load().smtp_port = 25  # type: ignore[misc]  # that is the mistake


def test_a_newsletters_own_backends_are_held_to_the_same_rules() -> None:
    found = load(base_url="http://127.0.0.1:8025")
    assert found.unsafe(()) == ""
    assert found.unsafe(("smtp", "file")) == ""
    assert "BASE_URL must begin with https://" in found.unsafe(("smtp", "resend"))
