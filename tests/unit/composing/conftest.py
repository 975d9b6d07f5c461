"""`pytest tests/unit/composing --update-golden` writes the approved renderings anew; read the difference in git."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/ anew")
