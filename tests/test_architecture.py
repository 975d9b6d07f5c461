"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).resolve().parent.parent
DOMAIN = sorted((CHECKOUT / "pulse_mailer" / "domain").glob("*.py"))
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = {
    name: (CHECKOUT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    for name in ("runtime", "celery", "dev")
}

#: What would make the nouns ask a database, draw a page or call somebody.
FOREIGN = {
    "Session",
    "sessionmaker",
    "Engine",
    "create_engine",
    "select",
    "insert",
    "update",
    "delete",
    "Connection",
}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is no git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := CHECKOUT / name).is_file()]


def words(path: Path) -> str:
    """A tracked file's text; empty for pictures and the like."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("module", DOMAIN, ids=lambda path: path.stem)
def test_nouns_know_no_session_and_no_query(module: Path) -> None:
    names = {
        name
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        for name in (
            [node.id]
            if isinstance(node, ast.Name)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not names & FOREIGN


def test_domain_is_there() -> None:
    assert len(DOMAIN) > 8


def test_environment_is_read_in_one_place() -> None:
    banned = PROJECT["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
    assert {"os.environ", "os.getenv"} <= banned.keys()
    excused = [
        path.relative_to(CHECKOUT).as_posix()
        for path in (CHECKOUT / "pulse_mailer").rglob("*.py")
        if re.search(r"noqa:.*TID251", path.read_text(encoding="utf-8"))
    ]
    assert excused == ["pulse_mailer/settings.py"]


def test_module_is_at_most_400_lines() -> None:
    long = {
        path.name: count
        for path in (CHECKOUT / "pulse_mailer").rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_every_excuse_has_its_reason() -> None:
    bare = [
        f"{path.relative_to(CHECKOUT)}:{number}"
        for path in tracked()
        if path.suffix == ".py"
        for number, line in enumerate(words(path).splitlines(), 1)
        if re.search(r"#\s*(noqa(: [A-Z0-9, ]+)?|type: ignore(\[[a-z-, ]+\])?)\s*$", line)
    ]
    assert bare == []


def test_no_bundle_and_no_build_is_tracked() -> None:
    found = [
        path.relative_to(CHECKOUT).as_posix()
        for path in tracked()
        if re.search(
            r"(^|/)(node_modules|dist|build|\.venv)/|\.min\.(js|css)$|(^|/)uv\.lock$", path.as_posix()
        )
    ]
    assert found == []


def test_no_tracked_file_is_large() -> None:
    assert [path.name for path in tracked() if path.stat().st_size > 800_000] == []


def test_no_package_registry_is_named() -> None:
    # Split, so that this file does not name one either.
    hosts = ["pypi" + ".org", "python" + "hosted", "npm" + "js.org", "registry." + "yarnpkg"]
    named = [f"{path.name}: {host}" for path in tracked() for host in hosts if host in words(path)]
    assert named == []


def test_no_path_of_a_developers_machine_is_named() -> None:
    machine = re.compile(r"(?<![\w.])/(home|Users|work|farm)/\w")
    named = [path.relative_to(CHECKOUT).as_posix() for path in tracked() if machine.search(words(path))]
    assert named == []


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_no_address(lock: str) -> None:
    text = LOCKS[lock]
    assert "://" not in text
    assert len(re.findall(r"^\S+==", text, re.MULTILINE)) > 30
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in entry, entry


def locked(lock: str) -> dict[str, str]:
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.\[\]-]+)==(\S+)", LOCKS[lock], re.MULTILINE)
    }


def wanted(group: str) -> list[Requirement]:
    """The direct dependencies of a group, with those of the groups that it includes."""
    found: list[Requirement] = []
    for entry in PROJECT["dependency-groups"][group]:
        found += wanted(entry["include-group"]) if isinstance(entry, dict) else [Requirement(entry)]
    return found


RUNTIME = [Requirement(entry) for entry in PROJECT["project"]["dependencies"]]
CELERY = [Requirement(entry) for entry in PROJECT["project"]["optional-dependencies"]["celery"]]


@pytest.mark.parametrize(
    ("lock", "requirement"),
    [("runtime", one) for one in RUNTIME]
    + [("celery", one) for one in (*RUNTIME, *CELERY)]
    + [("dev", one) for one in (*RUNTIME, *wanted("dev"))],
    ids=str,
)
def test_lock_fits_pyproject(lock: str, requirement: Requirement) -> None:
    version = locked(lock)[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version)


def test_locks_agree() -> None:
    runtime, celery, dev = locked("runtime"), locked("celery"), locked("dev")
    assert runtime.items() <= celery.items() <= dev.items()
