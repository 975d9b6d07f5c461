"""The wheel, in an empty environment, away from the checkout; and where each kind of install finds its files."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
WHERE = "from pulse_mailer.resources import *; print(templates_dir()); print(migrations_dir())"


def run(*words: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing of this environment but its home, for the installer's cache and settings."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # noqa: TID251 - not the program's
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, CHECKOUT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has nothing to do with the checkout."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def programs(wheel: Path, elsewhere: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds the wheel, what it needs, and nothing else."""
    environment = tmp_path_factory.mktemp("environment") / "venv"
    python = environment / "bin" / "python"
    lock = CHECKOUT / "requirements" / "runtime.lock"
    run(UV, "venv", "--quiet", "--python", sys.executable, environment, cwd=elsewhere)
    install = (UV, "pip", "install", "--quiet", "--python", python)
    run(*install, "--require-hashes", "--requirement", lock, cwd=elsewhere)
    run(*install, "--no-deps", wheel, cwd=elsewhere)
    run(UV, "pip", "check", "--quiet", "--python", python, cwd=elsewhere)
    return environment / "bin"


def test_wheel_holds_every_template_and_migration(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    shipped = {
        f"pulse_mailer/{path.relative_to(CHECKOUT).as_posix()}"
        for folder in ("templates", "migrations")
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert len(shipped) > 10
    assert shipped <= held


def test_wheel_holds_the_scripts_of_the_pages_with_the_licences_of_what_is_in_them(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    held = {name.partition("web/static/")[2] for name in archive.namelist() if "web/static/" in name}
    assert held == {"app.js", "composer.js", "THIRD_PARTY_LICENSES.txt", "stamp"}
    licences = archive.read("pulse_mailer/web/static/THIRD_PARTY_LICENSES.txt").decode()
    for name in ("htmx.org", "sortablejs", "@tiptap/core", "prosemirror-model"):
        assert re.search(rf"^{name} \d", licences, re.MULTILINE), name
    assert licences.count("Permission is hereby granted") > 20
    assert "Permission to use, copy, modify, and/or distribute this software" in licences


def test_a_wheel_is_made_of_the_sdist_without_node(tmp_path: Path) -> None:
    run(UV, "build", "--quiet", "--sdist", "--out-dir", tmp_path, CHECKOUT, cwd=tmp_path)
    (sdist,) = tmp_path.glob("*.tar.gz")
    empty = tmp_path / "empty"
    empty.mkdir()
    build = (UV, "build", "--quiet", "--python", sys.executable, "--wheel", "--out-dir", tmp_path)
    run(*build, sdist, cwd=tmp_path, PATH=str(empty))
    (built,) = tmp_path.glob("*.whl")
    assert "pulse_mailer/web/static/app.js" in zipfile.ZipFile(built).namelist()


def test_wheel_holds_types_licence_and_nothing_of_the_workshop(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel).namelist()
    assert "pulse_mailer/py.typed" in held
    assert any(name.endswith("licenses/LICENSE") for name in held)
    assert {name.split("/")[0].partition("-")[0] for name in held} == {"pulse_mailer"}


def test_installed_wheel_finds_its_own_files(programs: Path, elsewhere: Path) -> None:
    found = run(programs / "python", "-c", WHERE, cwd=elsewhere).stdout.splitlines()
    assert len(found) == 2
    assert all(Path(line).is_relative_to(programs.parent) for line in found)


def test_doctor_of_the_installed_wheel_is_well(programs: Path, elsewhere: Path, tmp_path: Path) -> None:
    here = {"PULSE_MAILER_DATA_DIR": str(tmp_path)}
    run(programs / "pulse-mailer", "db", "upgrade", cwd=elsewhere, **here)
    said = run(programs / "pulse-mailer", "doctor", "--offline", "--json", cwd=elsewhere, **here)
    found: dict[str, Any] = json.loads(said.stdout)
    assert found["well"] is True
    assert {check["state"] for check in found["checks"]} == {"good"}


def test_demo_of_the_installed_wheel_goes_all_the_way(
    programs: Path, elsewhere: Path, tmp_path: Path
) -> None:
    demo = ("demo", "--recipients", "5", "--dir", tmp_path / "demo")
    said = run(programs / "pulse-mailer", *demo, cwd=elsewhere)
    assert "Done in" in said.stdout
    assert said.stderr == ""
    assert list(elsewhere.iterdir()) == []


def test_checkout_finds_its_own_files(elsewhere: Path) -> None:
    found = run(sys.executable, "-c", WHERE, cwd=elsewhere, PYTHONPATH=str(CHECKOUT)).stdout.split()
    assert found == [str(CHECKOUT / "templates"), str(CHECKOUT / "migrations")]


def test_editable_install_finds_the_checkouts_files(programs: Path, elsewhere: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    python = environment / "bin" / "python"
    run(UV, "venv", "--quiet", "--python", sys.executable, environment, cwd=elsewhere)
    run(
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--no-deps",
        "--editable",
        CHECKOUT,
        cwd=elsewhere,
    )
    found = run(python, "-c", WHERE, cwd=elsewhere).stdout.split()
    assert found == [str(CHECKOUT / "templates"), str(CHECKOUT / "migrations")]
