"""Open fields while an edition is compiled."""

import pytest

from pulse_mailer.composing.slots import SLOTS, Marks, Place, Register
from pulse_mailer.errors import BrokenTemplate, UnsafeText


def test_marks_hold_letters_and_digits_only() -> None:
    marks = Marks(Place.HTML)

    assert marks.make("token").isalnum()


def test_two_editions_have_different_marks() -> None:
    assert Marks(Place.HTML).make("token") != Marks(Place.HTML).make("token")


def test_a_text_is_cut_at_its_marks() -> None:
    marks = Marks(Place.TEXT)
    text = f"To {marks.make('address')}: {marks.make('token')}"

    assert marks.cut(text) == ["To ", "text.address", ": ", "text.token", ""]


def test_people_see_names() -> None:
    marks = Marks(Place.TEXT)

    assert marks.shown(f"<{marks.make('address')}>") == "<[[address]]>"


def test_a_text_with_all_its_marks_passes() -> None:
    marks = Marks(Place.HTML)

    marks.check(marks.make("token") + marks.make("token"), "the template")


@pytest.mark.parametrize("damage", ["lost", "doubled", "typed by staff", "cut short"])
def test_a_mark_that_nobody_made_and_one_that_is_gone_are_noticed(damage: str) -> None:
    marks = Marks(Place.HTML, Register("pm0123456789abcdef"))
    mark = marks.make("token")
    spoilt = {
        "lost": "",
        "doubled": mark * 2,
        "typed by staff": f"{mark} pm0123456789abcdef001",
        "cut short": f"{mark} pm0123456789abcdef",
    }

    with pytest.raises(BrokenTemplate, match="After compiling"):
        marks.check(spoilt[damage], "compiling")


@pytest.mark.parametrize(
    ("place", "name"), [(Place.HTML, "nonesuch"), (Place.HTML, "message_id"), (Place.TEXT, "date")]
)
def test_a_slot_that_the_place_has_not_is_refused(place: Place, name: str) -> None:
    with pytest.raises(BrokenTemplate, match=name):
        Marks(place).make(name)


@pytest.mark.parametrize("name", SLOTS)
@pytest.mark.parametrize("value", ["a\r\nBcc: x@example.org", "a\nb", "a\x00b", "é"])
def test_no_value_begins_a_header_of_its_own(name: str, value: str) -> None:
    with pytest.raises(UnsafeText, match="header"):
        SLOTS[name][Place.HEADER](value)


def test_a_value_is_escaped_for_html_and_left_plain_in_text() -> None:
    value = "o'a&\"<b>@example.org\x07"

    assert SLOTS["address"][Place.HTML](value) == "o&#x27;a&amp;&quot;&lt;b&gt;@example.org"
    assert SLOTS["address"][Place.TEXT](value) == "o'a&\"<b>@example.org"
