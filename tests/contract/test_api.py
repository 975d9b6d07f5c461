"""The API against its own OpenAPI document: schemathesis asks a live server what the document allows."""

import copy
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from pydantic import SecretStr
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema

from pulse_mailer.bootstrap import started
from pulse_mailer.settings import Settings
from pulse_mailer.staff import api_keys
from pulse_mailer.staff.roles import Right
from pulse_mailer.web.api import document
from pulse_mailer.web.api.calls import Calls
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.pages_given import KEY, SLUG, given_second_draft, given_sent

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
#: These ask servers elsewhere, which tests leave alone.
ELSEWHERE = [
    "/api/v1/newsletters/{slug}/inbox",
    "/api/v1/newsletters/{slug}/feeds",
    "/api/v1/editions/{slug}/{key}/links",
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[BaseSchema]:
    """What the document says, and a live server with a sent edition and a draft that answers for it."""
    folder = tmp_path_factory.mktemp("api")
    shutil.copy(migrated_sqlite, folder / "pulse.db")
    url = SecretStr(f"sqlite:///{folder / 'pulse.db'}")
    with started(Settings(data_dir=folder, database_url=url, backend="file")) as mailer:
        given_sent(mailer)
        given_second_draft(mailer)
        with mailer.database.transaction() as database:
            spare, _ = api_keys.create(database, "to be revoked", [Right.READ], actor="tests")
            _, secret = api_keys.create(database, "schemathesis", tuple(Right), actor="tests")
        app = create_app(mailer)
        app.state.calls = Calls(1_000_000, 1_000_000)
        with running(app) as base_url:
            schema = schemathesis.openapi.from_dict(_about_what_is_there(spare.id))
            schema.config.update(base_url=base_url, headers={"Authorization": f"Bearer {secret}"})
            yield schema.exclude(path=ELSEWHERE, method="POST")


def _about_what_is_there(spare_key: int) -> dict[str, Any]:
    """The document, with the names of what the server holds instead of any."""
    found = copy.deepcopy(document.openapi())
    names = {"slug": [SLUG], "key": [KEY, "2025-06"], "key_id": [spare_key, 10**6]}
    for operation in (one for path in found["paths"].values() for one in path.values()):
        for given in operation.get("parameters", ()):
            if given["in"] == "path" and given["name"] in names:
                given["schema"] = {"enum": names[given["name"]]}
    return found


def test_what_the_document_allows_is_answered_as_it_says(api: BaseSchema) -> None:
    answers, asked = Counter[int](), 0
    for found in api.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @hypothesis.settings(
            max_examples=5,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def ask(case: schemathesis.Case[Any]) -> None:
            answers[case.call_and_validate(checks=CHECKS, timeout=30).status_code] += 1

        ask()
        asked += 1
    assert asked > 110
    # Keys, limits and scopes stood in no call's way, and not everything was refused.
    assert not answers.keys() & {401, 403, 429}
    assert answers[200] > 20, answers
