"""The judges that Python cannot install: asked once a session about every specimen, in one process."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from scripts.ensure_judges import TOOLS
from tests.mail.specimens import NAMES, specimen
from tests.needs import missing

Verdict = dict[str, Any]


@pytest.fixture(scope="session")
def verdicts(request: pytest.FixtureRequest) -> dict[str, Verdict]:
    """By a specimen's name: what npm's mjml makes of it, which features mail programs lack, faults of its HTML."""
    if not (TOOLS / "node_modules" / "mjml").is_dir() or shutil.which("node") is None:
        missing(
            request.config, "The judges of mail from npm", "install Node.js with npm, and run: make judges"
        )
    documents = {name: {"html": specimen(name).html, "mjml": specimen(name).rendering.mjml} for name in NAMES}
    asked = subprocess.run(
        ["node", "judge.mjs"],
        cwd=TOOLS,
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    said: dict[str, Verdict] = json.loads(asked.stdout)
    return said
