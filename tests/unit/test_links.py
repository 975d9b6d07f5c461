"""Signed links: good for one subject and one purpose, for as long as their key verifies."""

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
    links = Links("https://news.example.org", KEYS, unsubscribe_inbox="a" * 16 + "@example.org")
    local = links.list_unsubscribe(SUBJECT).partition("mailto:")[2].partition("@")[0]
    assert len(local) <= 64
    assert local == local.lower()


def test_list_unsubscribe_names_no_inbox_that_nobody_reads() -> None:
    assert LINKS.list_unsubscribe(SUBJECT) == f"<{LINKS.unsubscribe(SUBJECT)}>"


def test_list_unsubscribe_names_the_web_way_first() -> None:
    links = Links("https://news.example.org", KEYS, unsubscribe_inbox="leave@example.org")
    web, mail = links.list_unsubscribe(SUBJECT).split(", ")
    assert web.startswith("<https://news.example.org/u/")
    assert mail.startswith("<mailto:leave+")
    assert mail.endswith("@example.org?subject=unsubscribe>")


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
