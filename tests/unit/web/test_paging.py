import pytest

from pulse_mailer.web.paging import paged


def test_the_first_page_leads_only_on() -> None:
    shown = paged(1, 50, 120)
    assert (shown.offset, shown.first, shown.last, shown.earlier, shown.later) == (0, 1, 50, "", "?page=2")


def test_the_last_page_leads_only_back() -> None:
    shown = paged(3, 50, 120)
    assert (shown.offset, shown.first, shown.last, shown.earlier, shown.later) == (
        100,
        101,
        120,
        "?page=2",
        "",
    )


@pytest.mark.parametrize("total", [0, 1, 49, 50])
def test_a_short_list_leads_nowhere(total: int) -> None:
    shown = paged(1, 50, total)
    assert (shown.last, shown.earlier, shown.later) == (total, "", "")


def test_an_empty_list_begins_at_nothing() -> None:
    assert paged(1, 50, 0).first == 0


def test_a_page_past_the_end_is_the_last() -> None:
    assert paged(99, 50, 120) == paged(3, 50, 120)


def test_links_keep_the_filters_that_are_set() -> None:
    shown = paged(1, 10, 20, address="o'brien+x@example.org", state="")
    assert shown.later == "?address=o%27brien%2Bx%40example.org&page=2"
