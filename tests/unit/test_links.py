"""Signed links: good for one subject and one purpose, for as long as their key verifies."""

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.domain.picture import Picture
from pulse_mailer.errors import BadLink
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links, Purpose, new_public_id

KEYS = Keys(links={"1": b"1" * 32}, address=b"a" * 32)
LINKS = Links("https://news.example.org", KEYS)
SUBJECT = "abcdefghijklmnop"


def test_token_gives_back_its_subject() -> None:
    assert LINKS.read(Purpose.UNSUBSCRIBE, LINKS.token(Purpose.UNSUBSCRIBE, SUBJECT)) == SUBJECT


def test_token_is_good_for_one_purpose_only() -> None:
    token = LINKS.token(Purpose.BOUNCE, SUBJECT)
    with pytest.raises(BadLink):
        LINKS.read(Purpose.UNSUBSCRIBE, token)


@given(st.data())
def test_changing_any_letter_spoils_a_token(data: st.DataObject) -> None:
    token = LINKS.token(Purpose.UNSUBSCRIBE, SUBJECT)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(
        st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789").filter(lambda x: x != token[place])
    )
    with pytest.raises(BadLink):
        LINKS.read(Purpose.UNSUBSCRIBE, token[:place] + letter + token[place + 1 :])


@given(st.text())
def test_no_text_but_our_own_is_a_token(text: str) -> None:
    with pytest.raises(BadLink, match="not one of ours"):
        LINKS.read(Purpose.UNSUBSCRIBE, text)


#: What mail programs make of a link at the end of a sentence, in brackets, or in a mail that somebody passed on.
MANGLED = (
    "{}.",
    "{},",
    "{})",
    "{}>",
    "{}]",
    "{}\u201d",
    "{} ",
    "{}\r\n",
    "{}&utm_source=mail",
    "<{}>",
    "{}=3D",
)


@pytest.mark.parametrize("mangled", MANGLED)
def test_token_is_found_in_what_mail_programs_make_of_it(mangled: str) -> None:
    token = LINKS.token(Purpose.UNSUBSCRIBE, SUBJECT)
    assert LINKS.read(Purpose.UNSUBSCRIBE, mangled.format(token)) == SUBJECT


def test_token_in_capitals_is_good() -> None:
    token = LINKS.token(Purpose.UNSUBSCRIBE, SUBJECT)
    assert LINKS.read(Purpose.UNSUBSCRIBE, token.upper()) == SUBJECT


@given(st.text("abc019", min_size=1), st.text("abc019"))
def test_letters_before_or_behind_spoil_a_token(before: str, behind: str) -> None:
    token = LINKS.token(Purpose.UNSUBSCRIBE, SUBJECT)
    for spoiled in (before + token + behind, behind + token + before):
        with pytest.raises(BadLink):
            LINKS.read(Purpose.UNSUBSCRIBE, spoiled)


def test_token_cut_short_is_refused() -> None:
    token = LINKS.token(Purpose.UNSUBSCRIBE, SUBJECT)
    with pytest.raises(BadLink):
        LINKS.read(Purpose.UNSUBSCRIBE, token[:-1])


def test_token_of_another_installation_is_refused() -> None:
    other = Links("https://news.example.org", Keys(links={"1": b"2" * 32}, address=b"a" * 32))
    with pytest.raises(BadLink):
        LINKS.read(Purpose.UNSUBSCRIBE, other.token(Purpose.UNSUBSCRIBE, SUBJECT))


def test_old_tokens_are_good_after_the_key_was_rotated() -> None:
    old = LINKS.token(Purpose.UNSUBSCRIBE, SUBJECT)
    rotated = Links("https://news.example.org", Keys(links={**KEYS.links, "2": b"2" * 32}, address=b"a" * 32))
    assert rotated.read(Purpose.UNSUBSCRIBE, old) == SUBJECT
    assert rotated.token(Purpose.UNSUBSCRIBE, SUBJECT).startswith("2")


def test_token_of_a_key_that_was_taken_away_is_refused() -> None:
    taken = Links("https://news.example.org", Keys(links={"2": b"2" * 32}, address=b"a" * 32))
    with pytest.raises(BadLink):
        taken.read(Purpose.UNSUBSCRIBE, LINKS.token(Purpose.UNSUBSCRIBE, SUBJECT))


def test_unknown_key_does_not_sign() -> None:
    with pytest.raises(BadLink, match="no link key"):
        LINKS.token(Purpose.UNSUBSCRIBE, SUBJECT, kid="9")


def test_token_fits_a_mail_address_of_64_letters() -> None:
    local = "a" * 16 + "+" + LINKS.token(Purpose.UNSUBSCRIBE, SUBJECT)
    assert len(local) <= 64
    assert local == local.lower()


@given(st.integers(0, 10**15).map(str))
def test_a_token_ends_with_the_base32_of_its_hmac(subject: str) -> None:
    mac = hmac.digest(KEYS.links["1"], f"preferences|{subject}".encode(), "sha256")[:16]
    letters = base64.b32encode(mac).decode().lower().rstrip("=")
    assert LINKS.token(Purpose.PREFERENCES, subject) == f"1{subject}{letters}"


def test_the_way_out_is_the_page_of_the_token() -> None:
    assert LINKS.way_out("abc") == "https://news.example.org/u/abc"


def test_sections_are_chosen_on_the_page_of_the_token() -> None:
    assert LINKS.preferences("abc") == "https://news.example.org/p/abc"


def test_bounces_go_to_the_sender_where_no_inbox_is_read() -> None:
    assert LINKS.envelope_sender("pulse@example.org", 7) == "pulse@example.org"


def test_bounce_address_tells_whose_delivery_came_back() -> None:
    links = Links("https://news.example.org", KEYS, bounce_inbox="bounce@example.org")
    token = links.envelope_sender("pulse@example.org", 7).removeprefix("bounce+").removesuffix("@example.org")
    assert links.read(Purpose.BOUNCE, token) == "7"


def test_public_ids_differ() -> None:
    found = {new_public_id() for _ in range(1000)}
    assert len(found) == 1000
    assert all(len(one) == 16 and one.isalnum() and one == one.lower() for one in found)


@pytest.mark.parametrize(
    ("media_type", "ending"), [("image/png", "png"), ("image/jpeg", "jpg"), ("image/gif", "gif")]
)
def test_picture_is_named_by_its_content(media_type: str, ending: str) -> None:
    picture = Picture(content_hash="c0ffee", media_type=media_type)
    assert LINKS.picture(picture) == f"https://news.example.org/pictures/c0ffee.{ending}"


def test_web_copy_lies_within_the_archive() -> None:
    assert LINKS.web_copy("pulse", "2026-04") == f"{LINKS.archive('pulse')}/2026-04"
