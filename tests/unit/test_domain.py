"""What may follow what, and the sets of words that the tables and the code share."""

import itertools

import pytest

from pulse_mailer.domain import delivery, edition
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Item, Section
from pulse_mailer.errors import WrongState

#: The lines of the design's table; whatever is not here must be refused.
EDITION_WAYS = {
    ("draft", "approved"),
    ("approved", "draft"),
    ("approved", "scheduled"),
    ("approved", "sending"),
    ("scheduled", "draft"),
    ("scheduled", "sending"),
    ("sending", "paused"),
    ("sending", "sent"),
    ("sending", "stopped"),
    ("paused", "sending"),
    ("paused", "stopped"),
    ("sent", "sending"),  # a person has what failed tried again
    ("stopped", "sending"),  # likewise
}
DELIVERY_WAYS = {
    ("queued", "claimed"),
    ("queued", "cancelled"),  # the edition was stopped
    ("queued", "sent"),  # by evidence, after a named person had it sent again
    ("claimed", "sending"),
    ("claimed", "queued"),  # the lease ran out before anything was marked
    ("claimed", "skipped"),
    ("claimed", "cancelled"),
    ("sending", "sent"),
    ("sending", "deferred"),
    ("sending", "failed"),
    ("sending", "queued"),  # certain, and not the recipient's fault
    ("sending", "uncertain"),
    ("deferred", "claimed"),
    ("deferred", "queued"),
    ("deferred", "failed"),
    ("deferred", "skipped"),
    ("deferred", "cancelled"),
    ("failed", "queued"),  # by a named person
    ("cancelled", "queued"),  # by a named person
    ("uncertain", "sent"),  # by evidence
    ("uncertain", "queued"),  # by evidence or a named person
}


@pytest.mark.parametrize(("now", "then"), [*itertools.product(EditionStatus, repeat=2)])
def test_edition_goes_only_where_the_table_leads(now: EditionStatus, then: EditionStatus) -> None:
    found = Edition(key="2026-04", status=now)
    if (now.value, then.value) in EDITION_WAYS:
        found.become(then)
        assert found.status is then
    else:
        with pytest.raises(WrongState, match=f"cannot become {then.value}"):
            found.become(then)
        assert found.status is now


def test_delivery_table_is_the_designs() -> None:
    ways = {(now.value, then.value) for now, followers in delivery.BECOMES.items() for then in followers}
    assert ways == DELIVERY_WAYS


@pytest.mark.parametrize("table", [edition.BECOMES, delivery.BECOMES])
def test_every_status_has_its_line(table: dict[object, frozenset[object]]) -> None:
    words = type(next(iter(table)))
    assert set(table) == set(words)  # type: ignore[call-overload]  # an enumeration


def test_expired_sending_is_never_queued_again_by_itself() -> None:
    # From uncertain there is no way back to work but by a person or by evidence.
    assert DeliveryStatus.CLAIMED not in delivery.BECOMES[DeliveryStatus.UNCERTAIN]
    assert DeliveryStatus.UNCERTAIN in delivery.FINAL


def test_sent_stays() -> None:
    assert delivery.BECOMES[DeliveryStatus.SENT] == frozenset()


def test_what_is_still_to_do_is_not_final() -> None:
    to_do = {DeliveryStatus.QUEUED, DeliveryStatus.CLAIMED, DeliveryStatus.SENDING, DeliveryStatus.DEFERRED}
    assert set(DeliveryStatus) == delivery.FINAL | to_do
    assert not delivery.FINAL & to_do


def test_items_are_given_in_reading_order() -> None:
    def category(*titles: str) -> Category:
        return Category(items=[Item(title=title) for title in titles])

    found = Edition(
        sections=[
            Section(name="News", categories=[category("a", "b"), category("c")]),
            Section(name="Health", categories=[category("d")]),
        ]
    )
    assert [item.title for item in found.items()] == ["a", "b", "c", "d"]
    assert [section.item_count for section in found.sections] == [3, 1]
