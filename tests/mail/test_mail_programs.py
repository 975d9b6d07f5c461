"""
Which features mail programs lack (caniemail.com) stays what was agreed to: tests/golden/mail-programs.json.

`pytest tests/mail --update-golden` writes it anew; a feature more than before wants a reason.
"""

import json
from pathlib import Path

import pytest

from tests.mail.conftest import Verdict
from tests.mail.specimens import DESIGNS, NAMES

GOLDEN = Path(__file__).parents[1] / "golden" / "mail-programs.json"


def test_no_mail_program_lacks_more_than_was_agreed_to(
    verdicts: dict[str, Verdict], pytestconfig: pytest.Config
) -> None:
    found: dict[str, dict[str, list[str]]] = {
        design: _together([verdicts[name]["features"] for name in NAMES if name.startswith(f"{design}/")])
        for design in DESIGNS
    }
    if pytestconfig.getoption("--update-golden"):
        GOLDEN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    agreed = json.loads(GOLDEN.read_text(encoding="utf-8"))

    more = [
        f"{design}: {feature} is lacking in {client}"
        for design, features in found.items()
        for feature, clients in features.items()
        for client in clients
        if client not in agreed.get(design, {}).get(feature, [])
    ]
    assert more == []
    assert all(features for features in found.values())  # the judge said something


def _together(verdicts: list[dict[str, list[str]]]) -> dict[str, list[str]]:
    features = sorted({feature for verdict in verdicts for feature in verdict})
    return {
        feature: sorted({client for verdict in verdicts for client in verdict.get(feature, [])})
        for feature in features
    }
