"""Merge fields through composing: in every place of a mail, with any value."""

import email
import email.policy
import html
import re
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import html as lxml_html

from pulse_mailer.composing.merging import Merger, fields_used, read_back
from pulse_mailer.composing.preflight import Code, preflight
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.merge_fields import Field, value_of
from pulse_mailer.errors import UnsafeText
from tests.unit.composing import editions

NAMES = st.text(max_size=300) | st.sampled_from(
    [
        "O'Brien & <b>Sons</b>",
        '"><script>alert(1)</script>',
        "x\r\nBcc: all@example.org\r\n\r\n",
        "{last_name|you} {{ x }} [[token]] *|NAME|*",
        "=?utf-8?q?hello?=",
        "...\r\n.\r\n",
        "=3D=\r\n--=_boundary",
        "👩‍👩‍👧 مرحبا",
        "y" * 10_000,
    ]
)


def edition() -> Edition:
    made = editions.small(
        summary="For **{organisation|your *own* team}**: [read it, {first_name|you}](https://e.org/)."
    )
    made.subject = "{first_name|Dear reader}, ten years of neighbourhood teams"
    made.preheader = "What {organisation|your team} may learn from it: one front door beats one budget."
    made.letter = "Dear {first_name|colleague} {last_name|A<b>&B},\n\nwelcome.\n\n> {first_name|colleague}"
    return made


@pytest.fixture(scope="module")
def rendering() -> Rendering:
    return render(edition(), editions.LINKS)


def mail(rendering: Rendering, **values: Any) -> EmailMessage:
    delivery = editions.delivery()
    delivery.slots = delivery.slots | values
    message = Merger(rendering).merge(delivery, editions.LINKS)
    assert max(map(len, message.data.split(b"\r\n"))) <= 998
    assert message.data.isascii()
    found = email.message_from_bytes(message.data, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def body(found: EmailMessage, kind: str) -> str:
    part = found.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_known_reader_is_named_in_every_place(rendering: Rendering) -> None:
    found = mail(rendering, first_name="Ann", last_name="Lee", organisation="Care & Co")

    assert found["Subject"] == "Ann, ten years of neighbourhood teams"
    assert "What Care &amp; Co may learn" in body(found, "html")
    assert "Dear Ann Lee," in body(found, "html")
    assert "<strong>Care &amp; Co</strong>" in body(found, "html")
    assert ">read it, Ann</a>" in body(found, "html")
    assert "Dear Ann Lee," in body(found, "plain")
    assert "> Ann\r\n" in body(found, "plain")
    assert "For Care & Co: read it, Ann [" in body(found, "plain")


def test_an_unknown_reader_gets_the_defaults(rendering: Rendering) -> None:
    found = mail(rendering, first_name="", last_name=None)

    assert found["Subject"] == "Dear reader, ten years of neighbourhood teams"
    assert "Dear colleague A&lt;b&gt;&amp;B," in body(found, "html")
    assert "Dear colleague A<b>&B," in body(found, "plain")
    assert "<strong>your *own* team</strong>" in body(found, "html")


def test_everybody_reads_the_defaults_on_the_web(rendering: Rendering) -> None:
    assert "Dear colleague A&lt;b&gt;&amp;B," in rendering.web_html
    assert "[[" not in rendering.web_html
    assert "<title>Dear reader, ten years of neighbourhood teams</title>" in rendering.web_html
    assert rendering.subject == "Dear reader, ten years of neighbourhood teams"


def test_segments_name_the_fields(rendering: Rendering) -> None:
    names = set(rendering.segments[1::2])

    assert {
        "html.first_name|colleague",
        "text.first_name|colleague",
        "html.organisation|your *own* team",
        "header.subject|{first_name|Dear reader}, ten years of neighbourhood teams",
    } <= names
    assert fields_used(rendering) == {"first_name", "last_name", "organisation"}


def test_what_was_approved_shows_the_fields_by_name(rendering: Rendering) -> None:
    assert "Dear [[first_name|colleague]] [[last_name|A&lt;b&gt;&amp;B]]," in rendering.html
    assert "Dear [[first_name|colleague]] [[last_name|A<b>&B]]," in rendering.text


def test_the_same_edition_has_the_same_fingerprint(rendering: Rendering) -> None:
    assert render(edition(), editions.LINKS).fingerprint == rendering.fingerprint


def test_preflight_takes_them_for_what_they_are(rendering: Rendering) -> None:
    codes = {finding.code for finding in preflight(edition(), rendering)}

    assert not codes & {Code.SLOT_UNFILLED, Code.FIELD_WRONG, Code.SUBJECT_LONG, Code.PAIR_BROKEN}


def test_an_edition_without_fields_needs_no_value() -> None:
    assert fields_used(render(editions.small(), editions.LINKS)) == frozenset()


def test_a_field_in_a_link_s_address_is_refused_with_its_item() -> None:
    made = editions.small(summary="[go](https://example.org/?q={first_name|you})")

    with pytest.raises(UnsafeText, match=r"Item 1, 'A title': A link leads .*\{first_name\|you\}"):
        render(made, editions.LINKS)


def test_what_is_no_field_stays_as_it_is_written() -> None:
    made = editions.small(summary="{name|you} and { first_name|you} and {first_name}")

    assert "{name|you} and { first_name|you} and {first_name}" in render(made, editions.LINKS).text


def test_lines_are_broken_by_the_default_s_length() -> None:
    made = editions.small(summary=f"{'word ' * 12}{{first_name|dear colleague}} {'word ' * 12}")
    lines = body(mail(render(made, editions.LINKS)), "plain").splitlines()

    place = next(at for at, line in enumerate(lines) if "dear colleague" in line)
    assert lines[place] == "dear colleague word word word word word word word word word word word"
    assert max(map(len, lines[: place + 2])) <= 72


@given(NAMES, NAMES)
@example("A" * 100, "B" * 100)
def test_any_value_arrives_escaped_and_begins_nothing(rendering: Rendering, first: str, own: str) -> None:
    found = mail(rendering, first_name=first, organisation=own)
    shown = value_of(Field("first_name", "colleague"), first)
    team = value_of(Field("organisation", "your *own* team"), own)

    assert not [defect for part in found.walk() for defect in part.defects]
    assert not [name for name, value in found.items() if value.defects]
    assert found.keys() == mail(rendering).keys()
    greeting = value_of(Field("first_name", "Dear reader"), first)
    assert str(found["Subject"]) == f"{greeting}, ten years of neighbourhood teams"
    assert f"Dear {html.escape(shown)} A&lt;b&gt;" in body(found, "html")
    assert f"<strong>{html.escape(team)}</strong>" in body(found, "html")
    assert f"Dear {shown} A<b>&B," in body(found, "plain")
    assert tags(body(found, "html")) == tags(body(mail(rendering), "html"))
    assert links(body(found, "plain")) == links(body(mail(rendering), "plain"))


@given(NAMES)
def test_every_try_gives_the_same_bytes(rendering: Rendering, name: str) -> None:
    delivery = editions.delivery()
    delivery.slots = delivery.slots | {"first_name": name}
    first = Merger(rendering).merge(delivery, editions.LINKS)

    assert Merger(rendering).merge(delivery, editions.LINKS).data == first.data
    assert read_back(first).html


def tags(page: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every tag with its attributes, in order."""
    tree = lxml_html.document_fromstring(page)
    return [(str(node.tag), [(str(k), str(v)) for k, v in node.items()]) for node in tree.iter()]


def links(text: str) -> list[str]:
    return re.findall(r"(?:https?://|www\.)\S+", text)
