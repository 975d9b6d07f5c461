"""Every page and every reading call is answered on PostgreSQL too; what they say is tested on SQLite."""

import re
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from pydantic import SecretStr
from sqlalchemy import select
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.staff import Staff
from pulse_mailer.domain.subscriber import Subscriber
from pulse_mailer.links import Purpose
from pulse_mailer.settings import Settings
from pulse_mailer.web.app import create_app
from tests.database.api_given import key
from tests.pages_given import KEY, SLUG, delivery_id, given_reader, given_second_draft, given_sent
from tests.staff_given import cookies, given_staff

#: What is not there, and why.
NOT_HERE = {
    "/sign-in/link/{token}": "the link is used up",
    "/sign-in/oidc": "there is no issuer",
    "/sign-in/oidc/answer": "there is no issuer",
    "/pictures/{name}": "the pictures of these editions are drawn, not kept",
    "/assets/{name}": "a file, by its hash",
    "/subscribers/import/{token}": "no file waits",
    "/api/v1/inbox/{candidate_id}": "the inbox is empty",
    "/api/v1/editions/{slug}/{key}/diff": "these editions were not written step by step",
}

#: What a question must say besides.
MORE = {
    "/suppressions/remove": "?address=gone@example.org",
    "/api/v1/deliveries/find": "?address=gone@example.org",
    "/api/v1/subscribers": "?text=reader",
}

#: What asks the database in another way than the page alone.
ASKED_FOR = [
    "/deliveries?q=reader-1@example.org",
    "/deliveries?q=no+such+user",
    f"/deliveries?edition={SLUG}/{KEY}&state=failed&domain=example.org&code=550+5.1.1",
    f"/deliveries.csv?edition={SLUG}/{KEY}&q=mailbox+full",
    f"/uncertain?edition={SLUG}/{KEY}",
    "/subscribers?q=reader",
    "/subscribers?state=unsubscribed",
    "/suppressions?q=gone@example.org",
    "/audit?text=edition&actor=ann",
    f"/editions/{SLUG}/search?q=harbour",
    f"/staff/editions/{SLUG}/{KEY}/retry?domain=example.org",
    "/api/v1/subscribers?text=reader",
    f"/api/v1/deliveries?edition={SLUG}/{KEY}&state=failed",
]


@pytest.fixture
def settings(tmp_path: Path, postgresql_url: str) -> Settings:
    """Mail goes into files, and nobody listens where the spam filter is said to be."""
    return Settings(
        data_dir=tmp_path / "data",
        database_url=SecretStr(postgresql_url),
        backend="file",
        spamd="127.0.0.1:1",
    )


@pytest.fixture
def client(mailer: Mailer) -> TestClient:
    given_sent(mailer)
    given_second_draft(mailer)
    given_staff(mailer)
    return TestClient(
        create_app(mailer), base_url="http://127.0.0.1:8025", cookies=cookies(), follow_redirects=False
    )


def there(mailer: Mailer, path: str) -> dict[str, list[str]]:
    """What may stand in a route's pattern: names of what the database holds."""
    reader = given_reader(mailer)
    purpose = Purpose.PREFERENCES if path.startswith("/p/") else Purpose.UNSUBSCRIBE
    with mailer.database.reading() as database:
        person = database.scalars(select(Subscriber).order_by(Subscriber.id)).first()
        staff = database.scalars(select(Staff.id).order_by(Staff.id)).first()
    assert person is not None
    return {
        "slug": [SLUG],
        "key": [KEY, "2025-06"],
        "token": [mailer.links.token(purpose, reader.public_id)],
        "subscriber_id": [str(person.id)],
        "staff_id": [str(staff)],
        "delivery_id": [str(delivery_id(mailer, "gone@example.org"))],
        "mail_id": [mailer.mailbox.list(limit=1)[0].id],
        "address": [person.address],
        "name": ["team"],
        "candidate_id": ["1"],
    }


def addresses(mailer: Mailer, pattern: str) -> list[str]:
    found = [pattern]
    for name, values in there(mailer, pattern).items():
        found = [re.sub(rf"\{{{name}(:\w+)?\}}", value, path) for path in found for value in values]
    return sorted(set(found))


def test_every_page_is_opened(mailer: Mailer, client: TestClient) -> None:
    headers = key(mailer)
    answers: dict[str, set[int]] = {}
    for route in iter_route_contexts(create_app(mailer).routes):
        if "GET" in (route.methods or ()):
            pattern = str(route.path)
            for path in addresses(mailer, pattern + MORE.get(pattern, "")):
                asked = client.get(path, headers=headers if pattern.startswith("/api/") else None)
                answers.setdefault(pattern, set()).add(asked.status_code)
    assert len(answers) > 110
    assert not {pattern: found for pattern, found in answers.items() if max(found) >= 500}
    assert {pattern for pattern, found in answers.items() if min(found) >= 400} == NOT_HERE.keys()


@pytest.mark.parametrize("path", ASKED_FOR)
def test_what_is_looked_for_is_answered(mailer: Mailer, client: TestClient, path: str) -> None:
    headers = key(mailer) if path.startswith("/api/") else None
    assert client.get(path, headers=headers).status_code == 200
