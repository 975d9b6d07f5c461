"""Our MJML means the same to MJML's own compiler: token for token, but for differences that we know."""

import difflib
import re

import pytest

from pulse_mailer.composing.compiling import compile_mjml
from tests.mail.conftest import Verdict
from tests.mail.specimens import NAMES, specimen
from tests.mail.tokens import tokens

#: (what ours says, what npm's says) where they may differ, and why.
KNOWN: list[tuple[str, str]] = []


@pytest.mark.parametrize("name", NAMES)
def test_mjmls_own_compiler_makes_the_same_of_it(name: str, verdicts: dict[str, Verdict]) -> None:
    ours = tokens(compile_mjml(specimen(name).rendering.mjml))
    theirs = tokens(verdicts[name]["npm"]["html"])
    steps = difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    found = [(" ".join(ours[a:b]), " ".join(theirs[c:d])) for step, a, b, c, d in steps if step != "equal"]

    assert len(ours) > 300
    assert [pair for pair in found if not _known(pair)] == []


@pytest.mark.parametrize("name", NAMES)
def test_mjmls_own_compiler_finds_nothing_wrong(name: str, verdicts: dict[str, Verdict]) -> None:
    assert verdicts[name]["npm"]["errors"] == []


def test_the_comparison_sees_a_difference() -> None:
    mjml = specimen(NAMES[0]).rendering.mjml
    assert tokens(compile_mjml(mjml)) != tokens(compile_mjml(mjml.replace('width="600px"', 'width="610px"')))
    assert tokens("<p style='a: b; c:d'>x  y</p>") == tokens('<p style="c:d;a:b">x\ny</p>')


def _known(pair: tuple[str, str]) -> bool:
    return any(re.fullmatch(ours, pair[0]) and re.fullmatch(theirs, pair[1]) for ours, theirs in KNOWN)
