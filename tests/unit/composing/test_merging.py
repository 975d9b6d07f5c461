"""One recipient's mail, from what was approved."""

import email
import email.policy
import functools
from email.message import EmailMessage

import pytest

from pulse_mailer.composing.merging import Merger, preview
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.edition import Rendering
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import BadLink, CompositionError, UnsafeText
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links, Purpose
from tests.unit.composing import editions

TOKEN, PREFERENCES = (
    editions.LINKS.token(purpose, "abcdefghijklmnop", kid="1")
    for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES)
)


@pytest.fixture(scope="module")
def rendering() -> Rendering:
    return render(editions.edition(), editions.LINKS)


@pytest.fixture(scope="module")
def message(rendering: Rendering) -> Message:
    return Merger(rendering).merge(editions.delivery(), editions.LINKS)


def parsed(message: Message) -> EmailMessage:
    found = email.message_from_bytes(message.data, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_what_arrives_is_what_was_approved_with_the_fields_filled(rendering: Rendering) -> None:
    seen = preview(rendering, editions.delivery(), editions.LINKS)

    filled = {"[[token]]": TOKEN, "[[preferences]]": PREFERENCES, "[[address]]": "reader@example.org"}
    for now, approved in ((seen.html, rendering.html), (seen.text, rendering.text)):
        assert all(slot in approved for slot in filled)
        assert now == functools.reduce(lambda text, slot: text.replace(*slot), filled.items(), approved)


def test_the_standard_library_finds_nothing_wrong_with_it(message: Message) -> None:
    found = parsed(message)

    assert [part.get_content_type() for part in found.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert not [defect for part in found.walk() for defect in part.defects]
    assert not [name for name, value in found.items() if value.defects]


def test_every_line_passes_any_relay_unchanged(message: Message) -> None:
    lines = message.data.split(b"\r\n")

    assert max(map(len, lines)) <= 998
    assert max(map(len, message.data.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
    assert message.data.isascii()
    assert message.data.endswith(b"--\r\n")
    assert b"\n" not in message.data.replace(b"\r\n", b"")
    assert not [line for line in lines if line.startswith(b".")]
    assert not [line for line in lines if line.endswith(b" ")]


def test_the_boundary_is_in_no_part_and_can_be_in_no_value(rendering: Rendering, message: Message) -> None:
    boundary = parsed(message).get_boundary()

    assert boundary
    assert boundary.startswith("=_")  # quoted-printable writes every "=" as =3D
    assert message.data.count(boundary.encode()) == 4
    seen = preview(rendering, editions.delivery(f"x{boundary}@example.org"), editions.LINKS)
    assert f"x{boundary}@example.org" in seen.text


def test_the_headers_are_the_recipient_s(message: Message) -> None:
    found = parsed(message)

    assert found["To"] == "reader@example.org"
    assert found["Message-ID"] == "<2025-05.7@harbour.example.org>"
    assert found["Date"].datetime == editions.WHEN
    assert found["List-Unsubscribe"] == f"<https://news.example.org/u/{TOKEN}>"


def test_the_way_out_is_the_same_in_header_html_and_text(message: Message) -> None:
    url = f"https://news.example.org/u/{TOKEN}"
    found = parsed(message)

    for part in ("plain", "html"):
        body = found.get_body((part,))
        assert body is not None
        assert url in body.get_content()
    assert url in found["List-Unsubscribe"]


def test_its_token_is_one_that_we_signed(message: Message) -> None:
    token = parsed(message)["List-Unsubscribe"].rpartition("/")[2].rstrip(">")

    assert editions.LINKS.read(Purpose.UNSUBSCRIBE, token) == "abcdefghijklmnop"


def test_its_link_to_choose_sections_is_signed_for_that_alone(message: Message) -> None:
    for part in ("plain", "html"):
        body = parsed(message).get_body((part,))
        assert body is not None
        assert f"https://news.example.org/p/{PREFERENCES}" in body.get_content()
    assert editions.LINKS.read(Purpose.PREFERENCES, PREFERENCES) == "abcdefghijklmnop"
    with pytest.raises(BadLink):
        editions.LINKS.read(Purpose.UNSUBSCRIBE, PREFERENCES)


def test_every_attempt_gives_the_same_bytes(rendering: Rendering, message: Message) -> None:
    assert Merger(rendering).merge(editions.delivery(), editions.LINKS) == message


def test_it_stays_the_same_after_the_link_keys_were_rotated(rendering: Rendering, message: Message) -> None:
    keys = Keys(links={**editions.KEYS.links, "3": b"three" * 7}, address=editions.KEYS.address)

    assert Merger(rendering).merge(editions.delivery(), Links(editions.LINKS.base_url, keys)) == message


def test_a_key_that_is_gone_is_named(rendering: Rendering) -> None:
    delivery = editions.delivery()
    delivery.slots = {"public_id": "abcdefghijklmnop", "kid": "9"}

    with pytest.raises(BadLink, match="'9'"):
        Merger(rendering).merge(delivery, editions.LINKS)


def test_two_recipients_share_nothing_personal(rendering: Rendering) -> None:
    merger = Merger(rendering)
    merger.merge(editions.delivery("first@example.org", 1), editions.LINKS)
    second = merger.merge(editions.delivery("second@example.org", 2), editions.LINKS)

    assert b"first@" not in second.data
    assert second.data.count(b"second@example.org") == 3  # To, text and HTML


@pytest.mark.parametrize(
    "address",
    [
        "o'brien&sons@example.org",
        "a=b@example.org",
        "a.b.c@example.org",
        f"{'long.' * 12}name@{'sub.' * 40}example.org",
        "x@xn--mnchen-3ya.example",
        "{curly}|pipe~tilde`tick@example.org",
    ],
)
def test_any_address_is_shown_as_it_is(rendering: Rendering, address: str) -> None:
    seen = preview(rendering, editions.delivery(address), editions.LINKS)
    message = Merger(rendering).merge(editions.delivery(address), editions.LINKS)

    assert address in seen.text
    assert address.replace("&", "&amp;").replace("'", "&#x27;") in seen.html
    assert f"To: {address}\r\n".encode() in message.data
    assert message.recipient == address
    assert max(map(len, message.data.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76


@pytest.mark.parametrize(
    "address", ["a@example.org\r\nBcc: b@example.org", "a@example.org\n", "ü@example.org"]
)
def test_an_address_that_no_header_can_hold_is_refused(rendering: Rendering, address: str) -> None:
    with pytest.raises(UnsafeText, match="header"):
        Merger(rendering).merge(editions.delivery(address), editions.LINKS)


def test_a_delivery_without_a_slot_s_value_is_refused(rendering: Rendering) -> None:
    delivery = editions.delivery()
    delivery.slots = {"kid": "1"}

    with pytest.raises(CompositionError, match="public_id"):
        Merger(rendering).merge(delivery, editions.LINKS)


def test_bounces_go_to_the_newsletter_s_address_where_nobody_reads_them(message: Message) -> None:
    assert message.sender == "review@harbour.example.org"


def test_bounces_go_to_an_address_of_the_delivery_s_own_where_somebody_reads_them(
    rendering: Rendering,
) -> None:
    links = Links(editions.LINKS.base_url, editions.KEYS, bounce_inbox="bounce@example.org")
    sender = Merger(rendering).merge(editions.delivery(), links).sender
    token = sender.removeprefix("bounce+").removesuffix("@example.org")

    assert links.read(Purpose.BOUNCE, token) == "7"


def test_dates_of_deliveries_are_their_own(rendering: Rendering) -> None:
    merger = Merger(rendering)
    early, late = editions.delivery(), editions.delivery()
    late.dated_at = editions.WHEN.replace(hour=9)

    dates = [parsed(merger.merge(each, editions.LINKS))["Date"].datetime for each in (early, late, early)]

    assert dates == [early.dated_at, late.dated_at, early.dated_at]
