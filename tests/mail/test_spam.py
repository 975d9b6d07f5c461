"""What a spam filter thinks of our mail: SpamAssassin with its own rules, asking nobody else."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pulse_mailer.composing.merging import Merger
from tests.mail.specimens import DESIGNS, specimen
from tests.needs import missing
from tests.unit.composing import editions

WARNS_AT = 3.0


@pytest.fixture(scope="module")
def program(request: pytest.FixtureRequest) -> str:
    found = shutil.which("spamassassin")
    if found is None:
        missing(request.config, "SpamAssassin", "run: make judges")
    return found


def score(program: str, mail: bytes, home: Path) -> tuple[float, str]:
    """What it gives, and its report."""
    asked = subprocess.run(
        [program, "--test-mode", "--local", f"--prefspath={home / 'prefs'}"],
        input=mail,
        capture_output=True,
        timeout=120,
        check=True,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"},
    )
    report = asked.stdout.decode("utf-8", "replace")
    found = re.search(r"^X-Spam-Status: .*?score=(-?[\d.]+)", report, re.MULTILINE)
    assert found, asked.stderr.decode("utf-8", "replace")[-500:]
    return float(found[1]), report


@pytest.mark.parametrize("design", DESIGNS)
def test_spamassassin_takes_it_for_no_spam(design: str, program: str, tmp_path: Path) -> None:
    (tmp_path / "prefs").touch()
    mail = Merger(specimen(f"{design}/harbour").rendering).merge(editions.delivery(), editions.LINKS).data

    points, report = score(program, mail, tmp_path)

    assert points < WARNS_AT, report


def test_spamassassin_knows_spam_when_it_sees_it(program: str, tmp_path: Path) -> None:
    (tmp_path / "prefs").touch()
    line = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
    points, _ = score(program, b"Subject: test\r\nFrom: a@example.org\r\n\r\n" + line + b"\r\n", tmp_path)
    assert points > 900
