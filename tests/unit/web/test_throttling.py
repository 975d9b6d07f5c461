from pulse_mailer.web import throttling
from pulse_mailer.web.throttling import Throttle


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_the_first_tries_are_allowed_and_the_next_are_not() -> None:
    throttle = Throttle(limit=3)
    assert [throttle.allows("192.0.2.1") for _ in range(5)] == [True, True, True, False, False]


def test_another_place_has_tries_of_its_own() -> None:
    throttle = Throttle(limit=1)
    assert throttle.allows("192.0.2.1")
    assert throttle.allows("192.0.2.2")


def test_tries_come_back_when_the_window_is_over() -> None:
    clock = Clock()
    throttle = Throttle(limit=1, window_seconds=60, clock=clock)
    throttle.allows("192.0.2.1")
    clock.seconds = 59
    assert not throttle.allows("192.0.2.1")
    clock.seconds = 60
    assert throttle.allows("192.0.2.1")


def test_refused_tries_do_not_make_the_window_longer() -> None:
    clock = Clock()
    throttle = Throttle(limit=1, window_seconds=60, clock=clock)
    for second in range(0, 60, 5):
        clock.seconds = second
        throttle.allows("192.0.2.1")
    clock.seconds = 61
    assert throttle.allows("192.0.2.1")


def test_one_ipv6_network_is_one_place() -> None:
    throttle = Throttle(limit=1)
    throttle.allows("2001:db8:1:2::1")
    assert not throttle.allows("2001:db8:1:2:ffff::9")
    assert throttle.allows("2001:db8:1:3::1")


def test_memory_stays_bounded() -> None:
    throttle = Throttle(limit=1)
    for number in range(throttling.MOST_PLACES + 500):
        throttle.allows(f"place {number}")
    assert len(throttle) == throttling.MOST_PLACES
