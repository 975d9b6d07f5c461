"""Items are added, changed, merged and split; what cannot stand in mail is refused, and no word is lost."""

import pytest

from pulse_mailer.database import Database
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.editions import hiding, items, reading, splitting, uniting
from pulse_mailer.editions.items import Said
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import Conflict, NotFound, PictureRefused, Refused, UsageError, WrongState
from tests.database.editing_given import KEY, given_digest, item_of, shape
from tests.unit.pictures_given import png

CARE = Spot("Care/Briefings")


@pytest.fixture(autouse=True)
def digest(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session)


def test_an_item_is_added_with_the_next_number_and_a_clean_address(database: Database) -> None:
    values = {
        "title": "Who   moves",
        "publisher": " Lantern ",
        "url": "HTTPS://Example.org/moves?utm_source=mail&id=3",
        "summary": "One.\r\n\r\n- two\r\n",
        "picture_alt": "A bar chart",
    }
    with database.transaction() as session:
        change = items.add(session, KEY, Said(values, picture=png(40, 30)), CARE, actor="ann")
        assert (change.what, change.numbers) == ("item 7 added to Care/Briefings", (7,))
    with database.transaction() as session:
        made = item_of(session, 7)
        assert (made.title, made.publisher) == ("Who moves", "Lantern")
        assert made.url == "https://example.org/moves?id=3"
        assert made.summary == "One.\n\n- two"
        assert made.picture is not None
        assert shape(session)["Care/Briefings"] == [5, 7]


def test_an_item_is_added_beside_another(database: Database) -> None:
    with database.transaction() as session:
        items.add(session, KEY, Said({"title": "New"}), Spot(before="3"), actor="ann")
        assert shape(session)["Care/Reports"] == [2, 7, 3, 4]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "needs a title"),
        ({"title": " "}, "title must not be empty"),
        ({"title": "a\nb"}, "one line"),
        ({"title": "a" * 1001}, "1,000 is the most"),
        ({"title": "a\u202eb"}, "U\\+202E"),
        ({"title": "a", "url": "javascript:alert(1)"}, "no web address"),
        ({"title": "a", "url": "example.org"}, "no web address"),
        ({"title": "a", "summary": "> " * 60 + "deep"}, "nested"),
        ({"title": "a", "summary": "a" * 200_001}, "200,000 is the most"),
        ({"title": "a", "summary": "[" * 2_001}, "square brackets"),
        ({"title": "a", "summary": "a\x00b"}, "U\\+0000"),
    ],
)
def test_what_cannot_stand_in_mail_is_refused(database: Database, values: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says), database.transaction() as session:
        items.add(session, KEY, Said(values), CARE, actor="ann")
    with database.transaction() as session:
        assert reading.edition(session, KEY).revision == 1


def test_an_item_without_a_place_is_refused(database: Database) -> None:
    with pytest.raises(UsageError, match="needs a category"), database.transaction() as session:
        items.add(session, KEY, Said({"title": "a"}), Spot(), actor="ann")


def test_what_is_not_named_stays(database: Database) -> None:
    with database.transaction() as session:
        change = items.change(session, KEY, 3, Said({"title": "Other"}), actor="ann")
        assert change.what == "title of item 3 set"
    with database.transaction() as session:
        found = item_of(session, 3)
        assert (found.title, found.publisher, found.url) == ("Other", "Institute 3", "https://example.org/3")


def test_a_picture_comes_with_its_description_and_goes(database: Database) -> None:
    with pytest.raises(UsageError, match="needs a description"), database.transaction() as session:
        items.change(session, KEY, 3, Said(picture=png(40, 30)), actor="ann")
    with database.transaction() as session:
        items.change(session, KEY, 3, Said({"picture_alt": "Bars"}, picture=png(40, 30)), actor="ann")
    with database.transaction() as session:
        assert (item_of(session, 3).picture is None, item_of(session, 3).picture_alt) == (False, "Bars")
        items.change(session, KEY, 3, Said(without_picture=True), actor="ann")
    with database.transaction() as session:
        assert (item_of(session, 3).picture, item_of(session, 3).picture_alt) == (None, "")


def test_a_file_that_is_no_picture_is_refused(database: Database) -> None:
    with pytest.raises(PictureRefused), database.transaction() as session:
        items.change(session, KEY, 3, Said({"picture_alt": "Bars"}, picture=b"GIF89a"), actor="ann")


def test_two_items_become_one_with_every_word_and_link(database: Database) -> None:
    with database.transaction() as session:
        uniting.unite_items(session, KEY, 2, 6, actor="ann")
    with database.transaction() as session:
        assert shape(session)["Housing/Reports"] == []
        assert item_of(session, 2).summary == (
            "First of 2.\n\nSecond of 2.\n\n"
            "Institute 6. [Title 6](https://example.org/6)\n\n"
            "First of 6.\n\nSecond of 6."
        )


def test_what_looks_like_markup_in_a_merged_title_stays_words(database: Database) -> None:
    with database.transaction() as session:
        hostile = {"title": "A [link](x) & *more*", "url": "https://example.org/a_(b)c)"}
        items.change(session, KEY, 6, Said(hostile), actor="ann")
        uniting.unite_items(session, KEY, 2, 6, actor="ann")
    with database.transaction() as session:
        summary = item_of(session, 2).summary
        assert r"[A \[link\](x) & \*more\*](https://example.org/a_%28b%29c%29)" in summary


@pytest.mark.parametrize(("picture_of", "alt"), [(None, "Bars"), (2, "Bars"), (3, "Other")])
def test_the_only_picture_of_two_stays_and_of_two_the_first_or_the_one_that_is_named(
    database: Database, picture_of: int | None, alt: str
) -> None:
    with database.transaction() as session:
        items.change(session, KEY, 6, Said({"picture_alt": "Bars"}, picture=png(40, 30)), actor="ann")
        uniting.unite_items(session, KEY, 2, 6, actor="ann")
        items.change(session, KEY, 3, Said({"picture_alt": "Other"}, picture=png(9, 9)), actor="ann")
        assert item_of(session, 2).picture_alt == "Bars"
        made = uniting.unite_items(session, KEY, 2, 3, picture_of=picture_of, actor="ann")
        assert made.what == f"item 3 merged into item 2, with the picture of {picture_of or 2}"
    with database.transaction() as session:
        assert item_of(session, 2).picture_alt == alt


def test_the_picture_of_neither_is_refused(database: Database) -> None:
    with pytest.raises(UsageError, match="neither of the two"), database.transaction() as session:
        uniting.unite_items(session, KEY, 2, 3, picture_of=6, actor="ann")


def test_words_that_readers_do_not_see_are_not_merged_into_what_they_see(database: Database) -> None:
    with database.transaction() as session:
        hiding.hide_items(session, KEY, [6], hidden=True, actor="ann")
    with pytest.raises(Refused, match="do not see item 6"), database.transaction() as session:
        uniting.unite_items(session, KEY, 2, 6, actor="ann")
    with database.transaction() as session:
        uniting.unite_items(session, KEY, 6, 2, actor="ann")
        assert item_of(session, 6).is_hidden


@pytest.mark.parametrize("unseen", ["\u200b", "\u200b \u2060", "\u3164", "\ufeff"])
def test_a_title_or_description_that_nobody_could_see_is_none(database: Database, unseen: str) -> None:
    with pytest.raises(UsageError, match="must not be empty"), database.transaction() as session:
        items.change(session, KEY, 2, Said({"title": unseen}), actor="ann")
    with pytest.raises(UsageError, match="needs a description"), database.transaction() as session:
        items.change(session, KEY, 2, Said({"picture_alt": unseen}, picture=png(40, 30)), actor="ann")
    with database.transaction() as session:
        items.change(session, KEY, 2, Said({"summary": unseen, "publisher": "Ké\u200dri"}), actor="ann")
        assert (item_of(session, 2).summary, item_of(session, 2).publisher) == ("", "Ké\u200dri")


def test_nothing_merges_with_itself(database: Database) -> None:
    with pytest.raises(UsageError, match="one and the same"), database.transaction() as session:
        uniting.unite_items(session, KEY, 2, 2, actor="ann")
    with pytest.raises(UsageError, match="one and the same"), database.transaction() as session:
        uniting.unite_categories(session, KEY, "Briefings", "#2/#2", actor="ann")
    with pytest.raises(UsageError, match="one and the same"), database.transaction() as session:
        uniting.unite_sections(session, KEY, "Care", "care", actor="ann")


def test_categories_merge(database: Database) -> None:
    with database.transaction() as session:
        uniting.unite_categories(session, KEY, "Care/Reports", "Housing/Reports", actor="ann")
        assert shape(session) == {"News/": [1], "Care/Reports": [2, 3, 4, 6], "Care/Briefings": [5]}


def test_sections_merge_category_by_category_and_what_was_hidden_stays_so(database: Database) -> None:
    with database.transaction() as session:
        edition = reading.edition(session, KEY)
        edition.sections[1].is_hidden = True
        session.flush()
        uniting.unite_sections(session, KEY, "Housing", "Care", actor="ann")
    with database.transaction() as session:
        assert shape(session) == {"News/": [1], "Housing/Reports": [6, 2, 3, 4], "Housing/Briefings": [5]}
        edition = reading.edition(session, KEY)
        assert [item.number for item in edition.items() if item.is_hidden] == [2, 3, 4]
        assert edition.sections[1].categories[1].is_hidden


def test_an_item_is_split_at_a_paragraph(database: Database) -> None:
    summary = "One.\n\n- two\n\n- three\n\nFour\nfour."
    with database.transaction() as session:
        items.change(session, KEY, 3, Said({"summary": summary}), actor="ann")
        change = splitting.split_item(session, KEY, 3, 2, Said({"title": "Lists"}), actor="ann")
        assert change.numbers == (3, 7)
    with database.transaction() as session:
        assert shape(session)["Care/Reports"] == [2, 3, 7, 4]
        assert item_of(session, 3).summary == "One."
        made = item_of(session, 7)
        assert (made.title, made.publisher, made.url) == ("Lists", "Institute 3", "")
        assert made.summary == "- two\n\n- three\n\nFour\nfour."


@pytest.mark.parametrize("at", [0, 3])
def test_there_must_be_such_a_paragraph(database: Database, at: int) -> None:
    with pytest.raises(UsageError, match="has 2 paragraphs"), database.transaction() as session:
        splitting.split_item(session, KEY, 3, at, Said({"title": "x"}), actor="ann")


def test_a_category_is_split_at_an_item(database: Database) -> None:
    with database.transaction() as session:
        splitting.split_category(session, KEY, 3, "Studies", actor="ann")
    with database.transaction() as session:
        assert shape(session)["Care/Reports"] == [2]
        assert list(shape(session).items())[2] == ("Care/Studies", [3, 4])
    with pytest.raises(UsageError, match="nothing would stay"), database.transaction() as session:
        splitting.split_category(session, KEY, 2, "More", actor="ann")
    with pytest.raises(Refused, match="already"), database.transaction() as session:
        splitting.split_category(session, KEY, 4, "reports", actor="ann")


def test_who_looked_at_an_older_revision_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        items.change(session, KEY, 3, Said({"title": "Ann's"}), actor="ann", expected=1)
    with pytest.raises(Conflict, match="by ann: title of item 3 set"), database.transaction() as session:
        items.add(session, KEY, Said({"title": "Bob's"}), CARE, actor="bob", expected=1)
    with database.transaction() as session:
        assert shape(session)["Care/Briefings"] == [5]


def test_what_is_being_sent_is_not_changed(database: Database) -> None:
    with database.transaction() as session:
        edition = reading.edition(session, KEY)
        edition.become(EditionStatus.APPROVED)
        edition.become(EditionStatus.SENDING)
    with pytest.raises(WrongState, match="is being sent"), database.transaction() as session:
        items.change(session, KEY, 3, Said({"title": "Late"}), actor="ann")


def test_what_is_not_there_is_said(database: Database) -> None:
    with pytest.raises(NotFound, match="no item 99"), database.transaction() as session:
        uniting.unite_items(session, KEY, 2, 99, actor="ann")
