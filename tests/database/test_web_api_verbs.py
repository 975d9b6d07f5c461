"""The API's less plain verbs: documents, pictures, merging and splitting, the look, the team, the workers."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery import readying, rehearsals
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.domain.rehearsal import Rehearsal
from pulse_mailer.domain.staff import Role
from pulse_mailer.domain.subscriber import Subscriber
from pulse_mailer.editions import reading
from pulse_mailer.settings import Settings
from pulse_mailer.staff.roles import Right
from pulse_mailer.web.app import create_app
from tests.database.api_given import EDITION, NEWSLETTER, V1, key
from tests.databases import BOTH_DATABASES
from tests.pages_given import KEY, SLUG, delivery_id, given_draft, given_readers, given_sent
from tests.staff_given import address, given_staff
from tests.unit.pictures_given import png

DATABASES = BOTH_DATABASES

DOCUMENT = b"""# Harbour Review

June 2025

## Policy

### Reports

Harbour Office. A bridge for bats.
https://example.org/bats
Bats have a bridge of their own.

Tide Watch. Tolls on the tide.
https://example.org/tolls
Ships pay at high tide.
"""


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Mail goes into files: no server is needed that takes it."""
    return Settings(data_dir=tmp_path / "data", database_url=SecretStr(database_url), backend="file")


@pytest.fixture
def client(mailer: Mailer) -> Iterator[TestClient]:
    with TestClient(create_app(mailer), base_url="http://127.0.0.1:8025") as found:
        found.headers.update(key(mailer))
        yield found


def test_a_document_is_read_into_an_edition_and_its_review_is_gone_through(
    mailer: Mailer, client: TestClient
) -> None:
    given_draft(mailer)
    path = f"{V1}/editions/import?newsletter={SLUG}&key=2025-06&name=june.md"
    dry = client.post(f"{path}&dry_run=true", content=DOCUMENT)
    assert (dry.json()["import"], dry.json()["stored"]) == ("new", False), dry.text
    assert client.get(f"{V1}/editions/{SLUG}/2025-06").status_code == 404
    made = client.post(path, content=DOCUMENT).json()
    assert (made["import"], made["items"]["new"], made["stored"]) == ("new", 2, True)
    again = client.post(path, content=DOCUMENT).json()
    assert (again["import"], again["revision"]) == ("unchanged", made["revision"])
    edition = f"{V1}/editions/{SLUG}/2025-06"
    waiting = client.get(f"{edition}/review").json()
    assert waiting
    lines = sorted({one["line"] for one in waiting})
    done = client.post(f"{edition}/review", json={"lines": lines[:1]}).json()
    assert done["waiting"] == len(waiting) - done["done"]
    assert len(client.get(f"{edition}/review?all=true").json()) == len(waiting)
    assert client.post(f"{edition}/review", json={"lines": [9_999]}).status_code == 404
    assert client.post(f"{edition}/review", json={}).status_code == 400
    refused = client.post(path.replace("june.md", "june.pdf"), content=b"%PDF-1.4")
    assert refused.status_code == 422
    assert refused.json()["detail"] == "june.pdf is of a kind (.pdf) that cannot be read."


def test_a_document_may_bring_its_newsletter_along(mailer: Mailer, client: TestClient) -> None:
    path, made = f"{V1}/editions/import?name=june.md", "&new_newsletter=true&from_address=news@example.org"
    assert client.post(path, content=DOCUMENT).status_code == 404
    composes = client.post(path + made, content=DOCUMENT, headers=key(mailer, Right.COMPOSE))
    assert composes.status_code == 403
    assert "lacks the scope administer" in composes.json()["detail"]
    assert client.get(f"{V1}/newsletters").json() == []
    assert client.post(path + made, content=DOCUMENT).is_success
    assert [one["slug"] for one in client.get(f"{V1}/newsletters").json()] == ["harbour-review"]
    assert client.get(f"{V1}/editions/harbour-review/2025-06").is_success


def test_all_that_waits_and_names_a_section_is_placed(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    client.post(f"{NEWSLETTER}/inbox/import?name=june.md", content=DOCUMENT)
    waiting = [one["id"] for one in client.get(f"{NEWSLETTER}/inbox").json()]
    for neither in ({}, {"ids": waiting, "all": True}):
        assert "It is not said which." in client.post(f"{EDITION}/place", json=neither).json()["detail"]
    placed = client.post(f"{EDITION}/place", json={"all": True, "new": True})
    assert [one["id"] for one in placed.json()["placed"]] == waiting, placed.text
    none = client.post(f"{EDITION}/place", json={"all": True})
    assert "Nothing waits that names a section." in none.json()["detail"]


def rehearsed(client: TestClient) -> Any:
    """What is told of the making of everybody's mail, once it is over."""
    until = monotonic() + 30
    while not (told := client.get(f"{EDITION}/rehearsal").json())["over"]:
        assert monotonic() < until
    return told


def test_everybodys_mail_is_made_while_one_asks_how_far_it_is(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    assert client.post(f"{EDITION}/rehearsal").status_code == 409  # nobody would get it
    given_readers(mailer)
    assert client.get(f"{EDITION}/rehearsal").json()["begun"] is False
    begun = client.post(f"{EDITION}/rehearsal")
    assert (begun.status_code, begun.json()["begun"], begun.json()["total"]) == (202, True, 6), begun.text
    told = rehearsed(client)
    assert (told["done"], told["failed"], told["findings"], told["trouble"]) == (6, 0, [], "")
    with mailer.database.transaction() as database:
        one = update(Subscriber).where(Subscriber.address == "reader-1@example.org")
        broken = one.values(address="reader-1\r\nbcc: x@example.org").returning(Subscriber.id)
        assert len(database.scalars(broken).all()) == 1
    client.post(f"{EDITION}/rehearsal")
    told = rehearsed(client)
    assert (told["done"], told["failed"]) == (6, 1)
    assert [one["code"] for one in told["findings"]] == ["merge-failed"]


def test_a_rehearsal_that_goes_on_is_not_begun_anew(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    given_readers(mailer)
    with mailer.database.reading() as database:
        made = readying.ready(database, reading.edition(database, f"{SLUG}/{KEY}"), mailer.links)
    run = rehearsals.begin(mailer.database, made, mailer.links)
    told = client.post(f"{EDITION}/rehearsal").json()
    assert (told["over"], told["done"]) == (False, 0)
    with mailer.database.transaction() as database:
        assert database.get_one(Rehearsal, run.edition.id).run == run.name
        rehearsals.halt(database, run.edition.id, "Ann stopped it.")
    assert rehearsed(client)["trouble"] == "Ann stopped it."


def test_a_document_goes_into_the_inbox_once(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    path = f"{NEWSLETTER}/inbox/import?name=june.md"
    found = client.post(path, content=DOCUMENT).json()
    assert [one["title"] for one in found["candidates"]] == ["A bridge for bats", "Tolls on the tide"]
    assert [one["id"] for one in client.post(path, content=DOCUMENT).json()["candidates"]] == [
        one["id"] for one in found["candidates"]
    ]
    assert len(client.get(f"{NEWSLETTER}/inbox").json()) == 2
    first, second = (one["id"] for one in found["candidates"])
    unknown = {"ids": [first], "section": "Quay", "category": "Ships"}
    assert client.post(f"{EDITION}/place", json=unknown).status_code == 404
    placed = client.post(f"{EDITION}/place", json=unknown | {"new": True})
    assert [one["id"] for one in placed.json()["placed"]] == [first], placed.text
    assert [one["id"] for one in client.get(f"{NEWSLETTER}/inbox").json()] == [second]
    assert client.post(f"{NEWSLETTER}/feeds/fetch", json={}).json() == []
    assert client.post(f"{NEWSLETTER}/feeds/fetch", json={"ids": [9]}).status_code == 404


def test_items_get_pictures_are_merged_split_and_shown_short(mailer: Mailer, client: TestClient) -> None:
    edition = given_draft(mailer)
    first, second, *_ = (item.number for item in edition.items())
    picture = f"{EDITION}/items/{first}/picture"
    put = client.put(picture, params={"alt": "A bridge"}, content=png(40, 30))
    assert put.json()["items"] == [first], put.text
    assert client.put(picture, params={"alt": "A bridge"}, content=b"no picture").status_code == 422
    assert client.put(picture, params={"alt": "A bridge"}, content=b"0" * 5_000_001).status_code == 413
    assert client.put(picture, content=png(40, 30)).status_code == 422
    summary = f"First.\n\nSecond.\n\n{'Many more words. ' * 50}"
    client.patch(f"{EDITION}/items/{second}", json={"summary": summary})
    wish = {"item": second, "at": 2, "title": "The rest"}
    split = client.post(f"{EDITION}/items/split", json=wish)
    assert split.status_code == 201, split.text
    made = split.json()["items"][1]
    short = client.post(f"{EDITION}/items/shorten", json={"items": [made]})
    assert short.json()["changed"] is True, short.text
    size = client.get(f"{EDITION}/size").json()
    assert next(one for one in size["items"] if one["number"] == made)["short"] is True
    assert size["html_bytes"] == sum(one["bytes"] for one in size["parts"])
    assert client.post(f"{EDITION}/items/shorten", json={"undo": True}).json()["changed"] is True
    assert client.post(f"{EDITION}/items/shorten", json={}).status_code == 400
    merged = client.post(f"{EDITION}/items/merge", json={"item": second, "other": made})
    assert merged.json()["changed"] is True, merged.text
    assert client.patch(f"{EDITION}/items/{made}", json={"title": "Gone"}).status_code == 404


def test_sections_and_categories_are_merged_and_split(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    for name in ("Port", "Quay"):
        client.post(f"{EDITION}/sections", json={"name": name})
        client.post(f"{EDITION}/categories", json={"name": "Notes", "place": {"to": name}})
    place = {"to": "Port/Notes"}
    numbers = [
        client.post(f"{EDITION}/items", json={"title": title, "place": place}).json()["items"][0]
        for title in ("One", "Two")
    ]
    split = client.post(f"{EDITION}/categories/split", json={"at": numbers[1], "name": "More"})
    assert split.status_code == 201, split.text
    back = client.post(f"{EDITION}/categories/merge", json={"which": "Port/Notes", "other": "Port/More"})
    assert back.json()["changed"] is True, back.text
    one = client.post(f"{EDITION}/sections/merge", json={"which": "Port", "other": "Quay"})
    assert one.json()["changed"] is True, one.text
    assert "Quay" not in [section["name"] for section in client.get(EDITION).json()["sections"]]
    assert client.post(f"{EDITION}/items/merge", json={"item": 1, "other": 1}).status_code == 400


def test_what_was_sent_is_corrected_on_the_web(mailer: Mailer, client: TestClient) -> None:
    given_sent(mailer)
    fixes = [{"field": "subject", "value": "Tides and tolls"}, {"item": 1, "hide": True}]
    wish = {"fixes": fixes, "note": "The bridge opens in May."}
    made = client.post(f"{EDITION}/corrections", json=wish)
    assert made.status_code == 201, made.text
    assert [one["note"] for one in client.get(f"{EDITION}/corrections").json()] == [
        "The bridge opens in May."
    ]
    assert client.post(f"{EDITION}/corrections", json=wish).status_code == 409
    for wrong in (
        {"item": 1, "field": "is_hidden", "value": "yes"},
        {"hide": True},
        {"field": "colour", "value": "red"},
    ):
        refused = client.post(f"{EDITION}/corrections", json={"fixes": [wrong], "note": "x"})
        assert refused.status_code == 400, refused.text
    assert client.get(f"{EDITION}/variants").json()["variants"][0]["people"] == 6


def test_a_newsletter_is_made_with_its_programme_and_look(mailer: Mailer, client: TestClient) -> None:
    new = {"slug": "quay", "name": "The Quay", "from_address": "quay@example.org"}
    made = client.post(f"{V1}/newsletters", json=new)
    assert (made.status_code, made.json()["from_name"]) == (201, "The Quay")
    assert client.post(f"{V1}/newsletters", json=new).status_code == 409
    path = f"{V1}/newsletters/quay"
    for part in ({"part": "section", "name": "Policy"}, {"part": "section", "name": "Ships", "first": True}):
        added = client.post(f"{path}/programme", json=part)
    assert [one["name"] for one in added.json()["sections"]] == ["Ships", "Policy"]
    client.post(f"{path}/programme/move", json={"part": "section", "name": "Ships", "after": "Policy"})
    client.post(f"{path}/programme/rename", json={"part": "section", "name": "Ships", "new": "Boats"})
    client.post(f"{path}/programme/colour", json={"name": "Boats", "value": "#1A5E63"})
    shown = client.get(f"{path}/programme").json()["sections"]
    assert shown[1] == {"name": "Boats", "colour": "#1A5E63", "is_news": False}
    gone = client.post(f"{path}/programme/remove", json={"part": "section", "name": "Policy"})
    assert [one["name"] for one in gone.json()["sections"]] == ["Boats"]
    themed = client.patch(f"{path}/theme", json={"tokens": {"brand": "#7A0019"}})
    assert themed.json()["theme"] == {"brand": "#7A0019"}, themed.text
    assert client.patch(f"{path}/theme", json={}).status_code == 400
    assert client.put(f"{path}/logo", content=png(40, 30)).json()["chosen"]["logo"] == "yes"
    assert client.delete(f"{path}/logo").json()["chosen"]["logo"] == "none"
    assert client.get(f"{path}/theme").json()["chosen"]["logo"] == "none"
    assert [one["used_by"] for one in client.get(f"{V1}/designs").json() if one["used_by"]] == [["quay"]]


def test_deliveries_are_retried_one_by_one_and_settled_all_at_once(
    mailer: Mailer, client: TestClient
) -> None:
    given_sent(mailer)
    gone = delivery_id(mailer, "gone@example.org")
    doubts = client.get(f"{V1}/deliveries/uncertain").json()
    assert [one["address"] for one in doubts] == ["unsure@example.org"]
    assert client.get(f"{V1}/deliveries/uncertain?after={doubts[0]['id']}").json() == []
    settled = client.post(f"{EDITION}/settle", json={"sent": True, "why": "in the log"})
    assert settled.json() == {"sent": 1, "queued": 0, "reopened": []}
    assert client.post(f"{EDITION}/settle", json={"sent": True, "why": "x"}).status_code == 409
    retried = client.post(f"{V1}/deliveries/{gone}/retry")
    assert retried.json() == {"edition": EDITION.removeprefix(f"{V1}/editions/")}
    assert client.get(f"{V1}/deliveries/{gone}").json()["status"] == DeliveryStatus.QUEUED.value
    assert client.post(f"{V1}/deliveries/{gone}/retry").status_code == 409


def test_workers_are_paused_and_backends_looked_at(mailer: Mailer, client: TestClient) -> None:
    assert client.post(f"{V1}/workers/pause", json={"why": " "}).status_code == 400
    assert client.post(f"{V1}/workers/pause", json={"why": "the relay moves"}).json()["paused"] == (
        "the relay moves"
    )
    assert client.post(f"{V1}/workers/pause", json={"why": "again"}).status_code == 409
    assert client.post(f"{V1}/workers/resume").json()["paused"] is None
    (backend,) = client.get(f"{V1}/backends").json()
    assert (backend["name"], backend["missing"]) == ("file", "")
    assert client.post(f"{V1}/backends/file/check").json()["relay"] == backend["relay"]
    assert client.post(f"{V1}/backends/file/wake").json() == {"changed": False}
    assert client.post(f"{V1}/backends/none/wake").status_code == 404
    since = client.get(f"{V1}/audit", params={"since": "2099-01-01T00:00:00"})
    assert since.json() == []


def test_people_are_found_and_choose_sections(mailer: Mailer, client: TestClient) -> None:
    edition = given_draft(mailer)
    given_readers(mailer)
    found = client.get(f"{V1}/subscribers", params={"text": "reader-", "limit": 2}).json()
    rest = client.get(f"{V1}/subscribers", params={"text": "reader-", "after": found["after"]}).json()
    assert len(found["people"]) + len(rest["people"]) == 3
    assert rest["after"] == 0
    name = next(one.name for one in edition.newsletter.sections if not one.is_news)
    wish = {"address": "reader-1@example.org", "newsletter": SLUG, "sections": [name]}
    chosen = client.post(f"{V1}/subscribers/choose", json=wish)
    assert chosen.json() == {"sections": [name], "changed": True}, chosen.text
    all_again = client.post(f"{V1}/subscribers/choose", json=wish | {"sections": []})
    assert all_again.json() == {"sections": [], "changed": True}
    leaving = {"address": "reader-2@example.org", "reason": "by telephone"}
    assert client.post(f"{V1}/subscribers/unsubscribe", json=leaving).json() == {"count": 1}
    assert "by telephone" in client.get(f"{V1}/subscribers/reader-2@example.org").text
    path = f"{NEWSLETTER}/subscribers/import"
    csv = b"Contact\ncy@example.org\n"
    mapped = client.post(path, params={"columns": "email=Contact"}, content=csv)
    assert mapped.json()["joined_count"] == 1, mapped.text
    assert client.post(path, params={"columns": "email"}, content=csv).status_code == 400


def test_what_a_reader_gets_wants_the_right_to_see_people(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    given_readers(mailer)
    of_ann = {"reader": "reader-1@example.org"}
    assert client.get(f"{EDITION}/mail", params=of_ann).status_code == 200
    assert client.get(f"{EDITION}/mail", params={"reader": "nobody@example.org"}).status_code == 404
    proof = {"to": ["bo@example.org"], **of_ann}
    assert client.post(f"{EDITION}/proofs", json=proof).status_code == 201
    narrow = key(mailer, Right.READ, Right.COMPOSE)
    for refused in (
        client.get(f"{EDITION}/mail", params=of_ann, headers=narrow),
        client.post(f"{EDITION}/proofs", json=proof, headers=narrow),
    ):
        assert refused.status_code == 403
        assert "lacks the scope people" in refused.json()["detail"]
    assert client.get(f"{EDITION}/mail", headers=narrow).status_code == 200
    assert "\r\nSubject: " in client.get(f"{EDITION}/mail?form=eml", headers=narrow).json()["content"]


def test_the_team_is_taken_in_given_roles_signed_out_and_let_go(mailer: Mailer, client: TestClient) -> None:
    given_staff(mailer)
    new = {"address": "bo@example.org", "name": "Bo", "role": "composer"}
    made = client.post(f"{V1}/staff", json=new)
    assert made.status_code == 201, made.text
    assert "/sign-in/link/" in made.json()["link"]
    assert client.post(f"{V1}/staff", json=new).status_code == 409
    other = client.post(f"{V1}/staff/link", json={"address": "bo@example.org"}).json()["link"]
    assert other != made.json()["link"]
    role = client.post(f"{V1}/staff/role", json={"address": "bo@example.org", "role": "viewer"})
    assert role.json()["role"] == "viewer"
    member = {"address": address(Role.COMPOSER)}
    assert client.post(f"{V1}/staff/sign-out", json=member).json() == {"count": 1}
    assert client.post(f"{V1}/staff/sign-out", json=member).json() == {"count": 0}
    assert client.post(f"{V1}/staff/reset-second-factor", json=member).json()["has_second_factor"] is False
    assert client.post(f"{V1}/staff/deactivate", json=member).json()["is_active"] is False
    only = {"address": address(Role.ADMIN), "role": "viewer"}
    assert client.post(f"{V1}/staff/role", json=only).status_code == 409
    assert len(client.get(f"{V1}/staff").json()) == len(Role) + 1


def test_a_key_hands_on_no_more_than_it_has(mailer: Mailer, client: TestClient) -> None:
    given_staff(mailer)
    made = client.post(f"{V1}/api-keys", json={"name": "nightly", "scopes": ["read"], "days": 30}).json()
    assert made["scopes"] == ["read"]
    theirs = {"Authorization": f"Bearer {made['key']}"}
    assert client.get(f"{V1}/editions", headers=theirs).status_code == 200
    assert client.get(f"{V1}/api-keys", headers=theirs).status_code == 403
    assert made["key"] not in client.get(f"{V1}/api-keys").text
    assert client.delete(f"{V1}/api-keys/{made['id']}").json()["state"] == "revoked"
    assert client.get(f"{V1}/editions", headers=theirs).status_code == 401
    narrow = key(mailer, Right.ADMINISTER)
    for path, wish in (
        ("api-keys", {"name": "wide", "scopes": ["administer", "people"]}),
        ("staff", {"address": "bo@example.org", "name": "Bo", "role": "admin"}),
        ("staff/role", {"address": address(Role.VIEWER), "role": "admin"}),
        ("staff/link", {"address": address(Role.ADMIN)}),
        ("staff/reset-second-factor", {"address": address(Role.ADMIN)}),
    ):
        refused = client.post(f"{V1}/{path}", json=wish, headers=narrow)
        assert refused.status_code == 403, path
        assert "may not hand on what it lacks" in refused.json()["detail"]
    with mailer.database.reading() as database:
        actor = database.scalars(
            select(AuditRecord.actor).where(AuditRecord.action == "api_key.revoked")
        ).one()
    assert actor == "api:ann (newsroom)"
