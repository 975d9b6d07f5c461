"""What an edition said after each change is kept, told, and can be had again."""

import datetime

import pytest

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.content import content_of
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.domain.history import EditionVersion
from pulse_mailer.editions import arranging, drafting, history, items, reading, removing, restoring
from pulse_mailer.editions.history import spells
from pulse_mailer.editions.items import Said
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import Conflict, NotFound, WrongState
from tests.database.editing_given import KEY, given_digest, item_of, shape
from tests.unit.pictures_given import png


@pytest.fixture(autouse=True)
def digest(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session)


def test_a_revision_is_had_again_with_its_numbers_and_pictures(database: Database) -> None:
    with database.transaction() as session:
        items.change(session, KEY, 3, Said({"picture_alt": "Bars"}, picture=png(40, 30)), actor="ann")
        before = content_of(reading.edition(session, KEY))
    with database.transaction() as session:
        removing.remove_items(session, KEY, [2, 3], actor="ann")
        arranging.move_section(session, KEY, "Housing", Spot(first=True), actor="ann")
        items.add(session, KEY, Said({"title": "New"}), Spot("Briefings"), actor="ann")
    with database.transaction() as session:
        change = restoring.restore(session, KEY, 2, actor="bob")
        assert change.what == "revision 2 restored"
    with database.transaction() as session:
        edition = reading.edition(session, KEY)
        assert content_of(edition) == before
        assert (edition.revision, edition.last_number) == (6, 7)  # no number is given twice
        assert item_of(session, 3).picture_alt == "Bars"
        assert [version.revision for version in history.versions(session, edition.id)] == [6, 5, 4, 3, 2, 1]


def test_what_was_undone_can_be_done_again(database: Database) -> None:
    with database.transaction() as session:
        removing.remove_items(session, KEY, [2], actor="ann")
        restoring.restore(session, KEY, 1, actor="ann")
        restoring.restore(session, KEY, 2, actor="ann")
    with database.transaction() as session:
        assert shape(session)["Care/Reports"] == [3, 4]


def test_the_present_restored_is_no_change(database: Database) -> None:
    with database.transaction() as session:
        assert not restoring.restore(session, KEY, 1, actor="ann").made


def test_what_was_not_kept_cannot_be_restored(database: Database) -> None:
    with pytest.raises(NotFound, match="no revision 9"), database.transaction() as session:
        restoring.restore(session, KEY, 9, actor="ann")
    with pytest.raises(Conflict), database.transaction() as session:
        restoring.restore(session, KEY, 1, actor="ann", expected=4)


def test_what_is_sent_is_not_restored(database: Database) -> None:
    with database.transaction() as session:
        edition = reading.edition(session, KEY)
        edition.become(EditionStatus.APPROVED)
        edition.become(EditionStatus.SENDING)
    with pytest.raises(WrongState), database.transaction() as session:
        restoring.restore(session, KEY, 1, actor="ann")


def test_the_revision_before_is_found(database: Database) -> None:
    with database.transaction() as session:
        drafting.change(session, KEY, {"subject": "Other"}, actor="ann")
        edition = reading.edition(session, KEY)
        assert history.previous(session, edition, 2) == 1
        with pytest.raises(NotFound, match="nothing before revision 1"):
            history.previous(session, edition, 1)


def version(revision: int, what: str, minutes_ago: int, actor: str = "ann") -> EditionVersion:
    at = now() - datetime.timedelta(minutes=minutes_ago)
    return EditionVersion(revision=revision, what=what, actor=actor, at=at)


def test_a_field_set_again_and_again_is_one_spell() -> None:
    kept = [
        version(7, "letter set", 1),
        version(6, "letter set", 5),
        version(5, "letter set", 13),
        version(4, "letter set", 40),  # after a rest
        version(3, "letter set", 41, actor="bob"),
        version(2, "may.md imported", 42, actor="bob"),
        version(1, "may.md imported", 43, actor="bob"),  # what was brought in never counts as one
    ]
    assert [(one.revisions, one.words) for one in spells(kept)] == [
        ("5-7", "letter set, 3 times"),
        ("4", "letter set"),
        ("3", "letter set"),
        ("2", "may.md imported"),
        ("1", "may.md imported"),
    ]
    assert len(spells(kept, each=True)) == 7
