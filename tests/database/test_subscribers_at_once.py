"""Two at once: who comes second changes nothing, and nobody waits for ever."""

import threading
from collections.abc import Callable
from typing import TypeVar

from pulse_mailer.database import Database
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Way
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.audience import numbers
from pulse_mailer.subscribers.importing import import_csv
from pulse_mailer.subscribers.joining import JoinResult
from pulse_mailer.subscribers.leaving import leave
from pulse_mailer.subscribers.suppressing import suppress
from tests.database.subscribers_given import events, given_newsletter, joined, public_id

ANN = "ann@example.org"
T = TypeVar("T")


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """What each of several threads gave, all let go at the same moment."""
    gate = threading.Barrier(count)
    given: list[T] = []

    def one(number: int) -> None:
        gate.wait(10)
        given.append(work(number))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(given) == count
    return given


def given(database: Database) -> Newsletter:
    with database.transaction() as session:
        return given_newsletter(session)


def test_two_who_add_the_same_person_make_one_subscription(database: Database, keys: Keys) -> None:
    newsletter = given(database)

    def add(_number: int) -> JoinResult:
        with database.transaction() as session:
            return joined(session, keys, newsletter, ANN).result

    assert sorted(at_once(4, add)) == ["joined", "unchanged", "unchanged", "unchanged"]
    with database.transaction() as session:
        assert events(session) == [("joined", "staff")]


def test_a_post_that_comes_twice_is_noted_once(database: Database, keys: Keys) -> None:
    newsletter = given(database)
    with database.transaction() as session:
        joined(session, keys, newsletter, ANN)
        who = public_id(session, ANN)

    def go(_number: int) -> bool:
        with database.transaction() as session:
            return leave(session, who, way=Way.ONE_CLICK, actor="subscriber").was_active

    assert sorted(at_once(4, go)) == [False, False, False, True]
    with database.transaction() as session:
        assert events(session) == [("joined", "staff"), ("left", "one-click")]


def test_two_imports_in_opposite_order_both_end(database: Database, keys: Keys) -> None:
    newsletter = given(database)
    lines = [f"reader{number}@example.org" for number in range(300)]

    def load(number: int) -> int:
        rows = lines if number == 0 else lines[::-1]
        data = "\n".join(["Email", *rows]).encode()
        with database.transaction() as session:
            report = import_csv(session, keys, newsletter, data, mapping={}, dry_run=False, actor="ann")
        return report.joined_count

    assert sorted(at_once(2, load)) == [0, 300]
    with database.transaction() as session:
        assert numbers(session, newsletter.id).audience == 300


def test_two_who_suppress_the_same_address_make_one_suppression(database: Database, keys: Keys) -> None:
    def add(_number: int) -> bool:
        with database.transaction() as session:
            return suppress(session, keys, Address.parse(ANN), reason=SuppressionReason.BOUNCED, actor="ann")

    assert sorted(at_once(3, add)) == [False, False, True]
