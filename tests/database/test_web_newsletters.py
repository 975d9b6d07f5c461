"""A newsletter's settings in the app: identity, programme and look, kept only when they are right."""

import html
import io
import re
from urllib.parse import unquote

import pytest
from PIL import Image
from sqlalchemy import select
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import founding, reading
from tests.database.subscribers_given import everything
from tests.database.test_web_people import HOSTILE, client_of
from tests.pages_given import KEY, SLUG, given_draft
from tests.staff_given import address

PAGE = f"/newsletters/{SLUG}"
TABLES = ("newsletters", "programme_sections", "programme_categories", "logos")


@pytest.fixture
def client(mailer: Mailer) -> TestClient:
    given_draft(mailer)
    return client_of(mailer, Role.ADMIN)


def newsletter(mailer: Mailer) -> Newsletter:
    with mailer.database.reading() as database:
        return reading.newsletter(database, SLUG)


def written(mailer: Mailer) -> dict[str, str]:
    return founding.written(newsletter(mailer))


def kept(mailer: Mailer) -> list[object]:
    whole = everything(mailer.database)
    return [whole[name] for name in TABLES]


def test_every_newsletter_is_listed(client: TestClient) -> None:
    assert "Harbour Review" in client.get("/newsletters").text
    assert client.get("/newsletters/none").status_code == 404


@pytest.fixture
def nothing_yet(mailer: Mailer) -> TestClient:
    return client_of(mailer, Role.ADMIN)


def test_the_first_newsletter_is_made_from_the_first_page_on(mailer: Mailer, nothing_yet: TestClient) -> None:
    assert 'href="/newsletters#new"' in nothing_yet.get("/").text
    assert 'id="new"' in nothing_yet.get("/newsletters").text
    form = {"name": "Harbour Review", "slug": "", "from_address": "review@example.org"}
    answer = nothing_yet.post("/newsletters", data=form)
    assert answer.headers["Location"] == f"{PAGE}?said=founded&reopened="
    assert "It is there." in nothing_yet.get(answer.headers["Location"]).text
    found = newsletter(mailer)
    assert (found.name, found.from_name, found.from_address) == (
        "Harbour Review",
        "Harbour Review",
        "review@example.org",
    )
    with mailer.database.reading() as database:
        founded = select(AuditRecord.actor).where(AuditRecord.action == "newsletter.founded")
        assert database.scalars(founded).all() == [address(Role.ADMIN)]
    assert "New edition" in nothing_yet.get("/").text


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"name": ""}, "name", "The name must not be empty."),
        ({"from_address": "review"}, "from_address", "review"),
        ({"slug": "Not Short!"}, "slug", "cannot be a newsletter’s short name"),
        ({"slug": "taken"}, "slug", "already"),
        ({"name": "Ж", "slug": ""}, "slug", "short name"),  # of which no address can be made
    ],
)
def test_what_is_wrong_of_a_new_newsletter_is_said_at_its_field(
    mailer: Mailer, nothing_yet: TestClient, typed: dict[str, str], field: str, words: str
) -> None:
    form = {"name": "Harbour Review", "slug": "harbour-review", "from_address": "review@example.org"}
    nothing_yet.post("/newsletters", data=form | {"slug": "taken"})
    before = kept(mailer)
    answer = nothing_yet.post("/newsletters", data=form | typed)
    assert answer.status_code == 422
    page = html.unescape(answer.text).replace("'", "’")
    assert words in page
    assert f'id="{field}"' in page.partition('aria-invalid="true"')[0].rpartition("<input")[2]
    assert all(f'value="{value}"' in page for value in (form | typed).values() if value)
    assert kept(mailer) == before


def test_who_may_not_make_newsletters_is_told_who_may(mailer: Mailer) -> None:
    writer = client_of(mailer, Role.COMPOSER)
    page = writer.get("/").text
    assert "/newsletters" not in page
    assert "Somebody who administers the team makes it" in page
    assert writer.post("/newsletters", data={"name": "x"}).status_code == 403


def test_what_is_shown_can_be_sent_back_and_changes_nothing(client: TestClient, mailer: Mailer) -> None:
    before = kept(mailer)
    values = {
        name: value.replace("\n", "\r\n") for name, value in written(mailer).items() if name != "design"
    }
    answer = client.post(PAGE, data=values)
    assert answer.headers["Location"] == f"{PAGE}?said=same&reopened="
    assert kept(mailer) == before


def test_what_is_changed_is_kept_under_a_name(client: TestClient, mailer: Mailer) -> None:
    contacts = "Telephone | 020 7946 0000 | tel:+442079460000\r\n\r\nOffice | 1 High Street"
    form = {
        "name": "Harbour",
        "postal_address": "1 Quay\r\nPort",
        "contact_lines": contacts,
        "told": "a@x.org, b@x.org",
    }
    page = client.get(client.post(PAGE, data=form).headers["Location"]).text
    assert "Saved." in page
    found = newsletter(mailer)
    assert found.name == "Harbour"
    assert found.postal_address == "1 Quay\nPort"
    assert found.contact_lines == [
        {"label": "Telephone", "text": "020 7946 0000", "url": "tel:+442079460000"},
        {"label": "Office", "text": "1 High Street", "url": ""},
    ]
    assert found.told == ["a@x.org", "b@x.org"]
    assert written(mailer)["contact_lines"].splitlines()[1] == "Office | 1 High Street"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("name", "two\r\nlines"),
        ("from_address", "nonsense"),
        ("from_address", "a@example.org\r\nBcc: b@example.org"),
        ("reply_to", "<script>"),
        ("language", "english"),
        ("timezone", "Mars/Phobos"),
        ("contact_lines", "no bar in it"),
        ("contact_lines", "Web | x | javascript:alert(1)"),
        ("contact_lines", "a | b\n" * 20),
        ("told", "nobody"),
        ("backends", "pigeon"),
        ("needs_second", "perhaps"),
        ("uncertain_policy", "hope"),
        ("postal_address", "x" * 5_000),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(
    client: TestClient, mailer: Mailer, name: str, value: str
) -> None:
    before = kept(mailer)
    answer = client.post(PAGE, data={"reason": "Typed before.", name: value})
    assert answer.status_code == 422
    assert f'id="{name}-wrong"' in answer.text
    assert f'href="#{name}"' in answer.text
    assert name == "reason" or "Typed before." in answer.text
    assert kept(mailer) == before


@pytest.mark.parametrize("typed", HOSTILE)
def test_hostile_text_stands_as_text_everywhere(client: TestClient, mailer: Mailer, typed: str) -> None:
    for name in ("name", "reason", "postal_address", "contact_lines"):
        client.post(PAGE, data={name: typed})
    for do in ("add", "rename", "colour", "up", "remove", "nonsense"):
        client.post(f"{PAGE}/programme", data={"do": do, "name": typed, "value": typed})
    client.post(f"{PAGE}/look", data={"brand": typed, "design": typed})
    for path in ("", "/programme", "/look"):
        answer = client.get(f"{PAGE}{path}")
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
    assert client.get(f"{PAGE}/look", params={"brand": typed, "design": typed}).status_code == 422
    assert newsletter(mailer).theme == {}


def test_approved_editions_are_taken_back_and_that_is_said(client: TestClient, mailer: Mailer) -> None:
    from pulse_mailer.domain.edition import EditionStatus
    from tests.pages_given import set_status

    set_status(mailer, EditionStatus.APPROVED)
    answer = client.post(PAGE, data={"reason": "Another reason."})
    assert f"reopened={KEY}" in unquote(answer.headers["Location"])
    assert f"{KEY} was to be sent, and was taken back" in client.get(answer.headers["Location"]).text


def sections(mailer: Mailer) -> list[str]:
    return [one.name for one in newsletter(mailer).sections]


def act(client: TestClient, do: str, name: str, status: int = 303, **more: str) -> str:
    answer = client.post(f"{PAGE}/programme", data={"do": do, "name": name, **more})
    assert answer.status_code == status, answer.text
    return answer.text


def test_the_programme_is_arranged(client: TestClient, mailer: Mailer) -> None:
    before = sections(mailer)
    act(client, "add", "Gardens")
    assert sections(mailer) == [*before, "Gardens"]
    for _ in before:
        act(client, "up", "Gardens")
    act(client, "up", "Gardens")  # it is first: nothing moves
    assert sections(mailer) == ["Gardens", *before]
    act(client, "down", "Gardens")
    assert sections(mailer) == [*before[:1], "Gardens", *before[1:]]
    act(client, "rename", "Gardens", value="Parks & Gardens")
    act(client, "colour", "Parks & Gardens", value="#0B5563")
    assert (
        next(one.colour for one in newsletter(mailer).sections if one.name == "Parks & Gardens") == "#0B5563"
    )
    assert "has a section" in act(client, "add", "parks and gardens", status=409)
    assert "no colour" in act(client, "colour", "Parks & Gardens", status=422, value="green")
    act(client, "remove", "Parks & Gardens")
    assert sections(mailer) == before
    act(client, "remove", "Parks & Gardens", status=404)
    act(client, "add", "Podcasts", kind="category")
    assert newsletter(mailer).categories[-1].name == "Podcasts"


def test_a_look_is_tried_on_without_being_kept(client: TestClient, mailer: Mailer) -> None:
    page = client.get(f"{PAGE}/look?brand=%237A0019&design=letter")
    assert page.status_code == 200
    assert "Tried on; not saved yet." in page.text
    assert "#7A0019" in page.text
    shown = client.get(f"{PAGE}/look/preview?brand=%237A0019")
    assert "#7a0019" in shown.text.lower()
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "#7a0019" not in client.get(f"{PAGE}/look/preview").text.lower()
    assert newsletter(mailer).theme == {}


def test_a_colour_that_cannot_be_read_is_moved_and_that_is_told(client: TestClient) -> None:
    page = client.get(f"{PAGE}/look?brand=%23FFFFAA").text
    assert "1 colour could not be read" in page
    assert page.index("<iframe") < page.index("Each colour on a light")  # the mail is what one wants to see
    asked, light = re.findall(r'fill="(#[0-9A-F]{6})"', page)[:2]  # shown beside their numbers
    assert (asked, light != asked) == ("#FFFFAA", True)


def test_a_colour_is_called_by_what_it_is_for_and_the_designs_own_is_shown(client: TestClient) -> None:
    page = client.get(f"{PAGE}/look").text
    assert 'Around the mail</label><input id="ground"' in page
    assert 'placeholder="#F2F4F5"' in page


def test_a_look_is_kept_and_given_back(client: TestClient, mailer: Mailer) -> None:
    client.post(f"{PAGE}/look", data={"brand": "7a0019", "scale": "large", "design": "letter"})
    assert newsletter(mailer).theme == {"brand": "#7A0019", "scale": "large"}
    assert newsletter(mailer).design == "letter"
    client.post(f"{PAGE}/look", data={"brand": "", "design": "letter"})
    assert newsletter(mailer).theme == {}


def test_a_logo_is_put_in_and_taken_out(client: TestClient, mailer: Mailer) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (220, 64), "#0B5563").save(picture, "PNG")
    done = client.post(f"{PAGE}/logo", files={"picture": ("logo.png", picture.getvalue(), "image/png")})
    assert "The masthead has a logo." in client.get(done.headers["Location"]).text
    client.post(f"{PAGE}/logo", data={"off": "yes"})
    assert newsletter(mailer).logo is None


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\nbroken", b"GIF89a" + b"\0" * 4_000_000]
)
def test_what_is_no_picture_is_no_logo(client: TestClient, mailer: Mailer, data: bytes) -> None:
    answer = client.post(f"{PAGE}/logo", files={"picture": ("logo.png", data, "image/png")})
    assert answer.status_code == 422
    assert newsletter(mailer).logo is None


def test_only_who_administers_comes_in(mailer: Mailer) -> None:
    given_draft(mailer)
    client = client_of(mailer, Role.APPROVER)
    for path in ("/newsletters", PAGE, f"{PAGE}/programme", f"{PAGE}/look", f"{PAGE}/look/preview"):
        assert client.get(path).status_code == 403
    assert client.post(PAGE, data={"name": "Mine"}).status_code == 403
    with mailer.database.reading() as database:
        assert database.scalars(select(Newsletter.name)).one() == "Harbour Review"
