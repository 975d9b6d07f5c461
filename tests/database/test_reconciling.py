"""Two who write in one edition at once: nobody's words are lost, and nobody's overwritten unseen."""

import pytest
from sqlalchemy import update

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.domain.presence import Presence
from pulse_mailer.editions import (
    arranging,
    attending,
    changing,
    drafting,
    hiding,
    history,
    items,
    reading,
    reconciling,
    removing,
    stepping,
)
from pulse_mailer.editions.items import Said
from pulse_mailer.editions.reconciling import Reconciled
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import Conflict, NotFound, UsageError, WrongState
from tests.database.editing_given import KEY, given_digest, item_of


@pytest.fixture
def edited(database: Database) -> Database:
    """An edition at revision 1."""
    with database.transaction() as session:
        given_digest(session)
    return database


def ben_sets(database: Database, **values: str) -> None:
    with database.transaction() as session:
        drafting.change(session, KEY, values, actor="ben")


def ben_says(database: Database, number: int, **values: str) -> None:
    with database.transaction() as session:
        items.change(session, KEY, number, Said(values), actor="ben")


def put(database: Database, number: int | None, base: int = 1, **values: str) -> Reconciled:
    with database.transaction() as session:
        return reconciling.put(session, KEY, number, values, base=base, actor="ann")


def versions(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        edition = reading.edition(session, KEY)
        return [(one.actor, one.what) for one in history.versions(session, edition.id)]


def test_what_differs_is_stored_and_named(edited: Database) -> None:
    done = put(
        edited,
        None,
        subject="A new one",
        preheader="One of our own, and five from others, on care and on housing.",
    )
    assert (done.stored, done.edition.revision) == (True, 2)
    assert versions(edited)[0] == ("ann", "subject set")


def test_what_stands_as_it_did_makes_no_revision(edited: Database) -> None:
    done = put(edited, 2, summary="First of 2.\r\n\r\nSecond of 2.", title="Title 2 ")
    assert (done.stored, done.edition.revision) == (False, 1)


def test_two_fields_of_one_form_come_together(edited: Database) -> None:
    ben_sets(edited, subject="By Ben")
    done = put(edited, None, subject="Pulse, March 2026: six things to read", preheader="By Ann")
    assert done.theirs == {"subject": "By Ben"}
    assert (done.edition.subject, done.edition.preheader) == ("By Ben", "By Ann")


def test_another_items_change_is_no_clash(edited: Database) -> None:
    ben_says(edited, 3, title="By Ben")
    assert put(edited, 2, title="By Ann").stored


def test_one_field_of_both_is_told_with_both_texts_and_stored_for_neither(edited: Database) -> None:
    ben_says(edited, 2, title="By Ben")
    ben_sets(edited, subject="Something else")
    done = put(edited, 2, title="By Ann", publisher="Ann’s")
    (clash,) = done.clashes
    assert (clash.field, clash.theirs, clash.actor) == ("title", "By Ben", "ben")
    assert not done.stored
    with edited.reading() as session:
        assert (item_of(session, 2).title, item_of(session, 2).publisher) == ("By Ben", "Institute 2")


def test_who_has_seen_theirs_may_keep_their_own(edited: Database) -> None:
    ben_says(edited, 2, title="By Ben")
    put(edited, 2, title="By Ann")
    assert put(edited, 2, base=2, title="By Ann").stored
    with edited.reading() as session:
        assert item_of(session, 2).title == "By Ann"


def test_the_same_words_of_both_are_no_clash(edited: Database) -> None:
    ben_says(edited, 2, title="The same")
    assert put(edited, 2, title="The same").clashes == ()


def test_an_item_that_was_moved_meanwhile_is_still_written_in(edited: Database) -> None:
    with edited.transaction() as session:
        arranging.move_items(session, KEY, [2], Spot("Housing/Reports"), actor="ben")
    assert put(edited, 2, title="By Ann").stored


def test_an_item_that_was_taken_out_meanwhile_is_named(edited: Database) -> None:
    with edited.transaction() as session:
        removing.remove_items(session, KEY, [2], actor="ben")
    with pytest.raises(Conflict, match="took item 2 out while you wrote it"):
        put(edited, 2, title="By Ann")
    with pytest.raises(NotFound, match="no item 9"):
        put(edited, 9, title="By Ann")


def test_a_revision_that_never_was_is_refused(edited: Database) -> None:
    with pytest.raises(NotFound, match="no revision 9"):
        put(edited, None, base=9, subject="By Ann")


@pytest.mark.parametrize(
    ("number", "values"),
    [(2, {"title": " "}), (2, {"url": "javascript:alert(1)"}), (None, {"subject": "a\nb"})],
)
def test_a_wrong_value_changes_nothing(edited: Database, number: int | None, values: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        put(edited, number, 1, **values)
    assert len(versions(edited)) == 1


def test_an_agreed_edition_asks_once(edited: Database) -> None:
    with edited.transaction() as session:
        reading.edition(session, KEY).status = EditionStatus.APPROVED
    with edited.transaction() as session, pytest.raises(WrongState, match="draft again"):
        changing.agreed_to(session, KEY, may_reopen=False)
    with edited.transaction() as session:
        changing.agreed_to(session, KEY, may_reopen=True)


def test_who_has_a_page_open_is_told_to_the_others(edited: Database) -> None:
    with edited.transaction() as session:
        edition = reading.edition(session, KEY)
        assert attending.attend(session, edition.id, "page-ann", "ann") == []
        assert attending.attend(session, edition.id, "page-ben", "ben") == ["ann"]
        assert attending.attend(session, edition.id, "page-ann", "ann") == ["ben"]


def test_a_page_that_is_not_heard_of_is_closed(edited: Database) -> None:
    with edited.transaction() as session:
        edition = reading.edition(session, KEY)
        attending.attend(session, edition.id, "page-ann", "ann")
        session.execute(update(Presence).values(seen_at=now() - attending.GONE_AFTER))
        assert attending.attend(session, edition.id, "page-ben", "ben") == []


def refuse(
    database: Database, base: int | None, *, actor: str = "ann", numbers: tuple[int, ...] = (), part: str = ""
) -> None:
    with database.transaction() as session:
        reconciling.refuse_unseen(
            session, KEY, base, actor=actor, numbers=numbers, parts=[part] if part else []
        )


def test_what_somebody_else_rewrote_is_not_taken_away_unseen(edited: Database) -> None:
    ben_says(edited, 2, summary="An hour of work")
    with pytest.raises(Conflict, match="Item 2 was changed meanwhile by ben: summary of item 2 set"):
        refuse(edited, 1, numbers=(3, 2))
    refuse(edited, 1, numbers=(3,))  # another item
    refuse(edited, 1, actor="ben", numbers=(2,))  # who did it knows
    refuse(edited, 2, numbers=(2,))  # who has seen it may
    refuse(edited, None, numbers=(2,))  # a command, which looks at what is there now


def test_what_was_moved_or_hidden_meanwhile_is_still_what_was_seen(edited: Database) -> None:
    with edited.transaction() as session:
        stepping.step(session, KEY, 2, stepping.DOWN, actor="ben")
        hiding.hide_items(session, KEY, [2], actor="ben")
    refuse(edited, 1, numbers=(2,), part="Care/Reports")


def test_what_goes_by_its_place_must_be_where_it_was(edited: Database) -> None:
    with edited.transaction() as session:
        stepping.step_section(session, KEY, "Care", stepping.UP, actor="ben")
    for part in ("#1", "Care/#1", "#2/#1"):
        with pytest.raises(Conflict, match="are not where they were"):
            refuse(edited, 1, part=part)
    refuse(edited, 2, part="#1")


def test_what_was_taken_out_and_what_is_new_since_are_no_surprise_of_ours(edited: Database) -> None:
    with edited.transaction() as session:
        made = items.add(session, KEY, Said({"title": "New"}), Spot("Care/Reports"), actor="ben").numbers[0]
    with pytest.raises(Conflict, match=f"Item {made} was changed meanwhile by ben: item {made} added"):
        refuse(edited, 1, numbers=(made,))
    with edited.transaction() as session:
        removing.remove_items(session, KEY, [made], actor="ben")
    refuse(edited, 1, numbers=(made,))  # the deed itself says that it is gone
