"""Fixtures for every test: the real edition, keys, settings, and a mailer in a folder of its own."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr

from pulse_mailer import keys as key_files
from pulse_mailer import settings as settings_module
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from pulse_mailer.resources import prefer_templates
from pulse_mailer.settings import PREFIX, Settings
from pulse_mailer.staff import passwords
from tests.needs import LEFT_OUT, from_environment, missing

if TYPE_CHECKING:
    from pulse_mailer.bootstrap import Mailer

# How long one example takes says more of the machine's other work than of ours. Where everything is required, as in
# CI, the examples are the same each time: a change is judged by what it does; people's own runs look for new ones.
hypothesis_settings.register_profile(
    "any machine", deadline=None, derandomize=bool(from_environment("PULSE_TESTS_REQUIRE_ALL"))
)
hypothesis_settings.load_profile("any machine")

pytest_plugins = ["tests.databases", "tests.brokers"]

CHECKOUT = Path(__file__).resolve().parent.parent
REAL_EDITION = CHECKOUT.parent / "shared" / "editions" / "cordispulse-2022-04.txt"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/golden/ anew; read the difference in git"
    )


def pytest_configure(config: pytest.Config) -> None:
    nothing: set[str] = set()
    config.stash[LEFT_OUT] = nothing


def pytest_collection_finish() -> None:
    """What is there by now, thousands of tests, is no garbage: to look through it again takes a quarter second."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if isinstance(output := getattr(session.config, "workeroutput", None), dict):
        left_out = session.config.stash[LEFT_OUT]
        output["left_out"] = sorted(left_out)  # one of several processes: tell the first


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores, since many tests wait: for a process to begin, for a lease to run out."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_testnodedown(node: Any) -> None:
    left_out = node.config.stash[LEFT_OUT]
    left_out.update(getattr(node, "workeroutput", {}).get("left_out", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash[LEFT_OUT]
    for sentence in sorted(left_out):
        terminalreporter.write_line(f"NOT TESTED: {sentence}", yellow=True, bold=True)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_developer() -> Iterator[None]:
    """Tests, and the commands they start, see neither the developer's variables nor the checkout's .env."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:  # noqa: TID251 - to remove them
            patch.delenv(name)
        patch.setattr(settings_module, "ENV_FILE", Path("no-such-folder") / ".env")
        yield


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_cheap() -> Iterator[None]:
    """Hundreds of passwords are hashed here; what a good hash costs is argon2's own to prove."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(autouse=True)
def _templates_as_shipped() -> Iterator[None]:
    """What one test puts in the place of a shipped template, the next does not see."""
    yield
    prefer_templates(None)


@pytest.fixture
def real_edition(request: pytest.FixtureRequest) -> Path:
    """The file of one real edition; it lies beside the checkout and is no part of the project."""
    if not REAL_EDITION.exists():
        missing(request.config, "The real edition", "it belongs at ../shared/editions beside the checkout")
    return REAL_EDITION


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return key_files.load_or_create(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def links(keys: Keys) -> Links:
    return Links("https://news.example.org", keys)


@pytest.fixture
def settings(tmp_path: Path, sqlite_url: str) -> Settings:
    """The defaults, on an empty SQLite database at its newest migration, in a folder of this test's own."""
    return Settings(data_dir=tmp_path / "data", database_url=SecretStr(sqlite_url))


@pytest.fixture
def mailer(settings: Settings) -> Iterator["Mailer"]:
    from pulse_mailer.bootstrap import started  # it brings every room in; most tests want one

    with started(settings) as ready:
        yield ready
