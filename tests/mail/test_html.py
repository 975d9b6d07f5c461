"""The HTML of mail, as html-validate judges it: its rules for documents and for accessibility."""

import re

import pytest

from tests.mail.conftest import Verdict
from tests.mail.specimens import NAMES

#: What it finds that mail has to have.
MEANT = (
    # MJML names the whole mail to screen readers this way, and no mail program keeps <article>.
    r"prefer-native-element: Prefer to use the native <article> element .*",
)


@pytest.mark.parametrize("name", NAMES)
def test_html_validate_finds_nothing(name: str, verdicts: dict[str, Verdict]) -> None:
    faults: list[str] = verdicts[name]["faults"]
    assert [fault for fault in faults if not any(re.fullmatch(meant, fault) for meant in MEANT)] == []
