"""The scripts of staff's pages: what they are made of is named exactly, and a change of it is seen."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import hatch_build

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGE = json.loads((CHECKOUT / "frontend" / "package.json").read_text(encoding="utf-8"))
LOCK = json.loads((CHECKOUT / "frontend" / "package-lock.json").read_text(encoding="utf-8"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout's sources of the bundle, with a bundle that says that it is of them."""
    shutil.copy(CHECKOUT / "hatch_build.py", tmp_path)
    ignored = shutil.ignore_patterns("node_modules")
    shutil.copytree(CHECKOUT / "frontend", tmp_path / "frontend", ignore=ignored)
    hatch_build.made(tmp_path).mkdir(parents=True)
    (hatch_build.made(tmp_path) / "stamp").write_text(hatch_build.stamp(tmp_path))
    return tmp_path


def test_nothing_is_made_again_of_the_same_sources(checkout: Path) -> None:
    hatch_build.bundle(checkout)
    assert [path.name for path in hatch_build.made(checkout).iterdir()] == ["stamp"]


def test_the_checkouts_bundle_is_of_its_sources() -> None:
    assert hatch_build.is_bundled(CHECKOUT), "run: make install"


@pytest.mark.parametrize(
    "name",
    [
        "frontend/package.json",
        "frontend/package-lock.json",
        "frontend/build.mjs",
        "frontend/src/app.js",
        "hatch_build.py",
    ],
)
def test_a_change_of_any_source_makes_the_bundle_old(checkout: Path, name: str) -> None:
    with (checkout / name).open("a", encoding="utf-8") as source:
        source.write(" ")
    assert not hatch_build.is_bundled(checkout)


def test_a_new_source_makes_the_bundle_old(checkout: Path) -> None:
    (checkout / "frontend" / "src" / "new.js").write_text("")
    assert not hatch_build.is_bundled(checkout)


def test_what_npm_brought_is_no_source(checkout: Path) -> None:
    brought = checkout / "frontend" / "node_modules" / "some"
    brought.mkdir(parents=True)
    (brought / "index.js").write_text("")
    assert hatch_build.is_bundled(checkout)


def test_versions_are_exact_and_the_lock_has_them() -> None:
    wanted = PACKAGE["dependencies"] | PACKAGE["devDependencies"]
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert LOCK["packages"][f"node_modules/{name}"]["version"] == version


def test_the_lock_checks_what_comes_and_names_no_registry() -> None:
    packages = {name: one for name, one in LOCK["packages"].items() if name}
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    assert not any("resolved" in one for one in packages.values())


def test_no_bundle_is_in_git() -> None:
    asked = ["git", "check-ignore", "pulse_mailer/web/static/app.js", "frontend/node_modules/x/index.js"]
    said = subprocess.run(asked, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if said.returncode == 128:
        pytest.skip("this is no git checkout")
    assert said.stdout.split() == asked[2:]
