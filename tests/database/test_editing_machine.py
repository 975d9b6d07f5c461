"""Any sequence of verbs, and two people at once: no item is lost or doubled, every revision can be had again."""

import re

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from pulse_mailer.database import Database
from pulse_mailer.domain.content import Content, content_of
from pulse_mailer.domain.edition import Category, Edition
from pulse_mailer.editions import (
    arranging,
    hiding,
    history,
    items,
    reading,
    removing,
    restoring,
    sections,
    splitting,
    uniting,
)
from pulse_mailer.editions.changing import Change
from pulse_mailer.editions.comparing import compare
from pulse_mailer.editions.items import Said
from pulse_mailer.editions.spots import Spot
from pulse_mailer.errors import Conflict, PulseMailerError, Refused
from tests.database.editing_given import KEY, given_digest
from tests.database.test_subscribers_at_once import at_once

PLACES = st.integers(0, 40)


def words(edition: Edition) -> set[str]:
    """Every word that items say, titles and links as well, which merging puts into summaries."""
    said = " ".join(f"{item.title} {item.url} {item.summary}" for item in edition.items())
    return set(re.sub(r"[\[\]()*]", " ", said).split())


class Editing(RuleBasedStateMachine):
    """One session whose transaction is never committed: quick, and each example begins anew."""

    session: Session

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[int, Content] = {}
        self.edition = given_digest(self.session)
        self.kept[1] = content_of(self.edition)

    def done(self, change: Change, *, gone: set[int] = frozenset(), new: int = 0) -> None:  # type: ignore[assignment]  # an empty set
        """What is true after every change, whatever it was."""
        before = self.numbers
        assert self.numbers_now() - before == (
            set(range(self.last + 1, self.last + new + 1)) if new else set()
        )
        assert before - self.numbers_now() == gone
        if change.made:
            self.kept[self.edition.revision] = content_of(self.edition)

    @property
    def categories(self) -> list[tuple[str, Category]]:
        return [
            (f"#{place}/#{group}", category)
            for place, section in enumerate(self.edition.sections, 1)
            for group, category in enumerate(section.categories, 1)
        ]

    def category(self, place: int) -> str:
        return self.categories[place % len(self.categories)][0]

    def item(self, place: int) -> int:
        found = [item.number for item in self.edition.items()]
        return found[place % len(found)]

    def numbers_now(self) -> set[int]:
        return {item.number for item in self.edition.items()}

    @invariant()
    def nothing_is_doubled_and_places_are_dense(self) -> None:
        self.numbers, self.last = self.numbers_now(), self.edition.last_number
        assert len(list(self.edition.items())) == len(self.numbers)
        assert max(self.numbers, default=0) <= self.last
        assert [one.position for one in self.edition.sections] == list(
            range(1, len(self.edition.sections) + 1)
        )
        for _, category in self.categories:
            assert [one.position for one in category.items] == list(range(1, len(category.items) + 1))

    @rule(place=PLACES)
    def add(self, place: int) -> None:
        if self.categories:
            said = Said(
                {"title": f"Added {place}", "summary": "One.\n\nTwo.", "url": "https://example.org/added"}
            )
            spot = Spot(self.category(place), first=bool(place % 2))
            self.done(items.add(self.session, KEY, said, spot, actor="ann"), new=1)

    @precondition(lambda self: self.numbers)
    @rule(place=PLACES, goal=PLACES)
    def move(self, place: int, goal: int) -> None:
        moved = sorted({self.item(place), self.item(place + 1)})
        spot = Spot(self.category(goal))
        self.done(arranging.move_items(self.session, KEY, moved, spot, actor="ann"))

    @precondition(lambda self: len(self.numbers) > 1)
    @rule(place=PLACES, beside=PLACES, after=st.booleans())
    def move_beside(self, place: int, beside: int, after: bool) -> None:
        one, other = self.item(place), self.item(beside)
        if one != other:
            spot = Spot(after=str(other)) if after else Spot(before=str(other))
            self.done(arranging.move_items(self.session, KEY, [one], spot, actor="ann"))

    @precondition(lambda self: len(self.edition.sections) > 1)
    @rule(place=PLACES, first=st.booleans())
    def move_section(self, place: int, first: bool) -> None:
        name = f"#{place % len(self.edition.sections) + 1}"
        self.done(arranging.move_section(self.session, KEY, name, Spot(first=first), actor="ann"))

    @rule(place=PLACES, goal=PLACES)
    def move_category(self, place: int, goal: int) -> None:
        spot = Spot(f"#{goal % len(self.edition.sections) + 1}")
        try:
            change = arranging.move_category(self.session, KEY, self.category(place), spot, actor="ann")
        except PulseMailerError:
            assert content_of(self.edition) == self.kept[self.edition.revision]
        else:
            self.done(change)

    @precondition(lambda self: len(self.numbers) > 1)
    @rule(place=PLACES, other=PLACES)
    def merge_items(self, place: int, other: int) -> None:
        one, gone = self.item(place), self.item(other)
        if one != gone:
            before = words(self.edition)
            try:
                change = uniting.unite_items(self.session, KEY, one, gone, actor="ann")
            except Refused:  # a hidden one into one that readers see
                assert content_of(self.edition) == self.kept[self.edition.revision]
            else:
                self.done(change, gone={gone})
                assert before <= words(self.edition)

    @precondition(lambda self: len(self.categories) > 1)
    @rule(place=PLACES, other=PLACES)
    def merge_categories(self, place: int, other: int) -> None:
        one, gone = self.category(place), self.category(other)
        if one != gone:
            self.done(uniting.unite_categories(self.session, KEY, one, gone, actor="ann"))

    @precondition(lambda self: len(self.edition.sections) > 2)
    @rule(place=PLACES)
    def merge_sections(self, place: int) -> None:
        count = len(self.edition.sections)
        one, gone = f"#{place % count + 1}", f"#{(place + 1) % count + 1}"
        self.done(uniting.unite_sections(self.session, KEY, one, gone, actor="ann"))

    @precondition(lambda self: self.numbers)
    @rule(place=PLACES, at=st.integers(1, 4))
    def split_item(self, place: int, at: int) -> None:
        before = words(self.edition)
        try:
            said = Said({"title": "Split"})
            change = splitting.split_item(self.session, KEY, self.item(place), at, said, actor="ann")
        except PulseMailerError:
            assert content_of(self.edition) == self.kept[self.edition.revision]
        else:
            self.done(change, new=1)
            assert before <= words(self.edition)

    @precondition(lambda self: self.numbers)
    @rule(place=PLACES)
    def split_category(self, place: int) -> None:
        try:
            new = f"Category {self.edition.revision}"
            change = splitting.split_category(self.session, KEY, self.item(place), new, actor="ann")
        except PulseMailerError:
            assert content_of(self.edition) == self.kept[self.edition.revision]
        else:
            self.done(change)

    @rule(place=PLACES)
    def add_parts(self, place: int) -> None:
        name = f"Part {self.edition.revision}"
        self.done(sections.add_section(self.session, KEY, name, Spot(first=bool(place % 2)), actor="ann"))
        self.nothing_is_doubled_and_places_are_dense()
        self.done(sections.add_category(self.session, KEY, "Reports", Spot(name), actor="ann"))

    @precondition(lambda self: self.numbers)
    @rule(place=PLACES, hidden=st.booleans())
    def hide(self, place: int, hidden: bool) -> None:
        self.done(hiding.hide_items(self.session, KEY, [self.item(place)], hidden=hidden, actor="ann"))

    @precondition(lambda self: self.numbers)
    @rule(place=PLACES)
    def remove(self, place: int) -> None:
        gone = self.item(place)
        self.done(removing.remove_items(self.session, KEY, [gone], actor="ann"), gone={gone})

    @rule(place=PLACES)
    def restore(self, place: int) -> None:
        revision = sorted(self.kept)[place % len(self.kept)]
        change = restoring.restore(self.session, KEY, revision, actor="ann")
        assert content_of(self.edition) == self.kept[revision]
        if change.made:
            self.kept[self.edition.revision] = self.kept[revision]

    def teardown(self) -> None:
        edition = reading.edition(self.session, KEY)
        assert content_of(edition) == self.kept[edition.revision]
        kept = history.versions(self.session, edition.id)
        assert [version.revision for version in kept] == list(range(edition.revision, 0, -1))
        for revision, content in self.kept.items():
            assert history.content_at(self.session, edition, revision) == content
            assert bool(compare(content, self.kept[1])) == (content != self.kept[1])
        self.session.rollback()


def test_any_sequence_of_verbs_loses_nothing(sqlite_url: str) -> None:
    opened = Database(sqlite_url)
    try:
        with Session(opened.engine, expire_on_commit=False) as session:
            machine = type("EditingHere", (Editing,), {"session": session})
            limits = settings(
                max_examples=15,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            run_state_machine_as_test(machine, settings=limits)
    finally:
        opened.close()


@pytest.fixture
def digest(database: Database) -> None:
    with database.transaction() as session:
        given_digest(session)


@pytest.mark.usefixtures("digest")
def test_two_at_once_wait_for_one_another_and_both_are_kept(database: Database) -> None:
    def add(number: int) -> int:
        with database.transaction() as session:
            said = Said({"title": f"By {number}"})
            return items.add(session, KEY, said, Spot("Briefings"), actor=f"person {number}").numbers[0]

    assert sorted(at_once(4, add)) == [7, 8, 9, 10]
    with database.transaction() as session:
        edition = reading.edition(session, KEY)
        assert edition.revision == 5
        assert len(list(edition.items())) == 10
        assert len(history.versions(session, edition.id)) == 5


@pytest.mark.usefixtures("digest")
def test_of_two_who_looked_at_one_revision_only_one_changes_it(database: Database) -> None:
    def change(number: int) -> str:
        try:
            with database.transaction() as session:
                said = Said({"title": f"By {number}"})
                items.change(session, KEY, 3, said, actor=f"person {number}", expected=1)
        except Conflict:
            return "refused"
        return "changed"

    assert sorted(at_once(3, change)) == ["changed", "refused", "refused"]
