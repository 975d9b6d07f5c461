"""What the tests need beyond Python: PostgreSQL, a browser, the real edition; and what happens without it."""

import os
from typing import NoReturn

import pytest

#: Sentences about what this run left out.
LEFT_OUT = pytest.StashKey[set[str]]()


def from_environment(name: str, default: str = "") -> str:
    """A variable that is about the tests; never one of the program's own settings."""
    return os.environ.get(name, default)  # noqa: TID251 - the rule is about the program's settings


def missing(config: pytest.Config, what: str, remedy: str) -> NoReturn:
    """Skip the test that asks, and say so at the end; fail it where nothing may be left out."""
    if from_environment("PULSE_TESTS_REQUIRE_ALL"):
        pytest.fail(f"{what} is missing: {remedy}", pytrace=False)
    config.stash[LEFT_OUT].add(f"{what} ({remedy})")
    pytest.skip(f"{what} is missing")
