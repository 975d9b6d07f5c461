"""
Bring the judges of mail that the tests ask: npm's mjml, html-validate and caniemail, and SpamAssassin.

Run it to bring them; it says in a line each what the tests will do without.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from scripts.ensure_browser import apt_install

TOOLS = Path(__file__).resolve().parent.parent / "tests" / "mail" / "tools"


def main() -> int:
    return max(_from_npm(), _spamassassin())


def _from_npm() -> int:
    npm = shutil.which("npm")
    if npm is None:
        print("No npm: mail is not held against MJML's own compiler, html-validate and caniemail.")
        return 1
    stamp = TOOLS / "node_modules" / ".package-lock.json"
    if stamp.exists() and stamp.stat().st_mtime >= (TOOLS / "package-lock.json").stat().st_mtime:
        return 0
    print("Installing the judges of mail into tests/mail/tools/node_modules ...", flush=True)
    command = [npm, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    return subprocess.run(command, cwd=TOOLS, check=False).returncode


def _spamassassin() -> int:
    if not _has_spamassassin() and shutil.which("apt-get"):
        apt_install("spamassassin", "spamd")  # its daemon is a package of its own since Debian 12
    if not _has_spamassassin():
        print("No SpamAssassin: nothing says what a spam filter thinks of our mail.")
        return 1
    return 0


def _has_spamassassin() -> bool:
    path = "/usr/sbin:/usr/bin:/usr/local/bin"
    return all(shutil.which(program, path=path) for program in ("spamassassin", "spamd"))


if __name__ == "__main__":
    sys.exit(main())
