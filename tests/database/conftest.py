"""In this folder `settings`, and so `mailer`, run on the databases that tests/databases.py says."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from pulse_mailer.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url=SecretStr(database_url))
