"""
A sent edition in a real mail program: composed, sent by SMTP into the catcher, opened in Thunderbird.

`make test-mailclient`; no part of `make test`, since Thunderbird takes 250 MB. The pictures stay in build/mailclient/
for people to look at. What is asserted is what a program can see of them: the colours of the sections, which are
there only where Thunderbird showed the HTML part and understood its styles.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from pulse_mailer.backends.smtp import SmtpBackend
from pulse_mailer.composing.merging import Merger
from pulse_mailer.domain.edition import Edition
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.settings import Settings
from tests.mail.specimens import DESIGNS, composed
from tests.needs import missing
from tests.unit.composing import editions

pytestmark = [pytest.mark.enable_socket]

PROGRAMS = ("thunderbird", "Xvfb", "xdotool", "import", "dbus-run-session")
PICTURES = Path(__file__).resolve().parents[2] / "build" / "mailclient"
SCREEN, SECONDS = (900, 1300), 90
COLOUR = (10, 107, 116)  # the sections', asked for below

_PREFERENCES = {
    "mail.accountmanager.accounts": "account1",
    "mail.accountmanager.localfoldersserver": "server1",
    "mail.account.account1.server": "server1",
    "mail.server.server1.type": "none",
    "mail.server.server1.hostname": "Local Folders",
    "mail.server.server1.userName": "nobody",
    "mail.server.server1.directory-rel": "[ProfD]Mail/Local Folders",
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "toolkit.telemetry.enabled": False,
    "app.update.enabled": False,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
}


@pytest.fixture(scope="module", autouse=True)
def _programs(request: pytest.FixtureRequest) -> None:
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    if lacking:
        packages = "thunderbird xvfb xdotool imagemagick dbus"
        missing(request.config, f"Mail in Thunderbird ({', '.join(lacking)})", f"apt-get install {packages}")


@pytest.fixture
def screen() -> Iterator[str]:
    """A screen that nobody sees, by its name."""
    reading, writing = os.pipe()
    size = f"{SCREEN[0]}x{SCREEN[1]}x24"
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as process:
        os.close(writing)
        try:
            number = os.read(reading, 20).decode().strip()
            yield f":{number}"
        finally:
            os.close(reading)
            process.terminate()


@pytest.mark.parametrize("design", DESIGNS)
def test_thunderbird_shows_the_edition_as_it_was_meant(design: str, screen: str, tmp_path: Path) -> None:
    edition = editions.specimen()
    edition.subject = f"Harbour Review in {design}"
    for section in edition.sections:
        section.colour = "#0A6B74"
    mail = sent(edition, design, tmp_path)
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = PICTURES / f"{design}.png"

    with opened(mail, screen, tmp_path):
        window = found(screen, edition.subject)
        act(screen, "windowmove", window, "0", "0")
        act(screen, "windowsize", window, str(SCREEN[0]), str(SCREEN[1]))
        time.sleep(4)  # it draws when it has time, and says nothing when it has
        subprocess.run(["import", "-display", screen, "-window", "root", picture], check=True, timeout=60)

    with Image.open(picture) as shown:
        points = shown.convert("RGB").getcolors(SCREEN[0] * SCREEN[1]) or []
    assert sum(count for count, colour in points if colour == COLOUR) > 500, f"look at {picture}"


def sent(edition: Edition, design: str, folder: Path) -> Path:
    """The edition's mail as the catcher kept it, after a conversation by SMTP."""
    made = composed(edition, design)
    mailbox = Mailbox(folder / "mailbox")
    with Catcher(mailbox, port=0) as catcher:
        backend = SmtpBackend.configured(Settings(data_dir=folder, smtp_port=catcher.port))
        message = Merger(made.rendering).merge(editions.delivery(), editions.LINKS)
        with backend.session() as session:
            [receipt] = list(session.exchange(iter([message])))
    assert receipt.outcome == "sent", receipt
    [file] = mailbox.folder.glob("*.eml")
    return file


@contextlib.contextmanager
def opened(mail: Path, screen: str, home: Path) -> Iterator[None]:
    profile = home / "profile"
    (profile / "Mail" / "Local Folders").mkdir(parents=True)
    lines = [f'user_pref("{name}", {_written(value)});' for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    command: list[str | Path] = [
        "dbus-run-session",
        "--",
        "thunderbird",
        "--no-remote",
        "--profile",
        profile,
        "-file",
        mail,
    ]
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "DISPLAY": screen,
        "LANG": "C.UTF-8",
        "MOZ_CRASHREPORTER_DISABLE": "1",
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }
    with subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # the group that was begun here, and no other


def found(screen: str, subject: str) -> str:
    """The window that shows the mail."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        asked = act(screen, "search", "--onlyvisible", "--name", subject)
        if asked:
            return asked.split()[0]
        time.sleep(0.5)
    raise AssertionError(f"Thunderbird showed no window called {subject!r} in {SECONDS} s")


def act(screen: str, *words: str) -> str:
    environment = {"DISPLAY": screen, "PATH": "/usr/bin:/bin"}
    asked = subprocess.run(
        ["xdotool", *words], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    return asked.stdout


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, (bool, int)) else f'"{value}"'
