"""
Find a Chromium for the browser tests, or bring one: from the system's packages, else Playwright's.

Run it to bring one; it says in one line which browser the tests will use, and ends with 1 when there is none.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find() -> str | None:
    """Give the path of a browser that starts, or None."""
    named = os.environ.get("PULSE_TESTS_CHROMIUM")  # noqa: TID251 - about the tests, no setting of the program
    candidates = [named] if named else [shutil.which(name) for name in NAMES] + [_playwrights_own()]
    return next((path for path in candidates if path and _starts(path)), None)


def _starts(path: str) -> bool:
    # On some systems `chromium` is a stub that only says where to get the real one.
    try:
        said = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow, and only the last resort needs it

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install() -> None:
    """Try each way in turn until a browser starts; a way that fails says so itself."""
    if shutil.which("apt-get") and apt_install("chromium", "fonts-liberation"):
        return
    _run([sys.executable, "-m", "playwright", "install", "chromium"])


def apt_install(*packages: str) -> bool:
    """Install Debian's packages, as root or by a sudo that asks nothing; gives whether that worked."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    # Another apt may hold the lock for a while.
    apt = [*root, "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=600"]
    return _run([*apt, "update"]) and _run([*apt, "install", "--no-install-recommends", *packages])


def _run(command: list[str]) -> bool:
    print("+", " ".join(command), flush=True)
    try:
        return subprocess.run(command, check=False).returncode == 0
    except FileNotFoundError:
        return False


def main() -> int:
    if find() is None:
        _install()
    browser = find()
    print(f"Browser tests use {browser}." if browser else "No browser: the browser tests cannot run.")
    return 0 if browser else 1


if __name__ == "__main__":
    sys.exit(main())
