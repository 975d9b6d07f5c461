"""The compose file and the Dockerfile, without Docker: what they name exists, and their commands run."""

import contextlib
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer.main
import yaml

from pulse_mailer.cli import application
from pulse_mailer.settings import PREFIX, Settings, load
from tests.brokers import own_queue
from tests.databases import new_postgresql

CHECKOUT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("pulse-mailer"))
EXAMPLE = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
[ENTRYPOINT] = [yaml.safe_load(found) for found in re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)]
REQUIRED = {"PULSE_DB_PASSWORD", "PULSE_BROKER_PASSWORD"}
PASSWORD = "abc123"  # letters and digits, as .env.example asks for
GIVEN = dict.fromkeys(REQUIRED, PASSWORD)


def filled_in(text: str, given: dict[str, str]) -> str:
    """Compose's interpolation of ${NAME:-default} and ${NAME:?message}."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if given.get(name):
            return given[name]
        assert kind == "-", f"{name} is required: {rest}"
        return str(rest)

    return re.sub(r"\$\{(\w+):([-?])([^}]*)\}", value, text)


def environment(service: str, given: dict[str, str]) -> dict[str, str]:
    return {name: filled_in(value, given) for name, value in SERVICES[service]["environment"].items()}


def parse(arguments: list[str]) -> None:
    """Let the command line read arguments as it would, without running anything."""
    command: Any = typer.main.get_command(application())
    context = command.make_context("pulse-mailer", list(arguments))
    while hasattr(command, "commands"):
        name, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, list(arguments), parent=context)


def words(service: str) -> list[str]:
    """The whole command line of one of our services; by itself the image runs ours."""
    found = SERVICES[service]
    return [*found.get("entrypoint", ENTRYPOINT), *found["command"]]


@pytest.mark.parametrize("service", OURS)
def test_command_of_the_service_is_one_that_its_program_knows(service: str) -> None:
    program, *arguments = words(service)
    if program == "celery":
        # It reads all its arguments before it shows its help.
        asked = [sys.executable, "-m", "celery", *arguments, "--help"]
        assert subprocess.run(asked, capture_output=True, timeout=60, check=False).returncode == 0
    else:
        assert program == "pulse-mailer"
        parse(arguments)


def test_command_that_is_none_of_ours_is_found_out() -> None:
    with pytest.raises(Exception, match=r"(?i)no such option"):
        parse(["serve", "--no-such-option"])


def test_default_command_of_the_image_is_one_of_ours() -> None:
    found = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert found
    parse(yaml.safe_load(found[1]))


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_a_service_leans_on_is_there(service: str) -> None:
    needs = SERVICES[service].get("depends_on", {})
    assert needs.keys() <= SERVICES.keys()
    for other, how in needs.items():
        if how["condition"] == "service_healthy":
            assert "test" in SERVICES[other]["healthcheck"]


def test_volumes_and_networks_are_declared_and_used() -> None:
    mounted = {
        mount.partition(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])
    }
    joined = {network for service in SERVICES.values() for network in service["networks"]}
    assert mounted == COMPOSE["volumes"].keys()
    assert joined == COMPOSE["networks"].keys()


def test_only_who_meets_the_world_is_on_the_outer_network() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert {name for name, service in SERVICES.items() if "outside" in service["networks"]} == {
        "web",
        "workers",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_published_ports_are_on_loopback(service: str) -> None:
    assert all(str(port).startswith("127.0.0.1:") for port in SERVICES[service].get("ports", []))


@pytest.mark.parametrize("service", SERVICES)
def test_service_has_as_few_rights_as_it_can(service: str) -> None:
    found = SERVICES[service]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["init"] is True
    assert "no-new-privileges:true" in found["security_opt"]
    assert not found.get("privileged")


def test_the_broker_lets_in_who_the_workers_say_they_are() -> None:
    broker = {name: filled_in(value, GIVEN) for name, value in SERVICES["broker"]["environment"].items()}
    url = urlsplit(environment("workers", GIVEN)["PULSE_MAILER_CELERY_BROKER_URL"])
    assert (url.username, url.password) == (broker["RABBITMQ_DEFAULT_USER"], broker["RABBITMQ_DEFAULT_PASS"])
    assert url.hostname == SERVICES["broker"]["hostname"] == "broker"


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_a_setting(service: str) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert SERVICES[service]["environment"].keys() <= known


def test_no_secret_stands_in_the_file() -> None:
    secret = re.compile(r"PASSWORD|SECRET|TOKEN|KEY")
    for name, service in SERVICES.items():
        for variable, value in service["environment"].items():
            if secret.search(variable) or "://" in value:
                assert "${" in value, f"{name}: {variable}"


def test_every_variable_that_compose_asks_for_is_in_the_example() -> None:
    text = (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")
    required = set(re.findall(r"\$\{(\w+):\?", text))
    offered = set(re.findall(r"\$\{(\w+):-", text))
    assert required == REQUIRED
    assert required | offered == set(re.findall(r"^#?(PULSE_\w+)=", EXAMPLE, re.MULTILINE))


def test_example_holds_no_password() -> None:
    assert re.findall(r"PASSWORD=(.*)", EXAMPLE) == ["", "", ""]


def test_default_mail_server_is_the_catcher_of_this_stack() -> None:
    values = environment("workers", GIVEN)
    host = values["PULSE_MAILER_SMTP_HOST"]
    assert host in SERVICES
    assert "profiles" not in SERVICES[host]
    command = SERVICES[host]["command"]
    assert command[command.index("--port") + 1] == values["PULSE_MAILER_SMTP_PORT"]


@pytest.mark.parametrize("service", OURS)
def test_settings_of_the_service_are_accepted_and_mail_nobody_outside(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(service, GIVEN).items():
        monkeypatch.setenv(name, value)
    assert load().mails_outside is False


def test_settings_for_real_mail_as_the_example_has_them_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    given = dict(re.findall(r"^#?(PULSE_\w+)=(.*)$", EXAMPLE, re.MULTILINE))
    given |= GIVEN | {f"{PREFIX}SMTP_USERNAME": "me", f"{PREFIX}SMTP_PASSWORD": "x"}
    for name, value in environment("workers", given).items():
        monkeypatch.setenv(name, value)
    assert load().mails_outside is True


def test_image_runs_without_root() -> None:
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2]
    user = re.search(r"^USER (\S+)$", last_stage, re.MULTILINE)
    assert user
    assert user[1] not in ("0", "root")


def test_builder_gets_what_the_dockerfile_copies_and_no_more() -> None:
    copied = {
        word
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for word in shlex.split(line)[:-1]
    }
    allowed = {
        line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert copied == allowed
    assert all((CHECKOUT / name).exists() for name in copied)


# The commands of the file, run on this machine against PostgreSQL, and their own health checks asked.


class Stack:
    """The services as processes here: ports of their own, the names of hosts replaced by this machine."""

    def __init__(self, folder: Path, database_url: str, broker_url: str) -> None:
        self.folder = folder
        self.ports = dict(zip(("8025", "1025", "8026"), free_ports(3), strict=True))
        given = environment("web", GIVEN)
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
            **given,
            "PULSE_MAILER_DATABASE_URL": database_url,
            "PULSE_MAILER_CELERY_BROKER_URL": broker_url,
            "PULSE_MAILER_DATA_DIR": str(folder / "data"),
            "PULSE_MAILER_SMTP_HOST": "127.0.0.1",
            "PULSE_MAILER_SMTP_PORT": self.ports["1025"],
        }

    def here(self, words: list[str]) -> list[str]:
        """The words of a command as they must be on this machine."""
        found = [re.sub(r"\b(8025|1025|8026)\b", lambda port: self.ports[port[1]], word) for word in words]
        return [word.replace("0.0.0.0", "127.0.0.1") for word in found]

    def command(self, service: str) -> list[str]:
        extra = ["--web-port", "8026"] if service == "catcher" else []
        return self.here([*words(service), *extra])

    def run(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def healthy(self, service: str) -> bool:
        return self.run(self.here(SERVICES[service]["healthcheck"]["test"][1:])).returncode == 0

    @contextlib.contextmanager
    def running(self, service: str) -> Iterator[subprocess.Popen[str]]:
        log = self.folder / f"{service}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                self.command(service),
                env=self.environment,
                cwd=self.folder,
                stdout=output,
                stderr=output,
                text=True,
            )
            try:
                yield process
            finally:
                process.terminate()
                process.wait(20)
        assert process.returncode == 0, f"{service} did not stop cleanly:\n{log.read_text()}"


def free_ports(count: int) -> list[str]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [str(one.getsockname()[1]) for one in sockets]


def becomes_healthy(stack: Stack, service: str) -> bool:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if stack.healthy(service):
            return True
        time.sleep(0.2)
    return False


@pytest.mark.postgres
@pytest.mark.rabbitmq
def test_services_of_the_file_start_answer_and_stop(
    tmp_path: Path, postgresql_server: str, rabbitmq: str
) -> None:
    with new_postgresql(postgresql_server) as url, own_queue(rabbitmq, tmp_path / "data" / "keys"):
        stack = Stack(tmp_path, url, rabbitmq)
        refused = stack.run(stack.command("web"))
        assert refused.returncode == 1
        assert "pulse-mailer db upgrade" in refused.stderr
        assert not stack.healthy("workers")

        migrated = stack.run(stack.command("migrate"))
        assert migrated.returncode == 0, migrated.stderr

        with (
            stack.running("catcher"),
            stack.running("web"),
            stack.running("workers") as workers,
            stack.running("beat") as beat,
        ):
            assert becomes_healthy(stack, "catcher")
            assert becomes_healthy(stack, "web")
            assert becomes_healthy(stack, "workers")  # so beat asked them, and they looked
            assert (workers.poll(), beat.poll()) == (None, None)
            doctor = stack.run(["pulse-mailer", "doctor"])
            assert doctor.returncode == 0, doctor.stdout
        assert not stack.healthy("web")
        assert not stack.healthy("catcher")
