"""A limit on how often one place may try links that are not ours, or have the archive searched."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_PLACES = 10_000


class Throttle:
    """
    Count tries per place in windows of a minute; of very many places, the longest quiet are forgotten.

    Kept in memory: it only has to make guessing slow, and a start over costs nothing.
    """

    def __init__(
        self, limit: int = 30, window_seconds: float = 60, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit = limit
        self.window_seconds = window_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._places: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def allows(self, place: str) -> bool:
        """Count one more try; False when it is one too many."""
        key, now = _network(place), self._clock()
        with self._lock:
            began, tries = self._places.pop(key, (now, 0))
            if now - began >= self.window_seconds:
                began, tries = now, 0
            self._places[key] = (began, tries + 1)
            if len(self._places) > MOST_PLACES:
                self._places.popitem(last=False)
            return tries < self.limit

    def __len__(self) -> int:
        """How many places it remembers."""
        return len(self._places)


def _network(place: str) -> str:
    """One IPv6 customer has a whole /64 to come from; they count as one."""
    try:
        address = ipaddress.ip_address(place)
    except ValueError:
        return place
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return place
